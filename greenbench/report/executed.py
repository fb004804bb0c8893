"""What really executed, variant by variant, as one compact table: precision by operators, what fell back, start-up and threads."""

from collections.abc import Mapping

from greenbench.core import quote
from greenbench.core.run import Execution, RunResult
from greenbench.report.labels import runtime_name
from greenbench.report.parts import TextTable

_TIMES = {"load": "load_s", "build": "compile_s", "first call": "first_s"}
_NOTE = (
    "Executed: convolutions and matrix products by the precision that ran them. Fell back: operators in a higher precision than the file "
    "promised. Q/DQ left: quantise/dequantise pairs left after optimisation. Build: compiling or optimising before the first call. "
    "— : the runtime does not say."
)


def executed_table(result: RunResult) -> TextTable:
    """One row for each variant whose runtime said something; no rows where none did."""
    ran = [(variant, variant.execution) for variant in result.variants if variant.execution is not None]
    scales = {name: quote.scale("s", [getattr(execution, name) for _, execution in ran]) for name in _TIMES.values()}
    rows = tuple((variant.letter, precision_words(execution), *_rest(execution, scales)) for variant, execution in ran)
    times = (f"{title} {scales[name].unit}" for title, name in _TIMES.items())
    head = ("", "Executed", "runtime", "fell back", "Q/DQ left", *times, "threads")
    return TextTable(head, rows, "lllrrrrrr", _NOTE if rows else "", tuple(variant.letter for variant, _ in ran))


def precision_words(ran: Execution) -> str:
    """ "int8 in 20 of 21 operators, fp32 in 1"; the precision alone where the runtime counts none."""
    total = sum(ran.by_precision.values())
    if not total:
        return ran.precision
    order = sorted(ran.by_precision.items(), key=lambda pair: (pair[0] != ran.precision, -pair[1], pair[0]))
    if len(order) == 1:
        return f"{order[0][0]} in {'all ' if total > 1 else ''}{total} {'operator' if total == 1 else 'operators'}"
    first, *others = order
    return f"{first[0]} in {first[1]} of {total} operators, {', '.join(f'{name} in {number}' for name, number in others)}"


def _rest(ran: Execution, scales: Mapping[str, quote.Scale]) -> tuple[str, ...]:
    where = "" if ran.device == "cpu" else f", {ran.device}"
    cores = f" on {quote.spans(ran.affinity)}" if ran.affinity else ""
    return (
        f"{ran.version or runtime_name(ran.runtime)}{where}",
        _count(ran.fallbacks),
        _count(ran.qdq),
        *(_seconds(getattr(ran, name), shown) for name, shown in scales.items()),
        f"{ran.threads}{cores}",
    )


def _count(number: int | None) -> str:
    return quote.NO_READING if number is None else str(number)


def _seconds(value: float | None, shown: quote.Scale) -> str:
    return quote.NO_READING if value is None else quote.significant(value * shown.factor, 2)
