"""Several trainings inside one step: each is shown as its part of the step's progress, and they add up to one account."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from greenbench.core.artifact import TRAINING_WORK, Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.training import FitReport, Guidance, Settings, fit


@dataclass(frozen=True)
class Part:
    """A step's context as one of its `count` trainings sees it."""

    whole: StepContext
    index: int
    count: int
    text: str = ""

    @property
    def node(self) -> str:
        return self.whole.node

    @property
    def title(self) -> str:
        return self.whole.title

    @property
    def folder(self) -> Path:
        return self.whole.folder

    @property
    def seed(self) -> int:
        return self.whole.seed

    @property
    def device(self) -> str:
        return self.whole.device

    @property
    def threads(self) -> int:
        return self.whole.threads

    @property
    def trusted(self) -> frozenset[str]:
        return self.whole.trusted

    def check(self) -> None:
        self.whole.check()

    def progress(self, fraction: float, text: str = "") -> None:
        self.whole.progress((self.index + fraction) / self.count, f"{self.text}, {text}" if self.text and text else self.text or text)

    def metric(self, name: str, value: float, variant: str = "") -> None:
        self.whole.metric(name, value, variant)

    def log(self, text: str, level: str = "info") -> None:
        self.whole.log(text, level)


@dataclass
class Trainings:
    """Trains one network again and again on the same data, and keeps account of the work."""

    dataset: Dataset
    context: StepContext
    count: int
    done: int = 0
    epochs: int = 0
    flops: int = 0

    def run(self, module: nn.Module, settings: Settings, guidance: Guidance) -> FitReport:
        """The next of `count` trainings; the network and the masks of the guidance are on the CPU afterwards."""
        part = Part(self.context, self.done, self.count, f"round {self.done + 1} of {self.count}" if self.count > 1 else "")
        report = fit(module, self.dataset, settings, part, guidance)
        for name, mask in (guidance.masks or {}).items():
            guidance.masks[name] = mask.cpu()  # type: ignore[index]  # it is not None where it has items
        self.done += 1
        self.epochs += len(report.losses)
        self.flops += report.flops
        return report

    def facts(self) -> tuple[Fact, ...]:
        """What all of them took: trainings, epochs, and the work (E·D·H: Schwartz 2019, Green AI, section 3)."""
        return (
            Fact(title="Trainings", value=self.done),
            Fact(title="Epochs, all trainings", value=self.epochs),
            Fact(title=TRAINING_WORK, value=self.flops, unit="FLOP"),
        )


def opened(model: Stored, data: Stored) -> tuple[nn.Module, Dataset]:
    """A fresh copy of the network and the data it is to be trained on.

    Raises:
        ModelError: the data does not hold the truth for the model's task, or does not fit it.
        DataError: it cannot be read.
    """
    dataset = open_dataset(data, model)
    if not dataset.fit.judged:
        reason = dataset.fit.reason.removeprefix("not measured: ")
        raise ModelError(f'"{model.title}" cannot be trained on "{data.title}": {reason}.', "Connect data with the truth for its task.")
    return load_module(model), dataset


def cloned_state(module: nn.Module) -> dict[str, Tensor]:
    """All weights and statistics of a network, copied to the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}
