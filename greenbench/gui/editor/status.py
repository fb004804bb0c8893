"""What a run has said about each node, and whether that still holds: no Qt, so it is tested as plain events in, states out.

A result belongs to a node as it was when the run began. Change a parameter, a link or the muting and the node and all
that follow it lose their result; undo the change and it comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from greenbench.core import messages as m
from greenbench.core.artifact import Artifact, Fact
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement, WindowKind
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.ports import PortKind
from greenbench.core.quote import quote, scale, significant
from greenbench.core.run import Failure, NodeState, VariantResult, letter
from greenbench.gui import quality
from greenbench.gui.editor.seeds import Seeds, joined

_LOG_LINES = 400
BENCHMARK = "benchmark"  # the step whose models are variants, each with its letter and mark
HAS_RESULT = (NodeState.DONE, NodeState.CACHED)
BROKEN = (NodeState.FAILED, NodeState.SKIPPED, NodeState.CANCELLED)


@dataclass(frozen=True)
class VariantStatus:
    """What a benchmark has said of one of its models: a word for its row, and why it has none."""

    text: str = ""
    failure: Failure | None = None
    result: VariantResult | None = None


@dataclass(frozen=True)
class NodeStatus:
    """What is known of a node. `state` is None where no run has touched it; `stale`: it changed since; `read`: a source that was looked
    at outside a run; `refused`: why a check does not let it run; `seeds`: over how many it is repeated, facts being those of the first."""

    state: NodeState | None = None
    fraction: float = 0.0
    text: str = ""
    remaining_s: float | None = None
    headline: str = ""
    seconds: float | None = None
    energy: Measurement | None = None
    facts: tuple[Fact, ...] = ()
    outputs: dict[str, Artifact] = field(default_factory=dict)
    failure: Failure | None = None
    variants: dict[str, VariantStatus] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    stale: bool = False
    read: bool = False
    refused: str = ""
    seeds: int = 1

    @property
    def finished(self) -> bool:
        return self.state in HAS_RESULT

    @property
    def broken(self) -> bool:
        return self.state in BROKEN


class RunBoard:
    """The states of all nodes. `apply` takes the events of a run; `status` answers for the pipeline as it is now."""

    def __init__(self, pipeline: Callable[[], Pipeline]) -> None:
        self._pipeline = pipeline
        self._seeds = Seeds()
        self._planned: dict[str, NodeStatus] = {}  # of every planned node, each seed by itself
        self._known: dict[str, NodeStatus] = {}
        self._prints: dict[str, Any] = {}
        self._now: dict[str, Any] = {}
        self._read: dict[str, Any] = {}
        self._refused: dict[str, str] = {}
        self._running = False
        self.measuring = False

    @property
    def running(self) -> bool:
        return self._running

    def clear(self) -> None:
        """Forgets everything: another pipeline was opened."""
        self._known, self._prints, self._now, self._read, self._refused = {}, {}, {}, {}, {}
        self._seeds, self._planned = Seeds(), {}
        self._running = self.measuring = False

    def outdated(self) -> None:
        """The pipeline was edited: what still holds is worked out anew when it is asked for."""
        self._now = {}

    def status(self, id: str) -> NodeStatus:
        """What is known of a node and still true of it."""
        pipeline = self._pipeline()
        if id not in pipeline.nodes:
            return NodeStatus()
        if pipeline.nodes[id].muted:
            return NodeStatus(NodeState.MUTED)
        refused = self._refused.get(id, "")
        now = fingerprint(pipeline, id, self._now)
        read = id in self._read and self._read[id] == now
        known = self._known.get(id)
        if known is None:
            return NodeStatus(read=read, refused=refused)
        if self._prints.get(id) != now:
            return NodeStatus(stale=not read, read=read, log=known.log, refused=refused)
        return replace(known, refused=refused) if refused else known

    def note_read(self, id: str, read: bool) -> set[str]:
        """A source was read as it is set now, or can no longer be; returns the nodes that look different."""
        if id not in self._pipeline().nodes:
            return set()
        self._read.pop(id, None)
        if read:
            self._read[id] = fingerprint(self._pipeline(), id)
        return {id}

    def refuse(self, reasons: dict[str, str]) -> set[str]:
        """Why a check does not let nodes run, instead of what it said before; returns the nodes that look different."""
        touched = {id for id in {*reasons, *self._refused} if reasons.get(id) != self._refused.get(id)}
        self._refused = dict(reasons)
        return touched

    def apply(self, event: m.Event) -> set[str]:
        """Takes an event; returns the nodes that look different now."""
        handler = _HANDLERS.get(type(event))
        return handler(self, event) if handler else set()

    def _run_started(self, event: m.RunStarted) -> set[str]:
        pipeline = self._pipeline()
        before = set(self._known)
        cache: dict[str, Any] = {}
        self._seeds = Seeds(event.plan)
        self._planned = {node.id: NodeStatus(NodeState.WAITING) for node in event.plan.nodes}
        planned = {self._seeds.base(id) for id in self._planned}
        self._known = {id: self._joined(id) for id in planned}
        self._prints = {id: fingerprint(pipeline, id, cache) for id in planned if id in pipeline.nodes}
        self._now = dict(cache)
        self._running = True
        return before | planned

    def _update(self, id: str, **changes: Any) -> set[str]:
        """Changes what is known of a planned node; returns the node of the pipeline that looks different."""
        if id not in self._planned:
            return set()
        self._planned[id] = replace(self._planned[id], **changes)
        base = self._seeds.base(id)
        self._known[base] = self._joined(base)
        return {base}

    def _joined(self, base: str) -> NodeStatus:
        return joined([self._planned[id] for id in self._seeds.runs(base)])

    def _node_started(self, event: m.NodeStarted) -> set[str]:
        return self._update(event.node, state=NodeState.RUNNING, fraction=0.0)

    def _progress(self, event: m.Progress) -> set[str]:
        return self._update(event.node, fraction=event.fraction, text=event.text, remaining_s=event.remaining_s)

    def _metric(self, event: m.Metric) -> set[str]:
        if not quality.judges(event.name):
            return set()
        words = quality.text(event.name, event.value)
        return self.set_variant(event.node, event.variant, text=words) if event.variant else self._update(event.node, headline=words)

    def _node_finished(self, event: m.NodeFinished) -> set[str]:
        state = NodeState.CACHED if event.cached else NodeState.DONE
        return self._update(
            event.node,
            state=state,
            fraction=1.0,
            remaining_s=None,
            headline=event.headline,
            seconds=event.seconds,
            facts=event.facts,
            outputs=dict(event.outputs),
        )

    def _node_failed(self, event: m.NodeFailed) -> set[str]:
        return self._update(event.node, state=event.state, failure=event.failure, headline="", remaining_s=None)

    def _node_energy(self, event: m.NodeEnergy) -> set[str]:
        return self._update(event.node, energy=event.energy)

    def _log(self, event: m.Log) -> set[str]:
        known = self._planned.get(event.node)
        return self._update(event.node, log=(*known.log, event.text)[-_LOG_LINES:]) if known else set()

    def set_variant(self, node: str, variant: str, **changes: Any) -> set[str]:
        """Changes the row of a variant; returns the node if it is known."""
        known = self._planned.get(node)
        if known is None:
            return set()
        rows = {**known.variants, variant: replace(known.variants.get(variant, VariantStatus()), **changes)}
        return self._update(node, variants=rows)

    def _run_finished(self, event: m.RunFinished) -> set[str]:
        self._running = self.measuring = False
        open_states = (NodeState.WAITING, NodeState.RUNNING)
        left = [id for id, known in self._planned.items() if known.state in open_states]
        for id in left:
            self._update(
                id, state=NodeState.CANCELLED, failure=Failure(kind="stopped", message="The run was stopped before this node was done.")
            )
        return set(self._known)


def _variant_ready(board: RunBoard, event: m.VariantReady) -> set[str]:
    return board.set_variant(event.node, event.variant, text="Loaded")


def _variant_measured(board: RunBoard, event: m.VariantMeasured) -> set[str]:
    scores = [float(each == "1") for each in event.correct] or event.scores
    if not scores:
        return board.set_variant(event.node, event.variant, text="No labels" if event.reason else "Tested")
    return board.set_variant(event.node, event.variant, text=quality.text(event.metric, sum(scores) / len(scores)))


def _variant_failed(board: RunBoard, event: m.VariantFailed) -> set[str]:
    return board.set_variant(event.node, event.variant, text="Failed", failure=event.failure)


def _window_opened(board: RunBoard, event: m.WindowOpened) -> set[str]:
    window = event.window
    board.measuring = window.kind is WindowKind.BLOCK
    return board.set_variant(window.node, window.variant, text="Measuring") if board.measuring and window.variant else set()


def _window_closed(board: RunBoard, event: m.WindowClosed) -> set[str]:
    board.measuring = False
    window = event.window
    if window.kind is WindowKind.BLOCK and window.variant:
        return board.set_variant(window.node, window.variant, text=f"Block {window.block + 1}")
    return set()


def _glance(measured: Measurement | None) -> str:
    """A number in three digits: the row of a node is narrow, and the table has the rest."""
    if measured is None or measured.value is None:
        return quote(measured).full
    shown = scale(measured.unit, [measured.value])
    return f"{significant(measured.value * shown.factor, 3)} {shown.unit}"


def _results_ready(board: RunBoard, event: m.ResultsReady) -> set[str]:
    touched: set[str] = set()
    for variant in event.result.variants:
        text = "Failed" if variant.failure else _glance(variant.metrics.get("latency_p50"))
        touched |= board.set_variant(variant.benchmark, variant.letter, text=text, failure=variant.failure, result=variant)
    return touched


_HANDLERS: dict[type, Callable[[RunBoard, Any], set[str]]] = {
    m.RunStarted: RunBoard._run_started,
    m.NodeStarted: RunBoard._node_started,
    m.Progress: RunBoard._progress,
    m.Metric: RunBoard._metric,
    m.NodeFinished: RunBoard._node_finished,
    m.NodeFailed: RunBoard._node_failed,
    m.NodeEnergy: RunBoard._node_energy,
    m.Log: RunBoard._log,
    m.VariantReady: _variant_ready,
    m.VariantMeasured: _variant_measured,
    m.VariantFailed: _variant_failed,
    m.WindowOpened: _window_opened,
    m.WindowClosed: _window_closed,
    m.RunFinished: RunBoard._run_finished,
    m.ResultsReady: _results_ready,
}


def fingerprint(pipeline: Pipeline, id: str, cache: dict[str, Any] | None = None) -> Any:
    """A value that differs when the node's result would: step, parameters, muting and everything upstream."""
    cache = {} if cache is None else cache
    if id not in cache:
        node = pipeline.nodes[id]
        cache[id] = None  # a circle from a damaged file must not recurse for ever
        try:
            params = pipeline.spec(id).params.checked(node.params).model_dump_json()
        except GreenBenchError:
            params = repr(sorted(node.params.items()))
        inputs = tuple((link.input, link.output, fingerprint(pipeline, link.source, cache)) for link in pipeline.into(id))
        cache[id] = hash((id, node.step, params, node.muted, inputs))
    return cache[id]


def variant_rows(pipeline: Pipeline, id: str) -> list[tuple[Link, str]]:
    """The models linked to a benchmark, in order, each with its letter; "" for one that a muted node keeps away."""
    rows: list[tuple[Link, str]] = []
    count = 0
    for port in pipeline.spec(id).inputs:
        if not (port.many and port.kind is PortKind.MODEL):
            continue
        for link in pipeline.into(id, port.name):
            arrives = _giver(pipeline, link) is not None
            rows.append((link, letter(count) if arrives else ""))
            count += arrives
    return rows


def _giver(pipeline: Pipeline, link: Link) -> str | None:
    """The node whose model arrives through a link: a muted one passes its input on, or nothing if it has none."""
    seen: set[str] = set()
    source = link.source
    while pipeline.nodes[source].muted:
        through = pipeline.spec(source).pass_through
        into = pipeline.into(source, through[0]) if through else []
        if not into or source in seen:
            return None
        seen.add(source)
        source = into[0].source
    return source


def missing_input(pipeline: Pipeline, id: str) -> str:
    """The first input of a node that must be connected and is not, as a word; "" if there is none."""
    for port in pipeline.spec(id).inputs:
        if not port.optional and not pipeline.into(id, port.name):
            return port.label.lower()
    return ""
