"""What every labelled data source does with its splitting parameters."""

from greenbench.ml.data.cuts import Cut
from greenbench.steps.splitting import HeldOutParams, SplitParams


def cut_of(params: HeldOutParams) -> Cut:
    """The cut that the parameters ask for; no test share where the source brings its own test examples."""
    if not isinstance(params, SplitParams):
        return Cut(0.0, params.validation_share, params.calibration_examples, params.split_seed, train=params.training_examples)
    return Cut(
        params.test_share,
        params.validation_share,
        params.calibration_examples,
        params.split_seed,
        params.use == "test",
        params.training_examples,
    )
