"""What travels between steps, as data: the description of a model or a data set; the weights stay in files beside it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen value that is written to and read from JSON.

    NaN and infinity (a loss that diverged) are written as strings: JSON has no other word for them, and they read back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Fact(Value):
    """One line of a node's result panel: "Parameters 73,100, before 270,000".

    `unit` is "", "B", "s", "%" (the value a fraction), "MAC" or "FLOP"; counts have "".
    """

    title: str
    value: float | None = None
    unit: str = ""
    before: float | None = None
    low: float | None = None
    high: float | None = None
    text: str = ""


class InputSpec(Value):
    """What a model takes: the shape of one example (C, H, W or features) and the normalisation applied to raw [0, 1] data.

    `mean` and `std` have one entry for each channel; a model that takes raw data has 0 and 1.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


class Architecture(Value):
    """How to build a network before its weights are loaded: a name the model library knows, and its arguments."""

    name: str
    arguments: dict[str, Any] = {}


class Footprint(Value):
    """What a model weighs. `flops` is 2 × multiply-adds of one example; `size_bytes` is the file of weights as it is
    shipped, `size_coded_bytes` the smallest lossless file of ours that reads back bit-exact."""

    parameters: int
    nonzero_parameters: int
    flops: int | None = None
    size_bytes: int
    size_coded_bytes: int | None = None
    layers: int | None = None


class ModelArtifact(Value):
    """A model between steps.

    `format` says what the "weights" file is: a safetensors file for `architecture`, whose layers are resized to the
    shapes found in it ("torch"), or an ONNX graph ("onnx"). Other roles in `files`: "masks" (what pruning set to zero and
    later steps must keep), "packed" (coded file). `precision` is what executes: "fp32", "int8".
    `trained` is false until a training step or trained weights made it useful.
    """

    type: Literal["model"] = "model"
    format: Literal["torch", "onnx"]
    files: dict[str, str]
    architecture: Architecture | None = None
    input: InputSpec
    task: str = "classification"
    classes: tuple[str, ...]
    precision: str = "fp32"
    trained: bool = False
    footprint: Footprint
    lineage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SplitInfo(Value):
    """One named part of a data set. `digest` is a hash over its content, in order."""

    examples: int
    digest: str


class DatasetArtifact(Value):
    """A data set between steps, with its named splits: train, validation, calibration, test; disjoint and seeded.

    `kind` says how the files are read (see greenbench.ml.data). `random` data has no true labels: latency only.
    `notes` are what a reader of results on this data must know, as sentences.
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


class ResultsArtifact(Value):
    """What a benchmark gives: the results themselves are joined with energy in the parent and kept in the store."""

    type: Literal["results"] = "results"
    files: dict[str, str] = {}
    variants: tuple[str, ...] = ()


Artifact = ModelArtifact | DatasetArtifact | ResultsArtifact
AnyArtifact = Annotated[Artifact, Field(discriminator="type")]
