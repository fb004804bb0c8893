"""Splits are disjoint, seeded, stratified and named by their content; examples arrive normalised."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from greenbench.core.errors import DataError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import digits, random_inputs
from greenbench.ml.data.cuts import Cut, cut, gaps, info, statistics
from greenbench.ml.data.previews import picked, target_words

SPLITS = ("train", "validation", "calibration", "test")


def test_the_digits_are_cut_as_asked(digits8: Stored) -> None:
    counts = {name: split.examples for name, split in digits8.dataset.splits.items()}
    assert counts == {"train": 1129, "validation": 180, "calibration": 128, "test": 360}
    assert sum(counts.values()) == 1797


def test_no_image_is_in_two_splits_and_none_is_lost(digits8: Stored) -> None:
    # At 8×8 nothing is interpolated, so the originals can be found again.
    originals = load_digits()
    expected = sorted(map(bytes, np.rint(originals.images.reshape(1797, -1) * 255 / 16).astype(np.uint8)))
    splits = [open_dataset(digits8).split(name) for name in SPLITS]
    found = [bytes(row) for split in splits for row in split.raw(np.arange(len(split))).reshape(-1, 64)]
    assert sorted(found) == expected


def test_each_split_has_the_classes_in_proportion(digits8: Stored) -> None:
    overall = np.bincount(load_digits().target) / 1797
    for name in SPLITS:
        labels = open_dataset(digits8).split(name).labels
        assert np.all(np.abs(np.bincount(labels, minlength=10) - overall * len(labels)) < 2.0 + 1e-9)


def test_a_split_that_lacks_classes_says_so() -> None:
    labels = {"train": np.array([0, 1, 1]), "test": np.array([0, 2, 0])}
    assert gaps(labels, ("cat", "dog", "owl")) == (
        "1 of 3 classes has no training example: owl.",
        "1 of 3 classes has no test example: dog.",
    )
    assert gaps({"train": labels["train"], "test": labels["train"]}, ("cat", "dog")) == ()
    many = gaps({"train": np.arange(91), "test": np.array([0, 90])}, tuple(map(str, range(91))))
    assert many == ("89 of 91 classes have no test example: 1, 2, 3, ….",)


def test_labels_belong_to_their_images(digits8: Stored) -> None:
    originals = load_digits()
    known = dict(zip(map(bytes, np.rint(originals.images.reshape(-1, 64) * 255 / 16).astype(np.uint8)), originals.target, strict=True))
    split = open_dataset(digits8).split("test")
    assert [known[bytes(row)] for row in split.raw(np.arange(len(split))).reshape(-1, 64)] == split.labels.tolist()


def test_training_images_have_mean_0_and_deviation_1(digits8: Stored) -> None:
    x, y = open_dataset(digits8).split("train").arrays()
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    assert x.shape == (1129, 1, 8, 8)
    assert float(x.mean()) == pytest.approx(0, abs=1e-5)
    assert float(x.std()) == pytest.approx(1, abs=1e-5)


def test_enlarging_is_bilinear_as_torch_has_it(tmp_path) -> None:
    made = digits(tmp_path, 20, Cut(seed=3))
    raw = open_dataset(Stored(made, tmp_path, "d", "Digits")).split("test").raw(np.arange(20)).astype(np.float32)
    pool = torch.from_numpy(load_digits().images[:, None] * (255 / 16)).float()
    enlarged = torch.nn.functional.interpolate(pool, size=(20, 20), mode="bilinear", align_corners=False).numpy()
    for image in raw:
        assert np.abs(enlarged - image).max(axis=(1, 2, 3)).min() <= 0.51  # rounded to whole bytes


def test_the_same_seed_gives_the_same_content_and_another_gives_another(tmp_path, digits8: Stored) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    same, other = digits(folders[0], 8, Cut()), digits(folders[1], 8, Cut(seed=1))
    assert same.splits == digits8.dataset.splits
    assert other.splits["test"].digest != same.splits["test"].digest


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.integers(0, 4), min_size=30, max_size=200),
    test=st.sampled_from([0.0, 0.1, 0.33]),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_cut_is_a_partition(labels: list[int], test: float, seed: int) -> None:
    parts = cut(np.array(labels), Cut(test=test, validation=0.1, calibration=5, seed=seed))
    together = np.concatenate(list(parts.values()))
    assert sorted(together.tolist()) == list(range(len(labels)))
    assert ("test" in parts) == (test > 0)
    again = cut(np.array(labels), Cut(test=test, validation=0.1, calibration=5, seed=seed))
    assert all(np.array_equal(parts[name], again[name]) for name in parts)


def test_fewer_training_examples_have_all_classes_and_leave_the_other_splits_as_they_were() -> None:
    labels = np.repeat(np.arange(10), [20, 40, 60, 80, 100, 100, 80, 60, 40, 20])
    whole, some = cut(labels, Cut(0.2, 0.1, 20)), cut(labels, Cut(0.2, 0.1, 20, train=120))
    assert len(some["train"]) == 120
    assert set(some["train"]) <= set(whole["train"])
    assert all(np.array_equal(some[name], whole[name]) for name in ("validation", "calibration", "test"))
    assert np.bincount(labels[some["train"]]) == pytest.approx(np.bincount(labels) / 5, abs=2)
    assert len(cut(labels, Cut(0.2, 0.1, 20, train=10_000))["train"]) == len(whole["train"])


def test_too_few_examples_are_refused_with_the_counts() -> None:
    with pytest.raises(DataError, match=r"6 examples are too few.*learn 4 classes"):
        cut(np.array([0, 1, 2, 3, 0, 1]), Cut())


def test_a_digest_notices_one_bit_one_label_and_the_order() -> None:
    x, y = np.zeros((4, 1, 2, 2), np.uint8), np.arange(4)
    changed = x.copy()
    changed[3, 0, 1, 1] = 1
    digests = {info(a, b).digest for a, b in [(x, y), (changed, y), (x, y[::-1]), (x.astype(np.float32), y)]}
    assert len(digests) == 4


def test_statistics_are_those_of_numpy_for_each_channel() -> None:
    x = np.random.default_rng(0).normal(3, 2, (5000, 3, 4, 4)).astype(np.float32)
    mean, deviation = statistics(x)
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2, 3), dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(deviation, x.std(axis=(0, 2, 3), dtype=np.float64), rtol=1e-6)
    assert statistics(np.full((3, 1, 2, 2), 255, np.uint8)) == ((1.0,), (1.0,))
    with pytest.raises(DataError, match="three channels"):
        statistics(x[:, :1], "imagenet")


def test_batches_cover_a_split_once_in_an_order_of_the_seed(digits8: Stored) -> None:
    split = open_dataset(digits8).split("test")
    x, y = split.arrays()
    plain = list(split.batches(100))
    assert [len(batch) for _, batch in plain] == [100, 100, 100, 60]
    assert np.array_equal(np.concatenate([batch for batch, _ in plain]), x)
    shuffled = [np.concatenate([labels for _, labels in split.batches(50, shuffle=True, seed=seed)]) for seed in (1, 1, 2)]
    assert np.array_equal(shuffled[0], shuffled[1])
    assert not np.array_equal(shuffled[0], shuffled[2])
    assert sorted(shuffled[0]) == sorted(y)


def test_the_preview_of_arrays_counts_and_shows_every_digit(digits8: Stored) -> None:
    shown = Preview.model_validate_json(digits8.file("preview").read_text())
    assert np.array_equal(np.sum(list(shown.counts.values()), axis=0), np.bincount(load_digits().target))
    assert {sample.label for sample in shown.samples} <= set("0123456789")
    assert {sample.split for sample in shown.samples} == set(SPLITS)
    assert len(shown.samples) == 24
    assert all((digits8.folder / sample.image).is_file() for sample in shown.samples)
    assert shown.sizes == "8 × 8 px"


def test_examples_to_show_take_turns_over_splits_and_classes() -> None:
    labels = {"train": np.array([0, 0, 0, 1, 1, 2]), "test": np.array([2, 2])}
    assert picked(labels, 3, 5) == [("train", 0), ("train", 3), ("train", 5), ("test", 0), ("test", 1)]
    assert picked({"test": np.linspace(0, 1, 100)}, 0, 3) == [("test", 0), ("test", 4), ("test", 8)]
    assert target_words(np.array([1.0, 2.0, 10.0]), "m") == "1 to 10 m, median 2"


def test_random_inputs_have_no_labels_to_train_on(tmp_path) -> None:
    made = random_inputs(tmp_path, (3, 8, 8), 5, 16, seed=4)
    assert made.random
    dataset = open_dataset(Stored(made, tmp_path, "d", "Noise"))
    x, _ = dataset.split("test").arrays()
    assert x.shape == (16, 3, 8, 8)
    with pytest.raises(DataError, match=r"Noise.*no training examples.*latency only"):
        dataset.split("train")


def test_a_damaged_cache_is_named(tmp_path) -> None:
    made = random_inputs(tmp_path, (3, 8, 8), 5, 16, seed=4)
    (tmp_path / "test_x.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"Noise.*test_x.npy cannot be read"):
        open_dataset(Stored(made, tmp_path, "d", "Noise")).split("test")
