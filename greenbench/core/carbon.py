"""From joules to grams of CO2e: pure arithmetic, so that any factor can be tried on a result without running it again."""

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import CarbonFactor

JOULES_PER_KWH = 3.6e6


def co2e_g(energy_j: float, carbon: CarbonFactor) -> float:
    """Grams of CO2e for joules: kWh × PUE × intensity."""
    return energy_j / JOULES_PER_KWH * carbon.pue * carbon.intensity_g_per_kwh


def grams(energy: Measurement, carbon: CarbonFactor | None, times: float = 1.0) -> Measurement:
    """Grams of CO2e for a measured energy in J, `times` as much of it. Modelled, whatever the energy is: the factor is assumed."""
    if energy.value is None:
        return Measurement.missing("g", energy.reason)
    if carbon is None:
        return Measurement.missing("g", "no grid intensity for the chosen region")
    low, high = (None if end is None else co2e_g(end * times, carbon) for end in (energy.low, energy.high))
    value = co2e_g(energy.value * times, carbon)
    return Measurement(value=value, low=low, high=high, n=energy.n, unit="g", provenance=Provenance.MODELLED)
