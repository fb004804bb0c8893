"""Layers are found by running the network, not by their type."""

import pytest
import torch
import torchvision
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.compress import layers

IMAGE = InputSpec(shape=(3, 64, 64))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("squeezenet1_1", ["classifier.1"]), ("resnet18", ["fc"]), ("mobilenet_v2", ["classifier.1"]), ("shufflenet_v2_x0_5", ["fc"])],
)
def test_the_output_layer_is_found_by_tracing(name, expected):
    module = torchvision.models.get_model(name, weights=None)
    assert layers.output_layers(module, layers.example(IMAGE)) == expected


def test_all_layers_that_are_added_into_the_output_make_it():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(4, 3), nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x):
            return self.a(x) + torch.relu_(self.c(torch.relu(self.b(x))))

    assert layers.output_layers(Sum(), torch.randn(2, 4)) == ["a", "c"]


def test_the_running_order_is_that_of_the_calls_not_of_the_source():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.second, self.first, self.never = nn.Linear(3, 2), nn.Linear(4, 3), nn.Linear(1, 1)

        def forward(self, x):
            return self.second(self.first(x))

    assert layers.running_order(Backwards(), torch.randn(2, 4)) == ["first", "second"]


def test_the_layer_in_which_a_run_breaks_off_is_named():
    module = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    name, error = layers.failing_layer(module, torch.randn(1, 4))
    assert name == "1.1"
    assert "mat1 and mat2" in str(error)
    assert layers.failing_layer(module[0], torch.randn(1, 4)) is None


def test_looking_leaves_no_trace(residual):
    residual.train()
    before = {name: value.clone() for name, value in residual.state_dict().items()}
    layers.output_layers(residual, layers.example(IMAGE))
    layers.running_order(residual, layers.example(IMAGE))
    assert all(torch.equal(value, before[name]) for name, value in residual.state_dict().items())
    assert residual.training
    assert all(not layer._forward_hooks and not layer._forward_pre_hooks for layer in residual.modules())
    assert all(parameter.grad is None for parameter in residual.parameters())
