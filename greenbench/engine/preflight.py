"""Follows models and data through a plan as descriptions, and says where they would not go together, before anything is computed.

What a source gives is known once it has been read; until then its step may say what format its model will have.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from greenbench.core import order
from greenbench.core.artifact import Artifact, DatasetArtifact, ModelArtifact, ModelFormat, split_word
from greenbench.core.catalog import Catalog
from greenbench.core.errors import ModelError, Problem
from greenbench.core.fit import fit
from greenbench.core.order import NOTHING_DONE, Before
from greenbench.core.ports import PortKind
from greenbench.core.run import PlannedNode
from greenbench.core.runtimes import FORMAT_NOUNS, refusal
from greenbench.core.step import StepSpec
from greenbench.core.task import TASKS
from greenbench.engine.bench.obstacles import model_obstacle, obstacles

Known = Callable[[PlannedNode], Mapping[str, Artifact] | None]


def nothing_known(node: PlannedNode) -> None:
    """No source has been read yet."""


@dataclass(frozen=True)
class _Flow:
    """What is known of the model at one place. `format` "" and `artifact` None: nothing yet."""

    title: str
    artifact: ModelArtifact | None = None
    format: ModelFormat | str = ""
    precision: str = ""
    before: Before = NOTHING_DONE


def mismatches(nodes: tuple[PlannedNode, ...], catalog: Catalog, device: str, known: Known = nothing_known) -> list[Problem]:
    """Every place where a model and what it meets do not go together: its data, a step that cannot take its format, the runtime."""
    return list(_Walk(nodes, catalog, device, known).problems())


class _Walk:
    """One walk along the nodes, in the order of the plan."""

    def __init__(self, nodes: tuple[PlannedNode, ...], catalog: Catalog, device: str, known: Known) -> None:
        self._nodes, self._catalog, self._device, self._known = nodes, catalog, device, known
        self._models: dict[str, _Flow] = {}
        self._data: dict[str, tuple[str, DatasetArtifact]] = {}

    def problems(self) -> Iterator[Problem]:
        for node in self._nodes:
            if node.repeat:
                continue  # what is wrong with it is wrong with the first
            spec = self._catalog[node.step]
            given = self._known(node) or {}
            for artifact in given.values():
                if isinstance(artifact, DatasetArtifact):
                    self._data[node.id] = (node.title, artifact)
            flows, data = self._arriving(node, spec, PortKind.MODEL), self._arriving_data(node, spec)
            yield from self._lacking(node, spec, data)
            if spec.key == "benchmark":
                yield from self._at_benchmark(node, spec, flows, data)
                continue
            yield from self._taken(node, spec, flows)
            yield from self._in_order(node, spec, flows)
            after = None
            for flow in flows:
                try:
                    met = self._met(flow, data)
                except ModelError as error:
                    yield Problem(node.id, f'"{node.title}": {error.message}', error.remedy)
                    met = flow
                after = after or met
            self._leave(node, spec, given, after)

    def _arriving(self, node: PlannedNode, spec: StepSpec, kind: PortKind) -> list[_Flow]:
        ports = [port.name for port in spec.inputs if port.kind is kind]
        found = [self._models.get(source.node) for port in ports for source in node.inputs.get(port, ())]
        return [flow for flow in found if flow is not None]

    def _arriving_data(self, node: PlannedNode, spec: StepSpec) -> tuple[str, DatasetArtifact] | None:
        ports = [port.name for port in spec.inputs if port.kind is PortKind.DATASET]
        found = [self._data.get(source.node) for port in ports for source in node.inputs.get(port, ())]
        return next((pair for pair in found if pair is not None), None)

    def _met(self, flow: _Flow, data: tuple[str, DatasetArtifact] | None) -> _Flow:
        """The model after it met the data: its outputs may have got names."""
        if flow.artifact is None or data is None:
            return flow
        together = fit(flow.artifact, data[1], flow.title, data[0])
        return replace(flow, artifact=flow.artifact.model_copy(update={"classes": together.classes}))

    def _lacking(self, node: PlannedNode, spec: StepSpec, data: tuple[str, DatasetArtifact] | None) -> Iterator[Problem]:
        """The data has no part that the step works on; one that trains for no epochs works on none."""
        lacks = [split for split in spec.splits if data and split not in data[1].splits]
        if data is None or not lacks or node.params.get("epochs") == 0:
            return
        message = f'"{node.title}" needs {split_word(lacks[0])} examples, and the data set "{data[0]}" has none.'
        if "test" in data[1].splits and not data[1].random:
            remedy = f'Set Use to Training and testing in "{data[0]}", or connect other data.'
        else:
            remedy = "Connect a data set that has them."
        yield Problem(node.id, message, remedy)

    def _taken(self, node: PlannedNode, spec: StepSpec, flows: list[_Flow]) -> Iterator[Problem]:
        for flow in flows:
            task = flow.artifact.task if flow.artifact else ""
            if task and spec.tasks and task not in spec.tasks:
                able = " or ".join(TASKS[each].title.lower() for each in spec.tasks)
                message = f'"{node.title}" works for {able}, and "{flow.title}" is for {TASKS[task].title.lower()}.'
                yield Problem(node.id, message, "Train the smaller model with labels instead, or choose another step.")
            if flow.format and spec.takes and flow.format not in spec.takes and not self._only_asked(node, spec, flow):
                what = FORMAT_NOUNS[flow.format]  # type: ignore[index]
                message = f'"{node.title}" cannot take "{flow.title}": it is {what}.'
                yield Problem(node.id, message, "Connect the model before it was converted, or give its weights and architecture instead.")

    def _only_asked(self, node: PlannedNode, spec: StepSpec, flow: _Flow) -> bool:
        """Whether a model stands at a port where whatever runs will do: a teacher that gives outputs."""
        return any(self._models.get(source.node) is flow for port in spec.asks for source in node.inputs.get(port, ()))

    def _in_order(self, node: PlannedNode, spec: StepSpec, flows: list[_Flow]) -> Iterator[Problem]:
        """The model that the step changes comes first; others (a teacher) are only asked."""
        changed = order.refusal(spec, node.title, node.params, flows[0].before) if flows else None
        for found in (changed, *(order.half_refusal(spec, node.title, flow.before) for flow in flows[1:])):
            if found:
                yield Problem(node.id, *found)

    def _at_benchmark(
        self, node: PlannedNode, spec: StepSpec, flows: list[_Flow], data: tuple[str, DatasetArtifact] | None
    ) -> Iterator[Problem]:
        params = spec.params.checked(node.params, node.title)
        for message, remedy in obstacles(params, self._device):
            yield Problem(node.id, f'"{node.title}": {message}', remedy)
        for flow in flows:
            found = model_obstacle(params, flow.artifact) if flow.artifact else self._of_format(params.runtime, flow)  # type: ignore[attr-defined]
            if found:
                yield Problem(node.id, f'"{flow.title}" {found[0]}', found[1])
            try:
                self._met(flow, data)
            except ModelError as error:
                yield Problem(node.id, f'"{node.title}": {error.message}', error.remedy)

    def _of_format(self, runtime: str, flow: _Flow) -> tuple[str, str] | None:
        return refusal(runtime, flow.format, flow.precision or "fp32") if flow.format else None  # type: ignore[arg-type]

    def _leave(self, node: PlannedNode, spec: StepSpec, given: Mapping[str, Artifact], arrived: _Flow | None) -> None:
        """Notes what the node's model output will be."""
        if not any(port.kind is PortKind.MODEL for port in spec.outputs):
            return
        own = next((artifact for artifact in given.values() if isinstance(artifact, ModelArtifact)), None)
        before = arrived or _Flow(node.title)
        done = order.after(spec, node.title, node.params, before.before)
        if own is not None:
            self._models[node.id] = _Flow(node.title, own, own.format, own.precision, done)
            return
        makes = dict(spec.makes(spec.params.checked(node.params, node.title)) if callable(spec.makes) else spec.makes or {})
        # A changed file may take any batch again; its input and outputs stay.
        changed = before.artifact.model_copy(update={**makes, "batch": None}) if before.artifact and makes else before.artifact
        format, precision = makes.get("format", before.format), makes.get("precision", before.precision)
        self._models[node.id] = _Flow(node.title, changed, format, precision, done)
