"""The table of percentiles: a number where MLPerf's count of queries supports it, else the interval that the calls allow."""

from collections.abc import Sequence

from greenbench.analysis.percentiles import queries_needed
from greenbench.core.quote import count, quote, scale, significant
from greenbench.core.run import RunResult, Scenario, Served, VariantResult
from greenbench.report.labels import listed
from greenbench.report.parts import Column, Row, TextTable

LATENCY = "latency_p50"
_TAILS = (0.9, 0.99)


def percentile_table(result: RunResult, rows: Sequence[Row], columns: dict[str, Column]) -> TextTable:
    """One line a variant; the note says which counts suffice."""
    unit, through = columns[LATENCY].scale, columns["throughput"].scale
    found = {row.letter: next(v for v in result.variants if v.letter == row.letter) for row in rows}
    lines = []
    for row in rows:
        variant = found[row.letter]
        p50, p95 = (quote(variant.metrics.get(key), unit) for key in (LATENCY, "latency_p95"))
        p90, p99 = (_tail(variant, q, unit.factor) for q in _TAILS)
        calls = _calls(variant)
        lines.append(
            (
                row.letter,
                row.label,
                *_with_interval(p50.text, p50.low, p50.high),
                p90,
                *_with_interval(p95.text, p95.low, p95.high),
                p99,
                quote(variant.metrics.get("throughput"), through).text,
                count(calls) if calls else "—",
            )
        )
    head = ("", "Variant", f"p50 {unit.unit}", "95 % interval", "p90", f"p95 {unit.unit}", "95 % interval", "p99", "examples / s", "calls")
    return TextTable(head, tuple(lines), "llrlrrlrrr", _note(list(found.values())), tuple(row.letter for row in rows))


def scenario_sentences(result: RunResult) -> tuple[str, ...]:
    """How queries reached the models where they did not come one after the other, and how each stood it."""
    offline = [v for v in result.measured if v.scenario is Scenario.OFFLINE]
    served = [v for v in result.measured if v.served is not None]
    sentences = []
    if offline:
        picked = listed([f"{v.letter} at batch {v.batch}" for v in offline])
        sentences.append(f"Offline scenario: each model ran at the batch size with most examples a second, {picked}.")
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
    first, second = (queries_needed(q) for q in _TAILS)
    few = [v.letter for v in variants if _calls(v) < first]
    note = (
        "p50 and p95 with their 95 % interval over blocks. A p90 is stated from "
        f"{count(first)} calls on and a p99 from {count(second)}, as MLPerf asks; below that stands the interval "
        "that holds it with 95 % confidence, whatever the distribution. "
    )
    if not few:
        return note + "Every variant reaches the first."
    return note + ("No variant reaches the first." if len(few) == len(variants) else f"{listed(few)} reach neither.")


def _with_interval(text: str, low: str, high: str) -> tuple[str, str]:
    return text, f"[{low}, {high}]" if low and high and low != high else ""
