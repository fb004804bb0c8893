"""A student learns what its teacher sees inside: where it looks (attention transfer), or what its middle layer says (FitNets' hints)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenbench.ml.batches import Batch
from greenbench.ml.distillation.layer_pairs import Method, Pair, Taps
from greenbench.ml.distillation.soft import SoftTargets
from greenbench.ml.distillation.teacher import Teacher


@dataclass(frozen=True)
class FeatureSettings:
    """`weight` multiplies the features' part of the loss. `hints_first` is the share of all batches that learn hints alone before the
    rest learns from outputs (Romero 2015, section 2.3: two stages); 0 lets both parts learn together to the end."""

    method: Method = "attention"
    weight: float = 1000.0
    hints_first: float = 0.0


def attention(features: Tensor) -> Tensor:
    """Where a layer looks: the mean square over the channels of each place, each example's as a unit vector, (N, places), from features
    (N, channels, height, width). Zagoruyko 2017 (1612.03928), section 3.1 with p = 2."""
    return functional.normalize(features.float().pow(2).mean(dim=1).flatten(1), dim=1)


def attention_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Half the mean squared difference of two attention maps (Zagoruyko 2017, equation 2; the mean as in the authors' own program)."""
    return (attention(student) - attention(teacher)).pow(2).mean() / 2


def hint_loss(guided: Tensor, hint: Tensor) -> Tensor:
    """Half the mean squared difference of a regressor's output and the teacher's layer (Romero 2015, 1412.6550, equation 3), as a share of
    the layer's own mean square: the paper leaves the scale open, and so one weight suits layers of any size of numbers."""
    target = hint.float()
    return (guided.float() - target).pow(2).mean() / (2 * target.pow(2).mean().clamp(min=1e-12))


class FeatureLoss(nn.Module):
    """The loss of a student on the features and the outputs of a teacher. Its parameters are the regressors of hints, which are trained
    along and then left behind: the student keeps its own layers."""

    def __init__(self, teacher: Teacher, soft: SoftTargets, pairs: list[Pair], settings: FeatureSettings) -> None:
        super().__init__()
        if teacher.module is None:
            raise ValueError("the teacher is no PyTorch network")
        self._teacher, self._soft, self._pairs, self._settings = teacher, soft, pairs, settings
        self._student_taps = Taps([pair.student.name for pair in pairs])
        self._teacher_taps = Taps([pair.teacher.name for pair in pairs])
        self._only_hints = settings.method == "hints" and settings.hints_first > 0
        self.regressors = nn.ModuleList(_regressor(pair) for pair in pairs) if settings.method == "hints" else nn.ModuleList()

    @contextmanager
    def listening(self, student: nn.Module) -> Iterator[None]:
        """Inside, both networks' layers are heard."""
        assert self._teacher.module is not None  # told in __init__
        with self._student_taps.on(student), self._teacher_taps.on(self._teacher.module):
            yield

    def forward(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The loss of a batch that the student has just answered."""
        logits = self._teacher.asked(batch.x)
        features = self._settings.weight * self._features()
        if self._only_hints:
            return features
        return features + self._soft.of(outputs.flatten(1), logits, batch.y)

    def after_batch(self, done: int, total: int) -> None:
        """Ends the first stage of hints."""
        if self._only_hints:
            self._only_hints = done < self._settings.hints_first * total

    def _features(self) -> Tensor:
        parts = []
        for place, pair in enumerate(self._pairs):
            own, hint = self._student_taps.outputs[pair.student.name], self._teacher_taps.outputs[pair.teacher.name].detach()
            if self._settings.method == "attention":
                parts.append(attention_loss(own, hint))
            else:
                parts.append(hint_loss(self.regressors[place](own.float()), hint))
        return torch.stack(parts).sum()


def _regressor(pair: Pair) -> nn.Module:
    """From the student's channels to the teacher's; the size is the same, so a 1×1 kernel does."""
    inputs, outputs = pair.student.shape[0], pair.teacher.shape[0]
    return nn.Conv2d(inputs, outputs, 1) if len(pair.student.shape) == 3 else nn.Linear(inputs, outputs)
