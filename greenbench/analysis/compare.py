"""Verdicts: what may be said of a variant against the baseline, in plain words.

    whole interval inside ± margin      ─▶ "no difference within ±1 %"      (asked first: too small to matter)
    interval excludes no change         ─▶ "12 % less", "40 % more time", "0.6 pp lower"
    whole interval inside ± resolution  ─▶ "no difference within ±2.5 %"    (nothing found by a protocol that looks no closer)
    else                                ─▶ "cannot tell yet"

Of many variants some look different by chance alone. Where several are compared with the baseline, each is tested at the level that Holm's
step-down gives it (greenbench.analysis.holm), its interval is the one of that level, and so the two cannot disagree.

A time of −65 % is written "65 % less time", never "65 % faster": that reads as 65 % more calls a second.
"""

from collections.abc import Sequence

import numpy as np

from greenbench.analysis.accuracy import difference_interval, mcnemar, paired_counts
from greenbench.analysis.intervals import CONFIDENCE, Interval, ratio_of_means
from greenbench.analysis.scores import mean_difference, paired_scores, paired_t_test
from greenbench.core.metrics import BY_KEY, Metric
from greenbench.core.quote import change_decimals, number, percent, significant_decimals
from greenbench.core.run import Comparison, Verdict

# Words for less and more of a metric, and for a multiple of it ("2.4 times as long").
_WORDS: dict[str, tuple[str, str, str]] = {
    "latency_p50": ("less time", "more time", "as long"),
    "latency_p95": ("less time", "more time", "as long"),
    "size_bytes": ("smaller", "larger", "as large"),
    "size_coded_bytes": ("smaller", "larger", "as large"),
    "parameters": ("fewer", "more", "as many"),
    "nonzero_parameters": ("fewer", "more", "as many"),
    "flops": ("fewer", "more", "as many"),
    "mean_absolute_error": ("lower", "higher", "as large"),
    "inferences_per_joule": ("fewer", "more", "as many"),
    "flops_per_joule": ("fewer", "more", "as many"),
    "energy_delay_product": ("lower", "higher", "as large"),
}
_DEFAULT_WORDS = ("less", "more", "as much")
CANNOT_TELL = "cannot tell yet"


def baseline() -> Comparison:
    """What stands beside the baseline itself."""
    return Comparison(verdict=Verdict.BASELINE, text="baseline")


def not_compared(reason: str, words: str = "") -> Comparison:
    """No verdict, for a reason, in a few words too where there is room for them: modelled energy is a guess and says nothing about a
    difference."""
    return Comparison(verdict=Verdict.NOT_COMPARED, text=f"not compared{f': {words}' if words else ''}", reason=reason)


def compare_ratio(metric: Metric, ratio: Interval, resolution: float = 0.0) -> Comparison:
    """The verdict on a ratio variant : baseline, from `paired_ratio` or `ratio_of_means`; `resolution` is how closely the protocol looks
    (`Protocol.resolution`).

    Without an interval (one block) nothing can be told.
    """
    change = ratio.value - 1
    if ratio.low is None or ratio.high is None:
        reason = f"{ratio.n} paired block{'' if ratio.n == 1 else 's'} cannot show how much the measurement scatters"
        return Comparison(verdict=Verdict.UNCLEAR, change=change, text=CANNOT_TELL, reason=reason)
    return _judge(metric, change, ratio.low - 1, ratio.high - 1, resolution).model_copy(update={"p_value": ratio.p_value})


def compare_counts(metric: Metric, value: float, baseline: float) -> Comparison:
    """The verdict on two exact facts: bytes, parameters, FLOPs. Nothing is uncertain about it."""
    if value == baseline:
        return Comparison(verdict=Verdict.SAME, change=0.0, low=0.0, high=0.0, text="the same")
    if baseline <= 0:
        return not_compared("the baseline has none")
    change = value / baseline - 1
    return _judge(metric, change, change, change)


def compare_accuracy(correct: str, baseline: str, confidence: float = CONFIDENCE) -> Comparison:
    """The verdict on two models' answers to the same examples (strings of "0" and "1", see VariantMeasured).

    The interval is Newcombe's. Where the exact McNemar test does not reject (p ≥ 1 − confidence) it is stretched to reach zero, so
    that a difference is only called real when test and interval agree, and the interval shown never contradicts the verdict.
    """
    if not correct or not baseline:
        return not_compared("no answers on a common test set")
    if len(correct) != len(baseline):
        return not_compared(f"tested on {len(correct)} examples, the baseline on {len(baseline)}")
    counts = paired_counts(correct, baseline)
    interval, p_value = difference_interval(counts, confidence), mcnemar(counts)
    low, high = interval.ends
    if p_value >= 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    verdict = _judge(BY_KEY["accuracy"], interval.value, low, high)
    told = (
        f"of {counts.examples} examples, {counts.only_baseline} that the baseline gets right are wrong, "
        f"{counts.only_variant} the other way round"
    )
    return verdict.model_copy(update={"p_value": p_value, "reason": told})


def compare_scores(metric: Metric, scores: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE) -> Comparison:
    """The verdict on two models' scores of the same examples: errors, or shares such as an IoU.

    Shares are compared by the mean of the paired differences, errors by the ratio of the means (Fieller's interval, which leaves
    out 1 just where the paired t-test rejects).
    """
    if not scores or not baseline:
        return not_compared("no answers on a common test set")
    if len(scores) != len(baseline):
        return not_compared(f"tested on {len(scores)} examples, the baseline on {len(baseline)}")
    mine, other = paired_scores(scores, baseline)
    if not mine.size or not (np.isfinite(mine).all() and np.isfinite(other).all()):
        return not_compared("some answers are not numbers" if mine.size else "no example could be judged")
    p_value = paired_t_test(mine, other)
    if np.array_equal(mine, other):
        exact = Comparison(verdict=Verdict.SAME, change=0.0, low=0.0, high=0.0, text="the same")
        return exact.model_copy(update={"p_value": p_value, "reason": f"the same on all {mine.size} examples"})
    if not metric.fraction and other.mean() == 0:
        return not_compared("the baseline makes no error")
    shift = 0.0 if metric.fraction else 1.0
    found = mean_difference(mine, other, confidence) if metric.fraction else ratio_of_means(mine, other, confidence)
    told = f"{int((mine != other).sum())} of {mine.size} examples differ"
    if found.low is None or found.high is None:
        text = f"{told}: too few to tell how much they scatter"
        return Comparison(verdict=Verdict.UNCLEAR, change=found.value - shift, p_value=p_value, text=CANNOT_TELL, reason=text)
    verdict = _judge(metric, found.value - shift, found.low - shift, found.high - shift)
    return verdict.model_copy(update={"p_value": p_value, "reason": told})


def _judge(metric: Metric, change: float, low: float, high: float, resolution: float = 0.0) -> Comparison:
    within, good = None, None
    if -metric.margin <= low and high <= metric.margin:
        verdict, within = Verdict.SAME, metric.margin
    elif high < 0:
        verdict = Verdict.LOWER
    elif low > 0:
        verdict = Verdict.HIGHER
    elif -resolution <= low and high <= resolution:
        verdict, within = Verdict.SAME, resolution
    else:
        verdict = Verdict.UNCLEAR
    if metric.better and verdict in (Verdict.LOWER, Verdict.HIGHER):
        good = verdict.value == metric.better
    text = f"no difference within {margin_text(metric, within)}" if within is not None else _text(metric, verdict, change, low, high)
    return Comparison(verdict=verdict, change=change, low=low, high=high, good=good, margin=within, text=text)


def _text(metric: Metric, verdict: Verdict, change: float, low: float, high: float) -> str:
    if verdict is Verdict.UNCLEAR:
        return CANNOT_TELL
    if metric.fraction:
        return f"{points(change, low, high)} pp {verdict.value}"
    return change_text(metric, change, low, high)


def margin_text(metric: Metric, within: float | None = None) -> str:
    """How small the difference is: "±1 %", "±0.5 pp"; without `within`, the one too small to matter."""
    return f"±{(metric.margin if within is None else within) * 100:g} {'pp' if metric.fraction else '%'}"


def points(difference: float, low: float | None = None, high: float | None = None) -> str:
    """Percentage points without sign, at most two significant digits and no more than the interval supports: "0.61", "12"."""
    return percent(difference, low, high)


def change_text(metric: Metric, change: float, low: float | None = None, high: float | None = None) -> str:
    """A relative change in words, at most two significant digits and no more than its interval supports: "12 % less", "65 % less time",
    "2.4 times as long".

    From a doubling on it is a multiple; a reduction never rounds up to 100 %.
    """
    less, more, multiple = _WORDS.get(metric.key, _DEFAULT_WORDS)
    if change >= 1:
        return f"{times(change, low, high)} times {multiple}"
    if change > 0:
        return f"{percent(change, low, high)} % {more}"
    return f"{reduction(change, low, high)} % {less}"


def times(change: float, low: float | None = None, high: float | None = None) -> str:
    """A relative change as a multiple, with such digits: "2.4"."""
    factor, supported = 1 + change, change_decimals(change, low, high) + 2
    return number(factor, max(min(significant_decimals(factor, 2), supported), significant_decimals(factor, 1)))


def reduction(change: float, low: float | None = None, high: float | None = None) -> str:
    """A reduction in per cent without sign; above 99 % as many digits as keep what remains visible: "99.97"."""
    remaining = (1 + change) * 100
    if not 0 < remaining < 1:
        return percent(change, low, high)
    decimals = 1
    while round(100 - remaining, decimals) >= 100 and decimals < 9:
        decimals += 1
    return f"{100 - remaining:.{decimals}f}"
