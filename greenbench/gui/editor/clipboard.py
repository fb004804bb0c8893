"""Copy and paste as text: what lies on the clipboard is a small `.greenbench` file, so it also goes into a mail or a diff."""

import re
from collections.abc import Iterable

from greenbench.core.catalog import Catalog
from greenbench.core.document import dumps, loads
from greenbench.core.edits import AddNode, Connect, Edit, Together
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.step import StepSpec


def copied(pipeline: Pipeline, ids: Iterable[str]) -> str:
    """The chosen nodes and the links among them, as the text of a `.greenbench` file."""
    chosen = set(ids)
    part = Pipeline(pipeline.catalog, pipeline.title)
    part.nodes = {id: node for id, node in pipeline.nodes.items() if id in chosen}
    part.links = [link for link in pipeline.links if link.source in chosen and link.target in chosen]
    return dumps(part)


def pasted(
    text: str, pipeline: Pipeline, catalog: Catalog, shift: tuple[float, float], verb: str = "Paste"
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that adds what `copied` wrote, under free ids and titles and moved by `shift`, and the ids it will have.

    Raises:
        FileFormatError, ParameterError: the text is not a pipeline of this version.
    """
    part = loads(text, catalog, "The clipboard")
    ids: dict[str, str] = {}
    titles = {node.title for node in pipeline.nodes.values()}
    nodes: list[Node] = []
    for old in part.nodes.values():
        ids[old.id] = pipeline.free_id(_base(old.id, "-"), tuple(ids.values()))
        title = _free_title(old.title, titles)
        titles.add(title)
        nodes.append(old.but(id=ids[old.id], title=title, position=(old.position[0] + shift[0], old.position[1] + shift[1])))
    links = [Link(ids[link.source], link.output, ids[link.target], link.input) for link in part.links]
    count = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
    return Together((*map(AddNode, nodes), *map(Connect, links)), f"{verb} {count}"), tuple(ids.values())


def new_node(pipeline: Pipeline, spec: StepSpec, position: tuple[float, float]) -> Node:
    """A node of that step with defaults, a free id and a free title."""
    return Node(pipeline.free_id(re.sub(r"[._]", "-", spec.key)), spec.key, pipeline.free_title(spec.title), {}, position)


def _base(name: str, joint: str) -> str:
    """The name without its running number: "prune-2" is "prune", "Train 2" is "Train"."""
    return re.sub(rf"{joint}\d+$", "", name)


def _free_title(title: str, used: set[str]) -> str:
    if title not in used:
        return title
    base, number = _base(title, " "), 2
    while f"{base} {number}" in used:
        number += 1
    return f"{base} {number}"
