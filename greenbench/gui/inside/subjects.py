"""Which models of a run can be looked into, and where their files lie: its variants first, then what other nodes gave."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbench.core.artifact import ModelArtifact
from greenbench.core.jobs import StoredRef
from greenbench.core.run import RunResult, VariantResult
from greenbench.core.runtimes import refusal, unavailable
from greenbench.engine.cache import Cache
from greenbench.engine.past import test_data, variant_model

_OWN = {"onnx": "onnxruntime", "openvino": "openvino"}
_TOLD_APART = ("onnxruntime", "eager", "openvino")  # others execute a network as one piece


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
        """What it is called in a list."""
        return f"{self.letter}  {self.title}" if self.letter else self.title

    @property
    def name(self) -> str:
        """What it is called in a heading."""
        return f"{self.letter} {self.title}" if self.letter else self.title


def subjects(result: RunResult) -> list[Subject]:
    """The variants that have a model, in order, also those that could not be measured; then the other nodes that gave one."""
    gave = {node.node for node in result.nodes if any(isinstance(output, ModelArtifact) for output in node.outputs.values())}
    found: dict[str, Subject] = {}
    for index, variant in enumerate(result.variants):
        if variant.node in gave:
            found.setdefault(variant.node, Subject(variant.node, variant.name, variant.letter, index))
    titles = {node.id: node.shown_title for node in result.plan.nodes}
    for node in result.nodes:
        if node.node in gave:
            found.setdefault(node.node, Subject(node.node, titles.get(node.node, node.title)))
    return list(found.values())


def stored_model(result: RunResult, subject: Subject, cache: Cache) -> StoredRef:
    """The files of a model.

    Raises:
        StoreError: they are no longer there; says how to get them back.
    """
    return variant_model(result, _as_variant(result, subject), cache)


def artifact_of(result: RunResult, subject: Subject) -> ModelArtifact | None:
    """What a node gave, as the run remembers it; the files may be gone."""
    outputs = next((node.outputs for node in result.nodes if node.node == subject.node), {})
    return next((output for output in outputs.values() if isinstance(output, ModelArtifact)), None)


def stored_data(result: RunResult, subject: Subject, cache: Cache) -> StoredRef | None:
    """The data on which a model was measured: that of its benchmark, of the first one for a model that was not measured."""
    return test_data(result, _as_variant(result, subject), cache)


def _as_variant(result: RunResult, subject: Subject) -> VariantResult:
    if subject.index >= 0:
        return result.variants[subject.index]
    benchmark = next((node.id for node in result.plan.nodes if node.step == "benchmark"), "")
    return VariantResult(letter="", node=subject.node, name=subject.title, benchmark=benchmark)


def runtimes(result: RunResult, chosen: Sequence[Subject], models: Sequence[ModelArtifact]) -> list[str]:
    """The runtimes in which all chosen models can be looked into: the one they were measured in first, then those of their files."""
    measured = [result.variants[subject.index].runtime for subject in chosen if subject.index >= 0]
    others = [variant.runtime for variant in result.variants if variant.runtime]
    wanted = [*measured, *others[:1], *(_OWN.get(model.format, "eager") for model in models)]
    return [
        key
        for key in dict.fromkeys(wanted)
        if key in _TOLD_APART and unavailable(key, "cpu") is None and all(refusal(key, m.format, m.precision) is None for m in models)
    ]
