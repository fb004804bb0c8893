"""Makes the digits data set."""

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.arrays import digits
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_digits.spec import DigitsParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: DigitsParams, context: StepContext) -> StepOutcome:
    """Writes the enlarged digits, cut into splits."""
    made = digits(context.folder, params.size, cut_of(params), params.label_map)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
