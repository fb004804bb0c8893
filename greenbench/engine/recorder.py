"""Keeps what a run says: every event goes to the store as it comes, and stays here for the results at the end."""

from collections import defaultdict
from collections.abc import Callable
from threading import Lock

from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.artifact import DatasetArtifact
from greenbench.core.charge import Charge
from greenbench.core.errors import StoreError
from greenbench.core.measurement import Facts, Measurement, Sample, Window, WindowKind
from greenbench.core.run import Environment, NodeResult, NodeState, Plan, Remark, RunState
from greenbench.engine.raw_data import digest
from greenbench.meters.ledger import EnergyLedger
from greenbench.store.store import Store

_FACTS_LAG_NS = 10**9  # what is said of a block may arrive after its end

# What the worker says of a variant beside its windows: kept as it was said, so that every number can be made again.
_WORDS = (messages.VariantReady, messages.VariantMeasured, messages.VariantFailed)


class Recorder:
    """One run under way, seen from the parent.

    A store that cannot be written (full disk) costs the history, not the run: the reason is told once through `complain`.
    """

    def __init__(self, run_id: str, plan: Plan, store: Store, ledger: EnergyLedger, complain: Callable[[str], None]) -> None:
        self.run_id, self.plan, self.ledger = run_id, plan, ledger
        self._store, self._complain, self.store_failed = store, complain, False
        self._sealing, self._sealed = Lock(), False
        self.told: tuple[Advice, ...] = ()  # by the linter, before the run
        self.environment = Environment()
        self.started_ns = 0
        self.ended_ns = 0
        self.state = RunState.RUNNING
        self.nodes: dict[str, NodeResult] = {}
        self.first_lines: dict[str, tuple[Charge, ...]] = {}  # of each cached node, from the ledger of the run that computed it
        self.open_windows: list[Window] = []
        self.windows: list[Window] = []
        self.latencies: dict[tuple[str, str, int], tuple[float, ...]] = {}
        self.ready: dict[tuple[str, str], messages.VariantReady] = {}
        self.measured: dict[tuple[str, str], messages.VariantMeasured] = {}
        self.failed: dict[tuple[str, str], messages.VariantFailed] = {}
        self.warnings: list[Remark] = []
        self.facts: list[Facts] = []
        self._last_facts: Facts | None = None
        self.current = ""
        self._handlers: dict[type, Callable[..., None]] = {
            messages.RunStarted: self._run_started,
            messages.NodeStarted: self._node_started,
            messages.WindowOpened: self._window_opened,
            messages.WindowClosed: self._window_closed,
            messages.VariantReady: self._variant_ready,
            messages.VariantMeasured: self._variant_measured,
            messages.VariantFailed: self._variant_failed,
            messages.NodeFinished: self._node_finished,
            messages.NodeFailed: self._node_failed,
            messages.Log: self._log,
            messages.RunFinished: self._run_finished,
            messages.MeterState: self._meter_state,
        }

    def on_event(self, event: messages.Event) -> None:
        handler = self._handlers.get(type(event))
        if handler:
            handler(event)
        if isinstance(event, _WORDS):
            self._keep(lambda: self._store.add_word(self.run_id, event.model_dump_json()))

    def on_samples(self, samples: tuple[Sample, ...]) -> None:
        """Keeps samples with the run, those before its start that its first window is interpolated from included."""
        with self._sealing:
            if not self._sealed:
                self._keep(lambda: self._store.add_samples(self.run_id, samples))

    def on_facts(self, facts: Facts) -> None:
        """Keeps what the machine says of itself around timed blocks, the last word before them included; a long training needs none."""
        timed = any(window.kind is WindowKind.BLOCK for window in self.open_windows)
        if not timed and self.windows and self.windows[-1].kind is WindowKind.BLOCK:
            timed = facts.t_ns <= self.windows[-1].t1_ns + _FACTS_LAG_NS
        if timed:
            if self._last_facts is not None:
                self.facts.append(self._last_facts)
            self.facts.append(facts)
        self._last_facts = None if timed else facts

    def seal(self) -> str:
        """Ends the raw data of the run: what the meter reads from now on is not the run's. Returns its digest (`raw_data.digest`), ""
        where it could not be kept whole."""
        self.stop_listening()
        found = ""
        if not self.store_failed:
            try:
                found = digest(self._store, self.run_id, self.started_ns)
            except StoreError as error:
                self._complain(f"{error} The run has no digest of its raw data.")
        return found

    def stop_listening(self) -> None:
        """Keeps no more samples. The ledger stands still as well: what it heard later would be in the joules and their errors, and not
        in the raw data."""
        with self._sealing:
            if not self._sealed:
                self._sealed, self.ledger = True, self.ledger.still()

    def _keep(self, write: Callable[[], object]) -> None:
        if self.store_failed:
            return
        try:
            write()
        except StoreError as error:
            self.store_failed = True
            self._complain(f"{error} The run goes on, but its history is not kept.")

    def _run_started(self, event: messages.RunStarted) -> None:
        self.environment, self.started_ns = event.environment, event.t_ns

    def _node_started(self, event: messages.NodeStarted) -> None:
        self.current = event.node
        self._put(event.node, NodeState.RUNNING)

    def _put(self, id: str, state: NodeState, **more: object) -> NodeResult:
        planned = self.plan.node(id)
        before = self.nodes.get(id) or NodeResult(node=id, title=planned.shown_title, step=planned.step, digest=planned.digest, state=state)
        result = before.model_copy(update={"state": state, **more})
        self.nodes[id] = result
        self._keep(lambda: self._store.save_node(self.run_id, result))
        return result

    def _window_opened(self, event: messages.WindowOpened) -> None:
        self.open_windows.append(event.window)

    def _window_closed(self, event: messages.WindowClosed) -> None:
        window = event.window
        self.open_windows = [w for w in self.open_windows if (w.kind, w.label, w.block) != (window.kind, window.label, window.block)]
        self.windows.append(window)
        if window.kind is WindowKind.BLOCK:
            self.latencies[(window.node, window.variant, window.block)] = event.latencies_s
        self._keep(lambda: self._store.add_window(self.run_id, window, event.latencies_s))

    def _variant_ready(self, event: messages.VariantReady) -> None:
        self.ready[(event.node, event.variant)] = event

    def _variant_measured(self, event: messages.VariantMeasured) -> None:
        self.measured[(event.node, event.variant)] = event

    def _variant_failed(self, event: messages.VariantFailed) -> None:
        self.failed[(event.node, event.variant)] = event

    def _node_finished(self, event: messages.NodeFinished) -> None:
        state = NodeState.CACHED if event.cached else NodeState.DONE
        energy = self._first_cost(event.node, event.digest) if event.cached else None
        self._put(
            event.node,
            state,
            seconds=event.seconds,
            headline=event.headline,
            facts=event.facts,
            outputs=event.outputs,
            energy=energy,
        )
        title = self.plan.node(event.node).title
        for given in event.outputs.values():
            if isinstance(given, DatasetArtifact):
                self.warnings += [Remark(kind="warning", text=f'"{title}": {note}') for note in given.notes]

    def _first_cost(self, id: str, digest: str) -> Measurement:
        """What a node cost when it was computed: reusing it does not make that undone."""
        try:
            known = self._store.node_cost(digest)
            self.first_lines[id] = self._store.first_lines(digest)
        except StoreError as error:
            return Measurement.missing("J", error.message)
        return known or Measurement.missing("J", "no power source covered the node when it was computed")

    def _node_failed(self, event: messages.NodeFailed) -> None:
        self._put(event.node, event.state, failure=event.failure)

    def _log(self, event: messages.Log) -> None:
        if event.level == "warning":
            self.warnings.append(Remark(kind="warning", text=event.text))
        self._keep(lambda: self._store.add_log(self.run_id, event.text, event.level, event.node))

    def _meter_state(self, event: messages.MeterState) -> None:
        """A gap in the readings belongs to the results: the blocks it touches have no energy."""
        remark = Remark(kind="deviation", text=f"{event.text} What was measured meanwhile has no energy.", code="gap")
        if not event.alive and remark not in self.warnings:
            self.warnings.append(remark)

    def _run_finished(self, event: messages.RunFinished) -> None:
        self.state, self.ended_ns = event.state, event.t_ns

    def charge(self, id: str) -> Measurement | None:
        """What a computed node cost in energy, once the samples of its window are in; kept for the runs that reuse it."""
        window = next((w for w in reversed(self.windows) if w.kind is WindowKind.STEP and w.node == id), None)
        node = self.nodes.get(id)
        if window is None or node is None:
            return None
        energy = self.ledger.window(window.t0_ns, window.t1_ns).measurement()
        self._put(id, node.state, energy=energy)
        if energy.value is not None and node.state is NodeState.DONE:
            self._keep(lambda: self._store.set_node_cost(node.digest, energy, node.seconds or 0.0))
        return energy

    def lose(self, now_ns: int, node_failed: messages.NodeFailed | None) -> None:
        """The worker is gone without a last word."""
        self.state, self.ended_ns = RunState.LOST, now_ns
        if node_failed:
            self._node_failed(node_failed)

    def latencies_of(self, benchmark: str, variant: str) -> dict[int, tuple[float, ...]]:
        """Every timed call of a variant in seconds, by block."""
        return {block: values for (node, v, block), values in sorted(self.latencies.items()) if (node, v) == (benchmark, variant)}

    def windows_by(self, kind: WindowKind, node: str) -> dict[str, list[Window]]:
        """The closed windows of a kind at a node, by variant."""
        found: dict[str, list[Window]] = defaultdict(list)
        for window in self.windows:
            if window.kind is kind and window.node == node:
                found[window.variant].append(window)
        return found
