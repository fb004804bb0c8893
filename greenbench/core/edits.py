"""Edits: plain data that changes a pipeline and returns its own inverse.

    edit.apply(pipeline) -> inverse        inverse.apply(pipeline) -> edit again

Undo, redo, paste, load and the mouse all go this way, so there is one path to test. An edit that is refused raises
and leaves the pipeline as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenbench.core.errors import GreenBenchError, PipelineError
from greenbench.core.pipeline import Link, Node, Pipeline


@dataclass(frozen=True)
class Change:
    """What an edit did, for those who draw it: ids of nodes and links that came, went, or look different now."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    connected: tuple[Link, ...] = ()
    disconnected: tuple[Link, ...] = ()
    described: bool = False
    everything: bool = False


class Edit:
    """Base of all edits."""

    @property
    def text(self) -> str:
        """What the undo menu says."""
        raise NotImplementedError

    def apply(self, pipeline: Pipeline) -> "Edit":
        """Changes the pipeline and returns the inverse.

        Raises:
            PipelineError, ParameterError: the edit is refused; nothing has changed.
        """
        raise NotImplementedError

    def changes(self) -> tuple[Change, ...]:
        """What applying it does, step by step."""
        raise NotImplementedError


@dataclass(frozen=True)
class AddNode(Edit):
    node: Node

    @property
    def text(self) -> str:
        return f'Add "{self.node.title}"'

    def apply(self, pipeline: Pipeline) -> Edit:
        if self.node.id in pipeline.nodes:
            raise PipelineError(f'There is already a node "{self.node.id}".')
        pipeline.check_node(self.node)
        pipeline.nodes[self.node.id] = self.node
        return RemoveNode(self.node.id)

    def changes(self) -> tuple[Change, ...]:
        return (Change(added=(self.node.id,)),)


@dataclass(frozen=True)
class RemoveNode(Edit):
    """Removes a node with all its links; the inverse brings both back, each link in its old place."""

    id: str

    @property
    def text(self) -> str:
        return "Delete node"

    def apply(self, pipeline: Pipeline) -> Edit:
        node = pipeline.node(self.id)
        places = [(index, link) for index, link in enumerate(pipeline.links) if self.id in (link.source, link.target)]
        pipeline.links[:] = [link for link in pipeline.links if self.id not in (link.source, link.target)]
        del pipeline.nodes[self.id]
        return Together((AddNode(node), *(Connect(link, index) for index, link in places)), f'Add "{node.title}"')

    def changes(self) -> tuple[Change, ...]:
        return (Change(removed=(self.id,)),)


@dataclass(frozen=True)
class Connect(Edit):
    """Adds a link, at the end or at `index`. A taken single input is refused: put a Disconnect before it."""

    link: Link
    index: int | None = None

    @property
    def text(self) -> str:
        return "Connect"

    def apply(self, pipeline: Pipeline) -> Edit:
        pipeline.check_link(self.link)
        pipeline.links.insert(len(pipeline.links) if self.index is None else self.index, self.link)
        return Disconnect(self.link)

    def changes(self) -> tuple[Change, ...]:
        return (Change(connected=(self.link,)),)


@dataclass(frozen=True)
class Disconnect(Edit):
    link: Link

    @property
    def text(self) -> str:
        return "Disconnect"

    def apply(self, pipeline: Pipeline) -> Edit:
        if self.link not in pipeline.links:
            raise PipelineError("That link is already gone.")
        index = pipeline.links.index(self.link)
        del pipeline.links[index]
        return Connect(self.link, index)

    def changes(self) -> tuple[Change, ...]:
        return (Change(disconnected=(self.link,)),)


@dataclass(frozen=True)
class ChangeNode(Edit):
    """Changes a node's title, parameters or muting: the node as it shall be. Its id and step stay."""

    node: Node

    @property
    def text(self) -> str:
        return f'Change "{self.node.title}"'

    def apply(self, pipeline: Pipeline) -> Edit:
        before = pipeline.node(self.node.id)
        if before.step != self.node.step:
            raise PipelineError("A node keeps its step; delete it and add another.")
        pipeline.check_node(self.node)
        pipeline.nodes[self.node.id] = self.node
        return ChangeNode(before)

    def changes(self) -> tuple[Change, ...]:
        return (Change(changed=(self.node.id,)),)


@dataclass(frozen=True)
class MoveNodes(Edit):
    """Puts nodes at positions."""

    positions: Mapping[str, tuple[float, float]]

    @property
    def text(self) -> str:
        return "Move"

    def apply(self, pipeline: Pipeline) -> Edit:
        before = {id: pipeline.node(id).position for id in self.positions}
        for id, position in self.positions.items():
            pipeline.nodes[id] = pipeline.nodes[id].but(position=position)
        return MoveNodes(before)

    def changes(self) -> tuple[Change, ...]:
        return (Change(moved=tuple(self.positions)),)


@dataclass(frozen=True)
class Describe(Edit):
    """Changes the pipeline's own title and description."""

    title: str
    description: str

    @property
    def text(self) -> str:
        return "Rename pipeline"

    def apply(self, pipeline: Pipeline) -> Edit:
        before = Describe(pipeline.title, pipeline.description)
        pipeline.title, pipeline.description = self.title, self.description
        return before

    def changes(self) -> tuple[Change, ...]:
        return (Change(described=True),)


@dataclass(frozen=True)
class Together(Edit):
    """Several edits as one: all or nothing, one entry in the undo list."""

    edits: tuple[Edit, ...]
    name: str = ""

    @property
    def text(self) -> str:
        return self.name or (self.edits[0].text if self.edits else "Nothing")

    def apply(self, pipeline: Pipeline) -> Edit:
        inverses: list[Edit] = []
        try:
            for edit in self.edits:
                inverses.append(edit.apply(pipeline))
        except GreenBenchError:
            for inverse in reversed(inverses):
                inverse.apply(pipeline)
            raise
        return Together(tuple(reversed(inverses)), self.name)

    def changes(self) -> tuple[Change, ...]:
        return tuple(change for edit in self.edits for change in edit.changes())


def set_params(node: Node, **values: Any) -> ChangeNode:
    """The edit that sets some of a node's parameters and keeps the others."""
    return ChangeNode(node.but(params={**node.params, **values}))
