"""Every printed number of a variant and of the run, as it was stored and as it comes out of the raw data now."""

import math
from collections.abc import Iterator
from typing import Any

from greenbench.core.audit import AuditedNumber
from greenbench.core.measurement import Measurement
from greenbench.core.metrics import BY_KEY, QUALITY
from greenbench.core.run import Comparison, NodeState, RunResult, VariantResult
from greenbench.engine.audit.replay import Replay
from greenbench.meters import carbon
from greenbench.meters.energy_curve import RAN_BACKWARDS

# The running total of a power sensor began at another moment, so sums may differ in the last bits of a float; nothing printed does.
_ROUNDING = 1e-9
_NOT_KEPT = "what it was made of was not kept in this older run"
_LOST = "it cannot be made again: the raw data is lost"
_DAMAGED = "it cannot be made again: damaged are the call times of {blocks}"


def metrics(again: Replay, stored: VariantResult, found: VariantResult | None, own: str, key: str) -> Iterator[AuditedNumber]:
    """The metrics of a variant, or the one of that key. `found` None: nothing of it is left; `own` is its letter in its benchmark."""
    for name, measurement in stored.metrics.items():
        if key not in ("", name) or (found is None and measurement.value is None):
            continue
        made = found.metrics.get(name) if found else None
        if name == "co2e_per_inference" and found:
            made = _co2e(again.stored, found, made)
        number = compared(f"{again.stored.run_id}/{stored.letter}/{name}", name, _title(name), measurement, made)
        if not again.told and not _from_samples(name):
            note = _NOT_KEPT if measurement.value is not None else ""
            number = number.model_copy(update={"agrees": None, "found": None, "note": note})
        number = _unless_damaged(number, again.damage(stored.benchmark, own) if _from_calls(name) else "")
        yield number.model_copy(update={"rests_on": _rests_on(name, measurement, found or stored)})


def against(again: Replay, stored: VariantResult, found: VariantResult, key: str) -> Iterator[AuditedNumber]:
    """The differences from the baseline, where there is a number."""
    for name, comparison in stored.against.items():
        if key not in ("", name) or comparison.change is None:
            continue
        made = found.against.get(name)
        number = AuditedNumber(
            path=f"{again.stored.run_id}/{stored.letter}/{name}/against",
            key=name,
            title=f"{_title(name)}, against the baseline",
            unit="1",
            stored=comparison.change,
            found=made.change if made else None,
            rests_on="the blocks of both, paired by round" if _from_samples(name) else "the numbers of both",
        )
        if again.told or _from_samples(name):
            wrong = _differs(comparison, made) if made and made.change is not None else _why_not(found.metrics.get(name))
            number = number.model_copy(update={"agrees": not wrong, "note": wrong})
            # The intervals of all variants of a benchmark hang together (greenbench.analysis.holm).
            yield _unless_damaged(number, again.damage(stored.benchmark) if _from_calls(name) else "")
        else:
            yield number.model_copy(update={"found": None, "note": _NOT_KEPT})


def of_the_run(again: Replay) -> Iterator[AuditedNumber]:
    """Idle power, and what each step cost that was computed in this run."""
    stored, found = again.stored, again.result
    for key, title in (("idle_before", "Idle power before"), ("idle_after", "Idle power after")):
        if (old := getattr(stored, key)) is not None:
            number = compared(f"{stored.run_id}/{key}", key, title, old, getattr(found, key))
            yield number.model_copy(update={"rests_on": "the samples of the idle window"})
    made = {node.node: node for node in found.nodes}
    for node in stored.nodes:
        if node.state is not NodeState.DONE or node.energy is None:
            continue
        # Only the joules: what the interval took from a meter's refresh interval was what was known of it at that moment.
        old, new = (_without_interval(m) for m in (node.energy, made[node.node].energy if node.node in made else None))
        number = compared(f"{stored.run_id}/{node.node}/energy", "energy", f'Energy of step "{node.title}"', old, new)
        yield number.model_copy(update={"rests_on": "the samples of its window"})


def of_the_ledger(again: Replay) -> Iterator[AuditedNumber]:
    """Each line of the energy ledger that was spent in this run. A reused one has its samples in the run that computed it."""
    stored, made = again.stored, {(line.kind, line.node, line.title, line.repeat): line for line in again.result.ledger}
    for place, line in enumerate(stored.ledger):
        if line.cached:
            continue
        found = made.get((line.kind, line.node, line.title, line.repeat))
        old, new = (_without_interval(m) for m in (line.energy, found.energy if found else None))
        number = compared(f"{stored.run_id}/ledger/{place}", "ledger", f"Ledger: {line.title}", old, new)
        yield number.model_copy(update={"rests_on": "the samples of its windows"})


def percentiles(again: Replay, stored: VariantResult, found: VariantResult, own: str) -> Iterator[AuditedNumber]:
    """The percentiles of single calls with their distribution-free intervals."""
    made = {percentile.q: percentile for percentile in found.percentiles}
    for old in stored.percentiles:
        new = made.get(old.q)
        ends = [None if p is None else Measurement(value=p.value_s, low=p.low_s, high=p.high_s, n=p.n, unit="s") for p in (old, new)]
        name = f"p{old.q * 100:g}"
        number = compared(f"{again.stored.run_id}/{stored.letter}/percentile/{name}", name, f"{name} of single calls", ends[0], ends[1])
        yield _unless_damaged(number.model_copy(update={"rests_on": f"{old.n} calls"}), again.damage(stored.benchmark, own))


def compared(path: str, key: str, title: str, stored: Measurement | None, found: Measurement | None) -> AuditedNumber:
    """A stored measurement beside the one made again, with what differs in words."""
    old, new = (stored.value if stored else None), (found.value if found else None)
    wrong = ""
    if not same(old, new):
        wrong = _why_not(found) if new is None else "the value made again differs"
    elif stored is not None and found is not None and old is not None:
        if not (same(stored.low, found.low) and same(stored.high, found.high)):
            wrong = "the value agrees, its interval differs"
        elif stored.provenance is not found.provenance:
            wrong = f"the samples are {found.provenance.value}, the result says {stored.provenance.value}"
    unit = stored.unit if stored else ""
    return AuditedNumber(path=path, key=key, title=title, unit=unit, stored=old, found=new, agrees=not wrong, note=wrong)


def same(stored: Any, found: Any) -> bool:
    """Whether two values are one, but for the rounding of floats."""
    if isinstance(stored, float | int) and isinstance(found, float | int):
        return stored == found or math.isclose(stored, found, rel_tol=_ROUNDING) or (stored != stored and found != found)
    return bool(stored == found)


def _why_not(found: Measurement | None) -> str:
    """A counter's samples that contradict each other are there, and no number can be made of them; others are lost."""
    return f"it cannot be made again: {found.reason.rstrip('.')}" if found and RAN_BACKWARDS in found.reason else _LOST


def _unless_damaged(number: AuditedNumber, blocks: str) -> AuditedNumber:
    """The number as open where calls that it rests on are damaged."""
    return number.model_copy(update={"found": None, "agrees": None, "note": _DAMAGED.format(blocks=blocks)}) if blocks else number


def _differs(stored: Comparison, found: Comparison) -> str:
    fields = {"change": "change", "low": "interval", "high": "interval", "p_value": "p-value", "verdict": "verdict"}
    differing = [word for field, word in fields.items() if not same(getattr(stored, field), getattr(found, field))]
    words = " and ".join(dict.fromkeys(differing))
    return f"the {words} made again {'differs' if words.count(' ') == 0 else 'differ'}" if words else ""


def _co2e(stored: RunResult, found: VariantResult, made: Measurement | None) -> Measurement | None:
    """With the grid factor that the run was given: a later edition of the table of grids is no error of this run."""
    energy = found.metrics.get("energy_per_inference")
    if made is None or made.value is None or energy is None or energy.value is None or stored.carbon is None:
        return made
    ends = {name: getattr(energy, name) for name in ("value", "low", "high")}
    return made.model_copy(update={name: None if end is None else carbon.co2e_g(end, stored.carbon) for name, end in ends.items()})


def _without_interval(measurement: Measurement | None) -> Measurement | None:
    return None if measurement is None else measurement.model_copy(update={"low": None, "high": None})


def _title(key: str) -> str:
    return BY_KEY[key].title if key in BY_KEY else key


def _from_samples(key: str) -> bool:
    """Whether clock and meter alone give it; all else needs what the worker said."""
    return key.startswith(("latency_", "throughput", "energy_", "co2e_", "wh_", "inferences_per_"))


def _from_calls(key: str) -> bool:
    """Whether it rests on the duration of each call."""
    return key.startswith(("latency_", "throughput", "energy_delay_"))


def _rests_on(key: str, measurement: Measurement, variant: VariantResult) -> str:
    """What a number was made of, in words."""
    blocks = f"{len(variant.blocks)} {'block' if len(variant.blocks) == 1 else 'blocks'}"
    if key.startswith(("latency_", "throughput")):
        return f"{sum(block.calls for block in variant.blocks)} calls in {blocks}"
    if key == "co2e_per_inference":
        return "energy per inference and the grid factor of the run"
    if key.startswith("energy_per_"):
        return f"the samples of {blocks}{' and of the idle windows' if key.endswith('_net') else ''}"
    if key in QUALITY:
        return f"{measurement.n} answers, each kept" if measurement.value is not None else "no answers"
    if key == "peak_memory":
        return "the system's word on the process"
    return "other numbers of the variant" if key not in _COUNTED else "the worker's count"


_COUNTED = {metric.key for metric in BY_KEY.values() if metric.counted}
