"""One sentence for each comparison, made by counting verdicts: "Four variants need less energy than A, one needs more." """

from collections.abc import Sequence

from greenbench.analysis.compare import margin_text
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult, VariantResult, Verdict

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

# For each metric and verdict: verb for one, verb for several, the whole phrase, the phrase after the first has been said.
_Phrase = tuple[str, str, str, str]
_PHRASES: dict[str, dict[Verdict, _Phrase]] = {
    "energy_per_inference": {
        Verdict.LOWER: ("needs", "need", "less energy than A", "less"),
        Verdict.HIGHER: ("needs", "need", "more energy than A", "more"),
        Verdict.SAME: ("is", "are", "within {margin} of A's energy", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in energy yet", "be told yet"),
    },
    "latency_p50": {
        Verdict.LOWER: ("is", "are", "faster than A", "faster"),
        Verdict.HIGHER: ("is", "are", "slower than A", "slower"),
        Verdict.SAME: ("is", "are", "within {margin} of A's latency", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in latency yet", "be told yet"),
    },
    "throughput": {
        Verdict.HIGHER: ("answers", "answer", "more examples a second than A", "more"),
        Verdict.LOWER: ("answers", "answer", "fewer examples a second than A", "fewer"),
        Verdict.SAME: ("is", "are", "within {margin} of A's throughput", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in throughput yet", "be told yet"),
    },
    "accuracy": {
        Verdict.LOWER: ("is", "are", "less accurate than A", "less"),
        Verdict.HIGHER: ("is", "are", "more accurate than A", "more"),
        Verdict.SAME: ("is", "are", "within {margin} of A's accuracy", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in accuracy yet", "be told yet"),
    },
    "mean_absolute_error": {
        Verdict.LOWER: ("has", "have", "a lower error than A", "a lower one"),
        Verdict.HIGHER: ("has", "have", "a higher error than A", "a higher one"),
        Verdict.SAME: ("is", "are", "within {margin} of A's error", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in error yet", "be told yet"),
    },
    "mean_iou": {
        Verdict.LOWER: ("has", "have", "a lower mean IoU than A", "a lower one"),
        Verdict.HIGHER: ("has", "have", "a higher mean IoU than A", "a higher one"),
        Verdict.SAME: ("is", "are", "within {margin} of A's mean IoU", "within {margin}"),
        Verdict.UNCLEAR: ("cannot", "cannot", "be told from A in mean IoU yet", "be told yet"),
    },
}


def findings(result: RunResult, first: str) -> tuple[str, ...]:
    """The sentences of the comparison section: the metric `first`, then the others that were compared, then failures."""
    unasked = {"latency_p50", "throughput"} - {result.timing}
    keys = [first, *(key for key in _PHRASES if key != first and key not in unasked)]
    sentences = [tally(result, key) for key in keys]
    return tuple(sentence for sentence in (*sentences, _failures(result)) if sentence)


def candidates(result: RunResult) -> tuple[VariantResult, ...]:
    """The variants that were timed in the baseline's own benchmark, without the baseline itself."""
    baseline = result.baseline
    return tuple(
        variant
        for variant in result.measured
        if baseline is not None
        and variant.letter != baseline.letter
        and variant.benchmark == baseline.benchmark
        and (timed := variant.metrics.get("latency_p50")) is not None
        and timed.value is not None
    )


def tally(result: RunResult, key: str) -> str:
    """How many variants are better, worse, the same or undecided in one metric; "" where none was compared."""
    others = candidates(result)
    verdicts = [comparison.verdict for variant in others if (comparison := variant.against.get(key))]
    counts = {verdict: verdicts.count(verdict) for verdict in _PHRASES[key]}
    present = [verdict for verdict, count in counts.items() if count]
    parts: list[str] = []
    for verdict in present:
        count = counts[verdict]
        margin = margin_text(BY_KEY[key], _widest(others, key) if verdict is Verdict.SAME else None)
        single, several, whole, short = (text.format(margin=margin) for text in _PHRASES[key][verdict])
        verb = single if count == 1 else several
        if parts:
            parts.append(f"{in_words(count)} {verb} {short}")
        elif count == len(others) > 1:
            parts.append(f"{'both' if count == 2 else f'all {in_words(count)}'} variants {verb} {whole}")
        else:
            parts.append(f"{in_words(count)} variant{'' if count == 1 else 's'} {verb} {whole}")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _widest(variants: Sequence[VariantResult], key: str) -> float | None:
    """The largest margin among those that are the same: what holds for all of them. None: that of the metric."""
    return max((found.margin for each in variants if (found := each.against.get(key)) and found.margin is not None), default=None)


def in_words(count: int) -> str:
    """Up to twelve as a word."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _failures(result: RunResult) -> str:
    letters = [variant.letter for variant in result.variants if variant.failure]
    if not letters:
        return ""
    names = letters[0] if len(letters) == 1 else f"{', '.join(letters[:-1])} and {letters[-1]}"
    return f"{names} failed and {'has' if len(letters) == 1 else 'have'} no numbers."
