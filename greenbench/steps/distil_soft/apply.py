"""Trains a student on a teacher's outputs."""

from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data import open_dataset
from greenbench.ml.distillation import soft_targets
from greenbench.ml.learning import learn
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.distil_soft.spec import SoftTargetParams


def apply(inputs: Inputs, params: SoftTargetParams, context: StepContext) -> StepOutcome:
    """Asks the teacher once, then trains the student; the headline is the student's validation accuracy.

    Raises:
        ModelError: teacher, student and data do not agree on input or classes.
        StepError: training came apart, or memory does not suffice.
    """
    data = inputs.one("data")
    context.progress(0.0, "asking the teacher")
    student = inputs.one("student")
    if student.model.task != "classification":
        raise ModelError(f'The student "{student.title}" is no classifier; soft targets are scores of classes.', "Train it with labels.")
    classes = open_dataset(data, student).classes
    loss = soft_targets(inputs.one("teacher"), data, classes, params.temperature, params.alpha, context)
    settings = Settings(**params.model_dump(exclude={"temperature", "alpha"}))
    return learn(student, data, settings, context, Guidance(loss))
