"""The work of the Benchmark step: prepares each variant, times them in turn, then asks each for its accuracy."""

import time
from typing import Any

from greenbench.core.artifact import Fact, ResultsArtifact
from greenbench.core.errors import StepError
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Scenario, letter
from greenbench.core.step import Inputs, StepOutcome, Stored
from greenbench.engine.bench import offline
from greenbench.engine.bench.answers import ask_accuracy
from greenbench.engine.bench.conversion import for_runtime
from greenbench.engine.bench.measuring import Measuring, VariantDoor
from greenbench.engine.bench.obstacles import model_obstacle, obstacles
from greenbench.engine.bench.timing import Timing
from greenbench.engine.bench.variant import Variant
from greenbench.engine.executor import NodeContext, explain


def apply(inputs: Inputs, params: Any, context: NodeContext) -> StepOutcome:
    """Measures all models that arrived; a variant that fails leaves the others' results.

    Raises:
        StepError: no variant could be measured, or the data has no test split.
    """
    measuring = Measuring(inputs, params, context)
    try:
        _prepare(measuring)
        timing = Timing(measuring)
        _idle(measuring, "idle before")
        _load(measuring)
        timing.warm_up()
        timing.rounds()
        _idle(measuring, "idle after")
        ask_accuracy(measuring)
    finally:
        measuring.close()
    measured = tuple(variant.letter for variant in measuring.running)
    if not measured:
        first = measuring.first_failure
        reason = f" The first of {measuring.failed}: {first.message}" if measuring.failed > 1 else f" {first.message}"
        raise StepError(f"No variant could be measured.{reason}", first.remedy)
    noun = "variant" if len(measured) == 1 else "variants"
    facts = (Fact(title="Variants measured", value=len(measured)), Fact(title="Failed", value=measuring.failed))
    return StepOutcome({"results": ResultsArtifact(variants=measured)}, facts, f"{len(measured)} {noun}")


def _prepare(m: Measuring) -> None:
    """Brings each model into the form its runtime loads, and the test data into that which the model takes."""
    here = obstacles(m.params, m.context.device)
    if here:
        raise StepError(*here[0])
    sources = m.context.planned.inputs["models"]
    for index, source in enumerate(sources):
        m.context.progress(0.1 * index / len(sources), "preparing")
        key, name = letter(index), m.context.plan.node(source.node).title
        failure = m.context.failures.get(source.node)
        if failure is not None:
            m.fail(key, source.node, name, failure)
            continue
        try:
            m.variants.append(_prepared(m, key, name, m.arrived[source.node]))
        except Exception as error:  # noqa: BLE001 - the door of a variant: one that cannot be prepared leaves the others
            m.fail(key, source.node, name, explain(error, name))


def _prepared(m: Measuring, key: str, name: str, stored: Stored) -> Variant:
    m.context.check()
    obstacle = model_obstacle(m.params, stored.model)
    if obstacle:
        raise StepError(f'"{name}" {obstacle[0]}', obstacle[1])
    loaded, converted = for_runtime(stored, m.params.runtime, m.context)
    return Variant(key, name, stored.node, loaded, stored, m.examples.for_model(stored), converted)


def _idle(m: Measuring, label: str) -> None:
    """A window in which nothing of ours runs: what the machine draws by itself."""
    m.context.progress(0.1 if "before" in label else 0.9, label)
    window = m.window(WindowKind.IDLE, label)
    end = time.monotonic() + m.protocol.idle_s
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.25))
        m.context.check()
    m.close_window(window)


def _load(m: Measuring) -> None:
    """A process for each variant, in the Offline scenario at the batch size that suits it best."""
    for variant in m.variants:
        m.context.progress(0.12, f"loading {variant.name}")
        with VariantDoor(m, variant):
            batch = m.params.call_batch
            if m.params.scenario == Scenario.OFFLINE:
                window = m.window(WindowKind.WARM_UP, f"{variant.name}: batch sizes", variant.letter)
                batch = offline.pick(m, variant)
                m.close_window(window)
            m.tell_ready(variant, m.start(variant, batch))
