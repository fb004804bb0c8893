"""Two models on the same test examples: is the one really less accurate, and by how much?

Only the examples on which they disagree can tell. `correct` and `baseline` have one character for each example, "1" for
right and "0" for wrong, in the same order.
"""

import math
from dataclasses import dataclass

from scipy.special import bdtr

from greenbench.analysis.intervals import CONFIDENCE, Interval, wilson


@dataclass(frozen=True)
class PairedCounts:
    """How many examples both got right, only the variant, only the baseline, neither."""

    both: int
    only_variant: int
    only_baseline: int
    neither: int

    @property
    def examples(self) -> int:
        return self.both + self.only_variant + self.only_baseline + self.neither


def paired_counts(correct: str, baseline: str) -> PairedCounts:
    """The two-by-two table of two strings of "0" and "1".

    Raises:
        ValueError: empty, of unequal length, or with another character.
    """
    if not correct or len(correct) != len(baseline):
        raise ValueError(f"{len(correct)} and {len(baseline)} examples cannot be compared one by one")
    if (set(correct) | set(baseline)) - {"0", "1"}:
        raise ValueError('right is "1" and wrong is "0"; there is another character')
    pairs = [a + b for a, b in zip(correct, baseline, strict=True)]
    return PairedCounts(pairs.count("11"), pairs.count("10"), pairs.count("01"), pairs.count("00"))


def mcnemar(counts: PairedCounts) -> float:
    """The two-sided p-value of the exact McNemar test (McNemar 1947, Psychometrika 12, 153; binomial form).

    The probability, were both equally accurate, of examples of disagreement that lean at least this far to one side.
    """
    apart = counts.only_variant + counts.only_baseline
    if apart == 0:
        return 1.0
    fewer = min(counts.only_variant, counts.only_baseline)
    return float(min(1.0, 2.0 * bdtr(fewer, apart, 0.5)))


def paired_difference(correct: str, baseline: str) -> Interval:
    """Accuracy of the variant minus accuracy of the baseline, as a fraction, with Newcombe's interval.

    Newcombe 1998 (Stat. Med. 17, 2635), method 10: the Wilson intervals of both accuracies, joined by squares and the
    correlation of the pairs with a correction for continuity. Raises like `paired_counts`.
    """
    return difference_interval(paired_counts(correct, baseline))


def difference_interval(counts: PairedCounts, confidence: float = CONFIDENCE) -> Interval:
    """`paired_difference` from the two-by-two table."""
    n = counts.examples
    variant = wilson(counts.both + counts.only_variant, n, confidence)
    reference = wilson(counts.both + counts.only_baseline, n, confidence)
    difference = (counts.only_variant - counts.only_baseline) / n
    phi = _correlation(counts)
    (variant_low, variant_high), (reference_low, reference_high) = variant.ends, reference.ends
    below = _join(variant.value - variant_low, reference_high - reference.value, phi)
    above = _join(variant_high - variant.value, reference.value - reference_low, phi)
    return Interval(difference, difference - below, difference + above, n)


def _join(first: float, second: float, phi: float) -> float:
    """Length of the sum of two distances whose directions are correlated."""
    return math.sqrt(max(0.0, first * first - 2 * phi * first * second + second * second))


def _correlation(counts: PairedCounts) -> float:
    """Pearson's correlation of right and wrong between the two, pulled towards zero for continuity; 0 where undefined."""
    a, b, c, d = counts.both, counts.only_variant, counts.only_baseline, counts.neither
    margins = math.sqrt((a + b) * (c + d)) * math.sqrt((a + c) * (b + d))
    if margins == 0:
        return 0.0
    product = a * d - b * c
    return (max(product - counts.examples / 2, 0.0) if product > 0 else product) / margins
