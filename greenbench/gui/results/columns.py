"""Which columns the comparison table can have: those it begins with, and every other metric. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from greenbench.core import quote
from greenbench.core.metrics import BY_KEY, METRICS, QUALITY, Metric
from greenbench.core.run import RunResult, Scenario
from greenbench.core.timed import call_words

Kind = Literal["variant", "words", "number", "verdict", "bar", "source"]


@dataclass(frozen=True)
class Column:
    """One column: `metric` is a key of core.metrics (or ""), `unit` the second line of its head. `with_interval`: the numbers have
    their 95 % interval beside them."""

    key: str
    kind: Kind
    title: str
    unit: str
    metric: str = ""
    right: bool = False
    share: float = 1.0
    with_interval: bool = False


@dataclass(frozen=True)
class Offer:
    """A column that can be chosen: its key, its name in the menu, and what it tells."""

    key: str
    title: str
    help: str


ENERGY = "energy_per_inference"
DEFAULT = ("runs", "accuracy", "accuracy-against", "p50", "p95", "energy", "against", "size", "source")
_OWN = {"latency_p50": "p50", "latency_p95": "p95", "energy_per_inference": "energy", "size_bytes": "size"}
_AGAINST = {ENERGY: "Energy against A", "latency_p50": "Latency against A"}


def against_title(compared: str) -> str:
    """The head of the bars, by the metric that the variants are compared by."""
    return _AGAINST.get(compared, f"{BY_KEY[compared].short} against A")


_FIRST = (
    Offer("runs", "Runs as", "The precision that really executed, and of how many operators."),
    Offer("accuracy", "Accuracy", "The number that judges the answers: accuracy, mean error or mean IoU, by the task."),
    Offer("accuracy-against", "Accuracy against A", "Whether its answers are worse than the baseline's (McNemar's exact test)."),
    Offer(
        "against",
        against_title(ENERGY),
        "The change of what the variants are compared by, with its interval: energy, where it was not measured time or throughput.",
    ),
    Offer("source", "Source of the energy", "How the joules were obtained."),
)


def offers() -> tuple[Offer, ...]:
    """Every column but that of the names, in the order of the table."""
    first = {offer.key: offer for offer in _FIRST}
    metrics = {_OWN.get(m.key, m.key): Offer(_OWN.get(m.key, m.key), m.title, m.help) for m in METRICS if m.key not in QUALITY}
    both = first | metrics
    return tuple(both[key] for key in _order())


def _order() -> tuple[str, ...]:
    """The columns as they stand when all are chosen: those of the beginning, the other metrics before the source."""
    others = [metric.key for metric in METRICS if metric.key not in (*QUALITY, *_OWN)]
    return (*DEFAULT[:-1], *others, DEFAULT[-1])


def chosen_from(text: str) -> tuple[str, ...]:
    """The columns that were remembered as "p50 energy"; those of the beginning where nothing or nothing known was."""
    words = text.split()
    known = tuple(key for key in _order() if key in words)
    return known or DEFAULT


def columns_of(result: RunResult, scales: Mapping[str, quote.Scale], compared: str, chosen: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a run's table; `compared` is the metric of the bars."""
    every = _every(result, scales, compared)
    scenarios = (v.scenario is not Scenario.SINGLE_STREAM for v in result.variants)
    asked = (every["scenario"],) if any(scenarios) else ()  # without it the numbers cannot be read
    return (every["variant"], *asked, *(every[key] for key in _order() if key in chosen))


def _every(result: RunResult, scales: Mapping[str, quote.Scale], compared: str) -> dict[str, Column]:
    quality = result.quality
    examples = max((v.metrics[quality].n for v in result.variants if quality in v.metrics), default=0)
    same = f"paired, {examples} examples" if examples > 1 else "paired examples"
    judged = BY_KEY[quality]
    unit = f"{scales[quality].unit}, 95 % interval".removeprefix(", ")
    joules = scales["energy_per_inference"].unit
    call = call_words(v.batch for v in result.measured).removeprefix("one ")
    of_call = f", {call}" if call else ""
    own = (
        Column("variant", "variant", "Variant", "", share=1.6),
        Column("scenario", "words", "Scenario", "how asked", share=0.7),
        Column("runs", "words", "Runs as", "what executed", share=0.6),
        Column("accuracy", "number", judged.short, unit, quality, True, 1.15, True),
        Column("accuracy-against", "verdict", f"{judged.short} against A", same, quality, share=1.6),
        Column("p50", "number", "Latency p50", f"{scales['latency_p50'].unit}{of_call}", "latency_p50", True, 0.9),
        Column("p95", "number", "p95", f"{scales['latency_p95'].unit}, of blocks", "latency_p95", True, 0.8),
        Column("energy", "number", "Energy", f"{joules} per inference", "energy_per_inference", True, 1.4, True),
        Column("against", "bar", against_title(compared), "paired blocks, 95 % interval", compared, share=2.3),
        Column("size", "number", "Size", f"{scales['size_bytes'].unit}: file, coded", "size_bytes", True, 0.9),
        Column("source", "source", "Source", "of the energy", "energy_per_inference", share=0.95),
    )
    others = (_plain(metric, scales[metric.key].unit) for metric in METRICS if metric.key not in (*QUALITY, *_OWN))
    return {column.key: column for column in (*own, *others)}


def _plain(metric: Metric, unit: str) -> Column:
    return Column(metric.key, "number", metric.short, unit, metric.key, True, 0.9, not metric.counted)
