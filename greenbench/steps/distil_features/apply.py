"""Trains a student on a teacher's layers and outputs."""

from dataclasses import replace

import torch

from greenbench.core.artifact import Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.compress.layers import example
from greenbench.ml.distillation.features import FeatureLoss, FeatureSettings
from greenbench.ml.distillation.judging import judge, validated
from greenbench.ml.distillation.layer_pairs import Pair, chosen_pairs
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.learning import learn
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.distil_features.spec import FeatureParams
from greenbench.steps.fitting import FitParams


def apply(inputs: Inputs, params: FeatureParams, context: StepContext) -> StepOutcome:
    """Checks the teacher, pairs the layers, trains, and compares with the control where one is linked; the headline is the student's
    validation accuracy.

    Raises:
        ModelError: teacher, student, control and data do not agree on input or classes.
        StepError: no two layers fit each other, training came apart, or memory does not suffice.
    """
    student, data = inputs.one("student"), inputs.one("data")
    teacher = Teacher(inputs.one("teacher"), data, student, context)
    teacher.check_view()
    pairs = _pairs(student, teacher, params)
    control = inputs.many("control")
    judged = judge(teacher.stored, teacher.scores(), control[0] if control else None, student, data, context)
    weight = params.attention_weight if params.method == "attention" else params.hint_weight
    soft = SoftTargets(teacher, SoftSettings(params.temperature, params.alpha))
    with torch.random.fork_rng(devices=[]):  # the regressors start from the seed, and training from its own
        torch.manual_seed(context.seed + params.seed)
        loss = FeatureLoss(teacher, soft, pairs, FeatureSettings(params.method, weight, params.hints_first))
    guidance = Guidance(loss=loss, after_batch=loss.after_batch, around=loss.listening)
    settings = Settings(**params.model_dump(include=set(FitParams.model_fields)))
    outcome = learn(student, data, settings, context, guidance)
    found = validated(Stored(outcome.outputs["model"], context.folder, context.node, context.title), data, context) if control else None
    listened = Fact(title="Layers, student ← teacher", text="; ".join(pair.text for pair in pairs))
    return replace(outcome, facts=(*outcome.facts[:1], *judged.facts(found), listened, *outcome.facts[1:]))


def _pairs(student: Stored, teacher: Teacher, params: FeatureParams) -> list[Pair]:
    if teacher.module is None:
        raise ModelError(
            f'The teacher "{teacher.title}" is no PyTorch network; its layers cannot be listened to.',
            "Connect the teacher before it was converted, or use soft targets.",
        )
    shown = example(student.model.input, batch=2)
    asked = teacher.view(shown).to(next(teacher.module.parameters()).device)
    return chosen_pairs(load_module(student), teacher.module, (shown, asked), params.method, params.layers)
