"""A regression and a set of sentences through real processes: judged by their own metric, against the baseline, on what executed."""

import csv

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from greenbench.core import messages
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import Protocol, RunState, Verdict
from greenbench.engine.plan import Conditions, make_plan
from greenbench.report.model import build
from greenbench.report.writers.pdf import to_pdf
from greenbench.steps import installed

BRIEF = Protocol(name="quick", idle_s=0.3, warm_up_s=0.3, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)


def pipeline(source: Node, network: dict[str, object], training: dict[str, object]) -> Pipeline:
    """Data, a network, trained; itself and quantised, benchmarked."""
    made = Pipeline(installed(), "Other data")
    nodes = (
        source, Node("model", "model.library", "Network", network), Node("train", "train", "Train", training),
        Node("int8", "quantize.static", "int8"), Node("bench", "benchmark", "Benchmark", {"threads": 1}),
    )  # fmt: skip
    for node in nodes:
        made.check_node(node)
        made.nodes[node.id] = node
    for text in (
        "data.data -> model.data", "data.data -> train.data", "data.data -> int8.data", "data.data -> bench.data",
        "model.model -> train.model", "train.model -> int8.model", "train.model -> bench.models", "int8.model -> bench.models",
    ):  # fmt: skip
        left, right = text.split(" -> ")
        link = Link(*left.split("."), *right.split("."))
        made.check_link(link)
        made.links.append(link)
    return made


def run(runner, until, made: Pipeline):
    runner.start(make_plan(made, Conditions(protocol=BRIEF)))
    seen = until(runner, messages.ResultsReady)
    result = seen[-1].result
    assert result.state is RunState.FINISHED, [e.failure for e in seen if isinstance(e, messages.NodeFailed)]
    assert not [v.failure for v in result.variants if v.failure]
    return result


def test_a_regression_is_measured_by_its_error_in_the_targets_unit(runner, until, tmp_path) -> None:
    found = load_diabetes(scaled=False)
    path = tmp_path / "diabetes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*found.feature_names, "progress"])
        writer.writerows(np.column_stack([found.data, found.target]).tolist())
    source = Node("data", "data.table", "Patients", {"file": str(path), "task": "regression", "unit": "points"})
    training = {"epochs": 20, "batch": 32, "learning_rate": 0.02}
    result = run(runner, until, pipeline(source, {"name": "mlp", "width": 16}, training))
    first, second = result.variants
    error = first.metrics["mean_absolute_error"]
    assert (result.quality, error.unit, error.n) == ("mean_absolute_error", "points", 89)
    assert 30 < error.low < error.value < error.high < 70
    assert second.against["mean_absolute_error"].verdict is not Verdict.NOT_COMPARED
    assert first.execution is not None
    report = build(result)
    assert report.shown[0] == "mean_absolute_error"
    assert to_pdf(result).startswith(b"%PDF")


def test_sentences_are_measured_by_accuracy(runner, until, tmp_path) -> None:
    words = {"praise": ("fine", "lovely", "bright", "warm"), "blame": ("dull", "cold", "noisy", "late")}
    draw = np.random.default_rng(0)
    path = tmp_path / "rooms.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for index in range(400):
            label = ("praise", "blame")[index % 2]
            writer.writerow([f"room {index} was {draw.choice(words[label])} and {draw.choice(words[label])}", label])
    source = Node("data", "data.text", "Rooms", {"file": str(path)})
    training = {"epochs": 4, "optimizer": "adamw", "learning_rate": 0.02}
    result = run(runner, until, pipeline(source, {"name": "text_average", "width": 8}, training))
    assert result.quality == "accuracy"
    for variant in result.variants:
        assert variant.metrics["accuracy"].n == 80
        assert variant.metrics["accuracy"].value == pytest.approx(1.0, abs=0.03)
