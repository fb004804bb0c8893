"""The work of the Benchmark step: prepares each variant, times them in turn, then asks each for its accuracy."""

import time
from typing import Any

import numpy as np

from greenbench.core import messages
from greenbench.core.artifact import Fact, ResultsArtifact
from greenbench.core.errors import GreenBenchError, StepError
from greenbench.core.measurement import Window, WindowKind
from greenbench.core.run import Execution, Failure, letter
from greenbench.core.step import Inputs, StepOutcome, Stored
from greenbench.core.task import TASKS
from greenbench.engine.bench.conversion import for_runtime
from greenbench.engine.bench.examples import ExampleFiles
from greenbench.engine.bench.obstacles import model_obstacle, obstacles
from greenbench.engine.bench.schedule import round_order, still_needed
from greenbench.engine.bench.variant import BenchChild, Variant, described
from greenbench.engine.executor import NodeContext, explain

_LIVE_POINTS_PER_S = 40


def apply(inputs: Inputs, params: Any, context: NodeContext) -> StepOutcome:
    """Measures all models that arrived; a variant that fails leaves the others' results.

    Raises:
        StepError: no variant could be measured, or the data has no test split.
    """
    bench = _Bench(inputs, params, context)
    try:
        bench.prepare()
        bench.idle("idle before")
        bench.load()
        bench.warm_up()
        bench.time_blocks()
        bench.idle("idle after")
        bench.ask_accuracy()
    finally:
        bench.close()
    measured = tuple(child.variant.letter for child in bench.children.values())
    if not measured:
        first = bench.first_failure
        reason = f" The first of {bench.failed}: {first.message}" if bench.failed > 1 else f" {first.message}"
        raise StepError(f"No variant could be measured.{reason}", first.remedy)
    noun = "variant" if len(measured) == 1 else "variants"
    facts = (Fact(title="Variants measured", value=len(measured)), Fact(title="Failed", value=bench.failed))
    return StepOutcome({"results": ResultsArtifact(variants=measured)}, facts, f"{len(measured)} {noun}")


class _Bench:
    """One benchmark under way. Its parts are called in the order in which they stand."""

    def __init__(self, inputs: Inputs, params: Any, context: NodeContext) -> None:
        self.params, self.context = params, context
        self.protocol = context.plan.protocol
        self.threads = params.threads or context.threads
        self.data = inputs.one("data")
        self.arrived = {stored.node: stored for stored in inputs.many("models")}
        self.variants: list[Variant] = []
        self.children: dict[str, BenchChild] = {}
        self.failed = 0
        self.first_failure = Failure(kind="Nothing arrived", message="No model arrived.", remedy="Connect a model.")
        self.latencies: dict[str, list[np.ndarray]] = {}
        self.examples = ExampleFiles(self.data, context.folder, params.batch)

    def say(self, event: messages.Event) -> None:
        self.context.world.emit(event)

    def window(self, kind: WindowKind, label: str, variant: str = "", block: int = 0) -> Window:
        """Opens a window of that kind now."""
        opened = Window(kind=kind, label=label, t0_ns=self.context.world.clock(), node=self.context.node, variant=variant, block=block)
        self.say(messages.WindowOpened(window=opened))
        return opened

    def fail(self, variant_letter: str, source: str, name: str, failure: Failure) -> None:
        if not self.failed:
            self.first_failure = failure
        self.failed += 1
        child = self.children.pop(variant_letter, None)
        self.latencies.pop(variant_letter, None)
        if child:
            child.close()
        self.say(messages.VariantFailed(node=self.context.node, variant=variant_letter, source=source, name=name, failure=failure))

    def prepare(self) -> None:
        """Brings each model into the form its runtime loads, and the test data into that which the model takes."""
        here = obstacles(self.params, self.context.device)
        if here:
            raise StepError(*here[0])
        sources = self.context.planned.inputs["models"]
        for index, source in enumerate(sources):
            self.context.progress(0.1 * index / len(sources), "preparing")
            key, name = letter(index), self.context.plan.node(source.node).title
            failure = self.context.failures.get(source.node)
            if failure is not None:
                self.fail(key, source.node, name, failure)
                continue
            try:
                self.variants.append(self._prepared(key, name, self.arrived[source.node]))
            except Exception as error:  # noqa: BLE001 - the door of a variant: one that cannot be prepared leaves the others
                self.fail(key, source.node, name, explain(error, name))

    def _prepared(self, key: str, name: str, stored: Stored) -> Variant:
        self.context.check()
        obstacle = model_obstacle(self.params, stored.model)
        if obstacle:
            raise StepError(f'"{name}" {obstacle[0]}', obstacle[1])
        loaded, converted = for_runtime(stored, self.params.runtime, self.context)
        return Variant(key, name, stored.node, loaded, stored, self.examples.for_model(stored), converted)

    def idle(self, label: str) -> None:
        """A window in which nothing of ours runs: what the machine draws by itself."""
        self.context.progress(0.1 if "before" in label else 0.9, label)
        window = self.window(WindowKind.IDLE, label)
        end = time.monotonic() + self.protocol.idle_s
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.25))
            self.context.check()
        self.say(messages.WindowClosed(window=window.model_copy(update={"t1_ns": self.context.world.clock()})))

    def load(self) -> None:
        for variant in self.variants:
            self.context.progress(0.12, f"loading {variant.name}")
            child = BenchChild(variant, self.threads, self.context.check)
            self.children[variant.letter] = child
            with _VariantDoor(self, variant):
                answer = child.ask(
                    "load",
                    model=described(variant.stored, variant.name),
                    runtime=self.params.runtime,
                    threads=self.threads,
                    device=self.context.device,
                    batch=self.params.batch,
                    examples=str(variant.examples.inputs),
                    judged=variant.examples.fit.judged and self.params.accuracy,
                    cores=list(self.context.plan.affinity),
                )
                self.say(self._ready(variant, answer))

    def _ready(self, variant: Variant, answer: dict[str, Any]) -> messages.VariantReady:
        loaded, weights = variant.stored.model.footprint, variant.original.model.footprint
        execution = Execution.model_validate({**answer["execution"], "converted": variant.converted})
        return messages.VariantReady(
            node=self.context.node,
            variant=variant.letter,
            source=variant.source,
            name=variant.name,
            runtime=self.params.runtime,
            precision=execution.precision,
            batch=self.params.batch,
            threads=self.threads,
            size_bytes=loaded.size_bytes,
            size_coded_bytes=weights.size_coded_bytes,
            parameters=weights.parameters,
            nonzero_parameters=weights.nonzero_parameters,
            flops=loaded.flops or weights.flops,
            notes=(*variant.stored.model.notes, *variant.examples.fit.notes, *answer["notes"]),
            execution=execution,
        )

    def warm_up(self) -> None:
        for variant in self._running():
            self.context.progress(0.15, f"warming up {variant.name}")
            window = self.window(WindowKind.WARM_UP, variant.name, variant.letter)
            with _VariantDoor(self, variant):
                answer = self.children[variant.letter].ask("warm_up", seconds=self.protocol.warm_up_s)
                if not answer["flat"]:
                    cap = f"{self.protocol.warm_up_s:g} s"
                    text = f"Latency of {variant.letter} ({variant.name}) was still falling when warm-up ended after {cap}."
                    self.context.log(text, "warning")
                self._close(window, answer)
                self.latencies[variant.letter] = []

    def _running(self) -> list[Variant]:
        return [variant for variant in self.variants if variant.letter in self.children]

    def _close(self, window: Window, answer: dict[str, Any], latencies_s: tuple[float, ...] = ()) -> None:
        times = {"t0_ns": answer["t0_ns"], "t1_ns": answer["t1_ns"], "calls": len(latencies_s), "batch": self.params.batch}
        self.say(messages.WindowClosed(window=window.model_copy(update=times), latencies_s=latencies_s))

    def time_blocks(self) -> None:
        """Rounds of blocks, forward and backward, until every interval is narrow enough or the protocol's cap is reached."""
        number = 0
        wanted = list(self.latencies)
        while wanted:
            for key in round_order(wanted, number):
                self._block(key, number)
            number += 1
            share = number / self.protocol.max_blocks
            self.context.progress(0.15 + 0.75 * share, f"round {number} of at most {self.protocol.max_blocks}")
            wanted = still_needed(self.latencies, self.protocol)

    def _block(self, key: str, number: int) -> None:
        if key not in self.children:
            return
        child = self.children[key]
        self.context.check()
        window = self.window(WindowKind.BLOCK, child.variant.name, key, number)
        with _VariantDoor(self, child.variant):
            answer = child.ask("block", seconds=self.protocol.block_s)
            durations = np.array(answer["durations_ns"]) / 1e9
            self.latencies[key].append(durations)
            self._close(window, answer, tuple(durations.tolist()))
            self._show(key, answer, durations)

    def _show(self, key: str, answer: dict[str, Any], durations: np.ndarray) -> None:
        """Some of a block's calls for the live plot, evenly picked; the store has all."""
        ends = answer["t0_ns"] + np.cumsum(durations * 1e9)
        wanted = max(int(_LIVE_POINTS_PER_S * self.protocol.block_s), 1)
        picked = np.unique(np.linspace(0, len(durations) - 1, min(wanted, len(durations))).astype(int))
        self.say(
            messages.Calls(
                node=self.context.node,
                variant=key,
                t_ns=tuple(int(t) for t in ends[picked]),
                latency_s=tuple(durations[picked].tolist()),
            )
        )

    def ask_accuracy(self) -> None:
        for variant in self._running():
            fit = variant.examples.fit
            reason = fit.reason
            if fit.judged and not self.params.accuracy:
                reason = "not measured: switched off in the Benchmark step"
            with _VariantDoor(self, variant):
                # First: what reading and judging the examples takes is not the model's.
                memory = self.children[variant.letter].ask("memory")["peak_memory_bytes"]
                judged = {"reason": reason} if reason else self._judged(variant)
                measured = messages.VariantMeasured(
                    node=self.context.node,
                    variant=variant.letter,
                    metric=TASKS[variant.stored.model.task].metric,
                    peak_memory_bytes=memory,
                    size_coded_bytes=self._coded(variant.original),
                    **judged,
                )
                self.say(measured)

    def _judged(self, variant: Variant) -> dict[str, Any]:
        """How right the answers are: a bit for each example where the metric is accuracy, else a number for each."""
        metric = TASKS[variant.stored.model.task].metric
        self.context.progress(0.95, f"{metric.replace('_', ' ')} of {variant.name}")
        window = self.window(WindowKind.ACCURACY, variant.name, variant.letter)

        def stream(reply: dict[str, Any]) -> None:
            self.context.metric(metric, reply["mean"], variant.letter)

        answer = self.children[variant.letter].ask(
            "accuracy", data=described(self.data), taken_by=described(variant.original), on_progress=stream
        )
        self._close(window, answer)
        if answer["problem"]:
            words = metric.replace("_", " ").capitalize()
            self.context.log(f"{words} of {variant.letter} was not measured: {answer['problem']}", "warning")
            return {"reason": f"not measured: {answer['problem'].rstrip('.')}"}
        scores = answer["scores"]
        self.context.metric(metric, float(np.mean(scores)) if scores else 0.0, variant.letter)
        if metric == "accuracy":
            return {"correct": "".join("1" if score else "0" for score in scores)}
        return {"scores": tuple(scores)}

    def _coded(self, stored: Stored) -> int | None:
        """The coded size of a model whose source left it open because counting takes long; counted once, and kept in the cache."""
        if stored.model.footprint.size_coded_bytes is not None or stored.model.format not in ("torch", "onnx"):
            return None
        self.context.progress(0.98, f"coded size of {stored.title}")
        cache, digest = self.context.world.cache, f"coded-{self.context.plan.node(stored.node).digest}"
        record = cache.get(digest)
        if record is None:
            from greenbench.ml.footprint import coded_later

            try:
                counted = coded_later(stored, self.context.check)
            except (GreenBenchError, MemoryError) as error:  # what was measured stays
                self.context.log(f"The coded size of {stored.title} was not counted: {explain(error, stored.title).message}", "warning")
                return None
            record = cache.commit(digest, cache.begin(), StepOutcome({}, (Fact(title="Coded size", value=counted, unit="B"),)), 0.0)
        size = record.facts[0].value
        return None if size is None else int(size)

    def close(self) -> None:
        for child in self.children.values():
            child.close()


class _VariantDoor:
    """What goes wrong inside becomes the failure of this one variant; a Stop goes on through."""

    def __init__(self, bench: _Bench, variant: Variant) -> None:
        self._bench, self._variant = bench, variant

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, GreenBenchError | MemoryError | OSError):
            return False
        variant = self._variant
        self._bench.fail(variant.letter, variant.source, variant.name, explain(error, variant.name))
        return True
