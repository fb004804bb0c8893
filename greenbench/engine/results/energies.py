"""Joules of each block and of one inference."""

import math
from dataclasses import dataclass, field

import numpy as np

from greenbench.analysis.intervals import block_mean
from greenbench.core.measurement import Measurement, Provenance, Window
from greenbench.engine.recorder import Recorder
from greenbench.meters.ledger import WindowEnergy


@dataclass(frozen=True)
class BlockEnergies:
    """Energy of one example in each block, J; None for a block without reading. `idle_w` are the idle powers that `net` is above.

    What the meter leaves open is kept in its two parts: `edges` and `net_edges`, J for each value of `gross` and `net`, do not cancel in
    a ratio; `gain`, a share of what was read, does. `relative_error` is the largest of both together.
    """

    gross: list[float | None]
    net: list[float | None]
    idle_w: list[float]
    provenance: Provenance
    reason: str
    relative_error: float
    gain: float = 0.0
    edges: list[float | None] = field(default_factory=list)
    net_edges: list[float | None] = field(default_factory=list)

    def gross_per_inference(self) -> Measurement:
        """Gross energy cannot be negative, however wide its interval."""
        mean = _mean(self.gross)
        energy = self._per_inference(self.gross, self.relative_error * abs(mean))
        return energy if energy.low is None else energy.model_copy(update={"low": max(energy.low, 0.0)})

    def net_per_inference(self) -> Measurement:
        """Net energy; the drift between the two idle windows belongs to its error.

        The edges of the blocks are as large beside it as beside the gross energy. A meter's gain is off in both powers alike, so it is a
        share of their difference; a load model is not off by one share at all loads, so what it leaves open of the gross energy stays.
        """
        if not self.idle_w and self.provenance is not Provenance.UNAVAILABLE:
            return Measurement.missing("J", "no idle power was measured")
        gross, left = _mean(self.gross), _mean(self.net)
        share_of = gross if self.provenance is Provenance.MODELLED else left
        net = self._per_inference(self.net, self.gain * abs(share_of) + _mean(self.net_edges))
        if net.value is None or net.low is None or net.high is None:
            return net
        mean_w = float(np.mean(self.idle_w)) if self.idle_w else 0.0
        drift = _above(max(self.idle_w), min(self.idle_w)) / 2 if self.idle_w else 0.0
        extra = drift / mean_w * (gross - net.value) if mean_w else 0.0
        return net.model_copy(update={"low": net.low - extra, "high": net.high + extra})

    def _per_inference(self, values: list[float | None], open_j: float) -> Measurement:
        """The mean over blocks; its interval joins their spread with what the meter itself leaves open, as independent errors."""
        known = [value for value in values if value is not None]
        if not known or self.provenance is Provenance.UNAVAILABLE:
            return Measurement.missing("J", self.reason)
        mean = block_mean(known)
        spread = (mean.high - mean.low) / 2 if mean.high is not None and mean.low is not None else 0.0
        half = math.hypot(spread, open_j)
        return Measurement(
            value=mean.value, low=mean.value - half, high=mean.value + half, n=len(known), unit="J", provenance=self.provenance
        )


def of_blocks(recorder: Recorder, windows: list[Window], batch: int, idle: list[WindowEnergy]) -> BlockEnergies:
    """The joules of one example in each of a variant's blocks; `idle` are the idle windows of its benchmark that have a reading."""
    read = [recorder.ledger.window(window.t0_ns, window.t1_ns) for window in windows]
    examples = [max(window.calls, 1) * batch for window in windows]
    idle_w = [each.mean_power_w for each in idle if each.mean_power_w is not None]
    mean_w = float(np.mean(idle_w)) if idle_w else None
    # The same idle power is taken off every block, so what it leaves open is so in all of them.
    idle_edge_w = float(np.mean([each.edge_j / each.seconds for each in idle])) if idle else 0.0
    known = [each for each in read if each.energy_j is not None]
    return BlockEnergies(
        gross=[None if e.energy_j is None else e.energy_j / many for e, many in zip(read, examples, strict=True)],
        net=[
            None if mean_w is None or e.energy_j is None else _above(e.energy_j, mean_w * e.seconds) / many
            for e, many in zip(read, examples, strict=True)
        ],
        idle_w=idle_w,
        provenance=Provenance.least([each.provenance for each in known]),
        reason=next((each.reason for each in reversed(read) if each.energy_j is None), "") or "no block was measured",
        relative_error=max((each.half_width_j / each.energy_j for each in known if each.energy_j), default=0.0),
        gain=max((each.gain_j / each.energy_j for each in known if each.energy_j), default=0.0),
        edges=[None if e.energy_j is None else e.edge_j / many for e, many in zip(read, examples, strict=True)],
        net_edges=[
            None if e.energy_j is None else (e.edge_j + idle_edge_w * e.seconds) / many for e, many in zip(read, examples, strict=True)
        ],
    )


def _mean(values: list[float | None]) -> float:
    """Of the blocks that have a reading; 0 without any."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0


def _above(energy_j: float, idle_j: float) -> float:
    """What is left above idle; what is left of rounding alone is nothing."""
    left = energy_j - idle_j
    return 0.0 if abs(left) < 1e-9 * abs(energy_j) else left
