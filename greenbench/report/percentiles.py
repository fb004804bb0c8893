"""The table of percentiles: a number where MLPerf's count of queries supports it, else the interval that the calls allow."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbench.analysis.percentiles import MEDIAN, SETTLED, queries_needed
from greenbench.core.quote import count, quote, scale, significant
from greenbench.core.run import RunResult, Scenario, Served, VariantResult
from greenbench.core.timed import call_words
from greenbench.report.labels import listed, plural
from greenbench.report.parts import Column, Row, TextTable

LATENCY = "latency_p50"
_TAILS = (0.9, 0.95, 0.99)
_FARTHEST_FIRST = (0.99, 0.95, 0.9)


@dataclass(frozen=True)
class Tail:
    """The variant whose slow calls are farthest from its median, by which quantile, and how many times its median that is, in words."""

    letter: str
    q: float
    ratio: str

    @property
    def name(self) -> str:
        return f"p{round(self.q * 100)}"


def longest_tail(variants: Sequence[VariantResult]) -> Tail | None:
    """The longest tail, by the farthest percentile that may be stated for all of them, else by one whose interval lies above that of every
    other; None where neither can be said: few calls show no tail."""
    for q in _FARTHEST_FIRST:
        tails = [(v, p, _median_s(v)) for v in variants for p in v.percentiles if p.q == q and _median_s(v) > 0]
        if not tails or len(tails) < len(variants):
            continue
        if all(p.supported for _, p, _ in tails):
            found, p, median_s = max(tails, key=lambda each: each[1].value_s / each[2])
            return Tail(found.letter, q, significant(p.value_s / median_s, 2))
        found, p, median_s = max(tails, key=lambda each: (each[1].low_s or 0.0) / each[2])
        least, others = (p.low_s or 0.0) / median_s, [each for each in tails if each[0] is not found]
        if others and all(other.high_s is not None and other.high_s / middle < least for _, other, middle in others):
            return Tail(found.letter, q, f"at least {significant(least, 2)}")
    return None


def _median_s(variant: VariantResult) -> float:
    """The median of all calls, of which the other percentiles are."""
    return next((p.value_s for p in variant.percentiles if p.q == MEDIAN), 0.0)


def percentile_table(result: RunResult, rows: Sequence[Row], columns: dict[str, Column]) -> TextTable:
    """One line a variant; the note says which counts suffice."""
    unit, through = columns[LATENCY].scale, columns["throughput"].scale
    found = {row.letter: next(v for v in result.variants if v.letter == row.letter) for row in rows}
    lines = []
    for row in rows:
        variant = found[row.letter]
        p50 = quote(variant.metrics.get(LATENCY), unit)
        calls = _calls(variant)
        lines.append(
            (
                row.letter,
                row.label,
                *_with_interval(p50.text, p50.low, p50.high),
                *(_tail(variant, q, unit.factor) for q in _TAILS),
                quote(variant.metrics.get("throughput"), through).text,
                count(calls) if calls else "—",
            )
        )
    head = ("", "Variant", f"p50 {unit.unit}", "95 % interval", "p90", "p95", "p99", "examples / s", "calls")
    return TextTable(head, tuple(lines), "llrlrrrrr", _note(list(found.values())), tuple(row.letter for row in rows))


def scenario_sentences(result: RunResult) -> tuple[str, ...]:
    """How queries reached the models where they did not come one after the other, and how each stood it."""
    offline = [v for v in result.measured if v.scenario is Scenario.OFFLINE]
    served = [v for v in result.measured if v.served is not None]
    sentences = []
    if offline:
        picked = listed([f"{v.letter} at batch {v.batch}" for v in offline])
        alike = len({v.batch for v in offline}) == 1
        told = "" if alike else " Examples a second are compared; the time of a call is not: other batch size."
        sentences.append(f"Offline scenario: each model ran at the batch size with most examples a second, {picked}.{told}")
    if served:
        sentences.append(f"Server scenario: {_asked(served[0].served)}")
        sentences += [f"{v.letter} {v.served.text}." for v in served if v.served]
    return tuple(sentences)


def _asked(served: Served | None) -> str:
    """What the scenario asks of all variants."""
    if served is None:
        return ""
    bound = _time(served.bound_s)
    return f"queries arrive at random, {significant(served.rate, 3)} a second, and 99 % must be answered within {bound}, waiting included."


def _time(seconds: float) -> str:
    """ "10.0 ms"."""
    shown = scale("s", [seconds])
    return f"{significant(seconds * shown.factor, 3)} {shown.unit}"


def _tail(variant: VariantResult, q: float, factor: float) -> str:
    """A percentile of the tail; of runs from before percentiles were kept only what their count supports."""
    known = next((each for each in variant.percentiles if each.q == q), None)
    if known is not None:
        return known.in_words(factor)
    quantiles = variant.latency_quantiles_s
    supported = quantiles and _calls(variant) >= queries_needed(q)
    return significant(quantiles[round(q * 100)] * factor, 3) if supported else "—"


def _calls(variant: VariantResult) -> int:
    return sum(block.calls for block in variant.blocks)


def _note(variants: Sequence[VariantResult]) -> str:
    first, second, third = (queries_needed(q) for q in _TAILS)
    few = [v.letter for v in variants if _calls(v) < first]
    note = (
        f"{_of_call(variants)}p50: the mean over blocks of each block's own, with its 95 % interval; p90, p95 and p99: of all "
        f"calls pooled. A p90 is stated from {count(first)} calls on, a p95 from {count(second)} and a p99 from "
        f"{count(third)}, as MLPerf asks, where the blocks agree within {SETTLED * 100:g} %; else "
        "the interval stands there that holds it with 95 % confidence, whatever the distribution. "
    )
    if not few:
        note += "Every variant reaches the first."
    elif len(few) == len(variants):
        note += "No variant reaches the first." if len(few) > 1 else f"{few[0]} reaches none."
    else:
        note += f"{listed(few)} {'reaches' if len(few) == 1 else 'reach'} none."
    return f"{note} {_open_words(variants)}".rstrip()


def _of_call(variants: Sequence[VariantResult]) -> str:
    words = call_words(v.batch for v in variants)
    return f"Times are of {words}{', not compared' if len({v.batch for v in variants}) > 1 else ''}. " if words else ""


def _open_words(variants: Sequence[VariantResult]) -> str:
    """Why many calls may have no upper end: they came in few blocks. "" where none lacks one."""
    open_ = [
        v for v in variants if any(p.q in _TAILS and not p.supported and p.high_s is None and p.low_s is not None for p in v.percentiles)
    ]
    if not open_:
        return ""
    blocks = sorted({len(v.blocks) for v in open_ if v.blocks})
    counted = f"{blocks[0]} to {blocks[-1]} blocks" if len(blocks) > 1 else plural(blocks[0], "block") if blocks else "few blocks"
    return (
        f"“Over”: no upper end can be given. Calls of a block hang together, so those of {counted} count for far fewer than their number."
    )


def _with_interval(text: str, low: str, high: str) -> tuple[str, str]:
    return text, f"[{low}, {high}]" if low and high and low != high else ""
