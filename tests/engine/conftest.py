"""A small catalogue of steps that need no torch, and a world to run them in."""

import itertools
import sys
from types import ModuleType

import pytest

from greenbench.core.artifact import DatasetArtifact, Fact, Footprint, InputSpec, ModelArtifact, ResultsArtifact, SplitInfo
from greenbench.core.catalog import Catalog
from greenbench.core.errors import StepError
from greenbench.core.params import Params, parameter
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepOutcome, StepSpec
from greenbench.engine.cache import Cache
from greenbench.engine.executor import World

MODULE = "greenbench_test_steps"


class NumberParams(Params):
    number: int = parameter(1, "Number", "Added to the input.", ge=0, le=100)
    fail: str = parameter("", "Fail", "Which error to raise.")


class BenchParams(Params):
    runtime: str = parameter("onnxruntime", "Runtime")
    scenario: str = parameter("single-stream", "Scenario")
    batch: int = parameter(1, "Batch size")
    threads: int = parameter(0, "Threads")

    @property
    def call_batch(self) -> int:
        return self.batch


class DataParams(Params):
    folder: str = parameter("", "Folder")
    share: float = parameter(0.2, "Test share", percent=True, ge=0, le=1)


def model(value: int) -> ModelArtifact:
    weights = Footprint(parameters=value, nonzero_parameters=value, size_bytes=4 * value)
    return ModelArtifact(
        format="torch", files={"weights": "value.txt"}, input=InputSpec(shape=(1,)), classes=("a", "b"), footprint=weights, trained=True
    )


ERRORS = {
    "user": StepError("ratio 0.99 leaves 0 channels.", "At most 0.96 keeps one."),
    "memory": MemoryError(),
    "disk": OSError(28, "No space left on device"),
    "bug": ZeroDivisionError("division by zero"),
}


def add(inputs, params, context) -> StepOutcome:
    """Sums what arrives and the number; fails as told."""
    context.check()
    if params.fail:
        raise ERRORS[params.fail]
    total = params.number + sum(int(stored.file("weights").read_text()) for stored in inputs.many("model"))
    (context.folder / "value.txt").write_text(str(total))
    context.progress(0.5, "half way")
    context.metric("loss", 1.0)
    return StepOutcome({"model": model(total)}, (Fact(title="Sum", value=total),), str(total))


def data(inputs, params, context) -> StepOutcome:
    split = SplitInfo(examples=10, digest="d")
    artifact = DatasetArtifact(
        kind="array", name="ten", input=InputSpec(shape=(1,)), classes=("a", "b"), splits={"train": split, "test": split}
    )
    return StepOutcome({"data": artifact}, (), "10")


def bench(inputs, params, context) -> StepOutcome:
    return StepOutcome({"results": ResultsArtifact(variants=tuple(s.title for s in inputs.many("models")))}, (), "done")


def _spec(key, title, apply, inputs, outputs, params=NumberParams, **more) -> StepSpec:
    return StepSpec(
        key=key, version=1, title=title, group=Group.TRAIN, icon="cube", summary="", help="", params=params,
        apply=f"{MODULE}:{apply}", inputs=inputs, outputs=outputs, **more,
    )  # fmt: skip


MODEL_IN, MODEL_OUT = Port("model", PortKind.MODEL), Port("model", PortKind.MODEL)
DATA_IN, DATA_OUT = Port("data", PortKind.DATASET), Port("data", PortKind.DATASET)


@pytest.fixture
def catalog():
    module = ModuleType(MODULE)
    module.add, module.data, module.bench = add, data, bench
    sys.modules[MODULE] = module
    yield Catalog(
        [
            _spec("source", "Source", "add", (), (MODEL_OUT,)),
            _spec("data", "Data", "data", (), (DATA_OUT,), DataParams),
            _spec("add", "Add", "add", (MODEL_IN,), (MODEL_OUT,)),
            _spec("train", "Train", "add", (MODEL_IN, DATA_IN), (MODEL_OUT,)),
            _spec("quantize", "Quantize", "add", (MODEL_IN, DATA_IN), (MODEL_OUT,)),
            _spec(
                "benchmark", "Benchmark", "bench", (Port("models", PortKind.MODEL, many=True), DATA_IN),
                (Port("results", PortKind.RESULTS),), BenchParams, cacheable=False,
            ),
        ]
    )  # fmt: skip
    del sys.modules[MODULE]


@pytest.fixture
def build(catalog):
    """Builds a pipeline from {id: (step, params)} and ["a.model -> b.model"]."""

    def make(nodes, links) -> Pipeline:
        pipeline = Pipeline(catalog, "test")
        for id, (step, params) in nodes.items():
            pipeline.nodes[id] = Node(id, step, id.capitalize(), params)
        for text in links:
            left, right = text.split(" -> ")
            pipeline.links.append(Link(*left.split("."), *right.split(".")))
        return pipeline

    return make


@pytest.fixture
def world(catalog, tmp_path):
    """A world with a clock that ticks by one second at each look, and a list of what was said."""
    ticks = itertools.count(0, 1_000_000_000)
    events = []
    made = World(catalog, Cache(tmp_path / "cache"), lambda: next(ticks), events.append, lambda: False)
    made.events = events
    return made
