"""What the outputs of a model mean: its task as it looks, and the names of its classes."""

from pathlib import Path

from greenbench.core.errors import ModelError
from greenbench.core.task import TASKS
from greenbench.ml.models.class_names import read_class_names
from greenbench.ml.tasks import task as task_of_key
from greenbench.steps.model_file.spec import ModelFileParams


def task_of(params: ModelFileParams, outputs: tuple[int, ...]) -> tuple[str, str]:
    """The task, and what was assumed where the user did not say it; `outputs` is the shape of the answers, batch first."""
    if params.task != "auto":
        return params.task, ""
    plain = _plain(outputs)
    if len(plain) == 2 and plain[1] > 1:
        return "classification", ""
    shape = "×".join(str(side) for side in plain[1:]) or "one number"
    return "other", f"Its answers ({shape}) are none of a classifier: it is run for latency, energy and size. Set the task if it has one."


def class_names(params: ModelFileParams, task: str, outputs: tuple[int, ...], known: tuple[str, ...], file: str) -> tuple[str, ...]:
    """The names of the outputs: from the user's file, else `known` where there are as many, else numbers; none where the task has none.

    Raises:
        ModelError: the outputs are not of this task, or there are more or fewer names than outputs.
    """
    wanted = read_class_names(Path(params.class_names).expanduser()) if params.class_names else ()
    problem = task_of_key(task).output_problem(outputs, len(wanted))
    if problem:
        raise ModelError(f"{file}: {problem}", "Choose another task, or another file of class names." if wanted else "Choose another task.")
    if not TASKS[task].has_classes:
        return ()
    if wanted or task == "detection":
        return wanted or known
    plain = _plain(outputs)
    count = plain[1] if len(plain) > 1 else 1
    return known if len(known) == count else tuple(str(index) for index in range(count))


def _plain(outputs: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the axes of size 1 behind the second."""
    end = len(outputs)
    while end > 2 and outputs[end - 1] == 1:
        end -= 1
    return outputs[:end]
