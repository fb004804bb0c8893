"""Networks of timm, with channels, image size and class count adapted."""

import re
from functools import cache
from typing import Any

from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.models.published import Published, fetched
from greenbench.ml.models.reach import hub_or_cache
from greenbench.ml.models.torchvision_networks import IMAGENET_MEAN, IMAGENET_STD, best_weights

_IMAGENET = 1000
# As SPDX writes them; other licences keep timm's word.
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "unknown": "",
}

_KNOWN_INTERPOLATIONS = ("bilinear", "bicubic", "nearest")


@cache
def names() -> tuple[str, ...]:
    """The networks of timm."""
    import timm

    return tuple(sorted(timm.list_models()))


def knows(name: str) -> bool:
    """Whether timm has a network of that name."""
    import timm

    return bool(re.fullmatch(r"[\w.]+", name)) and bool(timm.is_model(name))


def published(name: str) -> Published:
    """What timm's own configuration of a network names."""
    import timm

    settings = timm.get_pretrained_cfg(name)
    if settings is None:
        return Published(InputSpec(shape=(3, 224, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD))
    interpolation = settings.interpolation if settings.interpolation in _KNOWN_INTERPOLATIONS else "bilinear"
    mean, std = tuple(settings.mean), tuple(settings.std)
    spec = InputSpec(
        shape=tuple(settings.input_size),
        mean=mean,
        std=std,
        interpolation=interpolation,  # type: ignore[arg-type]  # one of those just named
        crop=settings.crop_pct or 1.0,
    )
    # timm's networks of 1,000 outputs were all trained on ImageNet, in the order of its classes.
    classes = tuple(best_weights("resnet18").meta["categories"]) if settings.num_classes == _IMAGENET else ()
    available = bool(settings.url or settings.hf_hub_id or settings.file)
    return Published(spec, classes=classes, licence=licence(settings.license), available=available, outputs=settings.num_classes)


def build(name: str, shape: tuple[int, ...], outputs: int, pretrained: bool = False) -> nn.Module:
    """A network for images of `shape` (C, H, W) and so many outputs; networks with a fixed grid get the size told.

    Raises:
        ModelError: the weights cannot be had.
    """
    import timm

    def create(**options: Any) -> nn.Module:
        return timm.create_model(name, pretrained=pretrained, num_classes=outputs, in_chans=shape[0], **options)

    def create_sized() -> nn.Module:
        if published(name).input.shape[1:] == tuple(shape[1:]):
            return create()
        try:
            return create(img_size=tuple(shape[1:]))
        except TypeError:  # convolutional networks take any size and know no such argument
            return create()

    if not pretrained:
        return create_sized()
    with hub_or_cache() as unreachable:
        made: nn.Module = fetched(f"timm/{name}", create_sized, unreachable)
    return made


def library_arguments(name: str, shape: tuple[int, ...], outputs: int) -> list[dict[str, Any]]:
    """What `timm.create_model` takes to build the same network by itself, in the order in which `build` tries it."""
    plain: dict[str, Any] = {"pretrained": False, "num_classes": outputs, "in_chans": shape[0]}
    if published(name).input.shape[1:] == tuple(shape[1:]):
        return [plain]
    return [{**plain, "img_size": tuple(shape[1:])}, plain]


def licence(word: str | None) -> str:
    """The licence of weights as timm names it, in the usual spelling; "" where it is not said."""
    return _SPDX.get(word or "", word or "")
