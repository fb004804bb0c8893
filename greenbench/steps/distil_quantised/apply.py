"""Trains a student in few bits on a teacher's outputs."""

from dataclasses import replace

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.compress.buckets import BucketSettings
from greenbench.ml.distillation.judging import judge
from greenbench.ml.distillation.quantised import FewBits, learn_in_few_bits
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.distil_quantised.spec import FewBitsParams
from greenbench.steps.fitting import FitParams

_UNTRAINED = "The student was never trained: differentiable quantisation moves only the values of its weights, not the weights."


def apply(inputs: Inputs, params: FewBitsParams, context: StepContext) -> StepOutcome:
    """Checks the teacher, then trains; the headline is the size of the file of indices.

    Raises:
        ModelError: teacher, student and data do not agree on input or classes.
        StepError: training came apart, memory does not suffice, or no layer can be quantised.
    """
    student, data = inputs.one("student"), inputs.one("data")
    teacher = Teacher(inputs.one("teacher"), data, student, context)
    settings = Settings(**params.model_dump(include=set(FitParams.model_fields)))
    if params.method == "points":
        settings = replace(settings, optimizer="adam", learning_rate=params.points_rate, weight_decay=0.0)
        if not student.model.trained:
            context.log(_UNTRAINED, "warning")
    if settings.augmentation == "none":
        teacher.table()
    else:
        teacher.check_view()
    judged = judge(teacher.stored, teacher.scores(), None, student, data, context)
    loss = SoftTargets(teacher, SoftSettings(params.temperature, params.alpha))
    few = FewBits(BucketSettings(params.bits, params.bucket, params.ends), params.method, params.start)
    outcome = learn_in_few_bits(student, data, settings, few, context, Guidance(loss=loss))
    return replace(outcome, facts=(*judged.facts(None), *outcome.facts))
