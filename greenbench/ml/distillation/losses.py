"""What a student loses against a teacher, as formulas alone: soft targets (Hinton 2015) and their decoupled form (Zhao 2022)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Temperature = float | Tensor
"""One for all examples, or one for each (N,)."""


def divergence(student: Tensor, teacher: Tensor, temperature: Temperature) -> Tensor:
    """KL(softmax(teacher/T) ‖ softmax(student/T)) of each example, (N,), from logits (N, classes)."""
    by = _column(temperature)
    return _kl(functional.log_softmax(student / by, dim=1), functional.log_softmax(teacher / by, dim=1))


def soft_target_loss(student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, alpha: float) -> Tensor:
    """α·T²·KL(softmax(teacher/T) ‖ softmax(student/T)) + (1 − α)·cross-entropy, mean over the batch.

    `student` and `teacher` are logits (N, classes). Gradients of the soft part scale as 1/T²; the factor T² keeps its
    weight against the hard part when T changes (Hinton 2015, section 2).
    """
    soft = divergence(student, teacher, temperature).mean()
    return alpha * temperature**2 * soft + (1 - alpha) * functional.cross_entropy(student, labels)


def decoupled(student: Tensor, teacher: Tensor, labels: Tensor, temperature: Temperature) -> tuple[Tensor, Tensor]:
    """The two parts of the divergence of each example, both (N,): how sure to be of the true class (TCKD), and how to share what is left
    among the others (NCKD). divergence = TCKD + (1 − p)·NCKD with p the teacher's softened probability of the true class.

    Needs three classes: with two, nothing is left to share. Zhao 2022 (2203.08679), section 3.1.
    """
    by = _column(temperature)
    pairs = [_split(logits / by, labels) for logits in (student, teacher)]
    (student_pair, student_rest), (teacher_pair, teacher_rest) = pairs
    return _kl(student_pair, teacher_pair), _kl(student_rest, teacher_rest)


def weighted_mean(values: Tensor, weights: Tensor | None, temperature: Temperature) -> Tensor:
    """The mean of T²·w·value over the batch, each example with its own temperature and weight; w = 1 where there are none."""
    scaled = values * temperature**2
    return (scaled if weights is None else scaled * weights).mean()


def _split(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of (true class, any other), (N, 2), and those of the other classes among themselves, (N, classes − 1)."""
    count, classes = logits.shape
    others = torch.ones_like(logits, dtype=torch.bool).scatter_(1, labels[:, None], False)
    rest = logits[others].view(count, classes - 1)
    pair = torch.cat([logits.gather(1, labels[:, None]), rest.logsumexp(dim=1, keepdim=True)], dim=1)
    return functional.log_softmax(pair, dim=1), functional.log_softmax(rest, dim=1)


def _kl(student_log: Tensor, teacher_log: Tensor) -> Tensor:
    return functional.kl_div(student_log, teacher_log, reduction="none", log_target=True).sum(dim=1)


def _column(temperature: Temperature) -> Temperature:
    return temperature[:, None] if isinstance(temperature, Tensor) else temperature


Divergence = Callable[[Tensor, Tensor, Tensor, Temperature], Tensor]
"""From logits of student and teacher, labels and temperature to the divergence of each example."""
