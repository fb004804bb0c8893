"""Who teaches: any classifier that runs, asked in evaluation mode, in its own input, for the classes of the student."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml import evaluation
from greenbench.ml.answering import batch_of, session_of
from greenbench.ml.artifacts import load_module
from greenbench.ml.batches import Batch
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.tasks import task

_WITH_LABELS = "Train the student with labels."
_SUM_TOLERANCE = 1e-2  # of probabilities that went through fp16
_LEAST_PROBABILITY = 1e-7  # below it, a float32 that was rounded to 0 would be infinitely unlikely


class Teacher:
    """A teacher's logits for the batches a student trains on, one column for each of the student's classes.

    Images that do not change are asked about once, before the first batch. Augmented ones are new in each epoch, so the teacher answers
    for each batch: teacher and student must see the same image (Beyer 2022, 2106.05237).
    """

    def __init__(self, stored: Stored, data: Stored, student: Stored, context: StepContext) -> None:
        """Raises ModelError: the teacher answers other classes than the student, cannot take the data, or is no classifier."""
        for role, each in (("teacher", stored), ("student", student)):
            if each.model.task != "classification":
                raise ModelError(f'The {role} "{each.title}" is no classifier; soft targets are scores of classes.', _WITH_LABELS)
        self.stored, self._context, self._student = stored, context, student
        self.dataset: Dataset = open_dataset(data, stored)
        self.columns = _columns(stored, self.dataset.classes, open_dataset(data, student).classes)
        self.module: nn.Module | None = None
        if stored.model.format == "torch":
            self.module = load_module(stored).to(context.device).requires_grad_(False)
        else:
            self._batch = batch_of(stored.model)
            self._session = session_of(stored, context.threads, batch=self._batch)
        self._table: Tensor | None = None

    @property
    def title(self) -> str:
        return self.stored.title

    def logits(self, batch: Batch) -> Tensor:
        """The teacher's logits (N, classes) for the examples of a batch.

        Raises:
            ModelError: the batch is augmented, and the teacher takes images of another size than the student.
        """
        if batch.augmented:
            return self.asked(batch.x)
        return self.table()[batch.indices]

    def asked(self, x: Tensor) -> Tensor:
        """The teacher's logits (N, classes) for examples as the student takes them; raises like `logits`."""
        return self._picked(self.answers(self.view(x)))

    def table(self) -> Tensor:
        """The logits for every training example, asked for at the first call."""
        if self._table is None:
            self._context.progress(0.0, "asking the teacher")
            asked = self.module if self.module is not None else self._ask_session
            outputs = evaluation.outputs_of(asked, self.dataset.split("train"), self._context)
            self._table = self._picked(torch.from_numpy(outputs).to(self._context.device))
        return self._table

    def answers(self, x: Tensor) -> Tensor:
        """What the teacher gives for examples in its own input."""
        if self.module is None:
            return torch.from_numpy(self._ask_session(x.cpu().numpy())).to(x.device)
        self.module.eval()
        with torch.no_grad():
            outputs: Tensor = self.module(x)
        return outputs.float()

    def check_view(self) -> None:
        """Demands that the very batch that the student sees can be shown to the teacher; raises ModelError where `logits` would."""
        _same_view(self._student, self.stored)

    def view(self, x: Tensor) -> Tensor:
        """The student's examples as the teacher takes them: the same pixels in the teacher's normalisation."""
        self.check_view()
        takes, gives = self.stored.model.input, self._student.model.input
        if takes.kind != "image" or (takes.mean, takes.std) == (gives.mean, gives.std):
            return x
        raw = x * _channels(gives.std, gives, x) + _channels(gives.mean, gives, x)
        return (raw - _channels(takes.mean, takes, x)) / _channels(takes.std, takes, x)

    def scores(self) -> NDArray[np.float64]:
        """1 for each validation example that the teacher gets right, else 0."""
        asked = self.module if self.module is not None else self._ask_session
        return evaluation.scores(asked, self.dataset.split("validation"), task("classification"), self._context, quiet=True)

    def _ask_session(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = self._session.answers(x, self._batch)
        return outputs

    def _picked(self, outputs: Tensor) -> Tensor:
        flat, known = outputs.flatten(1), len(self.dataset.classes)
        if flat.shape[1] != known:
            raise ModelError(f'The teacher "{self.title}" gives {flat.shape[1]} outputs for {known} classes.')
        return _as_logits(flat)[:, self.columns]


def _as_logits(outputs: Tensor) -> Tensor:
    """Scores whose softmax is what the teacher thinks: a graph that ends in a softmax gives probabilities, which are their own scale."""
    sums = outputs.sum(dim=1)
    if float(outputs.min()) >= 0 and float((sums - 1).abs().max()) < _SUM_TOLERANCE:
        return outputs.clamp(min=_LEAST_PROBABILITY).log()
    return outputs


def _same_view(student: Stored, teacher: Stored) -> None:
    gives, takes = student.model.input, teacher.model.input
    alike = ("kind", "shape", "dtype", "layout", "channel_order", "tokens")
    unlike = [name for name in alike if getattr(gives, name) != getattr(takes, name)]
    if not unlike:
        return
    words = {"shape": "size", "tokens": "words", "channel_order": "order of channels", "layout": "place of channels"}
    named = words.get(unlike[0], unlike[0])
    raise ModelError(
        f'The teacher "{teacher.title}" takes another {named} than the student "{student.title}" ({_size(takes)} and {_size(gives)}). '
        "It cannot be shown the very images that the student sees.",
        "Choose a teacher that takes the student's input, or soft targets without augmentation.",
    )


def _size(input: InputSpec) -> str:
    return "×".join(str(side) for side in input.shape)


def _channels(values: tuple[float, ...], input: InputSpec, x: Tensor) -> Tensor:
    """One number for each channel, or one for all, in the place where this input has its channels."""
    form = [1] * x.dim()
    form[1 if input.layout == "channels first" else -1] = len(values)
    return x.new_tensor(values).view(form)


def _columns(teacher: Stored, known: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    """The teacher's output for each of the student's classes."""
    places = {_plain(name): place for place, name in enumerate(known)}
    unknown = [name for name in wanted if _plain(name) not in places]
    if unknown:
        more = ", …" if len(unknown) > 3 else ""
        raise ModelError(
            f'The teacher "{teacher.title}" knows {len(known)} classes, the student has {len(wanted)}; unknown to the teacher: '
            f"{', '.join(unknown[:3])}{more}.",
            "Train the teacher on the same data set.",
        )
    return [places[_plain(name)] for name in wanted]


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())
