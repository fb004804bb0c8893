"""Distillation on soft targets as a loss: which formula, which examples count, and how warm each of them is."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

from greenbench.core.errors import ModelError
from greenbench.ml.batches import Batch
from greenbench.ml.distillation.losses import Temperature, decoupled, divergence, weighted_mean
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.distillation.weighting import Weighting, effective_share, temperatures, weights

Method = Literal["soft", "decoupled"]


@dataclass(frozen=True)
class SoftSettings:
    """How the teacher is listened to. `alpha` is the teacher's share of the loss of "soft"; "decoupled" adds its own weights for the true
    class and for the others to the cross-entropy, raised from zero over the first `rise` share of all batches."""

    temperature: float = 4.0
    alpha: float = 0.7
    method: Method = "soft"
    true_class: float = 1.0
    other_classes: float = 8.0
    rise: float = 0.0
    weighting: Weighting = "none"
    own_temperature: bool = False


class SoftTargets:
    """The loss of a student on the outputs of a teacher. Without a teacher's weight it is cross-entropy, to the bit.

    soft:       α·mean(w·T²·KL) + (1 − α)·cross-entropy              (Hinton 2015, section 2)
    decoupled:  r·mean(w·T²·(a·TCKD + b·NCKD)) + cross-entropy       (Zhao 2022, section 3.2)
    """

    def __init__(self, teacher: Teacher, settings: SoftSettings) -> None:
        if settings.method == "decoupled" and len(teacher.columns) < 3:
            text = "Decoupled distillation looks at how a teacher tells the wrong classes apart; of two classes only one is wrong."
            raise ModelError(text, "Use soft targets.")
        self._teacher, self._settings = teacher, settings
        self._risen = 0.0 if settings.rise else 1.0
        self._worth = [0.0, 0.0]

    def __call__(self, outputs: Tensor, batch: Batch) -> Tensor:
        return self.of(outputs.flatten(1), self._teacher.logits(batch), batch.y)

    def of(self, student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
        """The loss from logits (N, classes) and labels (N,)."""
        own, hard = self._settings, functional.cross_entropy(student, labels)
        if own.method == "soft" and own.alpha == 0:
            return hard
        by = temperatures(teacher, own.temperature) if own.own_temperature else own.temperature
        counted = weights(own.weighting, student, teacher, labels)
        if counted is not None:
            self._worth = [self._worth[0] + effective_share(counted), self._worth[1] + 1]
        if own.method == "soft":
            return own.alpha * weighted_mean(divergence(student, teacher, by), counted, by) + (1 - own.alpha) * hard
        return self._risen * weighted_mean(self._decoupled(student, teacher, labels, by), counted, by) + hard

    def _decoupled(self, student: Tensor, teacher: Tensor, labels: Tensor, by: Temperature) -> Tensor:
        true, others = decoupled(student, teacher, labels, by)
        return self._settings.true_class * true + self._settings.other_classes * others

    def after_batch(self, done: int, total: int) -> None:
        """Raises the teacher's weight in a straight line (Zhao 2022 rises over the first 20 of 240 epochs)."""
        if self._settings.rise:
            self._risen = min(1.0, done / (self._settings.rise * total))

    @property
    def effective_share(self) -> float | None:
        """The mean over the batches of how many of their examples they were worth; None without weights."""
        return self._worth[0] / self._worth[1] if self._worth[1] else None
