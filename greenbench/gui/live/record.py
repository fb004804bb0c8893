"""What the live plots show, gathered from events: watts by channel, latencies, accuracy and loss by owner, and the phases. No Qt.

Times are monotonic seconds as they come; the plots subtract `origin`, the start of the run.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, Window, WindowKind
from greenbench.core.metrics import QUALITY
from greenbench.core.run import Plan, PlannedNode, Source
from greenbench.gui.live.series import RollingQuantiles, Series

_BLINK_S = 0.25
SHARED = -1  # the owner of a step that several variants share


@dataclass
class Phase:
    """A named span of the run. `variant` is the index of the variant that it belongs to, or SHARED. `end` None: not over."""

    name: str
    start: float
    end: float | None
    variant: int
    node: str
    window: bool = False


@dataclass
class Latency:
    """The single calls (or training batches) of one owner, in seconds, and their rolling quantiles."""

    variant: int
    points: Series = field(default_factory=Series)
    rolling: RollingQuantiles = field(default_factory=RollingQuantiles)

    def extend(self, t: np.ndarray, y: np.ndarray) -> None:
        self.points.extend(t, y)
        self.rolling.extend(t, y)


@dataclass
class Learning:
    """The metric that judges its answers (accuracy and IoU as fractions) and the loss of one node while it trains."""

    variant: int
    metric: str = QUALITY[0]
    quality: Series = field(default_factory=Series)
    loss: Series = field(default_factory=Series)


def variant_of_nodes(plan: Plan) -> dict[str, int]:
    """For each node the index of the variant it makes; SHARED where several need it.

    A model that enters the benchmark itself belongs to its own letter, also if others are made from it.
    """
    owners: dict[str, int] = {}
    benchmarks = [node for node in plan.nodes if node.step == "benchmark"]
    for node in benchmarks or plan.nodes:
        models = _first_seeds(node, plan)
        for index, source in enumerate(models):
            for step in plan.lineage(source.node):
                owners[step.node] = index if step.node not in owners else SHARED
        for index, source in enumerate(models):
            owners[source.node] = index
    for node in plan.nodes:
        if node.of in owners:
            owners[node.id] = owners[node.of]
    return owners


def _first_seeds(node: PlannedNode, plan: Plan) -> tuple[Source, ...]:
    """The models that enter a node, each once: a claim over several seeds has every one of them once more for each seed."""
    return tuple(source for source in node.inputs.get("models", ()) if plan.base(source.node) == source.node)


class LiveRecord:
    """The state behind the plots. `take(event)` returns whether anything visible changed."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.power: dict[str, Series] = {}
        self.why_no_reading: dict[str, str] = {}
        self.latency: dict[str, Latency] = {}
        self.learning: dict[str, Learning] = {}
        self.phases: list[Phase] = []
        self.origin: float | None = None
        self.newest = 0.0
        self.runs = 0
        self._variants: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._open_blocks = 0
        self._in_run = False
        self.silent = ""  # why no meter is heard now

    @property
    def in_run(self) -> bool:
        """Whether a run is under way: else the newest values are its last."""
        return self._in_run

    @property
    def measuring(self) -> bool:
        """Whether a timed block is open: the window must keep still."""
        return self._open_blocks > 0

    def take(self, event: object) -> bool:
        """Takes one event of a run or of the meter; unknown kinds are of no interest here."""
        match event:
            case messages.Sources():
                self._sources(event)
            case messages.Samples():
                self.silent = ""
                self._samples(event)
            case messages.MeterState():
                self.silent = "" if event.alive else event.text or "The power meter does not answer."
            case messages.RunStarted():
                self._begin(event)
            case messages.NodeStarted():
                self._close_phases(event.t_ns / 1e9)
                title = self._titles.get(event.node, event.node)
                self.phases.append(Phase(title, event.t_ns / 1e9, None, self.variant(event.node), event.node))
            case messages.NodeFinished() | messages.NodeFailed():
                self._close_phases(event.t_ns / 1e9, event.node)
            case messages.Metric():
                self._metric(event)
            case messages.Calls():
                self._calls(event)
            case messages.WindowOpened():
                self._window_opened(event.window)
            case messages.WindowClosed():
                self._window_closed(event.window)
            case messages.RunFinished():
                self._close_phases(event.t_ns / 1e9)
                self._open_blocks = 0
                self._in_run = False
            case _:
                return False
        return True

    def variant(self, node: str) -> int:
        return self._variants.get(node, SHARED)

    def phase_at(self, t: float) -> Phase | None:
        """The phase in which a moment lies, the innermost if they nest."""
        for phase in reversed(self.phases):
            if phase.start <= t <= (phase.end if phase.end is not None else math.inf):
                return phase
        return None

    def _sources(self, event: messages.Sources) -> None:
        self.channels = {channel.key: channel for report in event.reports for channel in report.channels}

    def _samples(self, event: messages.Samples) -> None:
        for sample in event.samples:
            t = sample.t_ns / 1e9
            series = self.power.setdefault(sample.channel, Series())
            if sample.power_w is None and sample.energy_j is not None:
                continue  # a counter's first reading: joules, but no watts yet
            series.append(t, math.nan if sample.power_w is None else sample.power_w)
            if sample.power_w is None:
                self.why_no_reading[sample.channel] = sample.reason
            else:
                self.why_no_reading.pop(sample.channel, None)
            self._moment(t)

    def _begin(self, event: messages.RunStarted) -> None:
        self.latency, self.learning, self.phases = {}, {}, []
        self.origin = event.t_ns / 1e9
        self._moment(self.origin)
        self._variants = variant_of_nodes(event.plan)
        self._titles = {node.id: node.shown_title for node in event.plan.nodes}
        self._open_blocks = 0
        self._in_run = True
        self.runs += 1

    def forget_run(self) -> None:
        """Another pipeline is open: the watts of the machine go on, what belonged to the run goes."""
        self.latency, self.learning, self.phases = {}, {}, []
        self._variants, self._titles = {}, {}

    def _metric(self, event: messages.Metric) -> None:
        t = event.t_ns / 1e9
        index = _index(event.variant) if event.variant else self.variant(event.node)
        owner = f"{event.node}/{event.variant}"
        if event.name == "batch_s":
            self.latency.setdefault(owner, Latency(index)).extend(np.array([t]), np.array([event.value]))
        elif event.name in QUALITY:
            learning = self.learning.setdefault(owner, Learning(index))
            learning.metric = event.name
            learning.quality.append(t, event.value)
        elif event.name == "loss":
            self.learning.setdefault(owner, Learning(index)).loss.append(t, event.value)
        self._moment(t)

    def _calls(self, event: messages.Calls) -> None:
        if not event.t_ns:
            return
        owner = self.latency.setdefault(f"{event.node}/{event.variant}", Latency(_index(event.variant)))
        owner.extend(np.array(event.t_ns) / 1e9, np.array(event.latency_s))
        self._moment(event.t_ns[-1] / 1e9)

    def _window_opened(self, window: Window) -> None:
        if window.kind is WindowKind.BLOCK:
            self._open_blocks += 1
        if window.kind is WindowKind.STEP:
            return
        start = window.t0_ns / 1e9
        self._close_phases(start)
        name = {WindowKind.IDLE: "Idle", WindowKind.WARM_UP: "Warm-up"}.get(window.kind, window.label)
        index = _index(window.variant) if window.variant else SHARED
        self.phases.append(Phase(name, start, None, index, window.node, window=True))

    def _window_closed(self, window: Window) -> None:
        if window.kind is WindowKind.BLOCK:
            self._open_blocks = max(self._open_blocks - 1, 0)
        if window.kind is not WindowKind.STEP:
            end = window.t1_ns / 1e9
            self._close_phases(end)
            if window.node in self._titles and self._in_run:
                self.phases.append(Phase(self._titles[window.node], end, None, self.variant(window.node), window.node))

    def _close_phases(self, end: float, node: str | None = None) -> None:
        for phase in reversed(self.phases):
            if phase.end is None and (node is None or phase.node == node):
                phase.end = max(end, phase.start)
        last = self.phases[-1] if self.phases else None
        if last and not last.window and last.end is not None and last.end - last.start < _BLINK_S:
            self.phases.pop()  # the moment between two windows of a benchmark
        self._moment(end)

    def _moment(self, t: float) -> None:
        self.newest = max(self.newest, t)
        if self.origin is None:
            self.origin = t

    def in_use(self) -> list[tuple[Channel, Series]]:
        """The channels that have ever been read, counted ones first; those inside another are left out where they are many."""
        known = [(self.channels.get(key) or _unnamed(key), series) for key, series in self.power.items() if len(series)]
        counted = [pair for pair in known if pair[0].counted]
        return counted or known


def _index(letter: str) -> int:
    """A → 0, B → 1, … AA → 26."""
    value = 0
    for character in letter:
        value = value * 26 + ord(character) - ord("A") + 1
    return value - 1


def _unnamed(key: str) -> Channel:
    return Channel(key=key, title=key, domain=Domain.OTHER, provenance=Provenance.INTEGRATED, covers="", refresh_s=1.0)
