"""The one training loop: train, fine-tune and distil differ in their loss alone. Joules are not its business."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import StepContext
from greenbench.ml.artifacts import apply_masks
from greenbench.ml.data import Dataset, Split
from greenbench.ml.evaluation import correct_bits
from greenbench.ml.footprint import flops

_METRIC_INTERVAL_S = 0.05
_KEEP_IN_MEMORY_BYTES = 1 << 30
_STEP_DECAY = 0.1
# Below this, threads wait for each other longer than they compute: a batch of 1 GFLOP took 0.36 s an epoch with one thread
# and 0.45 s with two, and six times as long as soon as other processes wanted the same cores.
_ONE_THREAD_FLOPS = 2e9


@dataclass(frozen=True)
class Settings:
    """How to train. The rate rises linearly over the first `warm_up` share of all batches and then follows the schedule."""

    epochs: int
    batch: int = 64
    learning_rate: float = 0.05
    optimizer: Literal["sgd", "adamw"] = "sgd"
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    weight_decay: float = 5e-4
    momentum: float = 0.9
    label_smoothing: float = 0.0
    warm_up: float = 0.1


@dataclass(frozen=True)
class Batch:
    """One training batch: examples, labels, and their places in the training split."""

    x: Tensor
    y: Tensor
    indices: Tensor


Loss = Callable[[Tensor, Batch], Tensor]
"""From logits (N, classes) and the batch to a scalar."""


@dataclass(frozen=True)
class FitReport:
    """What training did: mean loss and validation accuracy of each epoch, which validation examples are right in the end."""

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    correct: int
    examples: int
    seconds: float
    batches: int


def cross_entropy(settings: Settings) -> Loss:
    """Cross-entropy with the true labels, smoothed as the settings say."""
    return lambda logits, batch: functional.cross_entropy(logits, batch.y, label_smoothing=settings.label_smoothing)


def fit(
    module: nn.Module,
    dataset: Dataset,
    settings: Settings,
    context: StepContext,
    loss: Loss | None = None,
    masks: Mapping[str, Tensor] | None = None,
) -> FitReport:
    """Trains a module in place on the training split; the last state is kept, none is picked by its accuracy.

    Small networks take one thread, however many there are.

    Masked weights are exactly zero after each batch. The same seed, threads and libraries give the same weights.

    Raises:
        StepError: the loss is no longer a number, or memory does not suffice.
        ModelError: the data does not fit the model.
        Cancelled: the user pressed Stop.
    """
    if settings.epochs == 0:
        return _judged(module, dataset, context)
    try:
        with reproducible(context):
            return _Fit(module, dataset, settings, context, loss or cross_entropy(settings), dict(masks or {})).run()
    except torch.OutOfMemoryError:
        raise StepError(f"Memory does not suffice for batches of {settings.batch}.", "Lower the batch size.") from None


def _judged(module: nn.Module, dataset: Dataset, context: StepContext) -> FitReport:
    correct = correct_bits(module, dataset.split("validation"), context)
    return FitReport((), (float(correct.mean()),), int(correct.sum()), len(correct), 0.0, 0)


@contextmanager
def reproducible(context: StepContext) -> Iterator[None]:
    """Seeds torch and sets its threads for a while; the generator is given back as it was."""
    devices = [torch.device(context.device)] if context.device.startswith("cuda") else []
    before, deterministic = torch.get_num_threads(), torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(context.seed)
        torch.set_num_threads(max(1, context.threads))
        torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.backends.cudnn.deterministic = deterministic


def learning_rate(settings: Settings, done: int, total: int) -> float:
    """The rate for the batch after `done` of `total`: linear warm-up, then cosine to 0 (Loshchilov 2017), or 1/10 at one half
    and three quarters (He 2015, section 4.2), or constant."""
    rise = max(1, round(settings.warm_up * total)) if settings.warm_up else 0
    if done < rise:
        return settings.learning_rate * (done + 1) / rise
    share = (done - rise) / max(1, total - rise)
    match settings.schedule:
        case "cosine":
            return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        case "step":
            return settings.learning_rate * _STEP_DECAY ** ((share >= 0.5) + (share >= 0.75))
        case _:
            return settings.learning_rate


@dataclass
class _Pace:
    """Lets at most one value through in each interval."""

    last: float = -math.inf

    def due(self) -> bool:
        now = time.perf_counter()
        if now - self.last < _METRIC_INTERVAL_S:
            return False
        self.last = now
        return True


@dataclass
class _Mean:
    """A running mean that starts anew when it is taken."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    def take(self) -> float:
        mean = self.total / max(1, self.count)
        self.total, self.count = 0.0, 0
        return mean


@dataclass
class _Fit:
    """One training under way."""

    module: nn.Module
    dataset: Dataset
    settings: Settings
    context: StepContext
    loss: Loss
    masks: dict[str, Tensor]
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_fits(self.dataset, self.module_classes())
        self.device = torch.device(self.context.device)
        self.feed = _Feed(self.dataset.split("train"), self.settings.batch, self.device)
        self.total = self.feed.per_epoch * self.settings.epochs
        self.done = 0
        self.pace, self.mean_loss, self.mean_seconds = _Pace(), _Mean(), _Mean()

    def module_classes(self) -> int:
        """How many outputs the module has for one example of this data."""
        self.module.eval()
        with torch.no_grad():
            parameter = next(self.module.parameters())
            return int(self.module(torch.zeros((1, *self.dataset.input.shape), device=parameter.device)).shape[-1])

    def run(self) -> FitReport:
        started = time.perf_counter()
        # Forward and backward together cost about three times the forward.
        if 3 * flops(self.module, self.dataset.input) * self.settings.batch < _ONE_THREAD_FLOPS:
            torch.set_num_threads(1)
        self.module.to(self.device)
        masks = {name: mask.to(self.device) for name, mask in self.masks.items()}
        apply_masks(self.module, masks)
        optimizer = _optimizer(self.module, self.settings)
        correct = np.zeros(0, dtype=bool)
        for epoch in range(self.settings.epochs):
            self._epoch(epoch, optimizer, masks)
            correct = correct_bits(self.module, self.dataset.split("validation"), self.context, quiet=True)
            self.accuracies.append(float(correct.mean()))
            self.context.metric("accuracy", self.accuracies[-1])
        self.module.to("cpu")
        self.module.eval()
        return FitReport(
            losses=tuple(self.losses),
            accuracies=tuple(self.accuracies),
            correct=int(correct.sum()),
            examples=len(correct),
            seconds=time.perf_counter() - started,
            batches=self.done,
        )

    def _epoch(self, epoch: int, optimizer: torch.optim.Optimizer, masks: Mapping[str, Tensor]) -> None:
        self.module.train()
        whole = _Mean()
        for batch in self.feed.epoch(self.context.seed, epoch):
            self.context.check()
            begin = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.settings, self.done, self.total)
            optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.module(batch.x), batch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            apply_masks(self.module, masks)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise StepError(f"Training came apart in epoch {epoch + 1}: the loss is no longer a number.", "Lower the learning rate.")
            self.done += 1
            whole.add(value)
            self._show(value, time.perf_counter() - begin, epoch)
        self.losses.append(whole.take())

    def _show(self, loss: float, seconds: float, epoch: int) -> None:
        self.mean_loss.add(loss)
        self.mean_seconds.add(seconds)
        self.context.progress(self.done / self.total, f"epoch {epoch + 1} of {self.settings.epochs}")
        if self.pace.due() or self.done == self.total:
            self.context.metric("loss", self.mean_loss.take())
            self.context.metric("batch_s", self.mean_seconds.take())


class _Feed:
    """Training batches: from memory where the split fits, else read as they are needed."""

    def __init__(self, split: Split, batch: int, device: torch.device) -> None:
        self.split, self.batch, self.device = split, batch, device
        count = len(split)
        # A last batch of a single example has no variance, which batch normalisation needs.
        self.used = count - 1 if count % batch == 1 and count > 1 and batch > 1 else count
        self.per_epoch = math.ceil(self.used / batch)
        self.labels = torch.from_numpy(np.array(split.labels)).to(device)
        self.whole = self._tensor(split.arrays()[0]) if split.nbytes <= _KEEP_IN_MEMORY_BYTES else None

    def _tensor(self, x: np.ndarray) -> Tensor:
        # Channels stay first: with them last, oneDNN's gradient of a strided 1×1 convolution with few input channels writes
        # past its buffer (uxlfoundation/oneDNN issue 6035), and pruned shortcuts are just that. It would gain a tenth.
        return torch.from_numpy(x).to(self.device)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng((seed, epoch)).permutation(len(self.split))[: self.used]
        for start in range(0, self.used, self.batch):
            chosen = order[start : start + self.batch]
            indices = torch.from_numpy(chosen).to(self.device)
            x = self.whole[indices] if self.whole is not None else self._tensor(self.split.take(chosen))
            yield Batch(x, self.labels[indices], indices)


def _optimizer(module: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Weight decay pulls on matrices and filters only, not on biases and norms."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trainable if p.dim() <= 1], "weight_decay": 0.0},
    ]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.learning_rate)
    return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=settings.momentum > 0)


def check_fits(dataset: Dataset, outputs: int) -> None:
    """Demands as many outputs as there are classes.

    Raises:
        ModelError: names both numbers.
    """
    if outputs != len(dataset.classes):
        raise ModelError(
            f"The model gives {outputs} outputs, the data set {dataset.artifact.name} has {len(dataset.classes)} classes.",
            "Link the data set to the model step so that the model is built for it.",
        )
