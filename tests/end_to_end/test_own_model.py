"""A lab's own network on its own images: read, measured, taken away as a proved file; code runs only where it was allowed."""

import json

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

from greenbench.cli import main
from greenbench.core import messages
from greenbench.core.document import dumps
from greenbench.core.errors import PlanError
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import Protocol, RunState
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.trust import requests
from greenbench.steps import installed

BRIEF = Protocol(name="quick", idle_s=0.3, warm_up_s=0.3, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)
FACTORY = """
import torch
from torch import nn

def make(side=8):
    net = nn.Sequential(nn.Flatten(), nn.Linear(side * side, 2))
    with torch.no_grad():
        net[1].weight[:] = torch.tensor([[-1.0], [1.0]]) / (side * side)
        net[1].bias[:] = torch.tensor([0.5, -0.5])
    return net
"""


@pytest.fixture
def images(tmp_path):
    """Grey squares, larger than the network takes: 12 bright ones and 12 dark ones."""
    generator = np.random.default_rng(3)
    for name, middle in (("bright", 200), ("dark", 50)):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for index in range(12):
            Image.fromarray(generator.integers(middle - 40, middle + 40, (20, 24), dtype=np.uint8)).save(folder / f"{index}.png")
    return tmp_path / "images"


@pytest.fixture
def graph(tmp_path):
    """A graph whose first output grows with darkness and whose second with brightness, so accuracy is 1 if names are kept apart."""
    weight = np.stack([-np.ones(64), np.ones(64)]).astype(np.float32) / 64
    nodes = [helper.make_node("Flatten", ["pixels"], ["flat"]), helper.make_node("Gemm", ["flat", "w", "b"], ["answers"], transB=1)]
    tensors = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(np.array([0.5, -0.5], np.float32), "b")]
    takes = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 1, 8, 8])
    gives = helper.make_tensor_value_info("answers", TensorProto.FLOAT, ["n", 2])
    model = helper.make_model(helper.make_graph(nodes, "own", [takes], [gives], tensors), opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path = tmp_path / "a network.bin"  # told by its content
    save(model, path)
    (tmp_path / "names.txt").write_text("Dark\nBright\n")
    return path


def pipeline(images, source: Node) -> Pipeline:
    made = Pipeline(installed(), "Own")
    nodes = (
        Node("data", "data.folder", "Photos", {"folder": str(images), "use": "test", "colour": "grey", "calibration_examples": 4}),
        source,
        Node("bench", "benchmark", "Benchmark", {"threads": 1}),
    )
    for node in nodes:
        made.check_node(node)
        made.nodes[node.id] = node
    made.links = [Link("model", "model", "bench", "models"), Link("data", "data", "bench", "data")]
    return made


def run(runner, until, plan):
    runner.start(plan)
    result = until(runner, messages.ResultsReady)[-1].result
    assert result.state is RunState.FINISHED, [node.failure for node in result.nodes]
    return result


def test_an_onnx_file_is_measured_exported_and_proved(runner, until, home, images, graph, tmp_path, capsys):
    params = {"file": str(graph), "class_names": str(tmp_path / "names.txt"), "normalise": "none"}
    result = run(runner, until, make_plan(pipeline(images, Node("model", "model.file", "Ours", params)), Conditions(protocol=BRIEF)))
    variant = result.variants[0]
    assert variant.metrics["accuracy"].value == 1.0
    assert variant.metrics["accuracy"].n == 20
    assert variant.execution.by_precision == {"fp32": 1}
    target = tmp_path / "shipped"
    assert main(["export", result.run_id, "--variant", "A", "--format", "onnx", "--output", str(target)]) == 0
    said = capsys.readouterr().out
    assert "Proved on 20 test examples" in said
    assert "No output differs" in said
    card = (target / "ours.md").read_text(encoding="utf-8")
    assert "Dark, Bright" in card
    assert "20 test examples" in card
    session = onnxruntime.InferenceSession(target / "ours.onnx", providers=["CPUExecutionProvider"])
    assert session.run(None, {"pixels": np.ones((3, 1, 8, 8), np.float32)})[0].argmax(axis=1).tolist() == [1, 1, 1]
    assert main(["look", result.run_id, "--variant", "Ours", "--json"]) == 0
    assert [layer["kind"] for layer in json.loads(capsys.readouterr().out)["layers"]][-1] == "Gemm"


def test_a_python_factory_runs_only_where_it_was_allowed(runner, until, images, tmp_path):
    (tmp_path / "net.py").write_text(FACTORY)
    (tmp_path / "names.txt").write_text("Dark\nBright\n")
    params = {"factory": f"{tmp_path / 'net.py'}:make", "input": "1x8x8", "class_names": str(tmp_path / "names.txt"), "normalise": "none"}
    made = pipeline(images, Node("model", "model.python", "Ours", params))
    with pytest.raises(PlanError, match="is a Python file"):
        make_plan(made)
    allowed = frozenset(request.sha256 for asked in requests(made).values() for request in asked)
    result = run(runner, until, make_plan(made, Conditions(protocol=BRIEF, trusted=allowed)))
    assert result.variants[0].metrics["accuracy"].value == 1.0


def test_a_mismatch_is_told_before_the_run_with_both_names(home, images, graph, tmp_path, capsys):
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    params = {"file": str(graph), "class_names": str(tmp_path / "names.txt"), "normalise": "none"}
    path = tmp_path / "own.greenbench"
    path.write_text(dumps(pipeline(images, Node("model", "model.file", "Ours", params))), encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert main(["check", str(path), "--sources"]) == 2
    said = capsys.readouterr().err
    assert '"Ours" does not know 2 of the 2 classes of the data set "Photos": bright, dark.' in said
    assert main(["check", str(path)]) == 2  # it is known now
