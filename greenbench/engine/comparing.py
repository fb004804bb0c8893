"""Variants of several runs side by side: in what the runs differ so that their numbers do not answer the same question, which settings
were changed, and how far apart two numbers of different runs lie.

Blocks of two runs were not measured in turn, so nothing is paired: drift between the runs is in the difference, and no verdict is given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult, Scenario, VariantResult
from greenbench.report.labels import listed, runtime_name
from greenbench.steps import installed


@dataclass(frozen=True)
class Change:
    """How far a number lies from the pinned one: relative (−0.12: 12 % less), of fractions their difference; the ends of its 95 %
    interval where both numbers have one, their errors taken as independent."""

    value: float
    low: float | None
    high: float | None


def unfair(results: list[RunResult]) -> list[str]:
    """What differs between runs so that their numbers do not answer the same question, as sentences."""
    aspects: dict[str, Callable[[RunResult], str]] = {
        "processors": lambda r: r.environment.cpu,
        "devices": lambda r: r.plan.device,
        "thread counts": lambda r: listed([str(each) for each in sorted({v.threads for v in r.measured})]),
        "scenarios": lambda r: listed(sorted({v.scenario.value for v in r.measured})),
        "batch sizes": lambda r: listed([str(each) for each in sorted({v.batch for v in r.measured})]),
        "runtimes": lambda r: listed([runtime_name(each) for each in sorted({v.runtime for v in r.measured})]),
        "test data": lambda r: r.data,
        "protocols": lambda r: r.plan.protocol.name,
        "sources of energy": lambda r: r.energy_provenance.value,
    }
    found = []
    for name, read in aspects.items():
        values = list(dict.fromkeys(read(result) for result in results))
        if len(values) > 1:
            between = "; " if any(" and " in value for value in values) else ", "
            found.append(f"The runs differ in {name}: {between.join(value or 'unknown' for value in values)}.")
    return found


def changed_parameters(results: list[RunResult]) -> list[str]:
    """Which settings of nodes with the same title differ between the runs: "Shared 4 bit: bits, dense layers 4 bits, then 2 bits"."""
    found = []
    for node in results[0].plan.nodes:
        others = [next((n for n in result.plan.nodes if (n.title, n.step) == (node.title, node.step)), None) for result in results[1:]]
        if node.step not in installed():
            continue
        for field in installed()[node.step].fields:
            values = [n.params[field.name] for n in (node, *others) if n is not None and field.name in n.params]
            if any(value != values[0] for value in values):
                shown = list(dict.fromkeys(field.format(value) for value in values))
                found.append(f"{node.title}: {field.title.lower()} {', then '.join(shown)}.")
    return found


def unlike(run: RunResult, variant: VariantResult, pinned_run: RunResult, pinned: VariantResult) -> list[str]:
    """In what a variant was measured otherwise than the pinned one, in a word or two each."""
    pairs = (
        ("processor", run.environment.cpu, pinned_run.environment.cpu),
        ("GPU", run.environment.gpus, pinned_run.environment.gpus),
        ("device", run.plan.device, pinned_run.plan.device),
        ("threads", variant.threads, pinned.threads),
        ("scenario", _asked(variant), _asked(pinned)),
        ("batch", variant.batch, pinned.batch),
        ("runtime", variant.runtime, pinned.runtime),
        ("test data", run.data, pinned_run.data),
        ("protocol", run.plan.protocol, pinned_run.plan.protocol),
        ("source of energy", _source(variant), _source(pinned)),
    )
    return [word for word, mine, other in pairs if mine != other]


def _asked(variant: VariantResult) -> tuple[Scenario, float, float]:
    """The scenario; of a server its rate and bound."""
    served = variant.served
    return variant.scenario, served.rate if served else 0.0, served.bound_s if served else 0.0


def _source(variant: VariantResult) -> Provenance:
    energy = variant.metrics.get("energy_per_inference")
    return energy.provenance if energy else Provenance.UNAVAILABLE


def apart(key: str, variant: VariantResult, pinned: VariantResult) -> Change | None:
    """How far a metric of a variant lies from that of the pinned one; None where one has no value, one is only
    modelled, or calls of other numbers of examples were timed."""
    mine, other = variant.metrics.get(key), pinned.metrics.get(key)
    if mine is None or other is None or mine.value is None or other.value is None:
        return None
    if not (mine.provenance.measured and other.provenance.measured):
        return None
    if key.startswith("latency") and variant.batch != pinned.batch:
        return None  # the time of a call grows with its examples
    own, base = _half_width(mine), _half_width(other)
    if BY_KEY[key].fraction:
        change = mine.value - other.value
        half = None if own is None or base is None else math.hypot(own, base)
        return Change(change, None if half is None else change - half, None if half is None else change + half)
    if mine.value <= 0 or other.value <= 0:
        return None
    ratio = mine.value / other.value
    if own is None or base is None:
        return Change(ratio - 1, None, None)
    spread = math.exp(math.hypot(own / mine.value, base / other.value))
    return Change(ratio - 1, ratio / spread - 1, ratio * spread - 1)


def _half_width(measurement: Measurement) -> float | None:
    return None if measurement.low is None or measurement.high is None else (measurement.high - measurement.low) / 2
