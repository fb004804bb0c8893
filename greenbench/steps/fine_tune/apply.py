"""Trains a model a little further."""

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.learning import learn
from greenbench.ml.training import Settings
from greenbench.steps.fine_tune.spec import FineTuneParams


def apply(inputs: Inputs, params: FineTuneParams, context: StepContext) -> StepOutcome:
    """Like Train, with another default; raises the same."""
    return learn(inputs.one("model"), inputs.one("data"), Settings(**params.model_dump()), context)
