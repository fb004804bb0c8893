"""The ratio of two variants in a metric that is made of energy and something else: compared as the energy in it is."""

import math
from dataclasses import replace

from scipy.special import ndtr, ndtri

from greenbench.analysis.intervals import CONFIDENCE, Interval
from greenbench.analysis.quotients import product, quotient
from greenbench.core.run import VariantResult

_Z = float(ndtri((1 + CONFIDENCE) / 2))


def in_round(key: str, variant: VariantResult, energy_j: float, median_s: float) -> float | None:
    """The metric of one block: of J for one example and the block's median; None where it cannot be formed."""
    if key == "energy_delay_product":
        return energy_j * median_s
    if key in ("inferences_per_joule", "accuracy_per_joule"):
        return 1 / energy_j if energy_j > 0 else None
    if key == "flops_per_joule":
        flops = variant.metrics[key.removesuffix("_per_joule")].value
        return flops / energy_j if flops and energy_j > 0 else None
    return energy_j


def with_accuracy(joules: Interval, variant: VariantResult, baseline: VariantResult, confidence: float) -> Interval:
    """The ratio of inferences for each joule times that of the accuracies, which were measured apart and so are independent of it."""
    found = quotient(variant.metrics["accuracy"], baseline.metrics["accuracy"])
    if found.value is None:
        return Interval(joules.value, None, None, joules.n)
    # A ratio of accuracies is known at 95 %; at another confidence the distance to its ends grows as that of a normal variable would.
    z = float(ndtri((1 + confidence) / 2)) / _Z
    low, high = (None if end is None or end <= 0 else found.value * (end / found.value) ** z for end in (found.low, found.high))
    both = product(joules, Interval(found.value, low, high, found.n))
    return replace(both, p_value=_p_of_one(both, confidence))


def _p_of_one(ratio: Interval, confidence: float) -> float | None:
    """The two-sided p-value of a ratio of 1, from the end of its interval that lies towards it."""
    if ratio.low is None or ratio.high is None or ratio.low <= 0:
        return None
    distance = math.log(ratio.value / ratio.low) if ratio.value > 1 else math.log(ratio.high / ratio.value)
    if distance == 0:
        return 1.0 if ratio.value == 1 else 0.0
    return float(2 * ndtr(-abs(math.log(ratio.value)) / distance * float(ndtri((1 + confidence) / 2))))
