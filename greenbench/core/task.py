"""What a model is for: the tasks by key, with the metric that judges each. Loss and scores are in greenbench.ml.tasks, one file a task."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskInfo:
    """A task. `metric` is a key of greenbench.core.metrics, "" where nothing can be judged; `has_classes`: its answers are names."""

    key: str
    title: str
    metric: str
    has_classes: bool
    trainable: bool = False


TASKS: dict[str, TaskInfo] = {
    task.key: task
    for task in (
        TaskInfo("classification", "Classification", "accuracy", True, True),
        TaskInfo("regression", "Regression", "mean_absolute_error", False, True),
        TaskInfo("segmentation", "Segmentation", "mean_iou", True),
        TaskInfo("detection", "Object detection", "", True),
        TaskInfo("other", "Other (latency, energy and size only)", "", False),
    )
}
