"""ShuffleNet (Zhang 2017, 1707.01083): grouped 1×1 convolutions, and a shuffle of channels that lets groups talk to each other."""

import torch
from torch import Tensor, nn

from greenbench.core.errors import ModelError

# Table 1: channels of stage 2 at scale 1 by groups; stages 3 and 4 have twice and four times as many. Units of each stage.
_CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
_UNITS = (4, 8, 4)
# The paper does not say how the first layer scales. With half of it below 1×, its 38 M (0.5×) and 13 M (0.25×) come out.
_STEM = 24
_BOTTLENECK = 4


class ChannelShuffle(nn.Module):
    """Deals the channels of each group to all groups in turn (section 3.1): (N, C, H, W), read as (groups, C/groups), transposed."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        # Sizes are asked of the tensor: pruning may change the channels.
        count, channels, height, width = x.shape
        dealt = x.reshape(count, self.groups, channels // self.groups, height, width).transpose(1, 2)
        return dealt.reshape(count, channels, height, width)


def _filter(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]


class ShuffleUnit(nn.Module):
    """Figure 2 (b), and (c) where the stride is 2: there the averaged input is appended instead of added.

    `first_groups` is 1 where the input has few channels (section 3.2: the first pointwise layer of stage 2).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int, first_groups: int, shuffle: bool) -> None:
        super().__init__()
        hidden = outputs // _BOTTLENECK
        added = outputs if stride == 1 else outputs - inputs
        self.narrow = nn.Sequential(*_filter(inputs, hidden, 1, groups=first_groups), nn.ReLU(inplace=True))
        self.shuffle = ChannelShuffle(groups) if shuffle and groups > 1 else nn.Identity()
        self.depthwise = nn.Sequential(*_filter(hidden, hidden, 3, stride, hidden))
        self.widen = nn.Sequential(*_filter(hidden, added, 1, groups=groups))
        self.shortcut = nn.Identity() if stride == 1 else nn.AvgPool2d(3, stride, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.appends = stride != 1

    def forward(self, x: Tensor) -> Tensor:
        made = self.widen(self.depthwise(self.shuffle(self.narrow(x))))
        kept = self.shortcut(x)
        joined = torch.cat((kept, made), dim=1) if self.appends else kept + made
        return self.relu(joined)  # type: ignore[no-any-return]


class ShuffleNetV1(nn.Module):
    """Table 1 of the paper. `scale` multiplies all channels (s× in the paper); `shuffle` False is the paper's control (table 3).

    Raises:
        ModelError: the paper has no such number of groups, or the scale leaves no channels for them.
    """

    def __init__(self, channels: int, classes: int, groups: int, scale: float, shuffle: bool) -> None:
        super().__init__()
        if groups not in _CHANNELS:
            raise ModelError(f"ShuffleNet has 1, 2, 3, 4 or 8 groups, not {groups}.", "Choose one of these.")
        # Each stage must be divisible into groups, and so must its bottleneck and what a strided unit appends to its input.
        part = _BOTTLENECK * groups
        stage = round(_CHANNELS[groups] * scale / part) * part
        inputs = _STEM // 2 if scale < 1 else _STEM * int(scale)
        inputs = -(-inputs // groups) * groups
        if stage <= inputs:
            raise ModelError(f"A width multiplier of {scale:g} leaves no channels for {groups} groups.", "Raise it, or take fewer groups.")
        self.stem = nn.Sequential(*_filter(channels, inputs, 3, 2), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        units = []
        for place, count in enumerate(_UNITS):
            outputs = stage * 2**place
            for index in range(count):
                first = 1 if place == index == 0 else groups
                units.append(ShuffleUnit(inputs, outputs, 1 if index else 2, groups, first, shuffle))
                inputs = outputs
        self.units = nn.Sequential(*units)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.mean(self.units(self.pool(self.stem(x))))))  # type: ignore[no-any-return]
