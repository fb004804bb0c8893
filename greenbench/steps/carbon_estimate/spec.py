"""Carbon of a training that was run elsewhere, by the formula of Strubell 2019."""

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class CarbonParams(Params):
    power_w: float = parameter(
        250.0, "Mean power", "Of processors, memory and all accelerators together, while it trained.", unit="W", gt=0, le=1e9
    )
    hours: float = parameter(24.0, "Duration", "How long it trained.", unit="h", gt=0, le=1e7)
    pue: float = parameter(
        1.58,
        "PUE",
        "What the building adds to each joule. 1.58 is the average of data centres in 2018; 1 is a machine at a desk.",
        ge=1,
        le=3,
        step=0.01,
    )
    intensity: float = parameter(
        432.7272,
        "Grid intensity",
        "Grams of CO2e for a kilowatt-hour. 432.7 is the average of the United States in 2018 (0.954 pounds).",
        unit="g/kWh",
        ge=0,
        le=2000,
        advanced=True,
    )


SPEC = StepSpec(
    key="carbon.estimate",
    version=1,
    title="Carbon estimate",
    group=Group.MEASURE,
    icon="leaf",
    summary="Energy and CO2e of a training, from watts and hours.",
    help="Multiplies the mean power and the duration that somebody reported by what the building adds, and by the grid's intensity. An "
    "estimate from given numbers, not a measurement: what runs here is measured by Benchmark and counted node by node.",
    params=CarbonParams,
    apply="greenbench.steps.carbon_estimate.apply:apply",
    outputs=(Port("results", PortKind.RESULTS, "Estimate"),),
    highlights=("power_w", "hours"),
    paper=Paper("Strubell 2019", "Energy and policy considerations for deep learning in NLP", "https://arxiv.org/abs/1906.02243"),
    aliases=("co2", "footprint", "strubell", "kwh", "pounds", "pue"),
)
