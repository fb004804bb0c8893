"""The source steps: what they give, what they say about it, and what they refuse."""

import numpy as np
import pytest
from PIL import Image

from greenbench.core.errors import DataError, ModelError
from greenbench.ml.data import open_dataset


def test_digits_say_how_many_images_there_are(digits) -> None:
    assert digits.outcome.headline == "360 test images"
    assert digits.fact("Training images").value == 1129
    assert digits.fact("Classes").value == 10
    assert digits.fact("Shape of one").text == "1 × 8 × 8"


def test_the_seed_of_a_run_leaves_the_cut_alone(run_step, digits) -> None:
    assert run_step("data.digits", size=8).stored.dataset.splits == digits.stored.dataset.splits
    other = run_step("data.digits", size=8, split_seed=1).stored.dataset
    assert other.splits["test"].digest != digits.stored.dataset.splits["test"].digest


def test_an_image_folder_becomes_a_data_set(run_step, tmp_path) -> None:
    for kind, value in (("apple", 40), ("pear", 200)):
        (tmp_path / kind).mkdir()
        for index in range(12):
            Image.new("L", (9, 9), value + index).save(tmp_path / kind / f"{index}.png")
    made = run_step("data.folder", folder=str(tmp_path), size=8, colour="grey")
    assert made.stored.dataset.classes == ("apple", "pear")
    assert made.fact("Shape of one").text == "1 × 8 × 8 for models built for this data"
    assert made.fact("Mean taken off").text.endswith(" for models built for this data")
    x, _ = open_dataset(made.stored).split("train").arrays()
    assert x.shape[1:] == (1, 8, 8)
    assert float(x.std()) == pytest.approx(1, abs=1e-4)


def test_an_archive_becomes_a_data_set(run_step, tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(60, 5)), y=np.arange(60) % 3)
    made = run_step("data.archive", file=str(tmp_path / "a.npz"))
    assert made.outcome.headline == "12 test rows"


@pytest.mark.parametrize("key", ["data.idx", "data.folder", "data.archive"])
def test_an_unset_path_asks_for_one(run_step, key) -> None:
    with pytest.raises(DataError, match=r"is chosen\. Choose"):
        run_step(key)


def test_random_inputs_are_marked_and_limited(run_step) -> None:
    made = run_step("data.random", channels=1, size=8, classes=10, examples=4)
    assert made.stored.dataset.random
    assert made.outcome.headline == "4 random inputs"
    with pytest.raises(DataError, match="at most 2 GB"):
        run_step("data.random", channels=64, size=2048)


def test_a_model_is_built_for_the_linked_data(run_step, digits) -> None:
    made = run_step("model.library", data=digits, name="resnet8", width=8)
    model = made.stored.model
    assert model.input == digits.stored.dataset.input
    assert model.classes == digits.stored.dataset.classes
    assert not model.trained
    assert made.outcome.headline == "20 k params"
    assert made.fact("Parameters").value == model.footprint.parameters
    assert made.fact("FLOPs").value == model.footprint.flops


def test_a_model_without_data_takes_the_sizes_given(run_step) -> None:
    model = run_step("model.library", name="torchvision/squeezenet1_1", size=64, classes=4).stored.model
    assert model.input.shape == (3, 64, 64)
    assert len(model.classes) == 4


def test_models_that_do_not_exist_or_do_not_fit_are_refused(run_step, digits) -> None:
    with pytest.raises(ModelError, match='no model "resnet19"'):
        run_step("model.library", name="resnet19")
    with pytest.raises(ModelError, match="at least 16×16; these are 8×8"):
        run_step("model.library", data=digits, name="lenet5")
    with pytest.raises(ModelError, match="takes images"):
        run_step("model.library", data=_rows(run_step), name="torchvision/resnet18")


def _rows(run_step):
    from greenbench.core.artifact import DatasetArtifact, InputSpec
    from greenbench.core.step import Stored

    made = run_step("data.random", channels=1, size=4, classes=3, examples=2)
    artifact: DatasetArtifact = made.stored.dataset.model_copy(update={"input": InputSpec(shape=(16,))})
    return Stored(artifact, made.stored.folder, "r", "Rows")
