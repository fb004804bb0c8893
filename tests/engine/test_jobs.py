"""A single job in a process of its own: it answers, fails with the same error, dies without harm, and can be stopped."""

import hashlib
import os
import time

import numpy as np
import pytest

from greenbench.core.errors import Cancelled, PlanError, WorkerError
from greenbench.core.jobs import InspectFile
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.engine import jobs
from greenbench.engine.cache import Cache
from greenbench.engine.plan import Conditions
from greenbench.engine.sources import known_in, read_sources, sources_plan
from greenbench.steps import installed


@pytest.fixture
def pipeline(tmp_path):
    """A NumPy archive of rows, and a network for images fed to a Train step with it."""
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "rows.npz", x=generator.random((60, 5), dtype=np.float32), y=np.arange(60) % 2)
    made = Pipeline(installed(), "Sources")
    for id, step, params in (
        ("data", "data.archive", {"file": str(tmp_path / "rows.npz")}),
        ("model", "model.library", {"name": "resnet8"}),
        ("train", "train", {}),
    ):
        made.nodes[id] = Node(id, step, id.capitalize(), params)
    made.links = [Link("model", "model", "train", "model"), Link("data", "data", "train", "data")]
    return made


def test_sources_are_read_into_the_cache_and_mismatches_named(pipeline, tmp_path):
    heard = []
    cache = Cache(tmp_path / "cache")
    done = read_sources(pipeline, Conditions(), cache, on_progress=lambda share, text: heard.append(share))
    assert {node.node: node.failure for node in done.nodes} == {"data": None, "model": None}
    assert done.nodes[0].outputs["data"].splits["test"].examples == 12
    assert '"Model" takes examples of 1×32×32, the data set "Data" gives 5.' in done.mismatches["train"].message
    assert heard
    known = known_in(cache)
    assert all(known(node) for node in sources_plan(pipeline, Conditions()).nodes)


def test_a_source_that_cannot_be_read_says_why_and_leaves_the_other(pipeline, tmp_path):
    (tmp_path / "rows.npz").write_bytes(b"no archive")
    done = read_sources(pipeline, Conditions(), Cache(tmp_path / "cache"))
    failures = {node.node: node.failure for node in done.nodes}
    assert "cannot be read as a NumPy archive" in failures["data"].message
    assert failures["model"] is None


def test_one_source_can_be_read_alone(pipeline):
    assert [node.id for node in sources_plan(pipeline, Conditions(), frozenset({"data"})).nodes] == ["data"]


def test_an_incomplete_source_is_refused_before_a_process_starts(pipeline, tmp_path):
    pipeline.nodes["data"] = pipeline.nodes["data"].but(params={})
    with pytest.raises(PlanError, match="no file is chosen"):
        read_sources(pipeline, Conditions(), Cache(tmp_path / "cache"))


def test_a_stopped_job_leaves_no_process(pipeline, tmp_path):
    with pytest.raises(Cancelled):
        read_sources(pipeline, Conditions(), Cache(tmp_path / "cache"), stopped=lambda: True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_factory_that_leaves_a_process_behind_holds_nobody_up(pipeline, tmp_path):
    (tmp_path / "net.py").write_text(
        "import os, time\nfrom torch import nn\ndef make():\n    if os.fork() == 0:\n        time.sleep(600)\n        os._exit(0)\n"
        "    return nn.Linear(5, 2)\n"
    )
    sha256 = hashlib.sha256((tmp_path / "net.py").read_bytes()).hexdigest()
    pipeline.nodes["model"] = Node("model", "model.python", "Model", {"factory": f"{tmp_path}/net.py:make", "input": "5"})
    conditions = Conditions(trusted=frozenset({sha256}))
    started = time.monotonic()
    done = read_sources(pipeline, conditions, Cache(tmp_path / "cache"), frozenset({"model"}))
    assert done.nodes[0].failure is None
    assert time.monotonic() - started < 60


def test_a_process_that_dies_is_an_error_that_says_how(monkeypatch):
    class Dead(jobs.Child):
        def send(self, line):
            self.kill()
            return True

    monkeypatch.setattr(jobs, "Child", Dead)
    with pytest.raises(WorkerError, match="was killed"):
        jobs.run_job(InspectFile(path="x"))
