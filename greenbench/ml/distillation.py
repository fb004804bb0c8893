"""Distillation on soft targets (Hinton 2015, Distilling the Knowledge in a Neural Network, section 2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml import evaluation
from greenbench.ml.answering import batch_of, session_of
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import open_dataset
from greenbench.ml.training import Batch, Loss


def soft_target_loss(student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, alpha: float) -> Tensor:
    """α·T²·KL(softmax(teacher/T) ‖ softmax(student/T)) + (1 − α)·cross-entropy, mean over the batch.

    `student` and `teacher` are logits (N, classes). Gradients of the soft part scale as 1/T²; the factor T² keeps its
    weight against the hard part when T changes (Hinton 2015, section 2).
    """
    soft = functional.kl_div(
        functional.log_softmax(student / temperature, dim=1),
        functional.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    hard = functional.cross_entropy(student, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard


class SoftTargets:
    """The loss of a student on the outputs of a teacher, which are computed once: the training images do not change."""

    def __init__(self, teacher_logits: Tensor, temperature: float, alpha: float) -> None:
        self._logits, self._temperature, self._alpha = teacher_logits, temperature, alpha

    def __call__(self, student: Tensor, batch: Batch) -> Tensor:
        return soft_target_loss(student, self._logits[batch.indices], batch.y, self._temperature, self._alpha)


def soft_targets(teacher: Stored, data: Stored, classes: tuple[str, ...], temperature: float, alpha: float, context: StepContext) -> Loss:
    """Asks the teacher for its outputs on the training split, in evaluation mode and without gradients.

    Any model that runs can teach, an int8 graph too; it sees the data as it takes them itself. `classes` are those of the student.

    Raises:
        ModelError: the teacher answers other classes than the student, cannot take the data, or is no classifier.
    """
    if teacher.model.task != "classification":
        raise ModelError(
            f'The teacher "{teacher.title}" is no classifier; soft targets are scores of classes.', "Train the student with labels."
        )
    dataset = open_dataset(data, teacher)
    columns = _columns(teacher, dataset.classes, classes)
    split = dataset.split("train")
    if teacher.model.format == "torch":
        module: nn.Module = load_module(teacher).to(context.device)
        outputs = evaluation.outputs_of(module, split, context)
    else:
        batch = batch_of(teacher.model)
        session = session_of(teacher, context.threads, batch=batch)
        outputs = evaluation.outputs_of(lambda x: session.answers(x, batch), split, context)
    outputs = outputs.reshape(len(outputs), -1)
    if outputs.shape[1] != len(dataset.classes):
        raise ModelError(f'The teacher "{teacher.title}" gives {outputs.shape[1]} outputs for {len(dataset.classes)} classes.')
    return SoftTargets(torch.from_numpy(outputs[:, columns]).to(context.device), temperature, alpha)


def _columns(teacher: Stored, known: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    """The teacher's output for each of the student's classes."""
    places = {_plain(name): place for place, name in enumerate(known)}
    unknown = [name for name in wanted if _plain(name) not in places]
    if unknown:
        more = ", …" if len(unknown) > 3 else ""
        raise ModelError(
            f'The teacher "{teacher.title}" knows {len(known)} classes, the student has {len(wanted)}; unknown to the teacher: '
            f"{', '.join(unknown[:3])}{more}.",
            "Train the teacher on the same data set.",
        )
    return [places[_plain(name)] for name in wanted]


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())
