"""Whether a teacher is worth listening to: its own accuracy beside the student's, and beside that of a student without a teacher."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenbench.analysis.accuracy import paired_difference
from greenbench.analysis.compare import points
from greenbench.analysis.intervals import wilson
from greenbench.core.artifact import Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.card import example_scores
from greenbench.ml.data import open_dataset
from greenbench.ml.tasks import task

Scores = NDArray[np.float64]
_POOR = 0.5


@dataclass(frozen=True)
class Judged:
    """What is known of teacher and control before the student learns: 1 or 0 for each validation example, and warnings as sentences."""

    teacher: Scores
    control: Scores | None
    warnings: tuple[str, ...]

    def facts(self, student: Scores | None) -> tuple[Fact, ...]:
        """The teacher's accuracy, the control's, and what the teacher added to the student's (its scores, or None where there is no
        control) with its 95 % interval on the same examples."""
        interval = wilson(int(self.teacher.sum()), len(self.teacher))
        lines = [Fact(title="Teacher's accuracy, validation", value=interval.value, low=interval.low, high=interval.high, unit="%")]
        if self.control is not None and student is not None:
            alone = wilson(int(self.control.sum()), len(self.control))
            added = paired_difference(_bits(student), _bits(self.control))
            text = f"{_signed(added.value)} pp"
            if added.low is not None and added.high is not None:
                text += f" ({_signed(added.low)} to {_signed(added.high)})"
            lines.append(Fact(title="Control's accuracy, validation", value=alone.value, low=alone.low, high=alone.high, unit="%"))
            lines.append(Fact(title="What the teacher added", text=text))
        return (*lines, *(Fact(title="Note", text=text) for text in self.warnings))


def judge(teacher: Stored, teacher_scores: Scores, control: Stored | None, student: Stored, data: Stored, context: StepContext) -> Judged:
    """Judges a teacher on the validation split, with `control` (the student trained without it, if linked), and warns in the log.

    Raises:
        ModelError: the control is another network than the student, or does not fit the data.
    """
    alone = None
    if control is not None:
        if control.model.footprint.parameters != student.model.footprint.parameters:
            raise ModelError(
                f'The control "{control.title}" has {control.model.footprint.parameters:,} parameters, the student '
                f"{student.model.footprint.parameters:,}; it must be the same network, trained without the teacher.",
                "Train a second copy of the student with labels alone, and connect that.",
            )
        alone = validated(control, data, context)
    warnings = _warnings(teacher, teacher_scores, control, alone)
    for text in warnings:
        context.log(text, "warning")
    return Judged(teacher_scores, alone, warnings)


def validated(stored: Stored, data: Stored, context: StepContext) -> Scores:
    """1 for each validation example that a model gets right, else 0."""
    return example_scores(stored, open_dataset(data, stored).split("validation"), task("classification"), context)


def _warnings(teacher: Stored, found: Scores, control: Stored | None, alone: Scores | None) -> tuple[str, ...]:
    right, name = float(found.mean()), f'"{teacher.title}"'
    lines: list[str] = []
    if not teacher.model.trained:
        lines.append(f"The teacher {name} was never trained; what it teaches is chance.")
    elif right < _POOR:
        lines.append(f"The teacher {name} is wrong on {_percent(1 - right)} of the validation examples; check it before you trust it.")
    if control is not None and alone is not None and right <= float(alone.mean()):
        lines.append(
            f"The teacher {name} is right on {_percent(right)} of the validation examples, the student without it "
            f'("{control.title}") on {_percent(float(alone.mean()))}: it knows no more than the student can learn alone.'
        )
    return tuple(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _signed(difference: float) -> str:
    sign = "−" if difference < 0 else "+" if difference > 0 else ""
    return f"{sign}{points(difference)}"


def _bits(found: Scores) -> str:
    return "".join("1" if right else "0" for right in found == 1.0)
