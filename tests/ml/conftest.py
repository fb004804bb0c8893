"""A step's surroundings that write down what they are told, and the digits in their smallest form."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import Cancelled
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build


class Recorder:
    """A StepContext. `stop_after` presses Stop at that many looks."""

    node, title, seed, device, threads = "n1", "Train", 0, "cpu", 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fractions: list[float] = []
        self.metrics: list[tuple[str, float]] = []
        self.logs: list[str] = []
        self.stop_after: int | None = None
        self.looks = 0

    def check(self) -> None:
        self.looks += 1
        if self.stop_after is not None and self.looks > self.stop_after:
            raise Cancelled

    def progress(self, fraction: float, text: str = "") -> None:
        self.fractions.append(fraction)

    def metric(self, name: str, value: float, variant: str = "") -> None:
        self.metrics.append((name, value))

    def log(self, text: str, level: str = "info") -> None:
        self.logs.append(text)

    def values(self, name: str) -> list[float]:
        return [value for metric, value in self.metrics if metric == name]


@pytest.fixture
def context(tmp_path: Path) -> Recorder:
    folder = tmp_path / "node"
    folder.mkdir()
    return Recorder(folder)


@pytest.fixture(scope="session")
def digits8(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """The digits at 8×8, cut as the step cuts them."""
    folder = tmp_path_factory.mktemp("digits")
    return Stored(digits(folder, 8, Cut()), folder, "d1", "Digits")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Stored, Stored]]:
    """`exported("resnet8")` is a network for 16×16 images with settled batch norms, and its ONNX file; each made once."""

    @cache
    def make(name: str) -> tuple[Stored, Stored]:
        torch.manual_seed(2)
        spec = InputSpec(shape=(1, 16, 16))
        plan = Blueprint(architecture_for(name, spec, 10), spec, tuple("0123456789"))
        module = build(plan.architecture)
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):  # a mistake in folding shows; a folded bias of zero would be dropped
                nn.init.uniform_(layer.running_var, 0.5, 1.5)
                nn.init.normal_(layer.running_mean, 0, 0.3)
        here, there = tmp_path_factory.mktemp(name), tmp_path_factory.mktemp(name)
        network = Stored(save_module(module, here, plan, step="Model"), here, "m", "Net")
        return network, Stored(export_onnx(network, there), there, "m", "Net")

    return make


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
