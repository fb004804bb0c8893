"""One benchmark under way: its variants, their processes, its windows, and what becomes of a variant that fails."""

import time
from typing import Any

import numpy as np

from greenbench.core import messages
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Window, WindowKind
from greenbench.core.run import BatchTried, Execution, Failure
from greenbench.core.step import Inputs
from greenbench.engine.bench.examples import ExampleFiles
from greenbench.engine.bench.variant import BenchChild, Variant, described
from greenbench.engine.executor import NodeContext, explain


class Measuring:
    """What the parts of a benchmark share. `start_s` is how long the slowest start of a process took the last time, `batches` the batch
    size of each variant, `tried` what the Offline scenario tried before."""

    def __init__(self, inputs: Inputs, params: Any, context: NodeContext) -> None:
        self.params, self.context = params, context
        self.protocol = context.plan.protocol
        self.threads = params.threads or context.threads
        self.data = inputs.one("data")
        self.arrived = {stored.node: stored for stored in inputs.many("models")}
        self.variants: list[Variant] = []
        self.children: dict[str, BenchChild] = {}
        self.processes: dict[str, int] = {}
        self.batches: dict[str, int] = {}
        self.tried: dict[str, tuple[BatchTried, ...]] = {}
        self.start_s = 0.0
        self.failed = 0
        self.first_failure = Failure(kind="Nothing arrived", message="No model arrived.", remedy="Connect a model.")
        self.latencies: dict[str, list[np.ndarray]] = {}
        self.examples = ExampleFiles(self.data, context.folder, params.largest_batch)

    @property
    def running(self) -> list[Variant]:
        return [variant for variant in self.variants if variant.letter in self.children]

    def say(self, event: messages.Event) -> None:
        self.context.world.emit(event)

    def window(self, kind: WindowKind, label: str, variant: str = "", block: int = 0) -> Window:
        """Opens a window of that kind now."""
        opened = Window(
            kind=kind,
            label=label,
            t0_ns=self.context.world.clock(),
            node=self.context.node,
            variant=variant,
            block=block,
            process=self.processes.get(variant, 0),
        )
        self.say(messages.WindowOpened(window=opened))
        return opened

    def close_window(self, window: Window, answer: dict[str, Any] | None = None, latencies_s: tuple[float, ...] = ()) -> None:
        """Closes a window with the times that a child answered, or now."""
        update: dict[str, Any] = {"t1_ns": self.context.world.clock()}
        if answer is not None:
            batch = self.batches.get(window.variant, self.params.batch)
            update = {"t0_ns": answer["t0_ns"], "t1_ns": answer["t1_ns"], "calls": len(latencies_s), "batch": batch}
            for spent in ("cpu", "cpu_all"):
                if answer.get(f"{spent}_ns") is not None:
                    update[f"{spent}_s"] = answer[f"{spent}_ns"] / 1e9
        self.say(messages.WindowClosed(window=window.model_copy(update=update), latencies_s=latencies_s))

    def fail(self, variant_letter: str, source: str, name: str, failure: Failure) -> None:
        """Takes a variant out; the others go on."""
        if not self.failed:
            self.first_failure = failure
        self.failed += 1
        child = self.children.pop(variant_letter, None)
        self.latencies.pop(variant_letter, None)
        if child:
            child.close()
        self.say(messages.VariantFailed(node=self.context.node, variant=variant_letter, source=source, name=name, failure=failure))

    def start(self, variant: Variant, batch: int) -> dict[str, Any]:
        """A new process for a variant, in the place of the one it had; returns what it says of itself. Raises like `BenchChild.ask`."""
        before = self.children.pop(variant.letter, None)
        if before:
            before.close()
            self.processes[variant.letter] = self.processes.get(variant.letter, 0) + 1
        began = time.monotonic()
        self.batches[variant.letter] = batch
        self.children[variant.letter] = child = BenchChild(variant, self.threads, self.context.check)
        answer = child.ask(
            "load",
            model=described(variant.stored, variant.name),
            runtime=self.params.runtime,
            threads=self.threads,
            device=self.context.device,
            batch=batch,
            examples=str(variant.examples.inputs),
            judged=variant.examples.fit.judged and self.params.accuracy,
            cores=list(self.context.plan.affinity),
        )
        self.start_s = max(self.start_s, time.monotonic() - began)
        return answer

    def tell_ready(self, variant: Variant, answer: dict[str, Any]) -> None:
        """What will execute, once it is known."""
        loaded, weights = variant.stored.model.footprint, variant.original.model.footprint
        execution = Execution.model_validate({**answer["execution"], "converted": variant.converted})
        ready = messages.VariantReady(
            node=self.context.node,
            variant=variant.letter,
            source=variant.source,
            name=variant.name,
            runtime=self.params.runtime,
            precision=execution.precision,
            batch=self.batches[variant.letter],
            batches=self.tried.get(variant.letter, ()),
            threads=self.threads,
            size_bytes=loaded.size_bytes,
            size_coded_bytes=weights.size_coded_bytes,
            parameters=weights.parameters,
            nonzero_parameters=weights.nonzero_parameters,
            flops=loaded.flops or weights.flops,
            notes=(*variant.stored.model.notes, *variant.examples.fit.notes, *answer["notes"]),
            execution=execution,
        )
        self.say(ready)

    def warm_up(self, variant: Variant) -> bool:
        """Runs until latency is flat or the cap is reached; returns which (true: flat). Raises like `BenchChild.ask`."""
        window = self.window(WindowKind.WARM_UP, variant.name, variant.letter)
        answer = self.children[variant.letter].ask("warm_up", seconds=self.protocol.warm_up_s)
        self.close_window(window, answer)
        return bool(answer["flat"])

    def close(self) -> None:
        for child in self.children.values():
            child.close()


class VariantDoor:
    """What goes wrong inside becomes the failure of this one variant; a Stop goes on through."""

    def __init__(self, measuring: Measuring, variant: Variant) -> None:
        self._measuring, self._variant = measuring, variant

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, GreenBenchError | MemoryError | OSError):
            return False
        variant = self._variant
        self._measuring.fail(variant.letter, variant.source, variant.name, explain(error, variant.name))
        return True
