"""Makes the digits data set."""

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_digits.spec import DigitsParams


def apply(inputs: Inputs, params: DigitsParams, context: StepContext) -> StepOutcome:
    """Writes the enlarged digits, cut into splits."""
    how = Cut(params.test_share, params.validation_share, params.calibration_examples, params.split_seed)
    made = digits(context.folder, params.size, how)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
