"""Well-known data from files that lie there already, and sources that need none of their libraries to be listed."""

from pathlib import Path

import pytest

from greenbench.core.errors import DataError
from greenbench.ml.data import open_dataset

REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
@pytest.mark.parametrize(("data", "folder", "last"), [("mnist", "mnist", "9"), ("fashion_mnist", "fashion-mnist", "Ankle boot")])
def test_real_files_are_known_by_their_hashes(run_step, data: str, folder: str, last: str) -> None:
    made = run_step("data.download", data=data, folder=str(REAL / folder))
    dataset = made.stored.dataset
    assert (dataset.classes[9], dataset.splits["test"].examples) == (last, 10_000)
    assert dataset.licence
    # Both test sets have each class a thousand times; MNIST's own counts are LeCun's.
    counts = [int((open_dataset(made.stored).split("test").labels == label).sum()) for label in range(10)]
    assert counts == ([1000] * 10 if data == "fashion_mnist" else [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])


def test_files_that_are_not_the_published_ones_are_refused(run_step, tmp_path: Path) -> None:
    (tmp_path / "TREC_10.label").write_text("HUM:ind Who ?\n")
    (tmp_path / "train_5500.label").write_text("HUM:ind Who ?\n")
    with pytest.raises(DataError, match=r"train_5500.label is there, but is not the file of TREC questions"):
        run_step("data.download", data="trec", folder=str(tmp_path))


@pytest.mark.parametrize("key", ["data.cifar", "data.huggingface"])
def test_an_unset_path_asks_for_one(run_step, key: str) -> None:
    with pytest.raises(DataError, match=r"is chosen\. Choose"):
        run_step(key)
