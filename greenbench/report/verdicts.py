"""Comparisons as they are printed in a table: a sign, a word, and the change with its interval."""

from dataclasses import dataclass

from greenbench.analysis.compare import margin_text
from greenbench.core.metrics import Metric
from greenbench.core.quote import change_decimals, ends, signed, significant, significant_decimals
from greenbench.core.run import Comparison, Verdict

_WORDS = {
    "accuracy": ("lower", "higher"),
    "mean_iou": ("lower", "higher"),
    "mean_absolute_error": ("lower", "higher"),
    "latency_p50": ("less time", "more time"),
    "latency_p95": ("less time", "more time"),
}


@dataclass(frozen=True)
class Printed:
    """A comparison in a cell. `sign` is one of ▼ ▲ = ? or empty; `tone` is "good", "bad" or ""; `detail` the signed change
    with its interval; `short` the result in a figure ("÷ 2.9", "−0.6 pp")."""

    sign: str
    text: str
    tone: str
    detail: str
    short: str
    established: bool = False


NOTHING = Printed("", "", "", "", "")


def printed(metric: Metric, comparison: Comparison | None) -> Printed:
    """A comparison in words: digits of the change follow its interval, "within" names how small a difference was excluded."""
    if comparison is None:
        return NOTHING
    if comparison.verdict is Verdict.BASELINE:
        return Printed("", "baseline", "", "", "")
    if comparison.verdict is Verdict.NOT_COMPARED:
        return Printed("", comparison.text or "not compared", "", "", "not compared")
    unit, decimals = _unit(metric), _decimals(comparison)
    detail = _detail(comparison, decimals)
    if comparison.verdict is Verdict.SAME:
        text = f"within {margin_text(metric, comparison.margin)}"
        return Printed("=", text, "", detail, text)
    if comparison.verdict is Verdict.UNCLEAR:
        return Printed("?", "cannot tell yet", "", detail, "cannot tell yet")
    lower = comparison.verdict is Verdict.LOWER
    word = _WORDS.get(metric.key, ("less", "more"))[0 if lower else 1]
    tone = "" if comparison.good is None else "good" if comparison.good else "bad"
    if comparison.change is None:
        return Printed("▼" if lower else "▲", comparison.text or word, tone, "", comparison.text or word, True)
    size = signed(abs(comparison.change) * 100, decimals).lstrip("+")
    interval = _interval(comparison, decimals)
    return Printed("▼" if lower else "▲", f"{size} {unit} {word}", tone, interval, short(metric, comparison.change), True)


def short(metric: Metric, change: float) -> str:
    """A change in a few characters, at most two significant digits: "÷ 2.9", "× 1.4", "−12 %", "−0.6 pp"."""
    if not metric.fraction and change > -1:
        ratio = 1 + change
        if ratio <= 1 / 1.5:
            return f"÷ {significant(1 / ratio, 2)}"
        if ratio >= 1.5:
            return f"× {significant(ratio, 2)}"
    return f"{signed(change * 100, significant_decimals(change * 100, 2))} {_unit(metric)}"


def _unit(metric: Metric) -> str:
    return "pp" if metric.fraction else "%"


def _decimals(comparison: Comparison) -> int:
    return change_decimals(comparison.change or 0.0, comparison.low, comparison.high)


def _interval(comparison: Comparison, decimals: int) -> str:
    if comparison.low is None or comparison.high is None or comparison.low == comparison.high:
        return ""
    low, high = ends(comparison.low * 100, comparison.high * 100, decimals, signs=True)
    return f"[{low}, {high}]"


def _detail(comparison: Comparison, decimals: int) -> str:
    if comparison.change is None:
        return ""
    return f"{signed(comparison.change * 100, decimals)} {_interval(comparison, decimals)}".strip()
