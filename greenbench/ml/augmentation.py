"""Training images moved and mirrored at random, anew in every epoch, so that a network cannot learn them by heart."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError

Augmentation = Literal["none", "shift", "flip", "crop_flip"]


class Augmenter:
    """Changes a batch of images as `kind` says: "shift" moves each by up to `pixels` in both directions and fills with black (the jitter
    of Hinton 2015, section 3), "flip" mirrors half of them left to right, "crop_flip" does both (He 2015, section 4.2: padded, cropped,
    mirrored).

    Raises:
        StepError: the data holds no images, or images no larger than the shift.
    """

    def __init__(self, kind: Augmentation, pixels: int, input: InputSpec) -> None:
        if kind != "none" and input.kind != "image":
            raise StepError(f"Only images can be augmented; this data holds {_NOUNS[input.kind]}.", "Set augmentation to None.")
        self.pixels = pixels if kind in ("shift", "crop_flip") else 0
        self.mirrors = kind in ("flip", "crop_flip")
        self.active = self.pixels > 0 or self.mirrors
        if not self.active:
            return
        sides = input.shape[1:]
        if self.pixels >= min(sides):
            raise StepError(f"A shift by {self.pixels} px would move images of {sides[1]}×{sides[0]} out of sight.", "Lower the shift.")
        self._last = input.layout == "channels last"
        self._black = _black(input)

    def __call__(self, x: Tensor, seed: tuple[int, ...]) -> Tensor:
        """Another version of the images `x` (N, C, H, W), or (N, H, W, C) where channels are last; the same for the same seed."""
        if not self.active:
            return x
        images = x.movedim(-1, 1) if self._last else x
        moved = self._moved(images, np.random.default_rng(seed))
        return moved.movedim(1, -1).contiguous() if self._last else moved

    def _moved(self, images: Tensor, random: np.random.Generator) -> Tensor:
        count, channels, height, width = images.shape
        down, right = random.integers(-self.pixels, self.pixels + 1, (2, count))
        mirrored = random.random(count) < 0.5 if self.mirrors else np.zeros(count, dtype=bool)
        rows, black_rows = _places(down, height)
        columns, black_columns = _places(right, width)
        columns = np.where(mirrored[:, None], columns[:, ::-1], columns)
        black_columns = np.where(mirrored[:, None], black_columns[:, ::-1], black_columns)
        place = torch.from_numpy(rows[:, :, None] * width + columns[:, None, :]).to(images.device)
        taken = images.flatten(2).gather(2, place.flatten(1)[:, None, :].expand(-1, channels, -1)).view(images.shape)
        if not self.pixels:
            return taken
        black = torch.from_numpy(black_rows[:, :, None] | black_columns[:, None, :]).to(images.device)
        return torch.where(black[:, None], self._black.to(images.device, images.dtype), taken)


_NOUNS = {"features": "rows of numbers", "text": "sentences", "tensor": "plain numbers"}


def _places(offsets: NDArray[np.int64], side: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each image and each of its rows (or columns): the one to copy, and whether it lies outside."""
    places = np.arange(side) - offsets[:, None]
    return places.clip(0, side - 1), (places < 0) | (places >= side)


def _black(input: InputSpec) -> Tensor:
    """What a black pixel is to the network, (C, 1, 1)."""
    if np.dtype(input.dtype).kind != "f":  # whole numbers are taken as they are
        return torch.zeros(input.shape[0], 1, 1)
    values = -np.asarray(input.mean) / np.asarray(input.std)
    return torch.from_numpy(np.broadcast_to(values, input.shape[0]).copy()).float().view(-1, 1, 1)
