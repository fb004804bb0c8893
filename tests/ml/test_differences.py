"""Where two models answer differently: counted over all test examples, shown with the example as the data has it."""

import numpy as np
import pytest
import torch
from PIL import Image

from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import DataError
from greenbench.core.jobs import CompareAnswers, StoredRef
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.data.split import write_arrays
from greenbench.ml.differences import differences
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build


def ref(stored):
    return StoredRef(artifact=stored.artifact, folder=str(stored.folder), node=stored.node, title=stored.title)


def asked(first, second, data, folder, **more):
    return CompareAnswers(first=ref(first), second=ref(second), data=ref(data), folder=str(folder), **more)


@pytest.fixture(scope="module")
def network(digits8, tmp_path_factory):
    torch.manual_seed(4)
    folder = tmp_path_factory.mktemp("net")
    spec = digits8.dataset.input
    plan = Blueprint(architecture_for("lenet_300_100", spec, 10), spec, digits8.dataset.classes)
    return Stored(save_module(build(plan.architecture), folder, plan), folder, "m1", "One")


def biased(network, folder, by):
    """The same network that leans to class 7."""
    module = load_module(network)
    with torch.no_grad():
        next(layer for layer in reversed(list(module.modules())) if isinstance(layer, torch.nn.Linear)).bias[7] += by
    folder.mkdir()
    return Stored(save_module(module, folder, network.model), folder, "m2", "Leaning")


def test_counts_are_those_of_both_models_answers(network, digits8, tmp_path, context):
    other = biased(network, tmp_path / "other", 0.05)
    found = differences(asked(network, other, digits8, tmp_path / "out"), context)
    x, y = open_dataset(digits8).split("test").arrays()
    with torch.no_grad():
        a, b = (load_module(each)(torch.from_numpy(x)).argmax(1).numpy() for each in (network, other))
    assert found.examples == len(y)
    assert 0 < found.agree == int((a == b).sum()) < len(y)
    assert found.only_first == int(((a == y) & (b != y)).sum())
    assert found.only_second == int(((b == y) & (a != y)).sum())
    assert found.both_wrong == int(((a != y) & (b != y)).sum())
    for row in found.shown:
        assert (row.truth, row.first, row.second) == (str(y[row.index]), str(a[row.index]), str(b[row.index]))
        assert row.first_right == (a[row.index] == y[row.index])
        assert 0.1 <= row.first_confidence <= 1


def test_the_surest_stand_first_and_no_more_than_asked_for(network, digits8, tmp_path, context):
    other = biased(network, tmp_path / "other", 3.0)
    found = differences(asked(network, other, digits8, tmp_path / "out", limit=5), context)
    sure = [min(row.first_confidence, row.second_confidence) for row in found.shown]
    assert len(sure) == 5
    assert sure == sorted(sure, reverse=True)
    assert {row.second for row in found.shown} == {"7"}


def test_pictures_are_the_data_itself(network, digits8, tmp_path, context):
    found = differences(asked(network, biased(network, tmp_path / "other", 3.0), digits8, tmp_path / "out", limit=3), context)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(row.image for row in found.shown)
    row = found.shown[0]
    picture = np.asarray(Image.open(tmp_path / "out" / row.image))
    raw = open_dataset(digits8).split("test").raw(np.array([row.index]))[0, 0]
    factor = len(picture) // len(raw)
    expected = raw if raw.dtype == np.uint8 else np.clip(raw * 255, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(picture[::factor, ::factor], expected)


def test_a_network_and_its_graph_agree_each_in_its_own_runtime(network, digits8, tmp_path, context):
    graph = Stored(export_onnx(network, tmp_path), tmp_path, "m3", "Graph")
    found = differences(asked(network, graph, digits8, tmp_path / "out"), context)
    assert found.agree == found.examples
    assert found.shown == ()


def test_numbers_that_differ_stand_by_how_far_they_are_apart(tmp_path, context):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)).astype(np.float32), rng.standard_normal(20).astype(np.float32)
    (tmp_path / "data").mkdir()
    files = write_arrays(tmp_path / "data", {"test": (x, y)})
    spec = InputSpec(shape=(3,))
    splits = {"test": SplitInfo(examples=20, digest="d")}
    artifact = DatasetArtifact(kind="array", name="Rows", files=files, input=spec, task="regression", classes=(), splits=splits, unit="°C")
    data = Stored(artifact, tmp_path / "data", "d", "Rows")
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        plan = Blueprint(architecture_for("lenet_300_100", spec, 1), spec, ())
        (tmp_path / f"{seed}").mkdir()
        made = save_module(build(plan.architecture), tmp_path / f"{seed}", plan).model_copy(update={"task": "regression"})
        models.append(Stored(made, tmp_path / f"{seed}", f"m{seed}", f"Net {seed}"))
    found = differences(asked(*models, data, tmp_path / "out"), context)
    with torch.no_grad():
        a, b = (load_module(each)(torch.from_numpy(x)).numpy().ravel() for each in models)
    errors = abs(abs(a - y) - abs(b - y))
    assert found.shown[0].index == int(np.argmax(errors))
    assert found.shown[0].first == f"{a[found.shown[0].index]:.4g} °C"
    assert found.shown[0].first_right is None
    assert found.shown[0].image == ""
    assert len(found.shown[0].text.split(", ")) == 3


def test_random_data_says_nothing(network, digits8, tmp_path, context):
    data = Stored(digits8.dataset.model_copy(update={"random": True}), digits8.folder, "d", "Noise")
    with pytest.raises(DataError, match='"Noise" is random: where answers to it differ says nothing'):
        differences(asked(network, network, data, tmp_path / "out"), context)
