"""The test examples lie on disk once for each way in which models take them, and answers that cannot be judged are refused in words."""

from pathlib import Path

import numpy as np
import pytest

from greenbench.core.artifact import DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo
from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import Stored
from greenbench.engine.bench.child import Bench
from greenbench.engine.bench.examples import ENOUGH_TO_TIME, ExampleFiles

COUNT = 300
NAMES = ("cat", "dog", "owl")
RAW = np.random.default_rng(0).integers(0, 256, size=(COUNT, 1, 4, 4), dtype=np.uint8)
LABELS = np.arange(COUNT) % 3


def data(folder: Path, **more: object) -> Stored:
    np.save(folder / "x.npy", RAW)
    np.save(folder / "y.npy", LABELS)
    split = {"test": SplitInfo(examples=COUNT, digest="d")}
    values = {
        "kind": "array", "name": "Animals", "files": {"test.x": "x.npy", "test.y": "y.npy"}, "input": InputSpec(shape=(1, 4, 4)),
        "classes": NAMES, "splits": split,
    }  # fmt: skip
    return Stored(DatasetArtifact(**{**values, **more}), folder, "d", "Animals")


def model(**more: object) -> Stored:
    values = {"format": "onnx", "files": {}, "input": InputSpec(shape=(1, 4, 4)), "classes": NAMES}
    weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=1)
    return Stored(ModelArtifact(footprint=weights, **{**values, **more}), Path(), "m", "Net")


def test_models_that_take_the_same_share_a_file(tmp_path) -> None:
    files = ExampleFiles(data(tmp_path), tmp_path, 1, judge=True)
    one, other = files.for_model(model()), files.for_model(model(classes=NAMES))
    scaled = files.for_model(model(input=InputSpec(shape=(1, 4, 4), mean=(0.5,), std=(0.25,))))
    assert one.inputs == other.inputs
    assert scaled.inputs != one.inputs
    pixels = RAW / np.float32(255)
    np.testing.assert_allclose(np.load(one.inputs), pixels, atol=1e-6)
    np.testing.assert_allclose(np.load(scaled.inputs), (pixels - 0.5) / 0.25, atol=1e-5)
    assert np.load(scaled.targets).tolist() == LABELS.tolist()


def test_labels_are_places_of_the_models_own_outputs(tmp_path) -> None:
    turned = ExampleFiles(data(tmp_path), tmp_path, 1, judge=True).for_model(model(classes=("owl", "dog", "cat")))
    assert np.load(turned.targets).tolist() == (2 - LABELS).tolist()


def test_the_type_is_that_of_the_models_input(tmp_path) -> None:
    half = ExampleFiles(data(tmp_path), tmp_path, 1, judge=True).for_model(model(input=InputSpec(shape=(1, 4, 4), dtype="float16")))
    assert np.load(half.inputs).dtype == np.float16


def test_what_is_only_timed_gets_no_more_than_that_needs(tmp_path) -> None:
    timed = ExampleFiles(data(tmp_path), tmp_path, 1, judge=False).for_model(model())
    assert len(np.load(timed.inputs)) == ENOUGH_TO_TIME
    assert not timed.targets.exists()
    large = ExampleFiles(data(tmp_path), tmp_path, 128, judge=False).for_model(model(input=InputSpec(shape=(1, 4, 4), std=(2.0,))))
    assert len(np.load(large.inputs)) == 128


def test_a_model_without_a_task_is_timed_and_says_why_it_is_not_judged(tmp_path) -> None:
    other = ExampleFiles(data(tmp_path), tmp_path, 1, judge=True).for_model(model(task="other", classes=()))
    assert not other.judged
    assert other.fit.reason == "not measured: the model has no task that could be judged"


def test_data_without_a_test_split_is_refused(tmp_path) -> None:
    with pytest.raises(StepError, match='"Animals" has no test split'):
        ExampleFiles(data(tmp_path, splits={"train": SplitInfo(examples=COUNT, digest="d")}), tmp_path, 1, judge=True)


@pytest.fixture
def graph(tmp_path) -> Stored:
    """Sums of pixels, five of them: not the three that the classes need."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((16, 5), np.float32), "w")
    shape = numpy_helper.from_array(np.array([-1, 16]), "s")
    nodes = [helper.make_node("Reshape", ["input", "s"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["logits"])]
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes, "g", [value("input", TensorProto.FLOAT, ["batch", 1, 4, 4])], [value("logits", TensorProto.FLOAT, ["batch", 5])],
        [weight, shape],
    )  # fmt: skip
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "model.onnx")
    return Stored(model(files={"weights": "model.onnx"}).model, tmp_path, "m", "Net")


def load(stored: Stored, examples: Path, judged: bool) -> dict:
    described = {"artifact": stored.model.model_dump_json(), "folder": str(stored.folder), "title": stored.title}
    return Bench(lambda reply: None).do_load(described, "onnxruntime", 1, "cpu", 1, str(examples), judged, [])


def test_answers_that_do_not_fit_the_task_are_refused_only_where_they_are_judged(graph, tmp_path) -> None:
    examples = ExampleFiles(data(tmp_path), tmp_path, 1, judge=True).for_model(graph)
    with pytest.raises(ModelError, match=r'answers of "Net" cannot be judged as classification\. It gives 5 outputs for 3 classes'):
        load(graph, examples.inputs, judged=True)
    answer = load(graph, examples.inputs, judged=False)
    assert answer["execution"]["by_precision"] == {"fp32": 1}
    assert answer["execution"]["affinity"] == []
