"""A tiny real experiment: digits, a small network, two variants; run through real processes."""

import queue
import time

import pytest

from greenbench.core import messages
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import Protocol
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.runner import LocalRunner
from greenbench.steps import installed

BRIEF = Protocol(name="quick", idle_s=0.3, warm_up_s=0.3, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)
PATIENCE_S = 120.0


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("GREENBENCH_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def tiny():
    """Builds the pipeline: Digits and a LeNet, trained; itself and pruned, benchmarked. `epochs` makes training long."""

    def make(epochs=1, sparsity=0.5) -> Pipeline:
        pipeline = Pipeline(installed(), "Tiny")
        for node in (
            Node("digits", "data.digits", "Digits"),
            Node("model", "model.library", "LeNet", {"name": "lenet_300_100"}),
            Node("train", "train", "Train", {"epochs": epochs}),
            Node("prune", "prune.magnitude", "Pruned", {"sparsity": sparsity}),
            Node("bench", "benchmark", "Benchmark"),
        ):
            pipeline.check_node(node)
            pipeline.nodes[node.id] = node
        for text in (
            "digits.data -> model.data",
            "digits.data -> train.data",
            "model.model -> train.model",
            "train.model -> prune.model",
            "train.model -> bench.models",
            "prune.model -> bench.models",
            "digits.data -> bench.data",
        ):
            left, right = text.split(" -> ")
            link = Link(*left.split("."), *right.split("."))
            pipeline.check_link(link)
            pipeline.links.append(link)
        return pipeline

    return make


@pytest.fixture(scope="module")
def brief_plan(tiny):
    def make(**more):
        return make_plan(tiny(**more), Conditions(protocol=BRIEF))

    return make


@pytest.fixture
def runner(home):
    made = LocalRunner(home)
    made.open()
    made.wait_for_meter()
    yield made
    made.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, brief_plan, until):
    """A runner with one finished run of the tiny pipeline, and all events of that run: for tests that read it or build on it."""
    made = LocalRunner(tmp_path_factory.mktemp("finished"))
    made.open()
    made.wait_for_meter()
    made.start(brief_plan())
    yield made, until(made, messages.ResultsReady)
    made.close()


@pytest.fixture(scope="module")
def until():
    """Drains events until one of a kind (and, if asked, of a certain sort) arrives; gives all that were seen."""

    def wait(runner, kind, where=lambda event: True):
        seen = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                event = runner.events.get(timeout=1.0)
            except queue.Empty:
                continue
            seen.append(event)
            if isinstance(event, kind) and where(event):
                return seen
        told = [e.text for e in seen if isinstance(e, messages.Log)]
        raise AssertionError(f"no {kind.__name__} within {PATIENCE_S} s; the log: {told[-20:]}")

    return wait
