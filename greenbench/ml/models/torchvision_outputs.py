"""Torchvision's segmentation and detection networks answer with dictionaries; here they answer with one tensor each."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BOXES = 100
_COLUMNS = 6


class ClassMap(nn.Module):
    """A segmentation network: images (N, C, H, W) to scores of each class at each pixel (N, classes, H, W).

    It takes over the parts of torchvision's network, so that weights keep their names; the side output that only training needs is left.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.classifier = network.classifier
        self._reads_all = type(network).__name__ == "LRASPP"

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone(images)
        scores = self.classifier(features if self._reads_all else features["out"])
        return functional.interpolate(scores, size=images.shape[-2:], mode="bilinear", align_corners=False)


class _Boxes:
    """What is laid over a detector's own class by `boxes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) as fractions of 255 to (N, 100, 6): left, top, right, bottom in pixels, score, class; unused rows are 0."""
        found: list[dict[str, Tensor]] = super().forward(list(images.unbind(0)))  # type: ignore[misc]
        rows = images.new_zeros((len(found), BOXES, _COLUMNS))
        for index, one in enumerate(found):
            best = one["scores"].argsort(descending=True, stable=True)[:BOXES]
            columns = (one["boxes"][best], one["scores"][best, None], one["labels"][best, None].to(rows.dtype))
            rows[index, : len(best)] = torch.cat(columns, dim=1)
        return rows


def boxes(network: nn.Module) -> nn.Module:
    """The same detector, whose answer is one tensor of at most 100 boxes an image; for use in evaluation mode.

    Its class becomes a subclass of what it was: detectors share no structure that a wrapper could take over, and a wrapper around them
    would rename their weights.
    """
    network.__class__ = type("Boxes", (_Boxes, type(network)), {})
    return network.eval()
