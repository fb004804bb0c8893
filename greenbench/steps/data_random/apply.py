"""Draws random inputs."""

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.arrays import random_inputs
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_random.spec import RandomParams

_LIMIT_BYTES = 2 * 10**9


def apply(inputs: Inputs, params: RandomParams, context: StepContext) -> StepOutcome:
    """Writes inputs drawn from a normal distribution, by the seed of the run.

    Raises:
        DataError: they would take more than 2 GB.
    """
    wanted = 2 * 4 * params.examples * params.channels * params.size**2
    if wanted > _LIMIT_BYTES:
        raise DataError(f"These inputs would take {wanted / 1e9:.1f} GB; at most 2 GB are drawn.", "Lower the image size or the examples.")
    shape = (params.channels, params.size, params.size)
    made = random_inputs(context.folder, shape, params.classes, params.examples, context.seed)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
