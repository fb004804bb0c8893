"""The pipeline: nodes and links, with the rules that keep it meaningful. It does not know that it is drawn.

State changes only through greenbench.core.edits; what is here are the questions and the checks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from greenbench.core.catalog import Catalog
from greenbench.core.errors import (
    CycleError,
    ParameterError,
    PipelineError,
    PortKindError,
    PortTakenError,
    UnknownNodeError,
    UnknownPortError,
)
from greenbench.core.ports import Port
from greenbench.core.sample import FULL, Sample
from greenbench.core.step import StepSpec


@dataclass(frozen=True)
class Node:
    """One step in a pipeline. `params` holds only what differs from the defaults; `position` is in canvas pixels."""

    id: str
    step: str
    title: str
    params: Mapping[str, Any] = field(default_factory=dict)
    position: tuple[float, float] = (0.0, 0.0)
    muted: bool = False

    def but(self, **changes: Any) -> "Node":
        return replace(self, **changes)


@dataclass(frozen=True)
class Link:
    """From the output port of one node to the input port of another."""

    source: str
    output: str
    target: str
    input: str


NAMELESS = "Untitled"  # the title of a pipeline that nobody has named


class Pipeline:
    """Nodes by id and links in order; the order of links into a `many` port is the order of variants. `sample` is what one that comes with
    the product says of itself."""

    def __init__(self, catalog: Catalog, title: str = NAMELESS, description: str = "") -> None:
        self.catalog = catalog
        self.title = title
        self.description = description
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []
        self.sample: Sample | None = None

    def copy(self) -> "Pipeline":
        """Another pipeline with the same nodes and links."""
        made = Pipeline(self.catalog, self.title, self.description)
        made.nodes, made.links, made.sample = dict(self.nodes), list(self.links), self.sample
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pipeline):
            return NotImplemented
        mine = (self.title, self.description, self.nodes, self.links, self.sample)
        return mine == (other.title, other.description, other.nodes, other.links, other.sample)

    __hash__ = None  # type: ignore[assignment]

    def with_budget(self, name: str) -> "Pipeline":
        """A copy with the parameters of one of its sample's budgets.

        Raises:
            ParameterError: it has no such budget, or the budget names a parameter that is not there.
            UnknownNodeError: or a node.
        """
        known = self.sample.names if self.sample else (FULL,)
        if name not in known:
            raise ParameterError(f'This pipeline has no budget "{name}".', f"It has {' and '.join(known)}.")
        changed = self.copy()
        for place, value in (self.sample.budgets.get(name, {}) if self.sample else {}).items():
            id, _, parameter = place.rpartition(".")
            node = changed.node(id)
            if changed.spec(id).field(parameter) is None:
                raise ParameterError(f'The budget "{name}" sets "{place}", which is no parameter of that node.', "Mend the file.")
            node = node.but(params={**node.params, parameter: value})
            changed.check_node(node)
            changed.nodes[id] = node
        return changed

    def node(self, id: str) -> Node:
        try:
            return self.nodes[id]
        except KeyError:
            raise UnknownNodeError(f'There is no node "{id}" in this pipeline.') from None

    def spec(self, id: str) -> StepSpec:
        """The step of a node."""
        return self.catalog[self.node(id).step]

    def into(self, id: str, port: str | None = None) -> list[Link]:
        """The links that arrive at a node (or at one of its ports), in order."""
        return [link for link in self.links if link.target == id and port in (None, link.input)]

    def out_of(self, id: str, port: str | None = None) -> list[Link]:
        return [link for link in self.links if link.source == id and port in (None, link.output)]

    def upstream(self, id: str) -> set[str]:
        """All nodes that feed this one, directly or through others."""
        return self._reach(id, lambda node: (link.source for link in self.into(node)))

    def downstream(self, id: str) -> set[str]:
        return self._reach(id, lambda node: (link.target for link in self.out_of(node)))

    def _reach(self, start: str, step: Any) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            for node in step(waiting.pop()):
                if node not in found:
                    found.add(node)
                    waiting.append(node)
        return found

    def order(self) -> list[str]:
        """Node ids so that each stands after all that feed it; ties in order of insertion.

        Raises:
            CycleError: there is none (a file may hold a cycle; edits cannot make one).
        """
        missing = {id: len({link.source for link in self.into(id)}) for id in self.nodes}
        done: list[str] = []
        while len(done) < len(self.nodes):
            ready = [id for id in self.nodes if id not in done and missing[id] == 0]
            if not ready:
                stuck = ", ".join(f'"{self.nodes[id].title}"' for id in self.nodes if id not in done)
                raise CycleError(f"These nodes feed each other in a circle: {stuck}.", "Remove one of their links.")
            done.append(ready[0])
            for target in {link.target for link in self.out_of(ready[0])}:
                missing[target] -= 1
        return done

    def output_port(self, link: Link) -> Port:
        return self._port(link.source, link.output, "output")

    def input_port(self, link: Link) -> Port:
        return self._port(link.target, link.input, "input")

    def _port(self, id: str, name: str, side: str) -> Port:
        spec = self.spec(id)
        port = spec.output(name) if side == "output" else spec.input(name)
        if port is None:
            raise UnknownPortError(f'"{self.node(id).title}" has no {side} "{name}".')
        return port

    def check_link(self, link: Link, *, replacing: bool = False) -> None:
        """Raises the reason why a link may not be made; the canvas shows it before the drop.

        With `replacing`, a taken input is no obstacle: the caller removes the old link in the same edit.
        """
        source, target = self.node(link.source), self.node(link.target)
        output, input = self.output_port(link), self.input_port(link)
        if link.source == link.target:
            raise CycleError(f'"{source.title}" cannot feed itself.')
        if output.kind is not input.kind:
            raise PortKindError(
                f"{output.kind.noun.capitalize()} cannot go into a {input.kind.word} port.",
                f'"{target.title}" takes {input.kind.noun} here.',
            )
        if link in self.links:
            raise PortTakenError(f'"{source.title}" is already connected here.')
        if not input.many and not replacing and self.into(link.target, link.input):
            raise PortTakenError(f'"{target.title}" already has {input.kind.noun} at {input.label.lower()}.', "Remove that link first.")
        if link.source in self.downstream(link.target):
            raise CycleError(f'"{target.title}" already feeds "{source.title}"; this link would close a circle.')

    def check_node(self, node: Node) -> None:
        """Raises the reason why a node cannot be: an unknown step, a wrong parameter, an empty name."""
        spec = self.catalog[node.step]
        if not node.id or not node.title.strip():
            raise PipelineError("A node needs an id and a title.")
        spec.params.checked(node.params, node.title)

    def free_id(self, base: str, taken: Iterator[str] | tuple[str, ...] = ()) -> str:
        """An id no node has: "prune", "prune-2" …"""
        used = set(self.nodes) | set(taken)
        if base not in used:
            return base
        number = 2
        while f"{base}-{number}" in used:
            number += 1
        return f"{base}-{number}"

    def free_title(self, base: str) -> str:
        """A title no node has: "Train", "Train 2" …"""
        used = {node.title for node in self.nodes.values()}
        if base not in used:
            return base
        number = 2
        while f"{base} {number}" in used:
            number += 1
        return f"{base} {number}"
