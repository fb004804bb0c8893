"""How much each layer of a network suffers from int8, found by rounding one layer at a time, and which to leave in floating point.

The answers of the network with one layer rounded (its weights, what comes in and what goes out) are compared with those of the float
network, on calibration examples: by the ratio of signal to quantisation noise, and for classifiers by the divergence of the predicted
probabilities (Kullback and Leibler 1951). One forward pass over the examples for each layer; nothing is calibrated again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from greenbench.ml.compress.onnx_layers import Array, Watch, answering
from greenbench.ml.compress.static_int8 import Calibrated, Examples

Quality = Callable[[Callable[[Array], Array]], float]
"""From what answers a batch to the mean score over the validation examples, more being better."""


@dataclass(frozen=True)
class Sensitivity:
    """What rounding one layer does. `sqnr` in dB: 20 is noise of a tenth of the signal. `divergence` in nats, the mean over the examples;
    None where the outputs are no classes. `change` of the validation score, as a fraction; None where nothing is judged."""

    layer: str
    sqnr: float
    divergence: float | None = None
    change: float | None = None

    @property
    def sentence(self) -> str:
        """ "23.4 dB, divergence 0.0021, accuracy −0.8 pp"."""
        parts = [f"{self.sqnr:.1f} dB" if np.isfinite(self.sqnr) else "no noise"]
        if self.divergence is not None:
            parts.append(f"divergence {self.divergence:.2g}")
        if self.change is not None:
            points = round(100 * self.change, 2)
            sign = "−" if points < 0 else "+" if points > 0 else ""
            parts.append(f"validation {sign}{abs(points):g} pp")
        return ", ".join(parts)


def scan(
    calibrated: Calibrated, examples: Examples, scratch: Path, classes: bool, quality: Quality | None = None, watch: Watch | None = None
) -> tuple[Sensitivity, ...]:
    """Every layer that holds weights, the most sensitive first. `scratch` is a folder for the one-layer forms; `classes` says that the
    outputs are scores of classes.

    Raises:
        StepError: the quantiser cannot handle the graph.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    wanted = _outputs(calibrated, calibrated.path, examples, watch)
    full = quality(_answer(calibrated, calibrated.path, examples)) if quality else 0.0
    found = []
    form = scratch / "one-layer.onnx"
    for place, layer in enumerate(calibrated.layers):
        watch.progress(place / len(calibrated.layers))
        calibrated.write(form, only=(layer,))
        given = _outputs(calibrated, form, examples, watch)
        change = quality(_answer(calibrated, form, examples)) - full if quality else None
        found.append(Sensitivity(layer, sqnr(wanted, given), divergence(wanted, given) if classes else None, change))
    form.unlink(missing_ok=True)
    return tuple(sorted(found, key=lambda each: each.sqnr))


def enough(
    calibrated: Calibrated,
    order: Sequence[str],
    target: Path,
    examples: Examples,
    quality: Quality,
    loss: float,
    watch: Watch | None = None,
) -> tuple[tuple[str, ...], float]:
    """Leaves layers in floating point, in that order, until the validation score is at most `loss` below that of the float network;
    writes that form to `target` and returns the layers and the loss that is left.

    Raises:
        StepError: the quantiser cannot handle the graph.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    full = quality(_answer(calibrated, calibrated.path, examples))
    left = float("inf")
    for count in range(len(order) + 1):
        watch.check()
        watch.progress(count / (len(order) + 1))
        calibrated.write(target, without=order[:count])
        left = full - quality(_answer(calibrated, target, examples))
        if left <= loss:
            return tuple(order[:count]), left
    return tuple(order), left


def sqnr(wanted: Array, given: Array) -> float:
    """Signal to quantisation noise in decibels: 10 log10(Σ wanted² / Σ (wanted − given)²); infinite where nothing differs."""
    signal, noise = (float(np.sum(np.square(each, dtype=np.float64))) for each in (wanted, wanted - given))
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal else float("-inf")


def divergence(wanted: Array, given: Array) -> float:
    """Mean Kullback–Leibler divergence of the softmax of `given` from that of `wanted` (N, classes, …), in nats."""
    left, right = (_log_softmax(each.reshape(*each.shape[:2], -1)) for each in (wanted, given))
    return float(np.mean(np.sum(np.exp(left) * (left - right), axis=1)))


def _log_softmax(scores: Array) -> Array:
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _answer(calibrated: Calibrated, path: Path, examples: Examples) -> Callable[[Array], Array]:
    run = answering(path)
    return lambda batch: run({calibrated.input: batch, **examples.held})


def _outputs(calibrated: Calibrated, path: Path, examples: Examples, watch: Watch) -> Array:
    answer, parts = _answer(calibrated, path, examples), []
    for batch in examples.batches:
        watch.check()
        parts.append(answer(batch))
    return np.concatenate(parts)
