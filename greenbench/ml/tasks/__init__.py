"""What models are for: one file for each task, which says how answers are judged, learnt and put into words. No torch at import."""

from greenbench.core.errors import StepError
from greenbench.ml.tasks.classification import Classification
from greenbench.ml.tasks.detection import Detection
from greenbench.ml.tasks.other import Other
from greenbench.ml.tasks.regression import Regression
from greenbench.ml.tasks.segmentation import Segmentation
from greenbench.ml.tasks.task import Answer, Task

__all__ = ["Answer", "Task", "task"]

_KINDS: tuple[type[Task], ...] = (Classification, Regression, Segmentation, Detection, Other)


def task(key: str) -> Task:
    """The task with that key of greenbench.core.task.

    Raises:
        StepError: there is none.
    """
    for kind in _KINDS:
        if kind.key == key:
            return kind()
    known = ", ".join(kind.key for kind in _KINDS)
    raise StepError(f'There is no task "{key}".', f"Known tasks: {known}.")
