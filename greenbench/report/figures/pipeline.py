"""The pipeline drawn from the plan: boxes in columns by their depth, links without those another path implies."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from greenbench.core.quote import duration, quote
from greenbench.core.run import NodeResult, NodeState, Plan, RunResult
from greenbench.report.figures.canvas import BAD, GOOD, INK, MARK, MUTED, Canvas, fitted
from greenbench.report.labels import variant_index
from greenbench.report.parts import Figure, Report

_GAP, _TOP = 7.0, 2.0


@dataclass(frozen=True)
class Layout:
    """Columns and rows of nodes; `ports` has the row at which each variant enters its benchmark."""

    column: dict[str, int]
    row: dict[str, float]
    links: tuple[tuple[str, str], ...]
    ports: dict[str, float]
    rows: float


def layout(plan: Plan, benchmarks: Iterable[str], variants: Iterable[tuple[str, str]]) -> Layout:
    """Places each node: depth gives the column, the variant it leads to the row.

    Args:
        benchmarks: ids of the nodes drawn as tall boxes in the last column.
        variants: (letter, node) in the order of the benchmark's input.
    """
    tall = set(benchmarks)
    sources = {node.id: _sources(plan, node.id) for node in plan.nodes}
    ports = {letter: float(index) for index, (letter, _) in enumerate(variants)}
    leads = {node: letter for letter, node in reversed(list(variants))}
    depth: dict[str, int] = {}
    for node in plan.nodes:
        depth[node.id] = max((depth[source] + 1 for source in sources[node.id] if source in depth), default=0)
    last = max((d for id, d in depth.items() if id not in tall), default=0)
    links = reduced({(source, id) for id, found in sources.items() for source in found})
    column = {id: last + 1 if id in tall else d for id, d in depth.items()}
    # A source stands right before the first node that needs it, not far to the left of it.
    for node in reversed(plan.nodes):
        after = [column[target] for source, target in links if source == node.id and target not in tall]
        if not sources[node.id] and after:
            column[node.id] = min(after) - 1
    desired: dict[str, float] = {}
    for node in reversed(plan.nodes):
        below = [desired[target] for source, target in links if source == node.id and target in desired]
        if node.id in leads:
            desired[node.id] = ports[leads[node.id]] if len(below) < 2 else sum(below) / len(below)
        elif below:
            desired[node.id] = sum(below) / len(below)
        else:
            desired[node.id] = float(len(ports))
    row = _apart({id: wish for id, wish in desired.items() if id not in tall}, column)
    return Layout(column, row, links, ports, max([*row.values(), len(ports) - 1, 0.0]) + 1)


def _sources(plan: Plan, id: str) -> tuple[str, ...]:
    return tuple(source.node for many in plan.node(id).inputs.values() for source in many)


def reduced(links: set[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The links without those that a longer path between the same two nodes implies (transitive reduction)."""
    after: dict[str, set[str]] = {}
    for source, target in links:
        after.setdefault(source, set()).add(target)

    def reaches(start: str, goal: str) -> bool:
        seen, waiting = set(), [start]
        while waiting:
            for node in after.get(waiting.pop(), ()):
                if node == goal:
                    return True
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
        return False

    return tuple(sorted((s, t) for s, t in links if not any(other != t and reaches(other, t) for other in after[s])))


def _apart(desired: dict[str, float], column: dict[str, int]) -> dict[str, float]:
    """Rows at least one apart within each column, as near to the wish as that allows, none above the first."""
    placed: dict[str, float] = {}
    for number in set(column.values()):
        nodes = sorted((id for id in desired if column[id] == number), key=lambda id: desired[id])
        wished = [desired[id] for id in nodes]
        rows = list(wished)
        for index in range(1, len(rows)):
            rows[index] = max(rows[index], rows[index - 1] + 1)
        shift = sum(rows) / len(rows) - sum(wished) / len(wished) if rows else 0.0
        shift = min(shift, rows[0]) if rows else 0.0
        # Whole rows only, so that a pushed box does not end up half in the way of its neighbour's link.
        placed.update({id: row - float(int(shift)) for id, row in zip(nodes, rows, strict=True)})
    return placed


def draw_pipeline(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """Boxes with title and what each step took; the path of the pick in the accent, failed steps dashed with a cross."""
    benchmarks = _benchmarks(result)
    variants = [(v.letter, v.node) for v in result.variants]
    plan = layout(result.plan, benchmarks, variants)
    pitch = 8.0 if plan.rows <= 14 else max(5.0, 150 / plan.rows)
    canvas = Canvas(174, _TOP * 2 + pitch * plan.rows)
    picture = _Picture(canvas, plan, pitch, result, report.pick)
    for source, target in plan.links:
        if target not in benchmarks:
            picture.link(source, target)
    for letter, node in variants:
        picture.port(letter, node, benchmarks)
    for planned in result.plan.nodes:
        draw_node = picture.benchmark if planned.id in benchmarks else picture.box
        draw_node(planned.id, planned.title)
    return canvas


def _benchmarks(result: RunResult) -> tuple[str, ...]:
    named = {v.benchmark for v in result.variants if v.benchmark}
    return tuple(node.id for node in result.plan.nodes if node.id in named or (not named and "benchmark" in node.step))


class _Picture:
    """Draws one laid-out pipeline."""

    def __init__(self, canvas: Canvas, plan: Layout, pitch: float, result: RunResult, pick: str) -> None:
        self.canvas, self.plan, self.pitch = canvas, plan, pitch
        self.nodes = {node.node: node for node in result.nodes}
        self.titles = {node.id: node.title for node in result.plan.nodes}
        columns = max(plan.column.values(), default=0) + 1
        self.width = min(34.0, (174 - 0.6 - _GAP * (columns - 1)) / columns)
        self.step = (174 - 0.6 - self.width) / max(columns - 1, 1)
        self.tall = min(pitch * 0.8, 6.8)
        self.pick = pick
        self.failed = {variant.letter for variant in result.variants if variant.failure}
        lineage = next((v.lineage for v in result.variants if v.letter == pick), ())
        self.path = [step.node for step in lineage]
        self.benchmark_left = 0.3 + (columns - 1) * self.step

    def left(self, id: str) -> float:
        return 0.3 + self.plan.column[id] * self.step

    def y(self, row: float) -> float:
        return _TOP + self.pitch * (row + 0.5)

    def box(self, id: str, title: str) -> None:
        node = self.nodes.get(id)
        failed = node is not None and node.state in (NodeState.FAILED, NodeState.SKIPPED)
        edge = BAD if failed else GOOD if id in self.path else MUTED
        left, top = self.left(id), self.y(self.plan.row[id]) - self.tall / 2
        line = {"lw": 1.0 if id in self.path else 0.6, "ls": (0, (3, 2)) if failed else "-"}
        self._frame((left, top), self.tall, edge, **line)
        second = _second_line(node) if self.tall >= 6 else ""
        middle = top + self.tall / 2
        words = f"× {title}" if failed else title
        color = edge if failed or id in self.path else INK
        self._words(left + 1.6, middle - (1.35 if second else 0), words, 6.4, weight=600, color=color)
        if second:
            self._words(left + 1.6, middle + 1.5, second, 5.8, color=MUTED)

    def benchmark(self, id: str, title: str) -> None:
        top, bottom = self.y(0) - self.pitch * 0.45, self.y(max(len(self.plan.ports) - 1, 1)) + self.pitch * 0.45
        left = self.benchmark_left
        self._frame((left, top), bottom - top, GOOD, lw=1.0)
        for letter, row in self.plan.ports.items():
            self.canvas.mark(left + 2.4, self.y(row), variant_index(letter))
            self.canvas.text(left + 4.4, self.y(row), letter, weight=600, size=6.4, zorder=5)
            if letter in self.failed:
                self.canvas.text(left + 7.0, self.y(row), "× failed", weight=600, size=5.8, color=BAD, zorder=5)
        middle = (top + bottom) / 2
        start = 16.5 if self.failed else 9.5
        self._words(left + start, middle - 1.4, title, 6.4, room=self.width - start - 1, weight=600, color=GOOD)
        self._words(left + start, middle + 1.6, _second_line(self.nodes.get(id)), 5.8, room=self.width - start - 1, color=MUTED)

    def _frame(self, corner: tuple[float, float], height: float, edge: str, **line: Any) -> None:
        shape = FancyBboxPatch(corner, self.width, height, boxstyle="round,pad=0,rounding_size=0.8", fc="white", ec=edge, zorder=3, **line)
        self.canvas.sheet.add_patch(shape)

    def link(self, source: str, target: str) -> None:
        start = (self.left(source) + self.width, self.y(self.plan.row[source]))
        end = (self.left(target), self.y(self.plan.row[target]))
        on_path = source in self.path and target in self.path
        self._curve(start, end, GOOD if on_path else MARK, 1.3 if on_path else 0.6)

    def port(self, letter: str, node: str, benchmarks: tuple[str, ...]) -> None:
        """From the last node of a variant up or down to the row of its port, then straight across."""
        if node not in self.plan.column or not benchmarks:
            return
        y = self.y(self.plan.ports[letter])
        start = (self.left(node) + self.width, self.y(self.plan.row[node]))
        turn = (min(start[0] + _GAP, self.benchmark_left), y)
        on_path = letter == self.pick
        looks = (BAD, 0.8) if letter in self.failed else (GOOD if on_path else MARK, 1.3 if on_path else 0.6)
        self._curve(start, turn, *looks)
        self.canvas.sheet.plot([turn[0], self.benchmark_left], [y, y], color=looks[0], lw=looks[1], zorder=1)

    def _curve(self, start: tuple[float, float], end: tuple[float, float], color: str, width: float) -> None:
        bend = min(_GAP, end[0] - start[0])
        turn = (start[0] + bend, end[1])
        half = start[0] + bend / 2
        points = [start, (half, start[1]), (half, turn[1]), turn, end]
        path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO])
        self.canvas.sheet.add_patch(PathPatch(path, fc="none", ec=color, lw=width, zorder=2 if color == GOOD else 1))

    def _words(self, x: float, y: float, words: str, size: float, room: float | None = None, **looks: object) -> None:
        room = self.width - 3.0 if room is None else room
        self.canvas.text(x, y, fitted(words, size, room), size=size, zorder=5, **looks)


def _second_line(node: NodeResult | None) -> str:
    if node is None:
        return ""
    if node.state in (NodeState.FAILED, NodeState.SKIPPED, NodeState.CANCELLED):
        return node.failure.kind if node.failure else node.state.value
    words = []
    if node.energy and node.energy.value is not None:
        words.append(quote(node.energy).full)
    elif node.seconds is not None:
        words.append(duration(node.seconds))
    if node.state is NodeState.CACHED:
        words.append("cached")
    return ", ".join(words)
