"""The two networks on which the pruning papers report: LeNet-300-100 and LeNet-5 in Caffe's form."""

from math import prod

from torch import nn

from greenbench.core.errors import ModelError


def lenet_300_100(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Three dense layers with 300 and 100 hidden units (LeCun 1998): 266,610 parameters for 28×28 and 10 classes."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(shape), 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, classes),
    )


def lenet5(shape: tuple[int, ...], classes: int) -> nn.Module:
    """LeNet-5 as Caffe ships it and Han 2015 prunes it: 431,080 parameters for 28×28 and 10 classes.

    Two 5×5 convolutions of 20 and 50 channels, each with 2×2 maximum pooling and no activation, then 500 units with ReLU.

    Raises:
        ModelError: the image is too small for two rounds of convolution and pooling.
    """
    channels, height, width = shape
    sides = [((side - 4) // 2 - 4) // 2 for side in (height, width)]
    if min(sides) < 1:
        raise ModelError(f"LeNet-5 needs images of at least 16×16; these are {height}×{width}.", "Raise the image size of the data set.")
    return nn.Sequential(
        nn.Conv2d(channels, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(50 * prod(sides), 500),
        nn.ReLU(),
        nn.Linear(500, classes),
    )
