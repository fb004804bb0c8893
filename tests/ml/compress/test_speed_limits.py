"""Each sentence is true of the network it is told of, and none is told without its reason."""

import torch
from torch import nn

from greenbench.ml.compress.speed_limits import speed_limits


def test_a_network_of_wide_layers_has_nothing_to_slow_it():
    net = nn.Sequential(nn.Conv2d(8, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.Flatten(), nn.Linear(64 * 144, 11))
    assert speed_limits(net, torch.zeros(1, 8, 16, 16), {}) == ()


def test_odd_widths_depthwise_layers_small_ones_zeros_and_more_calls_are_told():
    net = nn.Sequential(nn.Conv2d(3, 12, 1), nn.Conv2d(12, 12, 3, groups=12, padding=1), nn.Conv2d(12, 16, 1), nn.Conv2d(16, 5, 1))
    facts = speed_limits(net, torch.zeros(1, 3, 10, 10), {"2.weight": torch.arange(192).view(16, 12, 1, 1) % 4 == 0}, added=2)
    assert [fact.code for fact in facts] == ["odd-channels", "depthwise", "small-layers", "zeros", "more-layers"]
    told = [fact.text for fact in facts]
    assert told[0].startswith("2 of 3 layers have a number of channels that is no multiple of 8 (0: 12)")
    # Multiply-adds: 36, 108, 192 and 80 for each of 100 places.
    assert told[1].startswith(f"1 depthwise convolution does {100 * 108 / 416:.0f} % of the multiply-adds")
    assert told[2].startswith("4 of 4 layers do fewer than 100,000 multiply-adds each")
    assert told[3].startswith("75 % of the pruned layers' weights are zeros")
    assert told[4] == "There are 2 layers more to call than before."
