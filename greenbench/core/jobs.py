"""Single jobs beside runs, as data: look at a file, read the sources, export a model and prove it, look inside one, compare answers.

Each is done in a process of its own (greenbench.engine.jobs), because each may need torch, take long, or be given a hostile file.
"""

from typing import Annotated, Literal

from pydantic import Field

from greenbench.core.artifact import AnyArtifact, Fact
from greenbench.core.run import Failure, LineageStep, Plan, RunResult
from greenbench.core.trust import TrustRequest
from greenbench.core.value import Value


class StoredRef(Value):
    """An artefact and the folder of this machine where its files lie; what greenbench.core.step.Stored is, as a message."""

    artifact: AnyArtifact
    folder: str
    node: str = ""
    title: str = ""


class InspectFile(Value):
    """What is in this model file? Answered by `Found`."""

    job: Literal["inspect"] = "inspect"
    path: str
    trusted: tuple[str, ...] = ()


class TensorFound(Value):
    """An input or output of a file. A free size is its name ("batch") or "?"."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str


class Candidate(Value):
    """An architecture to which weights may belong: how many of its tensors the file has in the right shape, which it lacks, which it
    has besides, which have another shape ("fc.weight: 10×512 instead of 1000×512")."""

    architecture: str
    matched: int
    total: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing and not self.unexpected and not self.reshaped


class Found(Value):
    """What a model file is, by its content. `format` is one of greenbench.core.artifact.ModelFormat, "weights" (numbers without a
    network), or "unknown". `sentence` says all of it in one line. Counts are None where the file does not say."""

    result: Literal["found"] = "found"
    path: str
    sha256: str
    format: str
    sentence: str
    size_bytes: int
    inputs: tuple[TensorFound, ...] = ()
    outputs: tuple[TensorFound, ...] = ()
    parameters: int | None = None
    opset: int | None = None
    producer: str = ""
    candidates: tuple[Candidate, ...] = ()
    trust: TrustRequest | None = None
    notes: tuple[str, ...] = ()


class PrepareSources(Value):
    """Read the sources of a plan into the cache, and nothing else. Answered by `SourcesPrepared`."""

    job: Literal["sources"] = "sources"
    plan: Plan
    cache: str


class PreparedNode(Value):
    """One source: what it gives and the folder where its files lie, or why it could not be read."""

    node: str
    title: str
    folder: str = ""
    outputs: dict[str, AnyArtifact] = {}
    facts: tuple[Fact, ...] = ()
    headline: str = ""
    failure: Failure | None = None


class SourcesPrepared(Value):
    """`mismatches`: for each node that would fail because model and data do not go together, why."""

    result: Literal["sources-prepared"] = "sources-prepared"
    nodes: tuple[PreparedNode, ...]
    mismatches: dict[str, Failure] = {}


class LookInside(Value):
    """The layers of a model, and how long each takes in a runtime. `data` gives the examples; without it they are random.
    Answered by `ModelView`."""

    job: Literal["look"] = "look"
    model: StoredRef
    data: StoredRef | None = None
    runtime: str = "eager"
    threads: int = 1


class Layer(Value):
    """One layer in the order of execution. `shape` is that of its output for one example, without the batch; `sparsity` the share of
    its weights that are exactly zero; `distinct` how many different values they have; `digest` names their content; `seconds` the
    median time of one call at batch 1. None: not known, or it has none."""

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    weight_shape: tuple[int, ...] = ()
    parameters: int = 0
    macs: int | None = None
    dtype: str = ""
    sparsity: float | None = None
    distinct: int | None = None
    digest: str = ""
    seconds: float | None = None


class ModelView(Value):
    """A model from the inside. `seconds` is the median time of the whole network; layers add up to less, or to more where measuring
    each one costs time itself: `notes` say so."""

    result: Literal["model-view"] = "model-view"
    title: str
    format: str
    runtime: str
    layers: tuple[Layer, ...]
    seconds: float | None = None
    notes: tuple[str, ...] = ()


class CompareAnswers(Value):
    """Where two models answer differently on the test examples. Answered by `Differences`; the pictures lie in `folder`."""

    job: Literal["differences"] = "differences"
    first: StoredRef
    second: StoredRef
    data: StoredRef
    folder: str
    limit: int = 60
    threads: int = 1


class AnswerDifference(Value):
    """One test example with both answers and how sure each is (a fraction; None where the task has no such thing)."""

    index: int
    truth: str
    first: str
    second: str
    first_confidence: float | None = None
    second_confidence: float | None = None
    first_right: bool | None = None
    second_right: bool | None = None
    image: str = ""
    text: str = ""


class Differences(Value):
    """`only_first`: examples that the first model alone gets right; `shown` are at most as many as asked for, the surest first."""

    result: Literal["differences"] = "differences"
    folder: str
    examples: int
    agree: int
    only_first: int = 0
    only_second: int = 0
    both_wrong: int = 0
    shown: tuple[AnswerDifference, ...] = ()


ExportFormat = Literal["onnx", "pt2", "torchscript", "safetensors", "openvino", "packed"]


class Export(Value):
    """Write a model as a file for others, read it back in a fresh process, compare, and write the model card. Its numbers for the card
    are those of `variant` (letter or node) in `run`. Files of that name are replaced only with `overwrite`. Answered by `Exported`, or
    the job fails with a ProofError and leaves no file."""

    job: Literal["export"] = "export"
    model: StoredRef
    data: StoredRef | None = None
    format: ExportFormat
    folder: str
    name: str
    lineage: tuple[LineageStep, ...] = ()
    run: RunResult | None = None
    variant: str = ""
    threads: int = 1
    overwrite: bool = False


class Proof(Value):
    """How the file answered in a fresh process, against the pipeline's model. `largest_relative` is the largest error as a share of the
    model's largest output, and at most `tolerance`. `agreement` is the share of examples with the same answer (None where answers are
    no classes), `metric` the task's with its value before and after; None: the data has no truth. `process` says what answered, and
    what it was compared with. Of an int8 model `typical` is limited too, the root mean square error as a share of that of the outputs,
    and the agreement: `typical_allowed`, `agreement_required`; None: no such limit."""

    examples: int
    random: bool = False
    largest_absolute: float
    largest_relative: float
    tolerance: float
    typical: float | None = None
    typical_allowed: float | None = None
    agreement: float | None = None
    agreement_required: float | None = None
    metric: str = ""
    before: float | None = None
    after: float | None = None
    process: str = ""


class ExportedFile(Value):
    name: str
    size_bytes: int
    sha256: str


class Exported(Value):
    result: Literal["exported"] = "exported"
    folder: str
    format: ExportFormat
    files: tuple[ExportedFile, ...]
    proof: Proof
    card: str


class Prove(Value):
    """Answer examples with nothing but exported files: what the export asks of a fresh process. `folder` has the files, of which
    `name` is the main one's without its ending; `inputs` is a .npy file of examples, and `outputs` where the answers go;
    `trusted` are the hashes of Python files that build the network. Answered by `Proved`."""

    job: Literal["prove"] = "prove"
    format: ExportFormat
    folder: str
    name: str
    inputs: str
    outputs: str
    batch: int = 1
    threads: int = 1
    trusted: tuple[str, ...] = ()


class Proved(Value):
    """`runtime` in words, with its version."""

    result: Literal["proved"] = "proved"
    runtime: str
    examples: int


JobRequest = Annotated[InspectFile | PrepareSources | LookInside | CompareAnswers | Export | Prove, Field(discriminator="job")]
JobResult = Annotated[Found | SourcesPrepared | ModelView | Differences | Exported | Proved, Field(discriminator="result")]
