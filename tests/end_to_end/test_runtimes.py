"""A run on another runtime, kept to one core: what its results say about what executed."""

import os

import pytest

from greenbench.core import messages
from greenbench.core.run import Protocol, RunState
from greenbench.core.runtimes import unavailable
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.runner import LocalRunner

BRIEF = Protocol(name="quick", idle_s=0.2, warm_up_s=0.2, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, tiny, until):
    """Both variants on OpenVINO, on the first core that this process may use."""
    if unavailable("openvino", "cpu"):
        pytest.skip("OpenVINO is not installed")
    pipeline = tiny()
    pipeline.nodes["bench"] = pipeline.nodes["bench"].but(params={"runtime": "openvino", "batch": 7})
    cores = (min(os.sched_getaffinity(0)),) if hasattr(os, "sched_getaffinity") else ()
    runner = LocalRunner(tmp_path_factory.mktemp("openvino"))
    runner.open()
    runner.wait_for_meter()
    runner.start(make_plan(pipeline, Conditions(protocol=BRIEF, affinity=cores)))
    seen = until(runner, messages.ResultsReady)
    runner.close()
    return seen[-1].result, cores


def test_the_results_say_what_executed(measured) -> None:
    result, cores = measured
    assert result.state is RunState.FINISHED, [node.failure for node in result.nodes if node.failure]
    for variant in result.variants:
        done = variant.execution
        assert (done.runtime, variant.runtime) == ("openvino", "openvino")
        assert done.version.startswith("OpenVINO 20")
        assert (done.precision, variant.precision) == ("fp32", "fp32")
        assert done.by_precision == {"fp32": 3}  # LeNet-300-100 is three matrix products
        assert dict(done.kernels)["FullyConnected"] == 3
        assert (done.fallbacks, done.threads, done.affinity) == (0, 1, cores)
        assert done.converted == "PyTorch network, exported to ONNX"
        assert min(done.load_s, done.compile_s, done.first_s) > 0


def test_they_are_judged_on_the_same_runtime(measured) -> None:
    result, _ = measured
    for variant in result.variants:
        assert variant.batch == 7
        assert variant.metrics["accuracy"].n == 360  # the last batch of 7 is filled up, and what fills it is not counted
        assert variant.metrics["latency_p50"].value > 0
