"""What a user does to the pipeline on the canvas, as edits: each of these is one entry in the undo list."""

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtWidgets import QApplication

from greenbench.core.edits import AddNode, ChangeNode, Connect, Disconnect, Edit, MoveNodes, RemoveNode, Together
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.ports import Port
from greenbench.core.step import StepSpec
from greenbench.gui.editor import clipboard, layout
from greenbench.gui.editor.anatomy import GRID
from greenbench.gui.session import Session


def snapped(x: float, y: float) -> tuple[float, float]:
    """The nearest point of the 8 px grid."""
    return round(x / GRID) * GRID, round(y / GRID) * GRID


class Editing:
    """The edits of the canvas. Methods return the ids of new nodes where there are any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pastes = 0

    @property
    def pipeline(self) -> Pipeline:
        return self._session.document.pipeline

    def add(self, spec: StepSpec, x: float, y: float, attach: Link | None = None, *, output: bool = True) -> str | None:
        """Adds a node of that step. `attach` is a half-open link: its source (or, without `output`, its target) is set."""
        node = clipboard.new_node(self.pipeline, spec, snapped(x, y))
        edits: list[Edit] = [AddNode(node)]
        if attach is not None:
            half = self.pipeline.output_port(attach) if output else self.pipeline.input_port(attach)
            port = matching_port(spec, half, output)
            if port is not None and output:
                edits.append(Connect(Link(attach.source, attach.output, node.id, port.name)))
            elif port is not None:
                link = Link(node.id, port.name, attach.target, attach.input)
                edits += [*map(Disconnect, self._in_the_way(link)), Connect(link)]
        done = self._session.do(Together(tuple(edits), f'Add "{node.title}"'))
        return node.id if done else None

    def _in_the_way(self, link: Link) -> list[Link]:
        """The link that a taken single input would have to give up."""
        if self.pipeline.input_port(link).many:
            return []
        return self.pipeline.into(link.target, link.input)

    def connect(self, link: Link, instead_of: Link | None = None) -> bool:
        """Joins two ports. What stands at a single input is replaced; `instead_of` is the link whose end was carried here."""
        old = self._in_the_way(link)
        if instead_of is not None and instead_of not in old:
            old.append(instead_of)
        if old == [link]:
            return True
        edits: tuple[Edit, ...] = (*map(Disconnect, old), Connect(link))
        return self._session.do(edits[0] if len(edits) == 1 else Together(edits, "Replace link"))

    def disconnect(self, links: Iterable[Link]) -> None:
        self._together([Disconnect(link) for link in links], "Disconnect")

    def delete(self, ids: Iterable[str], links: Iterable[Link] = ()) -> None:
        """Removes nodes with their links, and links."""
        ids = [id for id in ids if id in self.pipeline.nodes]
        loose = [link for link in links if link.source not in ids and link.target not in ids]
        name = f'Delete "{self.pipeline.node(ids[0]).title}"' if len(ids) == 1 else f"Delete {len(ids)} nodes"
        self._together([*map(Disconnect, loose), *map(RemoveNode, ids)], name if ids else "Disconnect")

    def move(self, positions: Mapping[str, tuple[float, float]], group: str = "") -> None:
        changed = {id: place for id, place in positions.items() if self.pipeline.node(id).position != place}
        if changed:
            self._session.do(MoveNodes(changed), group)

    def nudge(self, ids: Iterable[str], dx: float, dy: float) -> None:
        """Moves nodes by steps; presses in a row are one entry."""
        ids = sorted(ids)
        places = {id: self.pipeline.node(id).position for id in ids}
        self.move({id: (x + dx, y + dy) for id, (x, y) in places.items()}, group=f"nudge {' '.join(ids)}")

    def mute(self, ids: Iterable[str]) -> None:
        """Mutes the nodes, or wakes them if all are muted."""
        nodes = [self.pipeline.node(id) for id in ids]
        to = not all(node.muted for node in nodes)
        word = "Mute" if to else "Unmute"
        name = f'{word} "{nodes[0].title}"' if len(nodes) == 1 else f"{word} {len(nodes)} nodes"
        self._together([ChangeNode(node.but(muted=to)) for node in nodes if node.muted != to], name)

    def rename(self, id: str, title: str) -> None:
        node = self.pipeline.node(id)
        if title.strip() and title.strip() != node.title:
            self._session.do(ChangeNode(node.but(title=title.strip())))

    def set_value(self, id: str, name: str, value: Any) -> None:
        """Sets one parameter.

        Raises:
            ParameterError: the value is refused; nothing has changed.
        """
        edit = value_edit(self.pipeline, id, name, value)
        if edit is not None:
            self._session.attempt(edit)

    def copy(self, ids: Iterable[str]) -> None:
        """Puts nodes and the links among them on the clipboard, as text."""
        ids = list(ids)
        if ids:
            QApplication.clipboard().setText(clipboard.copied(self.pipeline, ids))
            self._pastes = 0

    def cut(self, ids: Iterable[str]) -> None:
        ids = list(ids)
        self.copy(ids)
        self.delete(ids)

    @staticmethod
    def can_paste() -> bool:
        """Whether there is text on the clipboard; if it is not a pipeline, pasting says so."""
        return bool(QApplication.clipboard().text())

    def paste(self) -> tuple[str, ...]:
        """Adds what lies on the clipboard, each time a little further from where it came from."""
        self._pastes += 1
        return self._insert(QApplication.clipboard().text(), 3 * GRID * self._pastes, "Paste")

    def duplicate(self, ids: Iterable[str]) -> tuple[str, ...]:
        ids = list(ids)
        return self._insert(clipboard.copied(self.pipeline, ids), 3 * GRID, "Duplicate") if ids else ()

    def _insert(self, text: str, shift: float, verb: str) -> tuple[str, ...]:
        try:
            edit, ids = clipboard.pasted(text, self.pipeline, self._session.catalog, (shift, shift), verb)
        except GreenBenchError as error:
            self._session.refused.emit(error)
            return ()
        return ids if ids and self._session.do(edit) else ()

    def arrange(self, sizes: Mapping[str, tuple[float, float]], origin: tuple[float, float]) -> None:
        """Auto-layout of the nodes of these sizes, the top left one at `origin`."""
        pipeline = self.pipeline
        edges = [(link.source, link.target) for id in sizes for port in pipeline.spec(id).inputs for link in pipeline.into(id, port.name)]
        places = layout.layered(sizes, edges, origin)
        changed = {id: place for id, place in places.items() if pipeline.node(id).position != place}
        if changed:
            self._session.do(Together((MoveNodes(changed),), "Arrange nodes"))

    def _together(self, edits: list[Edit], name: str) -> None:
        if edits:
            self._session.do(Together(tuple(edits), name))


def value_edit(pipeline: Pipeline, id: str, name: str, value: Any) -> ChangeNode | None:
    """The edit that gives a node's parameter a value, or None if it has it. A default is not written down."""
    return values_edit(pipeline, id, {name: value})


def values_edit(pipeline: Pipeline, id: str, values: Mapping[str, Any]) -> ChangeNode | None:
    """The same for several parameters at once."""
    node, spec = pipeline.node(id), pipeline.spec(id)
    params = dict(node.params)
    for name, value in values.items():
        field = spec.field(name)
        default = field.default if field else None
        if node.params.get(name, default) == value:
            continue
        if value == default:
            params.pop(name, None)
        else:
            params[name] = value
    return ChangeNode(node.but(params=params)) if params != dict(node.params) else None


def matching_port(spec: StepSpec, other: Port, output: bool) -> Port | None:
    """The port of a step that a link could be joined to: the first input of the kind, or output if `output` is false."""
    return next((port for port in (spec.inputs if output else spec.outputs) if port.kind is other.kind), None)
