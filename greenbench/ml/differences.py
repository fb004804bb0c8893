"""Where two models answer differently on the test examples, with what each says and the example itself to look at."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import DataError
from greenbench.core.jobs import AnswerDifference, CompareAnswers, Differences, StoredRef
from greenbench.core.step import StepContext, Stored
from greenbench.core.task import TASKS
from greenbench.ml.answering import answers, batch_of, session_of
from greenbench.ml.data import Dataset, Split, open_dataset
from greenbench.ml.data.texts import TextSplit
from greenbench.ml.tasks import Answer, task

_CHUNK = 256
_LEAST_SIDE = 96


class _Answers:
    """What one model says of every test example."""

    def __init__(self, ref: StoredRef, data: Stored) -> None:
        self.stored = _stored(ref)
        self.dataset: Dataset = open_dataset(data, self.stored)
        self.split = self.dataset.split("test")
        self.said: list[Answer] = []
        self._scores: list[NDArray[Any]] = []

    def ask(self, threads: int, unit: str, context: StepContext, share: tuple[float, float]) -> None:
        """Answers all examples; `share` is where on the way of the whole job this begins and ends."""
        model = self.stored.model
        judge, batch = task(model.task), batch_of(model)
        session = session_of(self.stored, threads, batch=batch)
        judged = self.dataset.fit.judged and bool(TASKS[model.task].metric)
        for start in range(0, len(self.split), _CHUNK):
            context.check()
            places = np.arange(start, min(start + _CHUNK, len(self.split)))
            outputs = answers(session, self.split.take(places), batch)
            self.said += judge.answers(outputs, self.dataset.classes, unit)
            if judged:
                self._scores.append(judge.scores(outputs, self.split.targets(places)))
            done = (start + len(places)) / len(self.split)
            context.progress(share[0] + (share[1] - share[0]) * done, f"answers of {self.stored.title}")

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """One number an example; None where nothing can be judged."""
        return np.concatenate(self._scores) if self._scores else None

    def right(self) -> NDArray[np.bool_] | None:
        """Which answers are right; None where answers are not right or wrong."""
        scores = self.scores
        return scores == 1.0 if scores is not None and self.stored.model.task == "classification" else None


def differences(request: CompareAnswers, context: StepContext) -> Differences:
    """Asks both models, each in the runtime of its file, and keeps the examples on which they differ, the surest first.

    Raises:
        DataError: the data has no test examples, or is random.
        ModelError: a model cannot be run, or does not go with the data.
    """
    data = _stored(request.data)
    if data.dataset.random:
        raise DataError(f'"{data.title}" is random: where answers to it differ says nothing.', "Compare on a data set with real examples.")
    first, second = _Answers(request.first, data), _Answers(request.second, data)
    first.ask(request.threads, data.dataset.unit, context, (0.0, 0.45))
    second.ask(request.threads, data.dataset.unit, context, (0.45, 0.9))
    differing = [index for index, (a, b) in enumerate(zip(first.said, second.said, strict=True)) if a.text != b.text]
    shown = sorted(differing, key=lambda index: _unsure(first, second, index))[: request.limit]
    pictures = _Pictures(data, Path(request.folder))
    rows = []
    for number, index in enumerate(shown):
        context.progress(0.9 + 0.1 * number / len(shown), "drawing examples")
        rows.append(_row(index, first, second, pictures, data))
    found = Differences(folder=request.folder, examples=len(first.said), agree=len(first.said) - len(differing), shown=tuple(rows))
    return found.model_copy(update=_counts(first, second))


def _stored(ref: StoredRef) -> Stored:
    return Stored(ref.artifact, Path(ref.folder), ref.node, ref.title)


def _unsure(first: _Answers, second: _Answers, index: int) -> tuple[float, int]:
    """Small where both are sure of different answers, or where two numbers are far apart."""
    confidences = [model.said[index].confidence for model in (first, second)]
    if None not in confidences:
        return -min(confidence for confidence in confidences if confidence is not None), index
    scores = first.scores, second.scores
    return (-abs(float(scores[0][index] - scores[1][index])) if scores[0] is not None and scores[1] is not None else 0.0), index


def _counts(first: _Answers, second: _Answers) -> dict[str, int]:
    a, b = first.right(), second.right()
    if a is None or b is None:
        return {}
    return {"only_first": int((a & ~b).sum()), "only_second": int((b & ~a).sum()), "both_wrong": int((~a & ~b).sum())}


def _row(index: int, first: _Answers, second: _Answers, pictures: "_Pictures", data: Stored) -> AnswerDifference:
    said, rights = (first.said[index], second.said[index]), (first.right(), second.right())
    image, text = pictures.of(index)
    return AnswerDifference(
        index=index,
        truth=_truth(first, index, pictures.split, data),
        first=said[0].text,
        second=said[1].text,
        first_confidence=said[0].confidence,
        second_confidence=said[1].confidence,
        first_right=None if rights[0] is None else bool(rights[0][index]),
        second_right=None if rights[1] is None else bool(rights[1][index]),
        image=image,
        text=text,
    )


def _truth(model: _Answers, index: int, raw: Split, data: Stored) -> str:
    """What is true of an example: the name that the models' answers have, so that the two can be compared by eye."""
    judged, has_classes = model.dataset.fit.judged, TASKS[data.dataset.task].has_classes
    found = np.asarray((model.split if judged else raw).targets(np.array([index]))[0])
    if found.ndim:
        return ""
    if has_classes:
        classes = model.dataset.classes if judged else data.dataset.classes
        return classes[int(found)] if int(found) < len(classes) else str(int(found))
    return f"{float(found):.4g} {data.dataset.unit}".strip()


class _Pictures:
    """The examples as people see them: pictures as the data has them, before any model's normalisation; sentences and rows as text."""

    def __init__(self, data: Stored, folder: Path) -> None:
        self.split = open_dataset(data).split("test")
        self._input: InputSpec = data.dataset.input
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, index: int) -> tuple[str, str]:
        """The name of the PNG, and the text; one of them is ""."""
        if isinstance(self.split, TextSplit):
            return "", self.split.texts([index])[0]
        raw = self.split.raw(np.array([index]))[0]
        if self._input.kind == "image":
            name = f"{index}.png"
            _save(np.asarray(raw), self._folder / name)
            return name, ""
        values = np.asarray(raw).ravel()
        return "", ", ".join(f"{value:.4g}" for value in values[:12]) + (", …" if values.size > 12 else "")


def _save(raw: NDArray[Any], path: Path) -> None:
    """Writes an image (C, H, W) as PNG: bytes as they are, other numbers from the least to the most; small ones enlarged by whole
    pixels."""
    from PIL import Image

    if raw.dtype != np.uint8:
        low, high = float(raw.min()), float(raw.max())
        # Fractions of one stay what they are; anything else is stretched.
        span = (0.0, 1.0) if low >= 0.0 and high <= 1.0 else (low, high)
        raw = np.clip((raw - span[0]) / ((span[1] - span[0]) or 1.0) * 255, 0, 255).astype(np.uint8)
    pixels = np.moveaxis(raw, 0, -1)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] != 3 else np.ascontiguousarray(pixels))
    factor = -(-_LEAST_SIDE // max(picture.size))
    if factor > 1:
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.save(path)
