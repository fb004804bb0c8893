"""Numbers made of energy and something else: inferences and operations for each joule, energy–delay product, accuracy for each joule.

Each keeps the provenance of the energy in it, so that a modelled one stays modelled. Where energy and time meet in one number, they are
multiplied block by block: a block that was slow was costly too, and an interval from the two separately would not know.
"""

import math
from collections.abc import Sequence

from greenbench.analysis.intervals import block_mean
from greenbench.analysis.quotients import quotient
from greenbench.core.measurement import Measurement, Provenance

JOULES_PER_WH = 3600.0
QUERIES = 1000
ENERGY_AWARE = ("inferences_per_joule", "wh_per_1000", "flops_per_joule", "energy_delay_product", "accuracy_per_joule")
"""The metrics that are made here, in the order of greenbench.core.metrics."""


def inferences_per_joule(energy: Measurement) -> Measurement:
    """1 ÷ J, its ends those of the energy turned round."""
    return _inverse(energy, 1.0, "1/J")


def flops_per_joule(energy: Measurement, flops: Measurement | None) -> Measurement:
    """Operations of one inference for each joule of it (Green500's measure, for inference)."""
    if flops is None or flops.value is None:
        return Measurement.missing("FLOP/J", flops.reason if flops and flops.reason else "FLOPs were not counted")
    if flops.value <= 0:
        return Measurement.missing("FLOP/J", "the network has no multiply-adds")
    return _inverse(energy, flops.value, "FLOP/J")


def _inverse(energy: Measurement, times: float, unit: str) -> Measurement:
    if energy.value is None:
        return Measurement.missing(unit, energy.reason)
    if energy.value <= 0:
        return Measurement.missing(unit, "no energy above the sensor's step was read")
    low = times / energy.high if energy.high else None
    high = times / energy.low if energy.low else None  # energy may be zero: then there is no upper end
    return Measurement(value=times / energy.value, low=low, high=high, n=energy.n, unit=unit, provenance=energy.provenance)


def wh_per_1000(energy: Measurement) -> Measurement:
    """Watt-hours of a thousand queries."""
    if energy.value is None:
        return Measurement.missing("Wh", energy.reason)
    factor = QUERIES / JOULES_PER_WH
    low, high = (None if end is None else end * factor for end in (energy.low, energy.high))
    return energy.model_copy(update={"value": energy.value * factor, "low": low, "high": high, "unit": "Wh"})


def energy_delay_product(
    energies_j: Sequence[float | None], times_s: Sequence[float], energy: Measurement, relative_error: float
) -> Measurement:
    """Energy of one inference × time of one inference, J·s, the mean over blocks (Horowitz 1994, Low-Power Digital Design).

    `energies_j` and `times_s` have one number for each block, in the same order, both of one example: the median time of a call divided by
    the examples in it; `energy` is the variant's energy per inference,
    `relative_error` what the meter itself leaves open.

    Raises:
        ValueError: unequal lengths.
    """
    pairs = [(joules, seconds) for joules, seconds in zip(energies_j, times_s, strict=True) if joules is not None]
    if energy.value is None or not pairs:
        return Measurement.missing("J·s", energy.reason or "no block has a reading")
    found = block_mean([joules * seconds for joules, seconds in pairs])
    spread = 0.0 if found.low is None or found.high is None else (found.high - found.low) / 2
    half = math.hypot(spread, relative_error * abs(found.value))
    return Measurement(
        value=found.value,
        low=max(found.value - half, 0.0),
        high=found.value + half,
        n=len(pairs),
        unit="J·s",
        provenance=energy.provenance,
    )


def accuracy_per_joule(accuracy: Measurement | None, energy: Measurement) -> Measurement:
    """Accuracy as a fraction ÷ energy of one inference: right answers for each joule; its interval from both (MOVER-R)."""
    if accuracy is None:
        return Measurement.missing("1/J", "another metric judges this task")
    if accuracy.value is None or energy.value is None:
        return Measurement.missing("1/J", energy.reason if energy.value is None else accuracy.reason)
    if energy.value <= 0:
        return Measurement.missing("1/J", "no energy above the sensor's step was read")
    found = quotient(accuracy, energy, "1/J")
    # Two measured things meet here, so the mark is that of the less direct one: right answers are counted (◉), and beside a wall meter (▣,
    # the most direct) the count is the lesser part. Inferences and FLOP are no measurements: one for each joule keeps the joule's mark.
    return found.model_copy(update={"provenance": Provenance.least([energy.provenance, accuracy.provenance])})
