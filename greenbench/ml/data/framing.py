"""How a picture of any mode and size becomes the array of bytes that an input asks for: resized, the middle kept, one or three channels.

The geometry is that of torchvision's Resize and CenterCrop (and of the zoos' own evaluation): the shorter side is brought to
side / crop, then the middle is cut out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import DataError

UNREADABLE = (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError, EOFError)
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow weighs bytes


@dataclass(frozen=True)
class Framing:
    """The array one picture becomes: `channels` × `height` × `width`, of the middle `crop` of it."""

    channels: int
    height: int
    width: int
    crop: float = 1.0
    interpolation: str = "bilinear"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.height, self.width)

    def read(self, path: Path | str | BinaryIO) -> NDArray[np.uint8]:
        """The picture in a file or stream as (C, H, W) bytes, turned upright as its camera noted.

        Raises:
            one of UNREADABLE: no picture, cut short, or of a kind without bytes to show.
        """
        with Image.open(path) as image:
            return self.of(image)

    def of(self, image: Image.Image) -> NDArray[np.uint8]:
        """An opened picture as (C, H, W) bytes."""
        upright = self.resized(in_mode(ImageOps.exif_transpose(image), self.channels))
        pixels = np.asarray(upright, dtype=np.uint8)
        return np.moveaxis(pixels, 2, 0) if self.channels == 3 else pixels[None]

    def resized(self, image: Image.Image) -> Image.Image:
        """The picture at this size; the mode stays. The whole is resampled and then cut: Pillow rounds the corners of a part to
        single precision, which moves one pixel in a hundred by a step."""
        full, (left, top) = self.window(image.width, image.height)
        if image.size != full:
            image = image.resize(full, _FILTERS[self.interpolation])
        if full == (self.width, self.height):
            return image
        return image.crop((left, top, left + self.width, top + self.height))

    def window(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The size to which a picture of `width` × `height` is brought, and the left and top edge of the part that is kept.

        Rounded as torchvision rounds, so that both agree on every pixel.
        """
        inner_w, inner_h = int(self.width / self.crop + 1e-6), int(self.height / self.crop + 1e-6)
        if inner_w == inner_h:
            short = min(width, height)
            full_w = inner_w if width == short else int(inner_w * width / short)
            full_h = inner_h if height == short else int(inner_h * height / short)
        else:
            scale = max(inner_w / width, inner_h / height)
            full_w, full_h = max(inner_w, round(width * scale)), max(inner_h, round(height * scale))
        return (full_w, full_h), (round((full_w - self.width) / 2), round((full_h - self.height) / 2))


def framing(spec: InputSpec) -> Framing:
    """The framing that an image input asks for.

    Raises:
        DataError: it is no image of one or three channels.
    """
    if spec.kind != "image" or len(spec.shape) != 3 or spec.shape[0] not in (1, 3):
        shape = "×".join(str(side) for side in spec.shape)
        raise DataError(f"Pictures cannot be made into an input of {shape}.", "Choose a model that takes images of one or three channels.")
    channels, height, width = spec.shape
    return Framing(channels, height, width, spec.crop, spec.interpolation)


def in_mode(image: Image.Image, channels: int) -> Image.Image:
    """The picture in bytes: grey ("L") or colour ("RGB"), whatever it was; what is transparent keeps the colour it has.

    Raises:
        ValueError: its pixels are floats, of which nobody knows which value is white.
    """
    wanted = "RGB" if channels == 3 else "L"
    if image.mode == wanted:
        return image
    if image.mode.startswith("I"):  # 16 bits: Pillow would clip at 255, not scale
        pixels = np.asarray(image)
        image = Image.fromarray((np.clip(pixels, 0, 65535).astype(np.uint32) // 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers")
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert(wanted)


def reframed(raw: NDArray[Any], wanted: Framing) -> NDArray[Any]:
    """Pictures held as arrays (N, C, H, W), bytes or floats, in the framing wanted; the same array where nothing changes."""
    examples = with_channels(raw, wanted.channels)
    height, width = examples.shape[2:]
    if wanted.window(width, height)[0] == (width, height) == (wanted.width, wanted.height):
        return examples
    out = np.empty((len(examples), *wanted.shape), dtype=examples.dtype)
    for row, example in enumerate(examples):
        for channel, plane in enumerate(example):
            out[row, channel] = np.asarray(wanted.resized(Image.fromarray(np.ascontiguousarray(plane))))
    return out


def with_channels(raw: NDArray[Any], channels: int) -> NDArray[Any]:
    """Grey as colour or colour as grey, (N, C, H, W); the same array where it has as many channels."""
    if raw.shape[1] == channels:
        return raw
    if raw.shape[1] == 1:
        return np.repeat(raw, channels, axis=1)
    weights: Sequence[float] = _GREY
    grey = np.tensordot(np.asarray(raw, dtype=np.float32), np.asarray(weights, dtype=np.float32), axes=(1, 0))[:, None]
    whole: NDArray[Any] = np.clip(np.rint(grey), 0, 255).astype(np.uint8) if raw.dtype == np.uint8 else grey
    return whole
