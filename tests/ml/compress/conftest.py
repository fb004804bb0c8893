"""Small networks that show one difficulty each."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

# pydantic loads its parts late; under Qt's import hook that fails once torch-pruning or timm came first.
from greenbench.core import artifact  # noqa: F401


class Residual(nn.Module):
    """Two convolutions around a skip, a concatenation, batch norms, a grouped and a depthwise layer, a linear classifier."""

    def __init__(self, width: int = 16, classes: int = 5) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.left = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, groups=width), nn.BatchNorm2d(width), nn.ReLU())
        self.right = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        self.join = nn.Conv2d(2 * width, 3 * width, 1)
        self.head = nn.Linear(3 * width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.cat([self.left(x) + x, self.right(x)], 1)
        return self.head(torch.relu(self.join(x)).mean((2, 3)))


def _settle(module: nn.Module, seed: int = 0) -> nn.Module:
    """Gives batch norms statistics and scales that matter, so that a mistake in them shows."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.running_mean.copy_(0.3 * torch.randn(layer.num_features, generator=generator))
            layer.running_var.copy_(0.5 + torch.rand(layer.num_features, generator=generator))
            layer.weight.data.copy_(0.5 + torch.rand(layer.num_features, generator=generator))
            layer.bias.data.copy_(0.3 * torch.randn(layer.num_features, generator=generator))
    return module.eval()


@pytest.fixture
def settle() -> Callable[[nn.Module], nn.Module]:
    return _settle


@pytest.fixture
def residual() -> nn.Module:
    torch.manual_seed(0)
    return _settle(Residual())


@pytest.fixture
def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 12), nn.ReLU(), nn.Linear(12, 4))
