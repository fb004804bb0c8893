"""Which models of a run can be looked into, and where their files lie: its variants first, then what other nodes gave."""

from dataclasses import dataclass

from greenbench.core.artifact import ModelArtifact
from greenbench.core.jobs import StoredRef
from greenbench.core.run import RunResult, VariantResult
from greenbench.engine.cache import Cache
from greenbench.engine.past import test_data, variant_model

_NATURAL = {"onnx": "onnxruntime", "openvino": "openvino"}


@dataclass(frozen=True)
class Subject:
    """A model of a run. `letter` and `index` are those of its variant ("" and −1 for a node that was not measured)."""

    node: str
    title: str
    letter: str = ""
    index: int = -1

    @property
    def short(self) -> str:
        """What it is called in a sentence: its letter, or its title in quotes."""
        return self.letter or f"“{self.title}”"

    @property
    def words(self) -> str:
        return f"{self.letter}  {self.title}" if self.letter else self.title


def subjects(result: RunResult) -> list[Subject]:
    """The variants that have a model, in order, also those that could not be measured; then the other nodes that gave one."""
    gave = {node.node for node in result.nodes if any(isinstance(output, ModelArtifact) for output in node.outputs.values())}
    found: dict[str, Subject] = {}
    for index, variant in enumerate(result.variants):
        if variant.node in gave:
            found.setdefault(variant.node, Subject(variant.node, variant.name, variant.letter, index))
    for node in result.nodes:
        if node.node in gave:
            found.setdefault(node.node, Subject(node.node, node.title))
    return list(found.values())


def stored_model(result: RunResult, subject: Subject, cache: Cache) -> StoredRef:
    """The files of a model.

    Raises:
        StoreError: they are no longer there; says how to get them back.
    """
    return variant_model(result, _as_variant(result, subject), cache)


def stored_data(result: RunResult, subject: Subject, cache: Cache) -> StoredRef | None:
    """The data on which a model was measured: that of its benchmark, of the first one for a model that was not measured."""
    return test_data(result, _as_variant(result, subject), cache)


def _as_variant(result: RunResult, subject: Subject) -> VariantResult:
    if subject.index >= 0:
        return result.variants[subject.index]
    benchmark = next((node.id for node in result.plan.nodes if node.step == "benchmark"), "")
    return VariantResult(letter="", node=subject.node, name=subject.title, benchmark=benchmark)


def natural_runtime(model: StoredRef) -> str:
    """What executes a model as it is, without turning it into another format."""
    artifact = model.artifact
    assert isinstance(artifact, ModelArtifact)
    return _NATURAL.get(artifact.format, "eager")
