"""What is timed lies on disk once for each way in which models take it; what is judged is read as it is answered, by the child itself."""

from pathlib import Path

import numpy as np
import pytest

from greenbench.core.artifact import DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo
from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import Stored
from greenbench.engine.bench.child import Bench
from greenbench.engine.bench.examples import ENOUGH_TO_TIME, ExampleFiles
from greenbench.engine.bench.variant import described

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
    files = ExampleFiles(data(tmp_path), tmp_path, 1)
    one, other = files.for_model(model()), files.for_model(model(classes=("owl", "dog", "cat")))
    scaled = files.for_model(model(input=InputSpec(shape=(1, 4, 4), mean=(0.5,), std=(0.25,))))
    assert one.inputs == other.inputs
    assert scaled.inputs != one.inputs
    pixels = RAW[:ENOUGH_TO_TIME] / np.float32(255)
    np.testing.assert_allclose(np.load(one.inputs), pixels, atol=1e-6)
    np.testing.assert_allclose(np.load(scaled.inputs), (pixels - 0.5) / 0.25, atol=1e-5)


def test_the_type_is_that_of_the_models_input(tmp_path) -> None:
    half = ExampleFiles(data(tmp_path), tmp_path, 1).for_model(model(input=InputSpec(shape=(1, 4, 4), dtype="float16")))
    assert np.load(half.inputs).dtype == np.float16


@pytest.mark.parametrize(("batch", "written"), [(1, ENOUGH_TO_TIME), (128, 128), (1000, COUNT)])
def test_no_more_is_written_than_timing_needs(batch: int, written: int, tmp_path) -> None:
    timed = ExampleFiles(data(tmp_path), tmp_path, batch).for_model(model())
    assert len(np.load(timed.inputs)) == written


def test_a_model_without_a_task_is_timed_and_says_why_it_is_not_judged(tmp_path) -> None:
    other = ExampleFiles(data(tmp_path), tmp_path, 1).for_model(model(task="other", classes=()))
    assert not other.fit.judged
    assert other.fit.reason == "not measured: the model has no task that could be judged"


def test_data_without_a_test_split_is_refused(tmp_path) -> None:
    with pytest.raises(StepError, match='"Animals" has no test split'):
        ExampleFiles(data(tmp_path, splits={"train": SplitInfo(examples=COUNT, digest="d")}), tmp_path, 1)


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
    return Bench(lambda reply: None).do_load(described(stored), "onnxruntime", 1, "cpu", 1, str(examples), judged, [])


def test_answers_that_do_not_fit_the_task_are_refused_only_where_they_are_judged(graph, tmp_path) -> None:
    examples = ExampleFiles(data(tmp_path), tmp_path, 1).for_model(graph)
    with pytest.raises(ModelError, match=r'answers of "Net" cannot be judged as classification\. It gives 5 outputs for 3 classes'):
        load(graph, examples.inputs, judged=True)
    answer = load(graph, examples.inputs, judged=False)
    assert answer["execution"]["by_precision"] == {"fp32": 1}
    assert answer["execution"]["affinity"] == []


@pytest.fixture
def chooser(tmp_path) -> Stored:
    """Answers with the class that the mean of the pixels has: below 0.49, up to 0.51, above."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    value, tensor = helper.make_tensor_value_info, numpy_helper.from_array
    nodes = [
        helper.make_node("Reshape", ["input", "s"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["mean"]),
        helper.make_node("Add", ["mean", "b"], ["logits"]),
    ]
    held = [
        tensor(np.array([-1, 16]), "s"),
        tensor(np.tile(np.array([-1.0, 0.0, 1.0], np.float32) / 16, (16, 1)), "w"),
        tensor(np.array([0.49, 0.0, -0.51], np.float32), "b"),
    ]
    made = helper.make_graph(
        nodes, "g", [value("input", TensorProto.FLOAT, ["batch", 1, 4, 4])], [value("logits", TensorProto.FLOAT, ["batch", 3])], held
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "chooser.onnx")
    return Stored(model(files={"weights": "chooser.onnx"}).model, tmp_path, "m", "Net")


def right(names: tuple[str, ...]) -> list[float]:
    """By hand: which examples the chooser is right about, if its outputs mean `names`."""
    means = RAW.mean(axis=(1, 2, 3)) / 255
    chosen = np.array([[0.49 - mean, 0.0, mean - 0.51] for mean in means]).argmax(axis=1)
    return [float(names[answer] == NAMES[label]) for answer, label in zip(chosen, LABELS, strict=True)]


@pytest.mark.parametrize("names", [NAMES, ("owl", "dog", "cat")])
def test_every_test_example_is_judged_by_the_models_own_order_of_classes_though_few_are_written(names, chooser, tmp_path) -> None:
    stored = Stored(chooser.model.model_copy(update={"classes": names}), chooser.folder, "m", "Net")
    animals = data(tmp_path)
    examples = ExampleFiles(animals, tmp_path, 1).for_model(stored)
    assert len(np.load(examples.inputs)) == ENOUGH_TO_TIME
    bench = Bench(lambda reply: None)
    bench.do_load(described(stored), "onnxruntime", 1, "cpu", 1, str(examples.inputs), True, [])
    answer = bench.do_accuracy(described(animals), described(stored))
    assert answer["scores"] == right(names)
    assert len(answer["scores"]) == COUNT
    assert answer["problem"] == ""


def test_examples_that_cannot_be_read_any_more_are_told_without_an_error(chooser, tmp_path) -> None:
    animals = data(tmp_path)
    examples = ExampleFiles(animals, tmp_path, 1).for_model(chooser)
    bench = Bench(lambda reply: None)
    bench.do_load(described(chooser), "onnxruntime", 1, "cpu", 1, str(examples.inputs), True, [])
    (tmp_path / "x.npy").write_bytes(b"cut short")
    answer = bench.do_accuracy(described(animals), described(chooser))
    assert answer["scores"] == []
    assert answer["problem"].startswith('"Animals": x.npy cannot be read')
