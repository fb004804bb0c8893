"""After the blocks: how well each variant answers the test examples, its memory, and what its scenario still asks for."""

from typing import Any

import numpy as np

from greenbench.core import messages
from greenbench.core.artifact import Fact
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Scenario
from greenbench.core.step import StepOutcome, Stored
from greenbench.core.task import TASKS
from greenbench.core.timed import PROBE_S
from greenbench.engine.bench.measuring import Measuring, VariantDoor
from greenbench.engine.bench.serving import highest_rate
from greenbench.engine.bench.variant import Variant, described
from greenbench.engine.executor import explain


def ask_accuracy(m: Measuring) -> None:
    """Tells of each variant what is known only now."""
    for variant in m.running:
        fit = variant.examples.fit
        reason = fit.reason
        if fit.judged and not m.params.accuracy:
            reason = "not measured: switched off in the Benchmark step"
        with VariantDoor(m, variant):
            # First: what reading and judging the examples takes is not the model's.
            memory = m.children[variant.letter].ask("memory")["peak_memory_bytes"]
            held, broken = _highest_rate(m, variant)
            judged = {"reason": reason} if reason else _judged(m, variant)
            measured = messages.VariantMeasured(
                node=m.context.node,
                variant=variant.letter,
                metric=TASKS[variant.stored.model.task].metric,
                peak_memory_bytes=memory,
                size_coded_bytes=_coded(m, variant.original),
                highest_rate=held,
                lowest_broken=broken,
                **judged,
            )
            m.say(measured)


def _highest_rate(m: Measuring, variant: Variant) -> tuple[float | None, float | None]:
    """The highest rate that still meets the bound (0: none that was tried does) and the lowest that does not, where the Server scenario
    was asked to look for them."""
    if m.params.scenario != Scenario.SERVER or not m.params.find_rate:
        return None, None
    child = m.children[variant.letter]
    durations = child.ask("block", seconds=min(m.protocol.block_s, 1.0))["durations_ns"]
    window = m.window(WindowKind.WARM_UP, f"{variant.name}: highest rate", variant.letter)

    def probe(rate: float) -> np.ndarray:
        m.context.check()
        m.context.progress(0.93, f"{variant.name}: {rate:.3g} queries a second")
        answer = child.ask("serve", seconds=PROBE_S, rate=rate, seed=m.context.seed)
        return np.array(answer["durations_ns"]) / 1e9

    held, broken = highest_rate(probe, float(np.median(durations)) / 1e9, m.params.bound_s)
    m.close_window(window)
    return held or 0.0, broken


def _judged(m: Measuring, variant: Variant) -> dict[str, Any]:
    """How right the answers are: a bit for each example where the metric is accuracy, else a number for each."""
    metric = TASKS[variant.stored.model.task].metric
    m.context.progress(0.95, f"{metric.replace('_', ' ')} of {variant.name}")
    window = m.window(WindowKind.ACCURACY, variant.name, variant.letter)

    def stream(reply: dict[str, Any]) -> None:
        m.context.metric(metric, reply["mean"], variant.letter)

    answer = m.children[variant.letter].ask("accuracy", data=described(m.data), taken_by=described(variant.original), on_progress=stream)
    m.close_window(window, answer)
    if answer["problem"]:
        words = metric.replace("_", " ").capitalize()
        m.context.log(f"{words} of {variant.letter} was not measured: {answer['problem']}", "warning")
        return {"reason": f"not measured: {answer['problem'].rstrip('.')}"}
    scores = answer["scores"]
    m.context.metric(metric, float(np.mean(scores)) if scores else 0.0, variant.letter)
    if metric == "accuracy":
        return {"correct": "".join("1" if score else "0" for score in scores)}
    return {"scores": tuple(scores)}


def _coded(m: Measuring, stored: Stored) -> int | None:
    """The coded size of a model whose source left it open because counting takes long; counted once, and kept in the cache."""
    if stored.model.footprint.size_coded_bytes is not None or stored.model.format not in ("torch", "onnx"):
        return None
    m.context.progress(0.98, f"coded size of {stored.title}")
    cache, digest = m.context.world.cache, f"coded-{m.context.plan.node(stored.node).digest}"
    record = cache.get(digest)
    if record is None:
        from greenbench.ml.footprint import coded_later

        try:
            counted = coded_later(stored, m.context.check)
        except (GreenBenchError, MemoryError) as error:  # what was measured stays
            m.context.log(f"The coded size of {stored.title} was not counted: {explain(error, stored.title).message}", "warning")
            return None
        record = cache.commit(digest, cache.begin(), StepOutcome({}, (Fact(title="Coded size", value=counted, unit="B"),)), 0.0)
    size = record.facts[0].value
    return None if size is None else int(size)
