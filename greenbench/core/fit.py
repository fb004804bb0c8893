"""Whether a model and a data set go together, told from their descriptions alone, so that it is known before anything runs."""

from dataclasses import dataclass

from greenbench.core.artifact import DatasetArtifact, InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.task import TASKS

_BUILD_FOR_IT = "Choose data that fits. A model that is built by name takes its sizes from a data set linked to its step."
_NAMED = 3


@dataclass(frozen=True)
class Fit:
    """How a data set is read for a model. `classes` are the names of the model's outputs; `labels` has for each class of the data the
    output that means it (None: in the same order, or the task has none). `judged`: the data has what the model's answers can be
    compared with; if not, `reason` says why. `notes` are what a reader must know, as sentences."""

    classes: tuple[str, ...]
    labels: tuple[int, ...] | None = None
    judged: bool = True
    reason: str = ""
    notes: tuple[str, ...] = ()


def fit(model: ModelArtifact, data: DatasetArtifact, model_title: str, data_title: str) -> Fit:
    """How `data` is read for `model`. Images are brought to the model's size and channels, sentences to its tokens; random inputs are
    drawn in the model's own shape, whatever it is.

    Raises:
        ModelError: they do not go together; names both and says what to change.
    """
    if data.random:
        return Fit(model.classes, judged=False, reason="not measured: random input has no true labels")
    note = _input_note(model.input, data.input, model_title, data_title)
    notes = (note,) if note else ()
    if model.task == "other":
        return Fit(model.classes, judged=False, reason="not measured: the model has no task that could be judged", notes=notes)
    if model.task != data.task:
        return _other_task(model, data, model_title, data_title, notes)
    if not TASKS[data.task].has_classes:
        return Fit((), notes=notes)
    classes, labels, more = _labels(model.classes, data.classes, model_title, data_title)
    return Fit(classes, labels, notes=notes + more)


def _other_task(model: ModelArtifact, data: DatasetArtifact, model_title: str, data_title: str, notes: tuple[str, ...]) -> Fit:
    asked, given = TASKS[model.task], TASKS[data.task]
    if asked.trainable and given.trainable:
        raise ModelError(
            f'"{model_title}" is for {asked.title.lower()}, the data set "{data_title}" for {given.title.lower()}.',
            "Choose data or a model for the same task.",
        )
    return Fit(model.classes, judged=False, reason=f"not measured: this data has no truth for {asked.title.lower()}", notes=notes)


def _input_note(takes: InputSpec, gives: InputSpec, model_title: str, data_title: str) -> str:
    """What becomes of the data on its way into the model, "" if nothing; raises where there is no way."""
    if takes.kind == gives.kind == "image":
        if takes.shape[0] != gives.shape[0] and not {takes.shape[0], gives.shape[0]} <= {1, 3}:
            raise _mismatch(takes, gives, model_title, data_title)
        return ""
    if takes.kind == gives.kind == "text" and takes.tokens is not None:
        return ""
    if "text" in (takes.kind, gives.kind):
        words = {"image": "images", "features": "rows of numbers", "text": "sentences", "tensor": "arrays"}
        raise ModelError(
            f'"{model_title}" takes {words[takes.kind]}, the data set "{data_title}" gives {words[gives.kind]}.',
            "Choose a model for this kind of data.",
        )
    if takes.shape != gives.shape:
        raise _mismatch(takes, gives, model_title, data_title)
    return ""


def _mismatch(takes: InputSpec, gives: InputSpec, model_title: str, data_title: str) -> ModelError:
    return ModelError(
        f'"{model_title}" takes examples of {_size(takes.shape)}, the data set "{data_title}" gives {_size(gives.shape)}.', _BUILD_FOR_IT
    )


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape) or "one number"


def _labels(
    outputs: tuple[str, ...], classes: tuple[str, ...], model_title: str, data_title: str
) -> tuple[tuple[str, ...], tuple[int, ...] | None, tuple[str, ...]]:
    """The names of the outputs, for each class of the data the output that means it, and what was assumed."""
    if outputs == classes:
        return outputs, None, ()
    places = {_plain(name): index for index, name in reversed(list(enumerate(outputs)))}
    unknown = [name for name in classes if _plain(name) not in places]
    if not unknown:
        chosen = tuple(places[_plain(name)] for name in classes)
        missing = len(outputs) - len(set(chosen))
        note = f'{missing} of the {len(outputs)} classes of "{model_title}" do not occur in "{data_title}".'
        return outputs, chosen, (note,) if missing else ()
    if _numbered(outputs) and len(outputs) == len(classes):
        return (
            classes,
            None,
            (f'The outputs of "{model_title}" have no names; they are taken in the order of the classes of "{data_title}".',),
        )
    if _counted(classes) and max(int(name) for name in classes) < len(outputs):
        note = f'The classes of "{data_title}" are numbers; each is taken as the output of "{model_title}" at that place, from 0.'
        return outputs, tuple(int(name) for name in classes), (note,)
    if len(outputs) != len(classes) and _numbered(outputs):
        raise ModelError(
            f'"{model_title}" gives {len(outputs)} outputs, the data set "{data_title}" has {len(classes)} classes.', _BUILD_FOR_IT
        )
    named = ", ".join(unknown[:_NAMED]) + (", …" if len(unknown) > _NAMED else "")
    raise ModelError(
        f'"{model_title}" does not know {len(unknown)} of the {len(classes)} classes of the data set "{data_title}": {named}.',
        "Give the data source a label map that says which class of the model each of them is.",
    )


def _plain(name: str) -> str:
    """A class name as it is compared: case, underscores and spaces at the ends do not matter."""
    return " ".join(name.replace("_", " ").lower().split())


def _numbered(names: tuple[str, ...]) -> bool:
    """Whether they are "0", "1", "2" …: outputs that nobody named."""
    return names == tuple(str(index) for index in range(len(names)))


def _counted(names: tuple[str, ...]) -> bool:
    return bool(names) and all(name.isdecimal() for name in names)
