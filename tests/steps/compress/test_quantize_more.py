"""Int8 without calibration, weights alone, and int8 for OpenVINO: each about as right as before, and described as what really executes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from greenbench.core.artifact import Footprint
from greenbench.core.errors import Cancelled, StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.answering import session_of
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Settings, fit
from greenbench.steps import installed
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams


def exported(stored: Stored, new_context) -> Stored:
    """A network as ONNX: to export it once for all tests saves most of their time."""
    folder = new_context().folder
    return Stored(export_onnx(stored, folder), folder, stored.node, stored.title)


@pytest.fixture(scope="module")
def wide(digits, new_context) -> Stored:
    """Dense layers only, about 95 % right."""
    context = new_context()
    torch.manual_seed(0)
    spec = digits.dataset.input
    plan = Blueprint(architecture_for("mlp", spec, 10, 256), spec, digits.dataset.classes)
    module = build(plan.architecture)
    fit(module, open_dataset(digits), Settings(epochs=4, learning_rate=0.1), context)
    saved = save_module(module, context.folder, plan, trained=True, step="Train")
    return exported(Stored(saved, context.folder, "w", "Wide"), new_context)


@pytest.fixture(scope="module")
def graph(trained, new_context) -> Stored:
    """Convolutions and one dense layer."""
    return exported(trained, new_context)


def ran(key, context, model, data=None, **params):
    """What a step gives, its facts by title, and its output as the next step receives it."""
    spec = installed()[key]
    arrived = {"model": (model,), **({"data": (data,)} if data else {})}
    outcome = spec.load()(Inputs(arrived), spec.params.checked(params), context)
    made = Stored(outcome.outputs["model"], context.folder, "q", "Quantised")
    return outcome, {fact.title: fact for fact in outcome.facts}, made


def answers(stored):
    session = session_of(stored)
    return lambda x: session.answers(x, 32)


CASES = [
    ("quantize.dynamic", {}, "int8", 4.0),
    ("quantize.weights", {"bits": 8, "block": 128}, "int8", 3.6),
    ("quantize.weights", {"bits": 4}, "int8", 6.0),
    ("quantize.weights", {"bits": 4, "compute": "float"}, "fp32", 6.0),
    ("quantize.openvino", {"examples": 64}, "int8", 3.0),
]


@pytest.mark.parametrize(("key", "params", "precision", "smaller"), CASES)
def test_dense_layers_get_small_and_stay_about_as_right(wide, digits, new_context, right, key, params, precision, smaller):
    outcome, facts, made = ran(key, new_context(), wide, digits, **params)
    total = wide.model.footprint.layers
    assert made.model.precision == precision
    assert facts["Executes in int8"].value == (total if precision == "int8" else 0)
    assert right(answers(made)) > right(answers(wide)) - 0.03
    before, after = wide.model.footprint, made.model.footprint
    assert after.parameters == before.parameters
    assert after.flops == before.flops
    # The small graph around the weights takes some bytes as well: the sizes are those of the numbers less that.
    assert before.size_bytes / after.size_bytes > 0.75 * smaller
    assert facts["Accuracy, validation"].before is not None
    assert session_of(made).execution.precision == precision
    assert made.model.lineage == ("Train", "Compress 1")
    assert outcome.headline.endswith("B")


@pytest.mark.parametrize(
    ("key", "params"), [("quantize.weights", {}), ("quantize.openvino", {}), ("quantize.dynamic", {"convolutions": True})]
)
def test_convolutions_stay_about_as_right(graph, digits, new_context, right, key, params):
    _, facts, made = ran(key, new_context(), graph, digits, **params)
    assert right(answers(made)) > right(answers(graph)) - 0.04
    layers = graph.model.footprint.layers
    if key == "quantize.weights":
        assert facts["Convolutions in 8 bits"].value == layers - 1
        assert "unpacked at each call, computed in floating point" in made.model.notes[1]
    else:
        assert facts["Executes in int8"].value == layers
        assert made.model.footprint.flops == graph.model.footprint.flops


def test_a_network_of_convolutions_gains_nothing_from_dynamic_int8_and_is_told(graph, new_context):
    _, facts, made = ran("quantize.dynamic", new_context(), graph)
    layers = graph.model.footprint.layers
    assert facts["Executes in int8"].value == 1  # the classifier
    assert facts["Stays in floating point"].value == layers - 1
    assert made.model.notes[-1].startswith(f"1 of {layers} convolutions and matrix products execute in int8")
    assert "not known: link data" in facts["Accuracy"].text


def test_zeros_of_pruning_stay_zero_in_four_bits(trained, new_context, handed_on):
    context = new_context()
    sparse = handed_on(prune_weights(Inputs({"model": (trained,)}), MagnitudeParams(sparsity=0.8), context), context)
    sparse = exported(sparse, new_context)
    for symmetric in (True, False):
        _, _, made = ran("quantize.weights", new_context(), sparse, symmetric=symmetric)
        # Folding batch norms leaves one bias where there were a scale and a shift; every other non-zero was one before.
        assert 0 < made.model.footprint.nonzero_parameters <= sparse.model.footprint.nonzero_parameters


@pytest.mark.parametrize("key", ["quantize.dynamic", "quantize.weights", "quantize.openvino"])
def test_what_is_quantised_is_not_quantised_again(wide, digits, new_context, key):
    _, _, made = ran(key, new_context(), wide, digits)
    with pytest.raises(StepError, match="already quantised"):
        ran(key, new_context(), made, digits)


def test_openvino_keeps_the_score_and_hears_stop(graph, digits, new_context, right):
    _, _, made = ran("quantize.openvino", new_context(), graph, digits, control=True, loss=0.02, examples=32)
    assert right(answers(made)) > right(answers(graph)) - 0.04
    assert made.model.files == {"weights": "model.int8.xml", "bin": "model.int8.bin"}
    context = new_context()
    context.stop_after = 4
    with pytest.raises(Cancelled):
        ran("quantize.openvino", context, graph, digits)
    assert list(context.folder.iterdir()) == []


def test_nncf_is_imported_without_what_would_send_statistics():
    # In a process of its own: another test may have imported OpenVINO as it is.
    code = (
        "import sys; from greenbench.ml.compress import openvino_int8; openvino_int8.nncf();"
        "print(sys.modules['openvino_telemetry'], hasattr(sys.modules['nncf.telemetry.wrapper'], 'Telemetry'))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split()[-2:] == ["None", "False"]


def test_without_nncf_openvino_says_what_to_install(monkeypatch):
    from greenbench.steps.quantize_openvino import spec

    assert spec.SPEC.obstacle(spec.OpenVinoInt8Params()) is None
    monkeypatch.setattr(spec, "find_spec", lambda _name: None)
    message, remedy = spec.SPEC.obstacle(spec.OpenVinoInt8Params())
    assert message == "NNCF, which quantises for OpenVINO, is not installed."
    assert 'pip install "greenbench[openvino]"' in remedy


def test_static_int8_scans_its_layers_and_leaves_out_the_worst(graph, trained, digits, new_context):
    layers = graph.model.footprint.layers
    _, facts, made = ran("quantize.static", new_context(), graph, digits, skip="worst", count=2, examples=32, scan_examples=32)
    listed = [title.removeprefix("Int8 in ").removesuffix(" alone") for title in facts if title.startswith("Int8 in ")]
    modules = dict(load_module(trained).named_modules())
    assert len(listed) == layers
    assert set(listed) <= modules.keys()  # the names of the network, not those of the graph
    assert facts["Left in floating point"].text == ", ".join(listed[:2])
    assert facts["Fell back to floating point"].value == 2
    assert facts["Executes in int8"].value == layers - 2
    noise = [float(facts[f"Int8 in {name} alone"].text.split(" dB")[0]) for name in listed]
    assert noise == sorted(noise)
    assert f"Left in floating point: {', '.join(listed[:2])}." in made.model.notes


def test_static_int8_leaves_nothing_out_where_the_score_holds_and_a_wrong_name_is_refused(graph, digits, new_context):
    _, facts, _ = ran("quantize.static", new_context(), graph, digits, skip="enough", loss=0.05, examples=32, scan_examples=16)
    assert facts["Left in floating point"].value == 0
    assert facts["Loss that is left"].text.endswith("on 200 validation examples")
    with pytest.raises(StepError, match='There is no layer "stemm"'):
        ran("quantize.static", new_context(), graph, digits, skip="named", names="stemm", examples=16)


def test_a_footprint_of_int8_for_openvino_counts_weights_alone(wide, digits, new_context):
    _, _, made = ran("quantize.openvino", new_context(), wide, digits, examples=32)
    found: Footprint = made.model.footprint
    assert found.parameters == wide.model.footprint.parameters
    assert found.nonzero_parameters <= wide.model.footprint.nonzero_parameters
    assert np.isfinite(answers(made)(open_dataset(digits).split("test").arrays()[0][:4])).all()
