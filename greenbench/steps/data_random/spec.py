"""Inputs of any shape for models whose data is not at hand."""

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec


class RandomParams(Params):
    channels: int = parameter(3, "Channels", "3 for colour images, 1 for grey ones.", ge=1, le=1024)
    size: int = parameter(224, "Image size", "Pixels a side.", unit="px", ge=1, le=2048)
    classes: int = parameter(1000, "Classes", "How many outputs the model has.", ge=2, le=100_000)
    examples: int = parameter(64, "Examples", "How many inputs are drawn; a benchmark cycles through them.", ge=1, le=4096, advanced=True)


SPEC = StepSpec(
    key="data.random",
    version=1,
    title="Random input",
    group=Group.SOURCES,
    icon="database",
    summary="Draws input of any shape, for latency and energy only.",
    help="Normally distributed numbers of the shape a model takes. Latency, energy and size can be measured with them; accuracy cannot, "
    "and no step can train on them. A model with many zeros inside may run a little differently on real images.",
    params=RandomParams,
    apply="greenbench.steps.data_random.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("channels", "size"),
    aliases=("noise", "dummy", "synthetic", "latency"),
)
