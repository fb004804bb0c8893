"""A model from Hugging Face: a local folder or a hub id."""

import importlib.util
import re
from pathlib import Path

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_folder, of_folder
from greenbench.steps.preprocessing import PreprocessingParams

_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


class HubParams(Params):
    """Where the model is, before what it takes."""

    source: str = parameter(
        "",
        "Folder or id",
        "A folder that save_pretrained() made, or the id of a model on the hub: google/vit-base-patch16-224. An id needs the network the "
        "first time.",
    )
    revision: str = parameter("", "Revision", "A branch, tag or commit of the model on the hub. Empty: the newest.", advanced=True)


class HuggingFaceParams(HubParams, PreprocessingParams):
    """The model first, then what it takes."""


def _obstacle(params: HuggingFaceParams) -> tuple[str, str] | None:
    if importlib.util.find_spec("transformers") is None:
        return "the library transformers is not installed.", 'Install it with pip install "greenbench[text]".'
    source = params.source.strip()
    if not source:
        return "no model is chosen.", "Give its folder or its id on the hub."
    if Path(source).expanduser().is_dir() or _ID.fullmatch(source):
        return None
    return no_folder(str(Path(source).expanduser())) or None


def _fingerprint(params: HuggingFaceParams) -> str:
    folder = Path(params.source.strip()).expanduser()
    return of_folder(str(folder)) if params.source.strip() and folder.is_dir() else ""


SPEC = StepSpec(
    key="model.huggingface",
    version=1,
    title="Hugging Face model",
    group=Group.SOURCES,
    icon="smiley",
    summary="Takes an image or text classifier from Hugging Face.",
    help="Loads a classifier of images or texts with its tokenizer or preprocessing, its class names and its licence. Weights are read "
    "from safetensors, or from a .bin that holds numbers alone; code that comes with a model is never run. The network can then be "
    "trained, pruned and saved. For texts, the input size is the number of tokens that are kept: 128, or fewer where the model takes "
    "fewer.",
    params=HuggingFaceParams,
    apply="greenbench.steps.model_huggingface.apply:apply",
    outputs=(Port("model", PortKind.MODEL),),
    highlights=("source", "input"),
    aliases=("transformers", "hub", "bert", "vit", "text", "sentence", "tokenizer", "pretrained weights", "language"),
    fingerprint=_fingerprint,
    obstacle=_obstacle,
)
