"""A model from a file of the user's: a whole network, or weights for one that is known here."""

from pathlib import Path
from typing import Literal

from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.core.task import TASKS
from greenbench.core.trust import TrustRequest
from greenbench.ml.files.trust import requests
from greenbench.steps.model_library.zoo import zoo
from greenbench.steps.outside import no_file, of_file
from greenbench.steps.preprocessing import PreprocessingParams


class ChosenFile(Params):
    """Which file, and what for."""

    file: str = parameter(
        "",
        "File",
        "Weights (.safetensors, a PyTorch state dict), TorchScript, torch.export (.pt2), ONNX, or OpenVINO (.xml). The content counts, "
        "not the name.",
        kind=FieldKind.FILE,
    )
    architecture: str = parameter(
        "",
        "Architecture",
        "Only for weights: the network they belong to, by name. Empty: the one whose tensors have the same names and shapes.",
        suggestions=tuple(entry.name for entry in zoo()),
    )
    task: Literal["auto", "classification", "regression", "segmentation", "detection", "other"] = parameter(
        "auto",
        "Task",
        "What the answers mean.",
        choices={"auto": "As the outputs look"} | {key: task.title for key, task in TASKS.items()},
        advanced=True,
    )
    class_names: str = parameter(
        "",
        "Class names",
        "A text file with one name a line, in the order of the outputs, or a JSON list or object. Empty: as far as the file says.",
        kind=FieldKind.FILE,
        advanced=True,
    )


class ModelFileParams(ChosenFile, PreprocessingParams):
    """The file first, then what its network takes."""


def _trust(params: ModelFileParams) -> tuple[TrustRequest, ...]:
    return requests(Path(params.file).expanduser()) if params.file else ()


def _obstacle(params: ModelFileParams) -> tuple[str, str] | None:
    file = no_file(str(Path(params.file).expanduser()) if params.file else "")
    return file or (no_file(str(Path(params.class_names).expanduser())) if params.class_names else None)


def _fingerprint(params: ModelFileParams) -> str:
    """The file, and those beside it in which some formats keep their numbers and our own exports their description."""
    if not params.file:
        return "absent"
    path = Path(params.file).expanduser()
    beside = [Path(f"{path}.data"), Path(f"{path}_data"), path.with_suffix(".data"), path.with_suffix(".bin"), path.with_suffix(".json")]
    names = (params.class_names,) if params.class_names else ()
    return ";".join(of_file(str(each)) for each in (path, *beside, *(Path(name).expanduser() for name in names)))


SPEC = StepSpec(
    key="model.file",
    version=1,
    title="Model file",
    group=Group.SOURCES,
    icon="file",
    summary="Takes a trained model from a file: weights, TorchScript, torch.export, ONNX, OpenVINO.",
    help="Reads a model that you bring. Weights become a PyTorch network again, which can be trained, pruned and quantized: the network "
    "they belong to is found by the names and shapes of their tensors. The other formats run as they are. Say under More how images are "
    "normalised if the file does not. A file that runs code when it is loaded (TorchScript, a pickle with more than numbers) is asked "
    "about once.",
    params=ModelFileParams,
    apply="greenbench.steps.model_file.apply:apply",
    outputs=(Port("model", PortKind.MODEL),),
    highlights=("file", "architecture"),
    aliases=(
        "own model", "my model", "pretrained weights", "load", "import", "weights", "checkpoint",
        "state dict", "safetensors", "pt", "pth", "torchscript", "pt2",
        "export", "onnx", "openvino",
    ),
    fingerprint=_fingerprint,
    obstacle=_obstacle,
    trust=_trust,
    browse={"architecture": "models"},
)  # fmt: skip
