"""A source too large to be coded before it is measured: its coded size comes with the results, to the byte, and once for all runs."""

import pytest

from greenbench.core import messages
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import Protocol, RunState
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.runner import LocalRunner
from greenbench.steps import installed

BRIEF = Protocol(name="quick", idle_s=0.2, warm_up_s=0.2, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, until):
    """Two runs of an untrained network of two million weights, the second from the cache."""
    pipeline = Pipeline(installed(), "Large")
    for node in (
        Node("digits", "data.digits", "Digits"),
        Node("model", "model.library", "MLP", {"name": "mlp", "width": 1500}),
        Node("bench", "benchmark", "Benchmark"),
    ):
        pipeline.check_node(node)
        pipeline.nodes[node.id] = node
    for ends in (("digits", "data", "model", "data"), ("model", "model", "bench", "models"), ("digits", "data", "bench", "data")):
        pipeline.links.append(Link(*ends))
    home = tmp_path_factory.mktemp("large")
    runner = LocalRunner(home)
    runner.open()
    runner.wait_for_meter()
    results = []
    for _ in range(2):
        runner.start(make_plan(pipeline, Conditions(protocol=BRIEF)))
        results.append(until(runner, messages.ResultsReady)[-1].result)
    runner.close()
    return home, results


def test_the_coded_size_is_that_of_the_file_and_the_same_in_a_second_run(measured) -> None:
    from safetensors.numpy import load_file

    from greenbench.ml.compress import packed

    home, (first, second) = measured
    assert first.state is second.state is RunState.FINISHED, [node.failure for node in first.nodes if node.failure]
    (file,) = home.glob("cache/??/*/model.safetensors")
    weights = load_file(file)
    assert sum(array.size for array in weights.values()) > packed.EASILY_CODED
    sizes = [result.variants[0].metrics["size_coded_bytes"].value for result in (first, second)]
    assert sizes == [packed.coded_size(weights)] * 2


def test_its_source_left_it_open_and_its_answers_were_judged_on_all_test_examples(measured) -> None:
    _, (first, second) = measured
    model = next(node for node in first.nodes if node.node == "model")
    assert model.outputs["model"].footprint.size_coded_bytes is None
    assert "Coded size" not in {fact.title for fact in model.facts}
    assert first.variants[0].metrics["accuracy"].n == 360
    assert second.variants[0].metrics["accuracy"].value == first.variants[0].metrics["accuracy"].value
