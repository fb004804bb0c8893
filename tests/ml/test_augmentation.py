"""Augmentation moves pixels and changes none: every image is an exact shift or mirror image, and the same seed gives the same."""

import numpy as np
import pytest
import torch

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.ml.augmentation import Augmenter

PLAIN = InputSpec(shape=(2, 5, 6))
IMAGES = torch.arange(1, 40 * 2 * 5 * 6 + 1, dtype=torch.float32).view(40, 2, 5, 6)


def shifted(image: torch.Tensor, down: int, right: int, black: float = 0.0) -> torch.Tensor:
    """The image moved, written out pixel by pixel."""
    moved = torch.full_like(image, black)
    for row in range(image.shape[1]):
        for column in range(image.shape[2]):
            if 0 <= row - down < image.shape[1] and 0 <= column - right < image.shape[2]:
                moved[:, row, column] = image[:, row - down, column - right]
    return moved


def test_a_shift_moves_whole_images_by_all_offsets_and_fills_with_black() -> None:
    offsets = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    seen = set()
    for seed in range(10):
        for image, made in zip(IMAGES, Augmenter("shift", 2, PLAIN)(IMAGES, (seed,)), strict=True):
            found = [each for each in offsets if torch.equal(made, shifted(image, *each))]
            assert len(found) == 1
            seen.add(found[0])
    assert seen == set(offsets)


def test_half_of_the_images_are_mirrored() -> None:
    mirrored = []
    for seed in range(25):
        for image, made in zip(IMAGES, Augmenter("flip", 9, PLAIN)(IMAGES, (seed,)), strict=True):
            assert torch.equal(made, image) or torch.equal(made, image.flip(2))
            mirrored.append(not torch.equal(made, image))
    assert np.mean(mirrored) == pytest.approx(0.5, abs=4 * 0.5 / 1000**0.5)


def test_crop_and_mirror_does_both_to_each() -> None:
    both = 0
    for image, made in zip(IMAGES, Augmenter("crop_flip", 1, PLAIN)(IMAGES, (3,)), strict=True):
        versions = [(d, r, f) for d in (-1, 0, 1) for r in (-1, 0, 1) for f in (False, True)]
        found = [v for v in versions if torch.equal(made, shifted(image.flip(2) if v[2] else image, v[0], v[1]))]
        assert len(found) == 1
        both += found[0][2] and found[0][:2] != (0, 0)
    assert both > 5


def test_black_is_what_a_black_pixel_is_after_normalisation() -> None:
    spec = InputSpec(shape=(2, 5, 6), mean=(0.5, 0.2), std=(0.25, 0.1))
    made = Augmenter("shift", 4, spec)(torch.full((20, 2, 5, 6), 7.0), (1,))
    assert set(made[:, 0].unique().tolist()) == {-2.0, 7.0}
    assert set(made[:, 1].unique().tolist()) == {-2.0, 7.0}
    thirds = Augmenter("shift", 4, InputSpec(shape=(2, 5, 6), mean=(0.5, 0.3), std=(0.5, 0.1)))(torch.full((20, 2, 5, 6), 7.0), (1,))
    assert thirds[:, 0].min() == -1.0
    assert thirds[:, 1].min() == pytest.approx(-3.0)


def test_channels_may_come_last() -> None:
    last = PLAIN.model_copy(update={"layout": "channels last"})
    for kind in ("shift", "crop_flip"):
        first = Augmenter(kind, 2, PLAIN)(IMAGES, (0, 1, 2))
        other = Augmenter(kind, 2, last)(IMAGES.movedim(1, -1), (0, 1, 2))
        assert torch.equal(other.movedim(-1, 1), first)


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    augment = Augmenter("crop_flip", 2, PLAIN)
    assert torch.equal(augment(IMAGES, (0, 3, 1)), augment(IMAGES, (0, 3, 1)))
    assert not torch.equal(augment(IMAGES, (0, 3, 1)), augment(IMAGES, (0, 3, 2)))


def test_rows_of_numbers_and_shifts_out_of_sight_are_refused() -> None:
    with pytest.raises(StepError, match=r"Only images can be augmented; this data holds rows of numbers\. Set augmentation to None"):
        Augmenter("flip", 1, InputSpec(shape=(16,)))
    with pytest.raises(StepError, match=r"A shift by 5 px would move images of 6×5 out of sight"):
        Augmenter("shift", 5, PLAIN)
    assert not Augmenter("none", 5, InputSpec(shape=(16,))).active
