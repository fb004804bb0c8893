"""Joules of each block and of one inference."""

import math
from dataclasses import dataclass

import numpy as np

from greenbench.analysis.intervals import block_mean
from greenbench.core.measurement import Measurement, Provenance, Window
from greenbench.engine.recorder import Recorder


@dataclass(frozen=True)
class BlockEnergies:
    """Energy of one example in each block, J; None for a block without reading. `idle_w` are the idle powers that `net` is above."""

    gross: list[float | None]
    net: list[float | None]
    idle_w: list[float]
    provenance: Provenance
    reason: str
    relative_error: float

    def gross_per_inference(self) -> Measurement:
        """Gross energy cannot be negative, however wide its interval."""
        energy = self._per_inference(self.gross)
        return energy if energy.low is None else energy.model_copy(update={"low": max(energy.low, 0.0)})

    def net_per_inference(self) -> Measurement:
        """Net energy; the drift between the two idle windows belongs to its error."""
        if not self.idle_w and self.provenance is not Provenance.UNAVAILABLE:
            return Measurement.missing("J", "no idle power was measured")
        net = self._per_inference(self.net)
        gross = self._per_inference(self.gross)
        if net.value is None or net.low is None or net.high is None or gross.value is None:
            return net
        mean_w = float(np.mean(self.idle_w)) if self.idle_w else 0.0
        drift = _above(max(self.idle_w), min(self.idle_w)) / 2 if self.idle_w else 0.0
        extra = drift / mean_w * (gross.value - net.value) if mean_w else 0.0
        return net.model_copy(update={"low": net.low - extra, "high": net.high + extra})

    def _per_inference(self, values: list[float | None]) -> Measurement:
        """The mean over blocks; its interval joins their spread with the meter's own error, as independent errors."""
        known = [value for value in values if value is not None]
        if not known or self.provenance is Provenance.UNAVAILABLE:
            return Measurement.missing("J", self.reason)
        mean = block_mean(known)
        spread = (mean.high - mean.low) / 2 if mean.high is not None and mean.low is not None else 0.0
        half = math.hypot(spread, self.relative_error * abs(mean.value))
        return Measurement(
            value=mean.value, low=mean.value - half, high=mean.value + half, n=len(known), unit="J", provenance=self.provenance
        )


def of_blocks(recorder: Recorder, windows: list[Window], batch: int, idle_w: list[float]) -> BlockEnergies:
    """The joules of one example in each of a variant's blocks; the idle powers in W are those of its benchmark."""
    gross: list[float | None] = []
    net: list[float | None] = []
    provenances, errors, reason = [], [0.0], ""
    mean_w = float(np.mean(idle_w)) if idle_w else None
    for window in windows:
        found = recorder.ledger.window(window.t0_ns, window.t1_ns).measurement()
        if found.value is None or found.low is None:
            gross.append(None)
            net.append(None)
            reason = found.reason
            continue
        examples = max(window.calls, 1) * batch
        provenances.append(found.provenance)
        errors.append((found.value - found.low) / found.value if found.value else 0.0)
        gross.append(found.value / examples)
        net.append(None if mean_w is None else _above(found.value, mean_w * window.seconds) / examples)
    return BlockEnergies(gross, net, idle_w, Provenance.least(provenances), reason or "no block was measured", max(errors))


def _above(energy_j: float, idle_j: float) -> float:
    """What is left above idle; what is left of rounding alone is nothing."""
    left = energy_j - idle_j
    return 0.0 if abs(left) < 1e-9 * abs(energy_j) else left
