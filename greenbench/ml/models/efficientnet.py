"""EfficientNet (Tan 2019, 1905.11946) at any width, depth and resolution, with the formula that ties the three together."""

from functools import partial

from torch import nn

# Equation 3 and section 4: found by a grid search at φ = 1, where the work doubles.
_DEPTH, _WIDTH, _RESOLUTION = 1.2, 1.1, 1.15
# Table 1: expansion, kernel, stride, channels in and out, layers.
_STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


def compound(phi: float) -> tuple[float, float, float]:
    """What multiplies width, depth and the side of the image for a coefficient φ (equation 3): 1.1^φ, 1.2^φ, 1.15^φ.

    The work grows about as 2^φ. The multipliers printed for B1 to B7 lie near the formula, not on it.
    """
    return _WIDTH**phi, _DEPTH**phi, _RESOLUTION**phi


def efficientnet(channels: int, classes: int, width: float, depth: float, dropout: float) -> nn.Module:
    """Table 1 of the paper, channels times `width` rounded to a multiple of 8 (no lower than by a tenth), layers times `depth`
    rounded up; built of torchvision's own layers, so its published weights fit where the multipliers are those of B0 to B7."""
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig

    scaled = partial(MBConvConfig, width_mult=width, depth_mult=depth)
    made: nn.Module = EfficientNet([scaled(*stage) for stage in _STAGES], dropout, num_classes=classes)
    if channels != 3:
        from greenbench.ml.models.adapting import replace_first_convolution

        replace_first_convolution(made, channels)
    return made
