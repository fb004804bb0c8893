"""Carbon of a run under any assumption: a region's grid, a building's PUE, a number of queries a day. Nothing is run again.

joules (measured once) × PUE × intensity = grams
"""

from dataclasses import dataclass

from greenbench.analysis import charges
from greenbench.analysis.break_even import per_day
from greenbench.core.carbon import JOULES_PER_KWH, grams
from greenbench.core.measurement import Measurement
from greenbench.core.run import CarbonFactor, RunResult

BILLION = 1e9
DAYS_A_YEAR = 365.25
_ENERGY = "energy_per_inference"


@dataclass(frozen=True)
class VariantEmissions:
    """Joules and grams of one variant: of one inference, of a billion, of a year at the assumed rate, and of making it once, beyond what
    the baseline needs anyway."""

    letter: str
    energy: Measurement
    per_inference: Measurement
    per_billion: Measurement
    per_year: Measurement
    making_energy: Measurement
    making: Measurement


@dataclass(frozen=True)
class Emissions:
    """A run's carbon under `carbon` and `per_day`. `session` is everything the run took, `at_least` where some of it has no reading."""

    carbon: CarbonFactor
    per_day: float
    variants: tuple[VariantEmissions, ...]
    session_energy: Measurement
    session: Measurement
    at_least: bool = False

    def of(self, letter: str) -> VariantEmissions:
        """The variant of that letter. Raises KeyError."""
        found = next((each for each in self.variants if each.letter == letter), None)
        if found is None:
            raise KeyError(letter)
        return found


def emissions(result: RunResult, carbon: CarbonFactor | None = None, rate: float | None = None) -> Emissions | None:
    """The carbon of a run under a factor and a number of inferences a day; its own without them. None where no factor is known."""
    carbon = carbon or result.carbon
    if carbon is None:
        return None
    rate = rate or per_day(result)
    found = []
    for variant in result.measured:
        energy = variant.metrics.get(_ENERGY) or Measurement.missing("J", "not measured")
        made = charges.making(result, variant.letter).energy
        found.append(
            VariantEmissions(
                letter=variant.letter,
                energy=energy,
                per_inference=grams(energy, carbon),
                per_billion=grams(energy, carbon, BILLION),
                per_year=grams(energy, carbon, rate * DAYS_A_YEAR),
                making_energy=made,
                making=grams(made, carbon),
            )
        )
    whole = charges.add(charges.ledger(result))
    return Emissions(carbon, rate, tuple(found), whole.energy, grams(whole.energy, carbon), whole.at_least)


def ratio(of: CarbonFactor, to: CarbonFactor) -> float:
    """How many times as much carbon the same joules give under one factor as under another."""
    return of.intensity_g_per_kwh * of.pue / (to.intensity_g_per_kwh * to.pue)


@dataclass(frozen=True)
class Equivalent:
    """A thing of daily life: `amount` of `what` ("hours of a 10 W lamp"). `source` says who says so, `year` of when; empty where it is
    arithmetic or physics."""

    amount: float
    what: str
    source: str
    year: str


@dataclass(frozen=True)
class _Thing:
    """One unit of something: the joules or the grams of CO2e that it takes."""

    what: str
    source: str
    year: str
    energy_j: float = 0.0
    co2e_g: float = 0.0


# Few, and each can be checked. A litre of water: 4.184 kJ for each kelvin and kilogram, the thermochemical calorie. A car: "about 400
# grams of CO2 per mile", the US fleet's mean of 22.2 miles a gallon at 8,887 g of CO2 a gallon (codecarbon's dashboard has 409 g, which
# adds methane and nitrous oxide, from an earlier edition of the same agency's figures). A mile is 1.609344 km.
_KM_A_MILE = 1.609344
THINGS: tuple[_Thing, ...] = (
    _Thing("hours of a 10 W lamp", "10 W × 1 h", "", energy_j=10 * 3600.0),
    _Thing("full charges of a phone's battery of 15.4 Wh", "4,000 mAh at 3.85 V, without the charger's losses", "", energy_j=15.4 * 3600.0),
    _Thing("litres of water brought from 20 to 100 °C", "4.184 kJ for each litre and kelvin", "", energy_j=4184.0 * 80),
    _Thing(
        "km in a passenger car",
        "US EPA, Tailpipe Greenhouse Gas Emissions from a Typical Passenger Vehicle, EPA-420-F-23-014: about 400 g CO2 a mile",
        "2023",
        co2e_g=400.0 / _KM_A_MILE,
    ),
)


def equivalents(energy_j: float, carbon: CarbonFactor | None = None) -> tuple[Equivalent, ...]:
    """What else takes as much: first what takes the same energy (PUE included), then what emits as much, where a factor is known."""
    at_the_meter_j = energy_j * (carbon.pue if carbon else 1.0)
    found = [Equivalent(at_the_meter_j / t.energy_j, t.what, t.source, t.year) for t in THINGS if t.energy_j]
    if carbon is not None:
        emitted_g = at_the_meter_j / JOULES_PER_KWH * carbon.intensity_g_per_kwh
        found += [Equivalent(emitted_g / t.co2e_g, t.what, t.source, t.year) for t in THINGS if t.co2e_g]
    return tuple(found)
