"""From a proposal to the edit that carries it out: one entry in the undo list, refused where the pipeline has changed too far.

set     the parameters of one node
insert  a ─▶ b          becomes   a ─▶ new ─▶ b
branch  a ─▶ b ─▶ bench  gains     a ─▶ new ─▶ new ─▶ bench   on a free line below
"""

import re
from collections.abc import Mapping
from typing import Any

from greenbench.core.advice import AddBranch, InsertAfter, NewStep, PortRef, Proposal, SetParams
from greenbench.core.edits import AddNode, Connect, Disconnect, Edit, MoveNodes, Together, set_params
from greenbench.core.errors import GreenBenchError, PipelineError
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.placing import COLUMN, LINE, boxes, free_place, free_row, is_free
from greenbench.core.ports import PortKind
from greenbench.core.step import StepSpec

_GONE = "Run the pipeline again: the advice was about another state of it."


def edit_of(proposal: Proposal, pipeline: Pipeline) -> Together:
    """The edit that does what is proposed; the ids of new nodes are those of its AddNode edits.

    Raises:
        PipelineError, ParameterError: what it speaks of is no longer there or no longer so, or it changes no pipeline. The check is a
            rehearsal on a copy, so applying the edit to the same pipeline succeeds.
    """
    change = proposal.change
    if isinstance(change, SetParams):
        edits = _setting(change, pipeline)
    elif isinstance(change, InsertAfter):
        edits = _inserting(change, pipeline)
    elif isinstance(change, AddBranch):
        edits = _branching(change, pipeline)
    else:
        raise PipelineError(f'"{proposal.title}" is a setting of the run and changes no pipeline.', "Choose the protocol for the next run.")
    made = Together(tuple(edits), proposal.title)
    made.apply(pipeline.copy())
    return made


def fits(proposal: Proposal, pipeline: Pipeline) -> bool:
    """Whether a proposal that changes a pipeline still can."""
    try:
        edit_of(proposal, pipeline)
    except GreenBenchError:
        return False
    return True


def new_nodes(edit: Together) -> list[str]:
    """The ids of the nodes that an edit adds, in order; of one that adds none, those it changes."""
    added = [each.node.id for each in edit.edits if isinstance(each, AddNode)]
    return added or [id for change in edit.changes() for id in change.changed]


def _known(pipeline: Pipeline, id: str, step: str = "") -> Node:
    if id not in pipeline.nodes:
        raise PipelineError(f'The node "{id}" that this speaks of is no longer there.', _GONE)
    node = pipeline.node(id)
    if step and node.step != step:
        raise PipelineError(f'"{node.title}" is another kind of step now.', _GONE)
    return node


def _setting(change: SetParams, pipeline: Pipeline) -> list[Edit]:
    node = _known(pipeline, change.node, change.step)
    before = pipeline.spec(node.id).params.checked(node.params, node.title).plain()
    if all(before.get(name) == value for name, value in change.values.items()):
        raise PipelineError(f'"{node.title}" is set like that already.')
    return [set_params(node, **change.values)]


def _inserting(change: InsertAfter, pipeline: Pipeline) -> list[Edit]:
    before = _known(pipeline, change.after)
    output = _model_output(pipeline, before)
    readers = [link for link in pipeline.out_of(before.id, output) if pipeline.input_port(link).kind is PortKind.MODEL]
    if any(pipeline.node(link.target).step == change.new.step for link in readers):
        raise PipelineError(f'"{before.title}" is followed by that step already.')
    x, y = before.position[0] + COLUMN, before.position[1]
    moved: dict[str, tuple[float, float]] = {}
    if not is_free(boxes(pipeline), x, y, (COLUMN - 24.0, LINE - 16.0)):
        moved = {id: (n.position[0] + COLUMN, n.position[1]) for id, n in pipeline.nodes.items() if n.position[0] >= x - 24.0}
    place = free_place(boxes(pipeline, moved), x, y)
    spec = pipeline.catalog[change.new.step]
    node = _made(pipeline, change.new, spec, place)
    edits: list[Edit] = [MoveNodes(moved)] if moved else []
    edits += [AddNode(node), Connect(Link(before.id, output, node.id, _model_input(spec))), *_data(pipeline, node, spec, change.data)]
    made = _made_output(spec)
    for link in readers:  # each new link takes the place of the old one: the order at a benchmark is that of its variants
        edits += [Disconnect(link), Connect(Link(node.id, made, link.target, link.input), pipeline.links.index(link))]
    return edits


def _branching(change: AddBranch, pipeline: Pipeline) -> list[Edit]:
    source = _known(pipeline, change.after)
    if _is_there(pipeline, change, source.id, change.steps):
        raise PipelineError(f'"{source.title}" already leads there by these steps.')
    targets = [_known(pipeline, ref.node) for ref in change.into]
    count = len(change.steps)
    x = source.position[0] + COLUMN
    moved = _pushed(pipeline, [node.id for node in targets if node.position[0] > source.position[0]], x + COLUMN * count)
    places = free_row(boxes(pipeline, moved), x, source.position[1], count)
    edits: list[Edit] = [MoveNodes(moved)] if moved else []
    at, output = source.id, _model_output(pipeline, source)
    trial = pipeline.copy()  # so that the second of two like steps is called otherwise than the first
    for step, place in zip(change.steps, places, strict=True):
        spec = pipeline.catalog[step.step]
        node = _made(trial, step, spec, place)
        trial.nodes[node.id] = node
        edits += [AddNode(node), Connect(Link(at, output, node.id, _model_input(spec))), *_data(pipeline, node, spec, change.data)]
        at, output = node.id, _made_output(spec)
    return [*edits, *(Connect(Link(at, output, ref.node, ref.input), _place(pipeline, ref)) for ref in change.into)]


def _place(pipeline: Pipeline, ref: PortRef) -> int | None:
    """Where among the links the new one stands: links that come in the same edit are added behind, so places do not move."""
    there = pipeline.into(ref.node, ref.input)
    return pipeline.links.index(there[0]) if ref.first and there else None


def _is_there(pipeline: Pipeline, change: AddBranch, at: str, steps: tuple[NewStep, ...]) -> bool:
    """Whether the same steps with the same settings lead from a node to the ports already."""
    links = pipeline.out_of(at)
    if not steps:
        return {(ref.node, ref.input) for ref in change.into} <= {(link.target, link.input) for link in links}
    first = steps[0]
    wanted = _changed(first.params, pipeline.catalog[first.step])
    nexts = (pipeline.node(link.target) for link in links)
    same = (node.id for node in nexts if node.step == first.step and _changed(node.params, pipeline.spec(node.id)) == wanted)
    return any(_is_there(pipeline, change, id, steps[1:]) for id in same)


def _pushed(pipeline: Pipeline, targets: list[str], least_x: float) -> dict[str, tuple[float, float]]:
    """What a new row ends at moves right until the row stands before it, with all that follows it."""
    missing = max((least_x - pipeline.node(id).position[0] for id in targets), default=0.0)
    if missing <= 0:
        return {}
    after = set(targets).union(*(pipeline.downstream(id) for id in targets))
    return {id: (pipeline.node(id).position[0] + missing, pipeline.node(id).position[1]) for id in after}


def _made(pipeline: Pipeline, new: NewStep, spec: StepSpec, place: tuple[float, float]) -> Node:
    """The node of a new step: a free id and title, and of the parameters those that differ from the defaults."""
    id, title = pipeline.free_id(re.sub(r"[._]", "-", spec.key)), pipeline.free_title(new.title or spec.title)
    return Node(id, spec.key, title, _changed(new.params, spec), place)


def _changed(params: Mapping[str, Any], spec: StepSpec) -> dict[str, Any]:
    defaults: dict[str, Any] = {field.name: field.default for field in spec.fields}
    return {name: value for name, value in params.items() if name not in defaults or defaults[name] != value}


def _data(pipeline: Pipeline, node: Node, spec: StepSpec, source: str) -> list[Edit]:
    """The link that brings data to a step which takes some."""
    port = next((port for port in spec.inputs if port.kind is PortKind.DATASET), None)
    if port is None or not source:
        return []
    giver = _known(pipeline, source)
    output = next((each.name for each in pipeline.spec(source).outputs if each.kind is PortKind.DATASET), None)
    if output is None:
        raise PipelineError(f'"{giver.title}" gives no data any more.', _GONE)
    return [Connect(Link(source, output, node.id, port.name))]


def _model_output(pipeline: Pipeline, node: Node) -> str:
    output = next((port.name for port in pipeline.spec(node.id).outputs if port.kind is PortKind.MODEL), None)
    if output is None:
        raise PipelineError(f'"{node.title}" gives no model any more.', _GONE)
    return output


def _made_output(spec: StepSpec) -> str:
    return next(port.name for port in spec.outputs if port.kind is PortKind.MODEL)


def _model_input(spec: StepSpec) -> str:
    return next(port.name for port in spec.inputs if port.kind is PortKind.MODEL and not port.many)
