"""Trains a model with labels."""

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.learning import learn
from greenbench.ml.training import Settings
from greenbench.steps.train.spec import TrainParams


def apply(inputs: Inputs, params: TrainParams, context: StepContext) -> StepOutcome:
    """Trains on the training split; the headline is the accuracy on the validation split.

    Raises:
        ModelError: the model does not fit the data, or is an ONNX graph.
        StepError: training came apart, or memory does not suffice.
    """
    return learn(inputs.one("model"), inputs.one("data"), Settings(**params.model_dump()), context)
