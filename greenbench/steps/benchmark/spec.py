"""The Benchmark step: its work is the engine's own (greenbench.engine.bench)."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.runtimes import RUNTIMES
from greenbench.core.step import Group, Paper, StepSpec

_GRIDS = ("WORLD", "DEU", "FRA", "GBR", "USA", "IND", "CHN", "SWE", "POL", "ESP", "ITA", "JPN", "BRA", "AUS", "CAN")


class BenchmarkParams(Params):
    runtime: Literal["onnxruntime", "eager", "compiled", "openvino", "tensorrt"] = parameter(
        "onnxruntime",
        "Runtime",
        "What executes the models. All variants run in the same one, or the comparison would credit a change of runtime to compression.",
        choices={spec.key: spec.title for spec in RUNTIMES.values()},
    )
    scenario: Literal["single-stream", "offline", "server"] = parameter(
        "single-stream",
        "Scenario",
        "How queries arrive, in MLPerf's words: one after the other, all at once at the best batch size, or at random times to a server.",
        choices={"single-stream": "Single stream", "offline": "Offline", "server": "Server"},
    )
    batch: int = parameter(
        1, "Batch size", "Examples in one call. 1 is one answer at a time.", ge=1, le=1024, visible_when={"scenario": ("single-stream",)}
    )
    max_batch: int = parameter(
        64,
        "Largest batch",
        "Batch sizes 1, 2, 4 … up to this are tried in warm-up, and each model runs at its best one.",
        ge=1,
        le=1024,
        visible_when={"scenario": ("offline",)},
    )
    rate: float = parameter(
        10.0,
        "Queries a second",
        "Mean rate of the random arrivals. A model that needs longer for each than they come apart falls behind.",
        gt=0,
        le=100_000,
        unit="/s",
        visible_when={"scenario": ("server",)},
    )
    bound_s: float = parameter(
        0.1,
        "Latency bound",
        "99 % of the queries must be answered this soon after they arrive, waiting included.",
        gt=0,
        le=3600,
        unit="s",
        visible_when={"scenario": ("server",)},
    )
    find_rate: bool = parameter(
        False,
        "Find the highest rate",
        "Looks for the rate that each model can just bear within the bound: seven tries of three seconds.",
        visible_when={"scenario": ("server",)},
    )
    threads: int = parameter(0, "Threads", "For each model while it runs; 0 takes the run's own setting.", ge=0, le=256, advanced=True)
    accuracy: bool = parameter(
        True, "Measure accuracy", "Over the whole test split, on the same file, runtime and precision that was timed.", advanced=True
    )
    region: str = parameter(
        "WORLD",
        "Grid region",
        "Country whose electricity turns joules into CO2e, as an ISO code of three letters; WORLD is the world average.",
        suggestions=_GRIDS,
        advanced=True,
    )
    pue: float = parameter(
        1.0,
        "PUE",
        "What the building adds to each joule of the machine: 1 for a laptop, about 1.1 to 1.6 for a data centre.",
        ge=1.0,
        le=3.0,
        step=0.05,
        advanced=True,
    )
    per_day: int = parameter(
        10_000,
        "Inferences a day",
        "How often the model will be asked where it is used: it turns a break-even into days. It changes nothing that is measured.",
        ge=1,
        le=10**12,
        advanced=True,
    )

    @property
    def call_batch(self) -> int:
        """Examples in one call; in the Offline scenario that is still to be found."""
        return self.batch if self.scenario == "single-stream" else 1

    @property
    def largest_batch(self) -> int:
        """The most examples that one call may have."""
        return self.max_batch if self.scenario == "offline" else self.call_batch


def _unknown_grid(params: Params) -> tuple[str, str] | None:
    """A region without a known intensity: its run would say nothing of carbon, and not why."""
    assert isinstance(params, BenchmarkParams)
    wanted = params.region.strip()
    if wanted.upper() == "WORLD":
        return None
    from greenbench.meters.carbon import regions  # the tables are read only where somebody chose a country

    known = regions()
    if any(region.iso == wanted.upper() for region in known):
        return None
    meant = next((region.iso for region in known if region.name.lower() == wanted.lower()), "")
    several = ", ".join(_GRIDS[1:])
    codes = f"Choose WORLD, or the ISO code of three letters of a country: {several} and {len(known) - len(_GRIDS)} more."
    return f'no grid intensity is known for the region "{params.region}".', f"Write {meant}." if meant else codes


SPEC = StepSpec(
    key="benchmark",
    version=1,
    title="Benchmark",
    group=Group.MEASURE,
    icon="gauge",
    summary="Measures latency, energy and accuracy of all models fairly.",
    help=(
        "Runs every connected model under one protocol: an idle window, warm-up until latency is flat, then timed blocks that "
        "alternate between the models, so that heat and drift hit all alike. Each model has a process of its own with the same "
        "threads, and a new one between rounds, so that where it lies in memory does not pass for a difference. A model that the runtime "
        "cannot load is turned into ONNX first, and proved to answer the same. The first model "
        "connected is the baseline, A. Differences come with a 95 % interval; where it does not settle the matter the table says so."
    ),
    params=BenchmarkParams,
    apply="greenbench.engine.bench.step:apply",
    inputs=(
        Port("models", PortKind.MODEL, "Models", many=True),
        Port("data", PortKind.DATASET, "Test data"),
    ),
    outputs=(Port("results", PortKind.RESULTS, "Results"),),
    splits=("test",),
    highlights=("runtime", "batch"),
    paper=Paper("Reddi 2020, MLPerf Inference", "MLPerf Inference Benchmark", "https://arxiv.org/abs/1911.02549"),
    cacheable=False,
    obstacle=_unknown_grid,
    aliases=("measure", "latency", "energy", "power", "compare"),
)
