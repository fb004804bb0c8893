"""The energy ledger of a run: each of its joules on one line, and those that cached nodes took at first.

run    |--------------------------------------------------------------|
nodes    |-- train --|  |- prune -|   |--------- benchmark ---------|
parts                                   idle  warm-up  A B B A  idle
lines    train          prune           each of them, and what is left of the benchmark: loading, waiting
rest   -               -         ---                                 -   between the nodes
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from greenbench.analysis import charges
from greenbench.core.charge import Charge, ChargeKind, step_kind
from greenbench.core.measurement import Measurement, Window, WindowKind
from greenbench.core.run import NodeResult, NodeState, PlannedNode, VariantResult
from greenbench.engine.recorder import Recorder

_PARTS = {
    WindowKind.IDLE: (ChargeKind.IDLE, "Idle windows"),
    WindowKind.WARM_UP: (ChargeKind.WARM_UP, "Warm-up"),
    WindowKind.BLOCK: (ChargeKind.BLOCKS, "Timed blocks"),
    WindowKind.COOL_DOWN: (ChargeKind.COOL_DOWN, "Cool-down"),
    WindowKind.ACCURACY: (ChargeKind.ACCURACY, "Asking the test examples"),
}
_TRAINS = (ChargeKind.TRAINING, ChargeKind.DISTILLATION)
_BROKEN = (NodeState.FAILED, NodeState.CANCELLED, NodeState.RUNNING)


def ledger(recorder: Recorder, variants: Sequence[VariantResult]) -> tuple[Charge, ...]:
    """The lines of a run that has ended. Those that were not cached add up to the energy between its start and its end."""
    if not recorder.started_ns:
        return ()
    return _Book(recorder, variants).lines()


@dataclass(frozen=True)
class _Spent:
    """Joules of one or more windows, and how far they may be off."""

    seconds: float
    energy: Measurement

    @property
    def half_j(self) -> float:
        return 0.0 if self.energy.value is None or self.energy.high is None else self.energy.high - self.energy.value


class _Book:
    """One run's ledger being written."""

    def __init__(self, recorder: Recorder, variants: Sequence[VariantResult]) -> None:
        self.recorder, self.variants = recorder, variants
        self.ended_ns = recorder.ended_ns or recorder.started_ns
        self.served: dict[str, list[str]] = {}
        for variant in variants:
            if variant.failure is None:
                for node in charges.makers(recorder.plan, variant.node):
                    self.served.setdefault(node, []).append(variant.letter)

    def lines(self) -> tuple[Charge, ...]:
        found: list[Charge] = []
        steps: list[_Spent] = []
        windows = {window.node: window for window in (*self.recorder.windows, *self._open()) if window.kind is WindowKind.STEP}
        for planned in self.recorder.plan.nodes:
            window = windows.get(planned.id)
            if window is not None:
                spent = self._spent([window])
                steps.append(spent)
                found += self._of_node(planned, spent)
            elif (node := self.recorder.nodes.get(planned.id)) is not None and node.state is NodeState.CACHED:
                found += self._of_reuse(planned, node)
        whole = self._spent([self._window(self.recorder.started_ns, self.ended_ns)])
        rest = _rest(whole, steps)
        return (*found, Charge(kind=ChargeKind.OVERHEAD, node="", title="Between the steps", seconds=rest.seconds, energy=rest.energy))

    def _open(self) -> Iterator[Window]:
        """Windows that nobody closed: a run that broke off ends them."""
        for window in self.recorder.open_windows:
            yield window.model_copy(update={"t1_ns": max(self.ended_ns, window.t0_ns)})

    @staticmethod
    def _window(t0_ns: int, t1_ns: int) -> Window:
        return Window(kind=WindowKind.STEP, label="run", t0_ns=t0_ns, t1_ns=t1_ns)

    def _spent(self, windows: Sequence[Window]) -> _Spent:
        """The windows together; without reading where one of them has none."""
        read = [self.recorder.ledger.window(w.t0_ns, w.t1_ns).measurement() for w in windows]
        seconds = sum(window.seconds for window in windows)
        unread = next((m for m in read if m.value is None), None)
        if unread is not None or len(read) == 1:
            return _Spent(seconds, unread or read[0])
        # Gains are off the same way in all windows, so they add; edges are independent. Of several gains the largest is taken.
        whole = charges.together(read)
        joules = whole.value or 0.0
        gain = max((channel.error for channel in self.recorder.ledger.counted), default=0.0)
        halves = [(m.high or 0.0) - (m.value or 0.0) - gain * (m.value or 0.0) for m in read]
        half = gain * joules + math.hypot(*(max(each, 0.0) for each in halves))
        return _Spent(seconds, whole.model_copy(update={"low": max(joules - half, 0.0), "high": joules + half}))

    def _of_node(self, planned: PlannedNode, spent: _Spent) -> list[Charge]:
        """A node's line; what is another kind of work in it apart. Of a benchmark its parts, for each variant that they were for."""
        if planned.step != "benchmark":
            return self._of_step(planned, spent)
        names = self._letters(planned.id)
        found: list[Charge] = []
        parts: list[_Spent] = []
        for kind, (charged, title) in _PARTS.items():
            for key, windows in sorted(self.recorder.windows_by(kind, planned.id).items()):
                part = self._spent(windows)
                parts.append(part)
                letter = names.get(key, key)
                named = f"{title} of {letter}" if letter else title
                measured = (letter,) if letter else tuple(names.values())
                found.append(
                    Charge(
                        kind=charged, node=planned.id, title=named, seconds=part.seconds, energy=part.energy, variants=measured,
                        digest=planned.digest,
                    )
                )  # fmt: skip
        rest = _rest(spent, parts)
        left = self._line(planned, rest, title=f"{planned.shown_title}: loading, converting, waiting")
        return [*found, left.model_copy(update={"variants": tuple(names.values())})]

    def _of_step(self, planned: PlannedNode, spent: _Spent) -> list[Charge]:
        """A step's line, and one for each kind of work in it that it said to be another."""
        windows = self.recorder.windows_by(WindowKind.PART, planned.id).get("", [])
        kinds = dict.fromkeys(ChargeKind(window.label) for window in windows)
        parts = {kind: self._spent([w for w in windows if w.label == kind.value]) for kind in kinds}
        return _split(self._line(planned, _rest(spent, list(parts.values())) if parts else spent), parts)

    def _of_reuse(self, planned: PlannedNode, node: NodeResult) -> list[Charge]:
        """A cached step's lines at their first cost, split by kinds of work as it was then, where that is known."""
        energy = node.energy or Measurement.missing("J", "what it took at first is not known")
        whole = self._line(planned, _Spent(node.seconds or 0.0, energy), cached=True)
        first = {line.kind: line for line in self.recorder.first_lines.get(planned.id) or ()}
        own = first.pop(whole.kind, None)
        if own is None or not first:
            return [whole]
        summed = charges.add([own, *first.values()])
        if summed.missing or not math.isclose(summed.energy.value or 0.0, energy.value or 0.0, rel_tol=1e-3):
            return [whole]  # the lines of another computation than the one whose cost is kept
        rest = whole.model_copy(update={"seconds": own.seconds, "energy": own.energy})
        return _split(rest, {kind: _Spent(line.seconds or 0.0, line.energy) for kind, line in first.items()})

    def _letters(self, benchmark: str) -> dict[str, str]:
        """The letters of a benchmark's variants as the run calls them, by those that the benchmark itself used."""
        keys = sorted({key for node, key in (*self.recorder.ready, *self.recorder.failed) if node == benchmark}, key=lambda k: (len(k), k))
        return dict(zip(keys, [v.letter for v in self.variants if v.benchmark == benchmark], strict=False))

    def _line(self, planned: PlannedNode, spent: _Spent, *, cached: bool = False, title: str = "") -> Charge:
        node = self.recorder.nodes.get(planned.id)
        kind = step_kind(planned.step)
        broken = node is not None and node.state in _BROKEN
        work, trainings = charges.training_work([node] if node else [])
        if broken and kind in _TRAINS and not trainings:
            trainings = 1  # a training that came to nothing was one all the same
        return Charge(
            kind=kind,
            node=planned.id,
            title=title or planned.shown_title,
            seconds=spent.seconds,
            energy=spent.energy,
            cached=cached,
            failed=broken,
            variants=tuple(self.served.get(planned.id, ())),
            repeat=planned.repeat,
            digest=planned.digest,
            flop=work if work else None,
            trainings=trainings,
        )


def _split(rest: Charge, parts: Mapping[ChargeKind, _Spent]) -> list[Charge]:
    """A step's lines: one for each other kind of work in it, then what is left. Training in it counts as one, and takes the FLOP along."""
    found = []
    for kind, part in parts.items():
        trains = kind is ChargeKind.TRAINING
        work = {"flop": rest.flop, "trainings": max(rest.trainings, 1)} if trains else {"flop": None, "trainings": 0}
        spent = {"kind": kind, "title": f"{rest.title}: {kind.value}", "seconds": part.seconds, "energy": part.energy}
        found.append(rest.model_copy(update=spent | work))
    if ChargeKind.TRAINING in parts:
        rest = rest.model_copy(update={"flop": None, "trainings": 0})
    return [*found, rest]


def _rest(whole: _Spent, parts: Sequence[_Spent]) -> _Spent:
    """What is left of a span beside its parts. Its error: the meter's gain on what is left, and every edge that it shares with a part."""
    seconds = max(whole.seconds - sum(part.seconds for part in parts), 0.0)
    unread = next((part.energy for part in parts if part.energy.value is None), None)
    if whole.energy.value is None or unread is not None:
        return _Spent(seconds, whole.energy if whole.energy.value is None else Measurement.missing("J", unread.reason if unread else ""))
    left = whole.energy.value - sum(part.energy.value or 0.0 for part in parts)
    if abs(left) < 1e-9 * abs(whole.energy.value):
        left = 0.0  # what is left of rounding alone is nothing
    spans = [span for span in (whole, *parts) if span.energy.value]
    gain = min((span.half_j / (span.energy.value or 1.0) for span in spans), default=0.0)
    edges = math.hypot(*(span.half_j - gain * (span.energy.value or 0.0) for span in spans)) if spans else 0.0
    half = gain * abs(left) + edges
    energy = Measurement(
        value=left, low=max(left - half, min(left, 0.0)), high=left + half, unit="J", provenance=whole.energy.provenance
    )  # fmt: skip
    return _Spent(seconds, energy)
