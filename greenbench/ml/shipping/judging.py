"""Whether an exported file answers like the model it was made from: how far it may be off, and how far it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ProofError

Array = NDArray[Any]

SAME = 1e-6
"""The same numbers in the same runtime: nothing but another choice of kernel may differ."""
REORDERED = 1e-3
"""fp32 in another runtime adds in another order; a wrong graph is off by far more (greenbench.ml.export has the same bound)."""
HALF = 2e-2
"""fp16 has 11 bits of significand: its rounding, 5e-4, adds up over layers."""
COARSE = 1e-1
"""bf16 has 8 bits of significand: its rounding, 4e-3, adds up over layers."""
ROUNDED = 3e-1
"""int8 in another runtime rounds at other places, each off by up to a step of 1/127 of its range, which layers add up: measured 0.015
for a trained residual network, 0.11 for an untrained MobileNetV2. One output says little there, so
`TYPICAL` and `AGREEING` must hold besides."""
TYPICAL = 2.5e-1
"""The root mean square of all errors, as a share of that of all outputs: a wrong scale or a lost layer is off by about 1."""
AGREEING = 0.95


@dataclass(frozen=True)
class Errors:
    """The largest error, as it is and as a share of the model's largest output; the typical error as a share of the typical output; the
    share of examples with the same highest output."""

    absolute: float
    relative: float
    typical: float
    agreement: float | None


def tolerance(model: ModelArtifact, before: str, after: str) -> float:
    """How far outputs may be off, as a share of the largest: `before` and `after` are the keys of the two runtimes."""
    if before == after:
        return {"fp16": HALF, "bf16": COARSE}.get(model.precision, SAME)
    return {"int8": ROUNDED, "fp16": HALF, "bf16": COARSE}.get(model.precision, REORDERED)


def further_limits(allowed: float) -> tuple[float | None, float | None]:
    """The largest typical error and the least agreement that `judge` asks for besides; None where it does not."""
    return (TYPICAL, AGREEING) if allowed >= ROUNDED else (None, None)


def errors(expected: Array, found: Array, classes: bool) -> Errors:
    """How far two sets of outputs (N, …) are apart. Where both are not a number, or infinite alike, they are the same."""
    a, b = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        distance = np.where(same, 0.0, np.abs(a - b))
    worst = float(np.max(np.where(np.isnan(distance), np.inf, distance), initial=0.0))
    largest = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
    relative = 0.0 if worst == 0 else worst / largest if largest else float("inf")
    agreement, known = None, np.isfinite(a) & np.isfinite(b)
    power = float(np.mean(np.square(a[known]))) if known.any() else 0.0
    typical = float(np.sqrt(np.mean(np.square(distance[known])) / power)) if power else 0.0
    if classes and len(a):
        agreement = float(np.mean(np.argmax(a.reshape(len(a), -1), axis=1) == np.argmax(b.reshape(len(b), -1), axis=1)))
    return Errors(worst, relative, typical, agreement)


def judge(expected: Array, found: Array, classes: bool, allowed: float, title: str, format_title: str) -> Errors:
    """The errors, if they are small enough.

    Raises:
        ProofError: the file answers differently; says by how much.
    """
    what = f'"{title}" as {format_title} does not answer like the model it was made from'
    remedy = "No file was written. Choose another format, and please report this."
    if allowed >= ROUNDED:
        remedy = "No file was written. int8 rounds otherwise in that runtime: choose ONNX, which executes as it was measured."
    if expected.shape != found.shape:
        raise ProofError(f"{what}: its outputs have the shape {found.shape} instead of {expected.shape}.", remedy)
    by = errors(expected, found, classes)
    if not by.relative <= allowed:
        share = f"{by.relative:.3g} of the largest output" if np.isfinite(by.relative) else "without bound"
        raise ProofError(f"{what}: outputs differ by up to {by.absolute:.3g}, {share}; {allowed:g} is allowed.", remedy)
    typical, agreeing = further_limits(allowed)
    if typical is not None and by.typical > typical:
        raise ProofError(f"{what}: outputs typically differ by {by.typical:.1%} of an output; {typical:.0%} is allowed.", remedy)
    if agreeing is not None and by.agreement is not None and by.agreement < agreeing:
        raise ProofError(f"{what}: only {by.agreement:.1%} of the answers agree; {agreeing:.0%} must.", remedy)
    return by
