"""Energy at the wall, as the calibration estimates it: beside what was measured, never part of it and never compared.

Where a wall meter is read and quick enough for the blocks of the run to count, its energy is at the wall already and nothing is
estimated (greenbench.meters.fitness).
"""

import math

from greenbench.analysis.calibration import system_estimate
from greenbench.analysis.intervals import block_mean
from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Channel, Measurement, Provenance, Window, WindowKind
from greenbench.core.metrics import METRICS, WALL
from greenbench.core.run import Remark, RunResult, VariantResult
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.recorder import Recorder
from greenbench.meters.fitness import is_wall
from greenbench.meters.pairing import energy_of, parts

_MEASURED = "the energy of this run is measured at the wall itself"


def with_wall_energy(result: RunResult, recorder: Recorder, book: CalibrationBook) -> RunResult:
    """The result with the metric `energy_per_inference_wall` in every variant, and the calibration that gave it; where there is no
    estimate, with the reason. A calibration that exists and was not applied is remarked on."""
    calibration, reason = _chosen(recorder, book)
    found = _with(result, recorder, calibration, reason)
    notes = {m.reason for v in found.variants if (m := v.metrics.get(WALL)) is not None and m.value is not None and m.reason}
    remarks = [Remark(kind="limit", text=f"Energy at the wall is {note}.") for note in sorted(notes)]
    if calibration is None and "not applied" in reason:
        remarks.append(Remark(kind="limit", text=f"{reason[:1].upper()}{reason[1:]}."))
    return found.model_copy(update={"warnings": (*found.warnings, *remarks)})


def wall_energy_again(result: RunResult, recorder: Recorder, stored: RunResult) -> RunResult:
    """The same from the calibration that a stored run was estimated with: what is kept by now may be another."""
    reasons = [v.metrics[WALL].reason for v in stored.variants if WALL in v.metrics]
    return _with(result, recorder, stored.calibration, reasons[0] if reasons else "not estimated")


def _with(result: RunResult, recorder: Recorder, calibration: Calibration | None, reason: str) -> RunResult:
    channels = recorder.ledger.channels
    variants = tuple(_estimated(variant, recorder, channels, calibration, reason) for variant in result.variants)
    return result.model_copy(update={"variants": variants, "calibration": calibration})


def _chosen(recorder: Recorder, book: CalibrationBook) -> tuple[Calibration | None, str]:
    """The calibration to apply, or None and why."""
    if any(is_wall(channel) for channel in recorder.ledger.counted):
        return None, _MEASURED
    return book.fitting(recorder.ledger.channels)


def _estimated(
    variant: VariantResult, recorder: Recorder, channels: tuple[Channel, ...], calibration: Calibration | None, reason: str
) -> VariantResult:
    if not variant.metrics:
        return variant
    found = Measurement.missing("J", reason)
    if calibration is not None:
        counters = [channel for channel in parts(channels) if channel.key in calibration.counters]
        blocks = recorder.windows_by(WindowKind.BLOCK, variant.benchmark).get(_letter(variant, recorder), [])
        found = _per_inference([_of_block(recorder, counters, window, variant.batch, calibration) for window in blocks])
    metrics = {**variant.metrics, WALL: found}
    return variant.model_copy(update={"metrics": {metric.key: metrics[metric.key] for metric in METRICS if metric.key in metrics}})


def _letter(variant: VariantResult, recorder: Recorder) -> str:
    """The letter that the variant had in its own benchmark: those of a second one are renamed in the results."""
    ready = ((key[1], said) for key, said in recorder.ready.items() if key[0] == variant.benchmark)
    return next((key for key, said in ready if (said.source, said.name) == (variant.node, variant.name)), variant.letter)


def _of_block(recorder: Recorder, counters: list[Channel], window: Window, batch: int, calibration: Calibration) -> Measurement:
    """Joules at the wall for one example of a block."""
    joules = energy_of(recorder.ledger, counters, window.t0_ns, window.t1_ns)
    found = system_estimate(joules, window.seconds, calibration)
    if found.value is None:
        return found
    examples = max(window.calls, 1) * batch
    ends = {name: None if end is None else end / examples for name, end in (("low", found.low), ("high", found.high))}
    return found.model_copy(update={"value": found.value / examples, **ends})


def _per_inference(blocks: list[Measurement]) -> Measurement:
    """The mean over blocks: their spread is new in every block, the error of the line is the same in all."""
    known = [(m.value, (m.high - m.value), m.reason) for m in blocks if m.value is not None and m.high is not None]
    if not known:
        return Measurement.missing("J", next((m.reason for m in blocks), "no block was measured"))
    mean = block_mean([value for value, _, _ in known])
    spread = (mean.high - mean.low) / 2 if mean.high is not None and mean.low is not None else 0.0
    half = math.hypot(spread, sum(line for _, line, _ in known) / len(known))
    return Measurement(
        value=mean.value, low=max(mean.value - half, 0.0), high=mean.value + half, n=len(known), unit="J",
        provenance=Provenance.MODELLED, reason=next((reason for _, _, reason in known if reason), ""),
    )  # fmt: skip
