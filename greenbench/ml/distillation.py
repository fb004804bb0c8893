"""Distillation on soft targets (Hinton 2015, Distilling the Knowledge in a Neural Network, section 2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml import evaluation
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import Dataset
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


def soft_targets(teacher: Stored, dataset: Dataset, temperature: float, alpha: float, context: StepContext) -> Loss:
    """Asks the teacher for its outputs on the training split, in evaluation mode and without gradients.

    Any model that runs can teach, an int8 graph too.

    Raises:
        ModelError: the teacher answers other classes than the data has, or takes other input.
    """
    model = teacher.model
    if model.classes != dataset.classes and len(model.classes) != len(dataset.classes):
        raise ModelError(
            f'The teacher "{teacher.title}" knows {len(model.classes)} classes, the data set {len(dataset.classes)}.',
            "Train the teacher on the same data set.",
        )
    if model.input.shape != dataset.input.shape:
        raise ModelError(
            f'The teacher "{teacher.title}" takes input {model.input.shape}, the data set gives {dataset.input.shape}.',
            "Train the teacher on the same data set.",
        )
    split = dataset.split("train")
    if model.format == "onnx":
        from greenbench.ml.runtimes import runtime

        session = runtime("onnxruntime").prepare(teacher, threads=context.threads, device="cpu")
        outputs = evaluation.answers(session.run, split, context, quiet=True)
    else:
        module: nn.Module = load_module(teacher).to(context.device)
        outputs = evaluation.logits(module, split, context, quiet=True)
    if outputs.shape[1] != len(dataset.classes):
        raise ModelError(f'The teacher "{teacher.title}" gives {outputs.shape[1]} outputs for {len(dataset.classes)} classes.')
    return SoftTargets(torch.from_numpy(outputs).to(context.device), temperature, alpha)
