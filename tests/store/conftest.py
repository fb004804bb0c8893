"""Stores to test, and a plan to run: data and a teacher into a benchmark of two models."""

import itertools

import pytest

from greenbench.core.run import Environment, Plan, PlannedNode, Source
from greenbench.store import Store


def planned(id, step, **inputs):
    sources = {port: tuple(Source(node=node, output="out") for node in nodes) for port, nodes in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params={}, inputs=sources, digest=f"digest-{id}")


@pytest.fixture
def plan():
    nodes = (
        planned("data", "data.digits"),
        planned("teacher", "train", data=["data"]),
        planned("pruned", "prune", model=["teacher"]),
        planned("bench", "benchmark", models=["teacher", "pruned"], data=["data"]),
    )
    return Plan(title="Two models", nodes=nodes)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    """One store for many generated examples; ask `fresh_run` for a run of one's own."""
    with Store(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="module")
def fresh_run(shared_store):
    numbers = itertools.count()

    def begin(**more):
        run_id = f"run-{next(numbers):06d}"
        shared_store.begin_run(run_id, Plan(title="Test", nodes=(), **more), Environment(), "2026-11-22T12:00:00+01:00", 0)
        return run_id

    return begin
