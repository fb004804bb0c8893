"""A small residual network, trained on real digits, as the compression steps receive it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

# pydantic loads its parts late; under Qt's import hook that fails once torch-pruning or timm came first.
from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import Cancelled
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.data.split import write_arrays
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Settings, fit

CUTS = {"train": (0, 1000), "validation": (1000, 1200), "calibration": (1200, 1300), "test": (1300, 1797)}
INPUT = InputSpec(shape=(1, 8, 8), mean=(0.3,), std=(0.4,))


@dataclass
class Context:
    """A step's world, remembered. `stop_after`: Stop is pressed at that many checks."""

    folder: Path
    title: str = "Compress 1"
    node: str = "n2"
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    stop_after: int | None = None
    checks: int = 0
    metrics: list = field(default_factory=list)
    fractions: list = field(default_factory=list)
    logs: list = field(default_factory=list)

    def check(self) -> None:
        self.checks += 1
        if self.stop_after is not None and self.checks >= self.stop_after:
            raise Cancelled

    def progress(self, fraction: float, text: str = "") -> None:
        self.fractions.append(fraction)

    def metric(self, name: str, value: float, variant: str = "") -> None:
        self.metrics.append((name, value))

    def log(self, text: str, level: str = "info") -> None:
        self.logs.append((level, text))


@pytest.fixture(scope="session")
def new_context(tmp_path_factory):
    return lambda: Context(tmp_path_factory.mktemp("node"))


@pytest.fixture
def context(new_context) -> Context:
    return new_context()


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Stored:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    images = (x[order].reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    folder = tmp_path_factory.mktemp("digits")
    files = write_arrays(folder, {name: (images[a:b], y[order][a:b]) for name, (a, b) in CUTS.items()})
    artifact = DatasetArtifact(
        kind="arrays",
        name="digits",
        files=files,
        input=INPUT,
        classes=tuple("0123456789"),
        splits={name: SplitInfo(examples=b - a, digest=name) for name, (a, b) in CUTS.items()},
    )
    return Stored(artifact, folder, "d", "Digits")


@pytest.fixture(scope="session")
def trained(digits, tmp_path_factory) -> Stored:
    """About 95 % right after a second of training."""
    folder = tmp_path_factory.mktemp("teacher")
    torch.manual_seed(0)
    plan = Blueprint(architecture_for("resnet8", INPUT, 10, 8), INPUT, tuple("0123456789"))
    module = build(plan.architecture)
    fit(module, open_dataset(digits), Settings(epochs=4, learning_rate=0.1), Context(folder))
    return Stored(save_module(module, folder, plan, trained=True, step="Train"), folder, "t", "Teacher")


@pytest.fixture
def linked(trained, digits) -> Inputs:
    return Inputs({"model": (trained,), "data": (digits,)})


@pytest.fixture
def model_only(trained) -> Inputs:
    return Inputs({"model": (trained,)})


@pytest.fixture(scope="session")
def right(digits):
    """The share of test digits that a module (or a function from arrays to logits) gets right."""
    x, y = open_dataset(digits).split("test").arrays()

    def share(model) -> float:
        if isinstance(model, torch.nn.Module):
            with torch.no_grad():
                logits = model.eval()(torch.from_numpy(x)).numpy()
        else:
            logits = model(x)
        return float((logits.argmax(1) == y).mean())

    return share


def made_by(outcome, context) -> Stored:
    """What a step gave, as the next step receives it."""
    return Stored(outcome.outputs["model"], context.folder, context.node, context.title)


@pytest.fixture
def handed_on():
    return made_by
