"""Loads a classifier of transformers with what belongs to it."""

from pathlib import Path

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.models import check_output, hub
from greenbench.ml.models.transformers_networks import FromFolder, kind_of, load_folder
from greenbench.ml.panel import compact, model_facts
from greenbench.steps.model_huggingface.spec import HuggingFaceParams
from greenbench.steps.preprocessing import input_spec

_MULTI_LABEL = "multi_label_classification"


def apply(inputs: Inputs, params: HuggingFaceParams, context: StepContext) -> StepOutcome:
    """Finds the model's folder, loads it, and tries it on blank examples.

    Raises:
        ModelError: there is no such model, it is no classifier, or its weights or tokenizer cannot be read.
    """
    source = params.source.strip()
    if not source:
        raise ModelError("No model is chosen.", "Give its folder or its id on the hub.")
    if params.constants.strip():
        raise ModelError("A Hugging Face model takes one input; other inputs cannot be set for it.", "Leave them empty.")
    context.progress(0.05, f"looking for {source}")
    folder = hub.folder_of(source, params.revision.strip())
    context.check()
    found, files, own, notes = _open(folder, context)
    context.check()
    wanted = input_spec(params, own)
    _check_length(wanted, folder, found)
    task = _task(found)
    classes = hub.class_names(found.config) if TASKS[task].has_classes else ()
    name = Path(source).name
    check_output(found.module, wanted, len(classes), name, task)
    blueprint = Blueprint(
        found.architecture,
        wanted,
        classes,
        trained=True,
        task=task,
        notes=(*found.notes, *notes),
        origin=f"Hugging Face, {_origin(source)}",
        licence=hub.licence_of(folder),
    )
    made = save_module(found.module, context.folder, blueprint, step=context.title)
    made = made.model_copy(update={"files": {**made.files, **files}})
    return StepOutcome({"model": made}, model_facts(made), f"{compact(made.footprint.parameters)} params")


def _open(folder: Path, context: StepContext) -> tuple[FromFolder, dict[str, str], InputSpec, tuple[str, ...]]:
    """The network, the files that travel with it, what it takes, and notes."""
    if kind_of(hub.settings(folder)) == "image":
        found = load_folder(folder, None)
        spec, notes = hub.image_input(folder, found.config)
        return found, {}, spec, notes
    tokenizer, padding = hub.copy_tokenizer(folder, context.folder)
    found = load_folder(folder, padding)
    spec = hub.text_input(folder, found.config, int(found.architecture.arguments["padding"]))
    return found, {"tokenizer": tokenizer.name}, spec, ()


def _check_length(wanted: InputSpec, folder: Path, found: FromFolder) -> None:
    if wanted.kind != "text":
        return
    longest = hub.longest_text(folder, found.config)
    if wanted.shape[0] > longest:
        raise ModelError(f"This model takes at most {longest} tokens, not {wanted.shape[0]}.", "Lower the input size.")


def _task(found: FromFolder) -> str:
    kind = getattr(found.config, "problem_type", None)
    if kind == "regression" or (kind is None and found.config.num_labels == 1):
        return "regression"
    return "other" if kind == _MULTI_LABEL else "classification"


def _origin(source: str) -> str:
    """A hub id as it is; of a local folder only its name: results are handed on, and paths of this machine stay here."""
    return Path(source).name if Path(source).expanduser().is_dir() else source
