"""A small MobileNetV2 (Sandler 2018) whose first layers keep the resolution of small images."""

from torch import Tensor, nn

# expansion, channels, blocks, stride of the first block; channels are for width 16
_STAGES = ((1, 16, 1, 1), (4, 24, 2, 1), (4, 32, 2, 2), (4, 64, 2, 2), (4, 96, 1, 1))


def _layer(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Widen by 1×1, filter each channel by 3×3, narrow by 1×1 without activation; a shortcut where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [_layer(inputs, hidden, 1)] if expansion > 1 else []
        self.body = nn.Sequential(
            *widen,
            _layer(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return x + out if self.shortcut else out


class SmallMobileNet(nn.Module):
    """Stem at full resolution, eight inverted residuals, a 1×1 head, mean, Linear. `width` scales all channels (16: as is)."""

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        inputs = width
        self.stem = _layer(channels, inputs, 3)
        blocks: list[nn.Module] = []
        for expansion, base, count, stride in _STAGES:
            outputs = max(1, round(base * width / 16))
            for index in range(count):
                blocks.append(InvertedResidual(inputs, outputs, stride if index == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        head = 2 * inputs
        self.head = _layer(inputs, head, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(head, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.pool(self.head(self.blocks(self.stem(x))))))  # type: ignore[no-any-return]
