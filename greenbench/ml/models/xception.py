"""Xception (Chollet 2017, 1610.02357): residual blocks of separable convolutions, at any width and with any number of middle blocks."""

from itertools import pairwise

from torch import Tensor, nn

MIDDLE = 8


class Separable(nn.Sequential):
    """A 3×3 filter for each channel, then 1×1 across channels, nothing in between (section 2), and batch normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Block(nn.Module):
    """Separable convolutions, each after a ReLU, then a maximum pooling where the stride is 2; a shortcut around all (figure 5)."""

    def __init__(self, channels: tuple[int, ...], stride: int, starts_with_relu: bool = True) -> None:
        super().__init__()
        body: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(channels)):
            body += [nn.ReLU()] if index or starts_with_relu else []
            body.append(Separable(inputs, outputs))
        self.body = nn.Sequential(*body, *([nn.MaxPool2d(3, stride, padding=1)] if stride > 1 else []))
        first, last = channels[0], channels[-1]
        self.shortcut = (
            nn.Sequential(nn.Conv2d(first, last, 1, stride, bias=False), nn.BatchNorm2d(last))
            if stride > 1 or first != last
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.shortcut(x)  # type: ignore[no-any-return]


class Xception(nn.Module):
    """Figure 5 of the paper; 22,855,952 trainable parameters for 1000 classes at a `width` of 1 and a `depth` of 1.

    `width` scales all channels, `depth` the number of the middle flow's blocks (8).
    """

    def __init__(self, channels: int, classes: int, width: float, depth: float) -> None:
        super().__init__()

        def wide(count: int) -> int:
            return max(1, round(count * width))

        stem, second, body = wide(32), wide(64), wide(728)
        self.stem = nn.Sequential(
            nn.Conv2d(channels, stem, 3, 2, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
            nn.Conv2d(stem, second, 3, bias=False),
            nn.BatchNorm2d(second),
            nn.ReLU(inplace=True),
        )
        self.entry = nn.Sequential(
            Block((second, wide(128), wide(128)), 2, starts_with_relu=False),
            Block((wide(128), wide(256), wide(256)), 2),
            Block((wide(256), body, body), 2),
        )
        self.middle = nn.Sequential(*(Block((body,) * 4, 1) for _ in range(max(1, round(MIDDLE * depth)))))
        self.exit = nn.Sequential(
            Block((body, body, wide(1024)), 2),
            Separable(wide(1024), wide(1536)),
            nn.ReLU(inplace=True),
            Separable(wide(1536), wide(2048)),
            nn.ReLU(inplace=True),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(wide(2048), classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.pool(self.exit(self.middle(self.entry(self.stem(x)))))))  # type: ignore[no-any-return]
