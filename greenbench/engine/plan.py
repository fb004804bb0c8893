"""From a pipeline to a plan: checks everything that can be checked before anything starts, and names each node by the
hash of all that its output depends on, so that the same experiment is recognised and only what changed runs again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenbench.core.errors import GreenBenchError, PlanError, Problem
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.ports import PortKind
from greenbench.core.run import QUICK, Plan, PlannedNode, Protocol, Source
from greenbench.core.step import Group
from greenbench.engine import libraries, trust
from greenbench.engine.preflight import Known, mismatches, nothing_known
from greenbench.engine.repeats import repetitions


@dataclass(frozen=True)
class Conditions:
    """Under what a pipeline runs. `affinity` are the logical cores that measuring keeps to (empty: all); `trusted` the hashes of the
    files that may run code."""

    device: str = "cpu"
    threads: int = 1
    affinity: tuple[int, ...] = ()
    seed: int = 0
    protocol: Protocol = QUICK
    use_cache: bool = True
    trusted: frozenset[str] = frozenset()


def make_plan(pipeline: Pipeline, conditions: Conditions = Conditions(), known: Known = nothing_known) -> Plan:
    """The plan of a pipeline. `known` says what a source gives, where it has been read before.

    Raises:
        PlanError: with every problem found; nothing has started.
    """
    found = problems(pipeline, conditions, known)
    if found:
        raise PlanError(found)
    planned = _planned_nodes(pipeline, conditions.seed)
    digests = {node.id: node.digest for node in planned}
    needed = {request.sha256 for asked in trust.requests(pipeline).values() for request in asked}
    whole = {"nodes": digests, "device": conditions.device, "threads": conditions.threads, "seed": conditions.seed}
    whole |= {"protocol": conditions.protocol.model_dump(), "affinity": conditions.affinity}
    return Plan(
        title=pipeline.title,
        description=pipeline.description,
        nodes=planned,
        muted=tuple(sorted(id for id, node in pipeline.nodes.items() if node.muted)),
        device=conditions.device,
        threads=conditions.threads,
        affinity=conditions.affinity,
        seed=conditions.seed,
        protocol=conditions.protocol,
        use_cache=conditions.use_cache,
        trusted=tuple(sorted(needed & conditions.trusted)),
        digest=_digest(whole),
    )


def _planned_nodes(pipeline: Pipeline, seed: int) -> tuple[PlannedNode, ...]:
    """All nodes that are not muted, in order; before a node that asks for several seeds, the repetitions of what feeds it."""
    inputs = _resolved_inputs(pipeline)
    planned: dict[str, PlannedNode] = {}
    for id in pipeline.order():
        if pipeline.nodes[id].muted:
            continue
        own = dict(inputs[id])
        for repeated in repetitions(pipeline, id, inputs):
            if repeated.id not in planned:
                node = _planned(pipeline, repeated.of, repeated.inputs, planned, seed + repeated.repeat)
                planned[repeated.id] = node.model_copy(update={"id": repeated.id, "of": repeated.of, "repeat": repeated.repeat})
            own = repeated.added_to(own)
        planned[id] = _planned(pipeline, id, own, planned, seed).model_copy(update={"seed": None})
    return tuple(planned.values())


def _planned(
    pipeline: Pipeline, id: str, inputs: Mapping[str, tuple[Source, ...]], before: Mapping[str, PlannedNode], seed: int
) -> PlannedNode:
    """One node with its digest; the nodes that feed it are planned."""
    node, spec = pipeline.nodes[id], pipeline.spec(id)
    checked = spec.params.checked(node.params, node.title)
    params = checked.plain()
    content = {
        "step": spec.key,
        "version": spec.version,
        "params": params,
        "outside": spec.fingerprint(checked) if spec.fingerprint else "",
        "inputs": {port: [[before[s.node].digest, s.output] for s in many] for port, many in inputs.items()},
        "seed": seed,
        "libraries": libraries.versions(),
    }
    return PlannedNode(
        id=id,
        step=spec.key,
        version=spec.version,
        title=node.title,
        params=params,
        inputs=dict(inputs),
        digest=_digest(content),
        cacheable=spec.cacheable,
        seed=seed,
    )


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _resolved_inputs(pipeline: Pipeline) -> dict[str, dict[str, tuple[Source, ...]]]:
    """For each node, where each input comes from, muted nodes passed through; a muted node that cannot pass on is no source."""

    def source(node: str, output: str) -> Source | None:
        while pipeline.nodes[node].muted:
            through = pipeline.spec(node).pass_through
            links = pipeline.into(node, through[0]) if through and through[1] == output else []
            if not links:
                return None
            node, output = links[0].source, links[0].output
        return Source(node=node, output=output)

    resolved: dict[str, dict[str, tuple[Source, ...]]] = {}
    for id in pipeline.nodes:
        ports: dict[str, tuple[Source, ...]] = {}
        for port in pipeline.spec(id).inputs:
            found = [source(link.source, link.output) for link in pipeline.into(id, port.name)]
            kept = tuple(each for each in found if each is not None)
            if kept:
                ports[port.name] = kept
        resolved[id] = ports
    return resolved


def problems(pipeline: Pipeline, conditions: Conditions = Conditions(), known: Known = nothing_known) -> list[Problem]:
    """Every reason why a pipeline cannot run as it stands, in the order of its nodes. Those with `trust` need nothing but a yes."""
    if not pipeline.nodes:
        return [Problem("", "The pipeline is empty.", "Drag a step from the library onto the canvas, or open a sample.")]
    try:
        order = pipeline.order()
    except GreenBenchError as error:
        return [Problem("", error.message, error.remedy)]
    inputs = _resolved_inputs(pipeline)
    found: list[Problem] = []
    for id in order:
        node = pipeline.nodes[id]
        if node.muted:
            continue
        try:
            pipeline.check_node(node)
        except GreenBenchError as error:
            found.append(Problem(id, error.message, error.remedy))
            continue
        found.extend(_missing_inputs(pipeline, id, inputs[id]))
        found.extend(_unknown_names(pipeline, id, inputs[id]))
        found.extend(_obstacles(pipeline, id, inputs[id]))
    if all(node.muted for node in pipeline.nodes.values()):
        found.append(Problem("", "Every node is muted, so there is nothing to run.", "Unmute a node (M)."))
    found = found or _shared_test_data(pipeline, inputs)
    found = found or mismatches(_planned_nodes(pipeline, conditions.seed), pipeline.catalog, conditions.device, known)
    return found or _untrusted(pipeline, conditions.trusted)


def _untrusted(pipeline: Pipeline, trusted: frozenset[str]) -> list[Problem]:
    found = []
    for id, asked in trust.requests(pipeline).items():
        for request in asked:
            if request.sha256 not in trusted:
                message = f'"{pipeline.nodes[id].title}": {request.question}'
                found.append(Problem(id, message, "In the window, Run asks; on the command line, add --trust.", request))
    return found


def _obstacles(pipeline: Pipeline, id: str, arrived: Mapping[str, tuple[Source, ...]]) -> list[Problem]:
    """What is plainly missing outside the pipeline, and learning from data that has nothing to teach."""
    node, spec = pipeline.nodes[id], pipeline.spec(id)
    found = []
    obstacle = spec.obstacle(spec.params.checked(node.params, node.title)) if spec.obstacle else None
    if obstacle:
        found.append(Problem(id, f'"{node.title}": {obstacle[0]}', obstacle[1]))
    sources = [pipeline.nodes[source.node] for source in arrived.get("data", ())]
    learns = spec.key != "benchmark" and spec.group is not Group.SOURCES  # those need the shape of the data, not its labels
    if learns and any(source.step == "data.random" for source in sources):
        message = f'"{node.title}" cannot learn from random inputs: they have no true labels.'
        found.append(Problem(id, message, "Connect real data; random inputs serve to measure latency."))
    return found


def _missing_inputs(pipeline: Pipeline, id: str, arrived: Mapping[str, tuple[Source, ...]]) -> list[Problem]:
    node, spec = pipeline.nodes[id], pipeline.spec(id)
    needed = spec.needs(spec.params.checked(node.params, node.title)) if spec.needs else {}
    found = []
    for port in spec.inputs:
        if arrived.get(port.name) or (port.optional and port.name not in needed):
            continue
        why = f": {needed[port.name]}" if port.name in needed else ""
        if pipeline.into(id, port.name):
            message = f'"{node.title}" gets nothing at {port.label.lower()}: what feeds it is muted.'
            found.append(Problem(id, message, "Unmute it (M), or mute this node too."))
        else:
            noun = "at least one model" if port.many else port.kind.noun
            message = f'"{node.title}" needs {noun} at {port.label.lower()}{why}.'
            found.append(Problem(id, message, f"Connect {noun} to it."))
    return found


def _unknown_names(pipeline: Pipeline, id: str, arrived: Mapping[str, tuple[Source, ...]]) -> list[Problem]:
    """Titles that the parameters speak of and that no connected node has, or that two of them have."""
    node, spec = pipeline.nodes[id], pipeline.spec(id)
    if spec.names is None:
        return []
    ports = [port.name for port in spec.inputs if port.kind is not PortKind.DATASET]
    titles = [pipeline.nodes[source.node].title for name in ports for source in arrived.get(name, ())]
    shown = ", ".join(f'"{title}"' for title in sorted(set(titles))) or "nothing"
    found = []
    for name in spec.names(spec.params.checked(node.params, node.title)):
        if name not in titles:
            muted = any(feeder.title == name and feeder.muted for feeder in _feeders(pipeline, id))
            message = f'"{node.title}" speaks of "{name}", which is {"muted" if muted else "not connected"}.'
            remedy = "Unmute it (M), or mute this node too." if muted else f"Connected: {shown}. Connect it, or correct the name."
            found.append(Problem(id, message, remedy))
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        message = f'Two nodes connected to "{node.title}" are called "{title}".'
        found.append(Problem(id, message, "Rename one: they are known by their titles."))
    return found


def _feeders(pipeline: Pipeline, id: str) -> list[Node]:
    return [pipeline.nodes[link.source] for port in pipeline.spec(id).inputs for link in pipeline.into(id, port.name)]


# What says where a data set comes from; the other parameters only cut it up.
_LOCATION = ("folder", "file", "name")


def _shared_test_data(pipeline: Pipeline, inputs: Mapping[str, Mapping[str, tuple[Source, ...]]]) -> list[Problem]:
    """What a model is judged on must not have been calibration or training data: the same origin, cut up otherwise, overlaps."""
    found: list[Problem] = []

    def origin(id: str) -> tuple[Any, ...] | None:
        params = pipeline.spec(id).params.checked(pipeline.nodes[id].params).plain()
        place = tuple(params.get(name) for name in _LOCATION)
        return None if pipeline.spec(id).key == "data.random" else (pipeline.nodes[id].step, *place)

    def data_of(id: str) -> list[str]:
        return [s.node for port in pipeline.spec(id).inputs if port.kind is PortKind.DATASET for s in inputs[id].get(port.name, ())]

    for bench in (id for id in pipeline.nodes if pipeline.spec(id).key in ("benchmark", "claim") and not pipeline.nodes[id].muted):
        for tested in data_of(bench):
            for id in sorted(pipeline.upstream(bench)):
                if pipeline.nodes[id].muted or pipeline.spec(id).group is Group.SOURCES:
                    continue  # a model's source takes the shape of the data, not the examples
                for used in data_of(id):
                    same_cut = pipeline.nodes[used].params == pipeline.nodes[tested].params
                    if used != tested and not same_cut and origin(used) and origin(used) == origin(tested):
                        use = "calibrates" if pipeline.spec(id).key.startswith("quantize") else "trains"
                        message = (
                            f'"{pipeline.nodes[id].title}" {use} on "{pipeline.nodes[used].title}", whose examples include '
                            f'test examples of "{pipeline.nodes[bench].title}".'
                        )
                        found.append(Problem(id, message, f'Feed both from "{pipeline.nodes[tested].title}".'))
    return found
