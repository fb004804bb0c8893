"""A plain convolutional network in which nothing hides: for distillation, where teacher and student differ in width alone."""

from torch import nn

_DOUBLINGS = (1, 2, 4)


def plain_cnn(channels: int, classes: int, width: int, dropout: float) -> nn.Module:
    """Three times two 3×3 convolutions with batch normalisation and ReLU, of `width`, 2× and 4× channels, each pair followed by a
    2×2 maximum (the last by the mean), then one linear layer (in the manner of Simonyan 2015). `dropout` stands before it."""
    layers: list[nn.Module] = []
    inputs = channels
    for place, times in enumerate(_DOUBLINGS):
        outputs = width * times
        for _ in range(2):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
            inputs = outputs
        layers.append(nn.MaxPool2d(2) if place + 1 < len(_DOUBLINGS) else nn.AdaptiveAvgPool2d(1))
    layers += [nn.Flatten(), *([nn.Dropout(dropout)] if dropout else []), nn.Linear(inputs, classes)]
    return nn.Sequential(*layers)
