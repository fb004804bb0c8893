"""A scan finds the layer that 8 bits hurt, by the measures of the textbooks, and layers are left out until the score holds."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.compress.sensitivity import divergence, enough, scan, sqnr
from greenbench.ml.compress.static_int8 import Examples, Int8Settings, calibrate
from greenbench.ml.export import export_module


class Spread(nn.Module):
    """Three layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(16, 32), nn.Linear(32, 32), nn.Linear(32, 4)

    def forward(self, x):
        return self.last(torch.relu(self.middle(torch.relu(self.first(x)))))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    torch.manual_seed(0)
    module = Spread().eval()
    with torch.no_grad():
        module.first.weight[0], module.first.bias[0] = 0.0, -1.0  # always off: the huge weights behind it say nothing, but set the scale
        module.middle.weight[:, 0] = 50.0
    folder = tmp_path_factory.mktemp("spread")
    source = export_module(module, InputSpec(shape=(16,)), folder, "Spread")
    rng = np.random.default_rng(0)
    examples = Examples([rng.normal(size=(32, 16)).astype(np.float32) for _ in range(2)])
    return calibrate(source, folder / "prepared.onnx", examples, Int8Settings(range="full")), examples


def test_the_layer_that_8_bits_hurt_is_found(calibrated, tmp_path):
    table = scan(*calibrated, tmp_path, classes=True)
    assert {each.layer for each in table} == {"first", "middle", "last"}
    assert table[0].layer == "middle"
    assert table[0].sqnr < 20 < 30 < table[1].sqnr  # all its useful weights are less than one step of 50/127
    assert table[0].divergence == max(each.divergence for each in table)
    assert list(tmp_path.iterdir()) == []


def test_layers_are_left_out_until_the_score_holds_and_no_longer(calibrated, tmp_path):
    table = scan(*calibrated, tmp_path, classes=False)
    assert all(each.divergence is None for each in table)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(32, 16)).astype(np.float32)
    seen = []

    def quality(answer):
        """Minus the mean distance from the float network, which is asked first."""
        seen.append(answer(x))
        return -float(np.abs(seen[-1] - seen[0]).mean())

    order = [each.layer for each in table]
    left, lost = enough(calibrated[0], order, tmp_path / "int8.onnx", calibrated[1], quality, 0.02)
    assert left == ("middle",)
    assert 0 < lost <= 0.02
    assert len(seen) == 3  # the float network, all layers rounded, all but the worst
    assert (tmp_path / "int8.onnx").exists()


def test_signal_to_noise_is_twenty_decibels_for_noise_of_a_tenth():
    wanted = np.array([[3.0, -4.0]])
    assert sqnr(wanted, wanted * 1.1) == pytest.approx(20.0)
    assert sqnr(wanted, wanted) == np.inf


def test_the_divergence_is_that_of_scipy():
    rng = np.random.default_rng(0)
    wanted, given = rng.normal(size=(2, 6, 5)) * 3
    expected = entropy(softmax(wanted, axis=1), softmax(given, axis=1), axis=1).mean()
    assert divergence(wanted, given) == pytest.approx(expected)
    assert divergence(wanted, wanted + 7.0) == pytest.approx(0.0, abs=1e-12)
