"""Which examples the teacher's part of the loss listens to most: adaptive distillation, one weight for each example of a batch.

Entropies are taken at a temperature of 3, as EA-KD does: at 1 a teacher that knows its training images by heart is sure of nearly all.
The weights of a batch have the mean 1, so that the learning rate means the same with all of them; EA-KD leaves them as they are.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Weighting = Literal["none", "entropy", "entropy and student", "entropy and error", "confidence"]

ENTROPY_TEMPERATURE = 3.0


def entropy(logits: Tensor, temperature: float = ENTROPY_TEMPERATURE) -> Tensor:
    """The entropy of softmax(logits/T) of each example in nats, (N,): 0 if sure, log(classes) if all are alike."""
    logs = functional.log_softmax(logits / temperature, dim=1)
    return -(logs.exp() * logs).sum(dim=1)


def weights(kind: Weighting, student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor | None:
    """The weight of each example, (N,), of mean 1 and without gradient, from logits (N, classes); None where all count the same.

    H and G are the entropies of teacher and student, M = log(classes) the largest there is:
    "entropy"              H, after EA-KD (Su 2023, 2311.13621): learn most where the teacher is unsure;
    "entropy and student"  H·(1 + G/M)/2, EA-KD in full;
    "entropy and error"    H·(1 − p), p the student's probability of the true class: our own, unsure teacher and wrong student;
    "confidence"           M − H, the opposite, as a control.
    """
    if kind == "none":
        return None
    with torch.no_grad():
        student, teacher = student.float(), teacher.float()
        unsure, most = entropy(teacher), math.log(teacher.shape[1])
        match kind:
            case "entropy":
                raw = unsure
            case "entropy and student":
                raw = unsure * (1 + entropy(student) / most) / 2
            case "entropy and error":
                raw = unsure * (1 - functional.softmax(student, dim=1).gather(1, labels[:, None])[:, 0])
            case "confidence":
                raw = most - unsure
        return mean_one(raw)


def mean_one(raw: Tensor) -> Tensor:
    """Weights of mean 1 in the same proportions; all 1 where nothing weighs anything."""
    raw = raw.clamp(min=0)  # an entropy can miss its bound by a rounding
    mean = raw.mean()
    return raw / mean if float(mean) > 0 else torch.ones_like(raw)


def temperatures(teacher: Tensor, temperature: float) -> Tensor:
    """A temperature for each example, (N,): 1 + (T − 1)·(1 − H/M), so that a sure teacher is softened by T and one that finds all classes
    alike not at all. A formula of our own, from no paper."""
    with torch.no_grad():
        share = (entropy(teacher.float()) / math.log(teacher.shape[1])).clamp(0, 1)
        return 1 + (temperature - 1) * (1 - share)


def effective_share(weights: Tensor) -> float:
    """How many examples a weighted batch is worth, as a share of it: (Σw)² / (N·Σw²) (Kish 1965, Survey sampling, section 8.2)."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / (len(weights) * squares) if squares > 0 else 1.0
