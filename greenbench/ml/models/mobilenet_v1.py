"""MobileNet (Howard 2017, 1704.04861): a convolution for each channel, then one across channels, with a width multiplier."""

from torch import Tensor, nn

# Table 1: channels of each depthwise-separable layer at width 1, and its stride.
_LAYERS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
_STEM = 32


def _filter(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class MobileNetV1(nn.Module):
    """Table 1 of the paper; 4,231,976 parameters and 569 M multiply-adds for 224×224, 1000 classes and a `width` of 1.

    `width` scales the channels of every layer (section 3.3), down to whole numbers. The last stride of table 1 is taken as 1: its
    input and output sizes say so.
    """

    def __init__(self, channels: int, classes: int, width: float) -> None:
        super().__init__()
        inputs = max(1, int(_STEM * width))
        self.stem = nn.Sequential(*_filter(channels, inputs, 3, 2))
        layers = []
        for base, stride in _LAYERS:
            outputs = max(1, int(base * width))
            layers.append(nn.Sequential(*_filter(inputs, inputs, 3, stride, inputs), *_filter(inputs, outputs, 1)))
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.pool(self.layers(self.stem(x)))))  # type: ignore[no-any-return]
