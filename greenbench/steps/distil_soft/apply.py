"""Trains a student on a teacher's outputs."""

from dataclasses import fields, replace

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.distillation.judging import judge, validated
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.distillation.weighting import Weighting
from greenbench.ml.learning import learn
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.distil_soft.spec import WEIGHTINGS, SoftTargetParams

_OWN = {field.name for field in fields(SoftSettings)}


def apply(inputs: Inputs, params: SoftTargetParams, context: StepContext) -> StepOutcome:
    """Checks the teacher, trains the student on it, and compares with the control where one is linked; the headline is the student's
    validation accuracy.

    Raises:
        ModelError: teacher, student, control and data do not agree on input or classes.
        StepError: training came apart, or memory does not suffice.
    """
    student, data = inputs.one("student"), inputs.one("data")
    teacher = Teacher(inputs.one("teacher"), data, student, context)
    settings = Settings(**params.model_dump(exclude=_OWN))
    if settings.augmentation == "none":
        teacher.table()  # a teacher that cannot take the data is found out before it is judged
    else:
        teacher.check_view()
    control = inputs.many("control")
    judged = judge(teacher.stored, teacher.scores(), control[0] if control else None, student, data, context)
    loss = SoftTargets(teacher, SoftSettings(**params.model_dump(include=_OWN)))
    outcome = learn(student, data, settings, context, Guidance(loss=loss, after_batch=loss.after_batch))
    made = Stored(outcome.outputs["model"], context.folder, context.node, context.title)
    found = validated(made, data, context) if control else None
    facts = (*outcome.facts[:1], *judged.facts(found), *_weighting(params.weighting, loss.effective_share), *outcome.facts[1:])
    return replace(outcome, facts=facts)


def _weighting(kind: Weighting, share: float | None) -> tuple[Fact, ...]:
    if share is None:
        return ()
    return (
        Fact(title="Weight of each example", text=WEIGHTINGS[kind]),
        Fact(title="What a weighted batch is worth", value=share, unit="%"),
    )
