"""What travels between steps, as data: the description of a model or a data set; the weights stay in files beside it."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from greenbench.core.claim import ClaimResult
from greenbench.core.value import Value

TRAINING_WORK = "Training work (E·D·H)"
"""The title of the fact that says what a step's training took, in FLOP (Schwartz 2019, Green AI, section 3)."""


class Fact(Value):
    """One line of a node's result panel: "Parameters 73,100, before 270,000".

    `unit` is "", "B", "s", "%" (the value a fraction), "MAC" or "FLOP"; counts have "". `code` says what a sentence is about, for
    programs: "odd-channels", "depthwise", "small-layers", "zeros", "more-layers" of those titled "May slow it".
    """

    title: str
    code: str = ""
    value: float | None = None
    unit: str = ""
    before: float | None = None
    low: float | None = None
    high: float | None = None
    text: str = ""


class Tokens(Value):
    """How a sentence becomes numbers: "file", the tokenizer that lies beside the model (role "tokenizer"); "hash", each word
    by its hash, which needs no vocabulary (Weinberger 2009, Feature Hashing). `vocabulary` is how many different numbers there are,
    `padding` the one that fills short sentences and is not looked at."""

    kind: Literal["file", "hash"]
    vocabulary: int
    padding: int = 0


InputKind = Literal["image", "features", "text", "tensor"]


class InputSpec(Value):
    """What a model takes, for one example, and how raw data becomes that; it travels with the model. Of a data set: what it holds.

    `shape` is (C, H, W) of an image, (F,) of features, (L,) of a text as token numbers (0: a data set's raw sentences), anything of
    a "tensor", which is passed on untouched. `kind` not given follows from the shape. Images: brought to size by `interpolation`,
    of which the middle `crop` of the shorter side is kept (torchvision's 224 of 256: 0.875), channels in `channel_order`, raw bytes as
    fractions of 255, minus `mean`, over `std` (one entry for each channel; 0 and 1 leave the data raw), channels at the place
    `layout` says. Text: numbered by `tokens`.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    kind: InputKind = "tensor"
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
    crop: float = 1.0
    channel_order: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["channels first", "channels last"] = "channels first"
    tokens: Tokens | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_from_shape(cls, values: Any) -> Any:
        if isinstance(values, dict) and "kind" not in values and "shape" in values:
            kind = {1: "features", 3: "image"}.get(len(values["shape"]), "tensor")
            return {**values, "kind": kind}
        return values

    @property
    def array_shape(self) -> tuple[int, ...]:
        """The shape of one example as the model's array has it: channels where `layout` puts them."""
        if self.kind == "image" and self.layout == "channels last":
            return (*self.shape[1:], self.shape[0])
        return self.shape


class ConstantInput(Value):
    """A further input of a model, the same at every call: a state that starts at zero, a sampling rate. −1 in `shape` is the batch."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    value: float = 0.0


class LayerChange(Value):
    """A layer that compression put in another's place: which one, by what kind of layer ("svd", "hashed"), and the numbers that make it."""

    layer: str
    kind: str
    arguments: dict[str, Any] = {}


class Architecture(Value):
    """How to build a network before its weights are loaded: a name the model library knows, its arguments, and the layers that were
    replaced since, in order."""

    name: str
    arguments: dict[str, Any] = {}
    changes: tuple[LayerChange, ...] = ()


class Footprint(Value):
    """What a model weighs. `flops` is 2 × multiply-adds of one example; `size_bytes` is the file of weights as it is
    shipped, `size_coded_bytes` the smallest lossless file of ours that reads back bit-exact, None where it was not counted (a benchmark
    counts it then, if the format lets it)."""

    parameters: int
    nonzero_parameters: int
    flops: int | None = None
    size_bytes: int
    size_coded_bytes: int | None = None
    layers: int | None = None


ModelFormat = Literal["torch", "torchscript", "exported", "onnx", "openvino"]


class ModelArtifact(Value):
    """A model between steps.

    `format` says what the "weights" file is: a safetensors file for `architecture`, whose layers are resized to the
    shapes found in it ("torch"); a TorchScript archive ("torchscript"); a torch.export archive ("exported"); an ONNX graph ("onnx");
    an OpenVINO IR, .xml with its numbers in the role "bin" ("openvino"). Other roles in `files`: "masks" (what pruning set to zero and
    later steps must keep), "packed" (coded file), "tokenizer" (tokenizer.json), "data" (what an ONNX graph keeps outside).
    `precision` is what executes: "fp32", "fp16", "bf16", "int8". `trained` is false until training or trained weights made it useful.
    `classes` is empty where the task has none. `batch`: the only batch size the file takes; None: any. `constants`: its other inputs.
    `training_flop` is the work of all trainings it went through (Schwartz 2019: E·D·H), that of a teacher not among them.
    `origin` and `licence` say where it comes from, for the model card. `digest` is the hash of the file the user gave, if one was.
    """

    type: Literal["model"] = "model"
    format: ModelFormat
    files: dict[str, str]
    architecture: Architecture | None = None
    input: InputSpec
    constants: tuple[ConstantInput, ...] = ()
    batch: int | None = None
    task: str = "classification"
    classes: tuple[str, ...]
    precision: str = "fp32"
    trained: bool = False
    footprint: Footprint
    lineage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    origin: str = ""
    licence: str = ""
    digest: str = ""
    training_flop: float = 0.0


def split_word(name: str) -> str:
    """What the examples of a split are called: "training", "test"."""
    return "training" if name == "train" else name


class SplitInfo(Value):
    """One named part of a data set. `digest` is a hash over its content, in order."""

    examples: int
    digest: str


class DatasetArtifact(Value):
    """A data set between steps, with its named splits: train, validation, calibration, test; disjoint and seeded.

    `kind` says how the files are read (see greenbench.ml.data). `random` data has no true labels: latency only.
    `notes` are what a reader of results on this data must know, as sentences. `task` is a key of greenbench.core.task; `unit` that
    of a regression's target. `classes` is empty where the task has none. The role "preview" in `files` is a greenbench.core.preview.
    """

    type: Literal["dataset"] = "dataset"
    kind: str
    name: str
    files: dict[str, str] = {}
    options: dict[str, Any] = {}
    input: InputSpec
    task: str = "classification"
    classes: tuple[str, ...]
    splits: dict[str, SplitInfo]
    random: bool = False
    notes: tuple[str, ...] = ()
    unit: str = ""
    licence: str = ""


class ResultsArtifact(Value):
    """What a step that measures or judges gives. Of a benchmark the results themselves are joined with energy in the parent and kept in
    the store; `values` are numbers by name (SI units in the name: "energy_kwh"), `claim` is what became of a paper's claim."""

    type: Literal["results"] = "results"
    files: dict[str, str] = {}
    variants: tuple[str, ...] = ()
    values: dict[str, float] = {}
    claim: ClaimResult | None = None


Artifact = ModelArtifact | DatasetArtifact | ResultsArtifact
AnyArtifact = Annotated[Artifact, Field(discriminator="type")]
