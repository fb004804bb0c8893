"""What a step is: a light description that the window can show, and the dotted name of the heavy work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from greenbench.core.artifact import Artifact, DatasetArtifact, Fact, ModelArtifact, ModelFormat
from greenbench.core.errors import StepError
from greenbench.core.params import FieldSpec, Params, field_specs
from greenbench.core.ports import Port, PortKind
from greenbench.core.trust import TrustRequest


class Trait(StrEnum):
    """What a step does to a model, as far as it limits what may come after it (greenbench.core.order)."""

    LEARNS = "learns"  # moves weights freely
    CUTS = "cuts"  # removes channels
    SHARES = "shares"  # few values for many weights, which free training would spread again
    CODES = "codes"  # writes the coded file
    HALVES = "halves"  # casts to half precision, in which nothing is trained or changed any more


class Group(StrEnum):
    """Where a step stands in the library."""

    SOURCES = "sources"
    TRAIN = "train"
    COMPRESS = "compress"
    DISTIL = "distil"
    MEASURE = "measure"

    @property
    def title(self) -> str:  # type: ignore[override]  # hides str.title, which a group never needs
        return self.value.capitalize()


@dataclass(frozen=True)
class Paper:
    """The publication a step follows."""

    label: str
    title: str
    url: str


@dataclass(frozen=True)
class StepSpec:
    """A kind of node.

    `apply` is the dotted name "package.module:function" of the work; it is imported in the worker only.
    `highlights` names the one or two parameters shown on the node. `icon` is a Phosphor name ("columns").
    A step that is not `cacheable` runs each time. `aliases` are other words under which people look for it.
    `fingerprint` gives, from the parameters, text that changes when what they point at outside the pipeline does (a file,
    a folder): it belongs to what the node's output depends on. It is light, and does not fail if nothing is there.
    `obstacle` gives, from the parameters, the sentence and the remedy for what is plainly missing outside (no such folder).
    `trust` gives, from the parameters, the files that would run code when they are loaded: light, and it loads none of them.
    `takes` are the formats of models it can work on (empty: any); `makes` says what its model is, where the step alone decides that:
    {"format": "onnx", "precision": "int8"}, or a function of the parameters. Both let a plan be refused before anything runs.
    `asks` names inputs whose models are only asked for their outputs, so that any format will do there.
    `splits` are the parts of its data that it cannot do without ("train"); `tasks` those it can work on (empty: any).
    `browse` names a parameter for which the window offers a chooser of its own: {"name": "models"}.
    `repeats` names a parameter that counts seeds: everything that makes the step's models is then computed once for each of them.
    `traits` are what it does to a model that later steps must know (greenbench.core.order).
    `needs` gives, from the parameters, the optional inputs that these parameters cannot do without, each with the reason as a clause:
    {"data": "pruning in rounds trains"}. `names` gives the titles by which the parameters speak of connected nodes.
    """

    key: str
    version: int
    title: str
    group: Group
    icon: str
    summary: str
    help: str
    params: type[Params]
    apply: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    highlights: tuple[str, ...] = ()
    paper: Paper | None = None
    cacheable: bool = True
    aliases: tuple[str, ...] = ()
    fingerprint: Callable[[Any], str] | None = None
    obstacle: Callable[[Any], tuple[str, str] | None] | None = None
    trust: Callable[[Any], tuple[TrustRequest, ...]] | None = None
    takes: tuple[ModelFormat, ...] = ()
    makes: Mapping[str, str] | Callable[[Any], Mapping[str, str]] | None = None
    asks: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    browse: Mapping[str, str] | None = None
    repeats: str = ""
    traits: tuple[Trait, ...] = ()
    needs: Callable[[Any], Mapping[str, str]] | None = None
    names: Callable[[Any], tuple[str, ...]] | None = None

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        return field_specs(self.params)

    def field(self, name: str) -> FieldSpec | None:
        return next((spec for spec in self.fields if spec.name == name), None)

    def input(self, name: str) -> Port | None:
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        return next((port for port in self.outputs if port.name == name), None)

    @property
    def pass_through(self) -> tuple[str, str] | None:
        """The (input, output) that a muted node joins: its model in to its model out."""
        ins = [port.name for port in self.inputs if port.kind is PortKind.MODEL and not port.many]
        outs = [port.name for port in self.outputs if port.kind is PortKind.MODEL]
        return (ins[0], outs[0]) if ins and outs else None

    def load(self) -> "Apply":
        """Imports the work. Only the worker calls this: it may bring torch with it."""
        module, _, name = self.apply.partition(":")
        function: Apply = getattr(import_module(module), name)
        return function


@dataclass(frozen=True)
class Stored:
    """An artefact as a step receives it: its description, the folder its files lie in, and the node it comes from. `repeat` counts
    the further seeds over which that node was repeated.

    The files belong to the cache: read them, never write there.
    """

    artifact: Artifact
    folder: Path
    node: str
    title: str
    repeat: int = 0

    @property
    def model(self) -> ModelArtifact:
        if not isinstance(self.artifact, ModelArtifact):
            raise StepError(f'"{self.title}" does not give a model.')
        return self.artifact

    @property
    def dataset(self) -> DatasetArtifact:
        if not isinstance(self.artifact, DatasetArtifact):
            raise StepError(f'"{self.title}" does not give a data set.')
        return self.artifact

    def file(self, role: str) -> Path:
        """The path of one of the artefact's files, by its role ("weights")."""
        return self.folder / self.artifact.files[role]


class Inputs:
    """What arrived at a node's input ports."""

    def __init__(self, arrived: Mapping[str, tuple[Stored, ...]]) -> None:
        self._arrived = dict(arrived)

    def one(self, port: str) -> Stored:
        """The artefact at a port that takes one."""
        arrived = self.many(port)
        if not arrived:
            raise StepError(f'Nothing is connected to "{port}".')
        return arrived[0]

    def many(self, port: str) -> tuple[Stored, ...]:
        """All artefacts at a port, in link order."""
        return self._arrived.get(port, ())


class StepContext(Protocol):
    """What a step may use of the world around it."""

    @property
    def node(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def folder(self) -> Path:
        """An empty folder for this node's files; it becomes the cache entry."""

    @property
    def seed(self) -> int: ...
    @property
    def device(self) -> str:
        """The torch name of the device: "cpu", "cuda:0"."""

    @property
    def threads(self) -> int: ...
    @property
    def trusted(self) -> frozenset[str]:
        """The sha256 of every file that the user allowed to run code. Compare with the bytes that are about to be loaded."""

    def check(self) -> None:
        """Raises Cancelled if the user pressed Stop. Call it at least every 100 ms."""

    def progress(self, fraction: float, text: str = "") -> None:
        """How far the node is (0 to 1), and what it is doing: "epoch 3 of 10"."""

    def metric(self, name: str, value: float, variant: str = "") -> None:
        """One value for the live plots. Names: "loss", "accuracy" (a fraction), "batch_s" (seconds a training batch took)."""

    def log(self, text: str, level: str = "info") -> None: ...


@dataclass(frozen=True)
class StepOutcome:
    """What a step gives back: one artefact for each output port, facts for its result panel, and a headline ("0.29 MB")."""

    outputs: Mapping[str, Artifact]
    facts: tuple[Fact, ...] = ()
    headline: str = ""


Apply = Callable[[Inputs, Any, StepContext], StepOutcome]
