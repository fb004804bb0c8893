"""Digits: a real data set that needs no network."""

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import of_file
from greenbench.steps.splitting import SplitParams


class DigitsParams(SplitParams):
    size: int = parameter(
        16,
        "Image size",
        "The 8×8 originals are enlarged to this many pixels a side; a larger image makes the model work more.",
        unit="px",
        ge=8,
        le=128,
    )


SPEC = StepSpec(
    key="data.digits",
    version=2,
    title="Digits",
    group=Group.SOURCES,
    icon="database",
    summary="1,797 handwritten digits, built in.",
    help="Real handwritten digits that come with scikit-learn: 8×8 grey images of ten classes, enlarged by bilinear interpolation. "
    "Enough to see every step work in seconds; too easy to tell good methods from very good ones.",
    params=DigitsParams,
    apply="greenbench.steps.data_digits.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("size", "test_share"),
    aliases=("mnist", "sample", "built-in", "data set"),
    fingerprint=lambda params: of_file(params.label_map),
)
