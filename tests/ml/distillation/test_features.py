"""Attention and hints against NumPy, and pairs of layers that are found by running both networks or refused by name."""

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.ml.distillation.features import attention_loss, hint_loss
from greenbench.ml.distillation.layer_pairs import Taps, chosen_pairs
from greenbench.ml.models import architecture_for, build

IMAGE = InputSpec(shape=(1, 16, 16))


def network(name: str, width: int | None = None) -> nn.Module:
    return build(architecture_for(name, IMAGE, 10, width))


def pairs(student: nn.Module, teacher: nn.Module, method, named: str = ""):
    x = torch.zeros(2, 1, 16, 16)
    return [(pair.student.name, pair.teacher.name) for pair in chosen_pairs(student, teacher, (x, x), method, named)]


def test_attention_is_the_formula_and_blind_to_channels_and_scale() -> None:
    generator = torch.Generator().manual_seed(1)
    student, teacher = torch.randn(3, 4, 5, 6, generator=generator), torch.randn(3, 9, 5, 6, generator=generator)
    maps = []
    for features in (student.numpy(), teacher.numpy()):
        squares = (features**2).sum(axis=1).reshape(3, -1)  # a sum is as good as a mean: the norm takes it out
        maps.append(squares / np.linalg.norm(squares, axis=1, keepdims=True))
    expected = ((maps[0] - maps[1]) ** 2).mean() / 2
    assert float(attention_loss(student, teacher)) == pytest.approx(expected, rel=1e-4)
    assert float(attention_loss(teacher[:, :1] * 7, teacher[:, :1])) == pytest.approx(0, abs=1e-12)


def test_a_hint_is_half_the_mean_square_as_a_share_of_the_layers_own() -> None:
    guided, hint = torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 2.0]])
    assert float(hint_loss(guided, hint)) == pytest.approx(((1 + 1) / 2 / 2) / ((0 + 4) / 2))
    assert float(hint_loss(guided * 50, hint * 50)) == pytest.approx(0.25)
    assert float(hint_loss(guided, torch.zeros(1, 2))) < float("inf")


def test_attention_takes_the_end_of_every_stage() -> None:
    # two convolutions, norms and ReLUs a stage: places 5 and 12 are the last before a pool, 13 the pooled map of the last size
    found = pairs(network("cnn_small", 4), network("cnn_small", 8), "attention")
    student = network("cnn_small", 4)
    shapes = {}
    for name, layer in student.named_children():
        layer.register_forward_hook(lambda _layer, _inputs, output, name=name: shapes.__setitem__(name, tuple(output.shape[2:])))
    student.eval()(torch.zeros(1, 1, 16, 16))
    expected = [max((name for name, shape in shapes.items() if shape == (side, side)), key=int) for side in (16, 8, 4)]
    assert found == [(name, name) for name in expected]


def test_networks_of_unlike_depth_pair_by_size() -> None:
    found = pairs(network("resnet8", 4), network("resnet14", 8), "attention")
    assert len(found) == 3
    assert pairs(network("resnet8", 4), network("resnet14", 8), "hints") == [found[1]]


def test_hints_pair_hidden_layers_of_dense_networks() -> None:
    assert pairs(network("mlp", 8), network("mlp", 32), "hints") == [("3", "3")]
    with pytest.raises(StepError, match=r"No layer of student and teacher gives a map \(height × width\)\."):
        pairs(network("mlp", 8), network("mlp", 32), "attention")


def test_networks_without_maps_or_with_other_sizes_are_told_so() -> None:
    class Sum(nn.Module):
        """Maps of the size of the input, and no others."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).mean((2, 3))

    with pytest.raises(StepError, match=r"No layer of the teacher gives a map .* as those of the student do"):
        chosen_pairs(Sum(), nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), (torch.zeros(2, 1, 16, 16),) * 2, "attention")
    with pytest.raises(StepError, match="maps of 14×14 in the student, maps of 10×10 in the teacher"):
        chosen_pairs(Sum(), Sum(), (torch.zeros(2, 1, 16, 16), torch.zeros(2, 1, 12, 12)), "attention")


def test_a_pair_that_does_not_fit_is_refused_with_both_shapes() -> None:
    student, teacher = network("cnn_small", 4), network("cnn_small", 8)
    assert pairs(student, teacher, "hints", "0 = 3, 7=7") == [("0", "3"), ("7", "7")]
    with pytest.raises(StepError, match="0 gives 4×16×16, 7 of the teacher 16×8×8"):
        pairs(student, teacher, "hints", "0 = 7")
    with pytest.raises(StepError, match="The teacher has no layer stage9"):
        pairs(student, teacher, "attention", "0 = stage9")
    with pytest.raises(StepError, match='"0" names no pair'):
        pairs(student, teacher, "attention", "0")
    with pytest.raises(StepError, match="which is no map"):
        pairs(network("mlp", 8), network("mlp", 8), "attention", "1 = 1")


def test_taps_let_go_of_what_they_heard() -> None:
    module, taps = network("mlp", 8), Taps(["1"])
    with taps.on(module):
        module(torch.zeros(2, 1, 16, 16))
        assert taps.outputs["1"].shape == (2, 8)
    assert taps.outputs == {}
    module(torch.zeros(2, 1, 16, 16))
    assert taps.outputs == {}
