"""Runs a step as the executor does: parameters checked, inputs from earlier steps' folders, a context that writes down."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from greenbench.core.step import Inputs, StepOutcome, Stored
from greenbench.steps import installed


class Recorder:
    """A StepContext that keeps what it is told."""

    seed, device, threads, node = 0, "cpu", 1, "n"
    trusted: frozenset[str] = frozenset()

    def __init__(self, folder: Path, title: str) -> None:
        self.folder, self.title = folder, title
        self.metrics: list[tuple[str, float]] = []
        self.logs: list[tuple[str, str]] = []

    def check(self) -> None: ...

    def progress(self, fraction: float, text: str = "") -> None: ...

    def metric(self, name: str, value: float, variant: str = "") -> None:
        self.metrics.append((name, value))

    def log(self, text: str, level: str = "info") -> None:
        self.logs.append((level, text))


class Ran:
    """What a step gave: its outcome, its context, and its single output as the next step receives it."""

    def __init__(self, outcome: StepOutcome, context: Recorder) -> None:
        self.outcome, self.context = outcome, context
        ((_, artifact),) = outcome.outputs.items()
        self.stored = Stored(artifact, context.folder, context.title.lower(), context.title)

    def fact(self, title: str) -> Any:
        return next(fact for fact in self.outcome.facts if fact.title == title)


@pytest.fixture(scope="session")
def run_step(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """`run_step("train", model=..., data=..., epochs=2)`: a Stored or Ran is an input, anything else a parameter; `allow=True` is the
    user's yes to every file that would run code."""
    torch.set_num_threads(1)

    def run(key: str, title: str = "", **given: Any) -> Ran:
        spec = installed()[key]
        allow = given.pop("allow", False)
        inputs = {name: value for name, value in given.items() if isinstance(value, Ran | Stored)}
        arrived = {name: (value.stored if isinstance(value, Ran) else value,) for name, value in inputs.items()}
        params = spec.params.checked({name: value for name, value in given.items() if name not in inputs}, title)
        context = Recorder(tmp_path_factory.mktemp("node"), title or spec.title)
        if allow and spec.trust is not None:
            context.trusted = frozenset(request.sha256 for request in spec.trust(params))
        return Ran(spec.load()(Inputs(arrived), params, context), context)

    return run


@pytest.fixture(scope="session")
def digits(run_step: Callable[..., Ran]) -> Ran:
    return run_step("data.digits", size=8)
