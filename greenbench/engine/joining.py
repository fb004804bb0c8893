"""Joins the log of an outside meter with a finished run: its clock brought onto the run's, then the joules of every window by the log.

    log's clock ──offset──▶ this machine's wall clock ──(started, started_ns)──▶ monotonic ns of windows and samples

The result is kept with the run as a record of its own. The run's raw samples, their digest and its numbers stay what they were: the log was
not there when they were measured, and its clock is a finding, not a fact.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from greenbench.analysis.clock_offset import Cumulative, Offset, Readings, clock_offset
from greenbench.analysis.headline import headline
from greenbench.analysis.intervals import block_mean
from greenbench.core.errors import MeterError
from greenbench.core.joined import JoinedLog, JoinedWindow
from greenbench.core.measurement import Channel, Domain, Measurement, Provenance, Sample, Window, WindowKind
from greenbench.core.run import PowerTrace, RunResult, RunState, VariantResult
from greenbench.meters.discover import channels_in_use
from greenbench.meters.fitness import counted, shortest_block_s
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.meter import NS
from greenbench.meters.power_log import Columns, PowerLog, read_log
from greenbench.store.history import SampleSeries
from greenbench.store.store import Store

_WITHIN_S = 120.0
_MARGIN_S = 5.0  # of the log that is kept before and after the run
_TRACE_BINS = 600
_BUSY = (WindowKind.STEP, WindowKind.WARM_UP, WindowKind.BLOCK, WindowKind.ACCURACY)


@dataclass(frozen=True)
class JoinOptions:
    """How a log shall be joined. `offset_s` is added to its times (None: it is looked for, within `within_s` where the log has a wall
    clock); `error` is the meter's relative error (0.01: ±1 %)."""

    columns: Columns = field(default_factory=Columns)
    offset_s: float | None = None
    within_s: float = _WITHIN_S
    title: str = ""
    error: float = 0.0


def join_log(store: Store, run_id: str, path: Path, options: JoinOptions = JoinOptions()) -> RunResult:
    """The run's results with the log joined, as they are kept from now on; the same file joined before is replaced.

    Raises:
        FileFormatError: the log cannot be read.
        MeterError: its clock cannot be told, it does not cover the run's blocks, or the run is under way.
        StoreError: there is no such run, or the store cannot be read or written.
    """
    result = store.result(run_id)
    if result.state is RunState.RUNNING:
        raise MeterError(f"Run {result.run_id} is under way.", "Join the log when it has ended.")
    joined, ledger = _Joining(store, result, read_log(path, options.columns), options).done()
    others = tuple(other for other in result.joined if other.channel != joined.channel)
    traces = tuple(trace for trace in result.traces if trace.channel != joined.channel)
    result = result.model_copy(update={"joined": (*others, joined), "traces": (*traces, _trace(result, ledger, joined.channel))})
    store.finish_run(result.run_id, result.state, result, headline(result).bold)
    return result


class _Joining:
    """One log and one run."""

    def __init__(self, store: Store, result: RunResult, log: PowerLog, options: JoinOptions) -> None:
        self.store, self.result, self.log, self.options = store, result, log, options
        self.recorded_ns = store.started_ns(result.run_id)
        self.zero_ns = result.started_ns or self.recorded_ns
        self.windows = store.windows(result.run_id)
        self.clock_s = 0.0  # how well the run's wall clock and monotonic clock are known to agree: half width
        self.against = ""

    def done(self) -> tuple[JoinedLog, EnergyLedger]:
        log, options = self.log, self.options
        times_s = log.t_s + (log.start_s - self._wall_s() if log.wall else 0.0)
        offset = self._offset(times_s)
        assert offset.seconds is not None
        half_s = offset.half_width_s
        channel = Channel(
            key=f"log:{log.digest[:12]}",
            title=options.title or f"Log {log.name}",
            domain=Domain.SYSTEM,
            provenance=Provenance.EXTERNAL,
            covers="what the logged meter feeds, joined by time stamp",
            refresh_s=log.refresh_s,
            error=options.error,
        )
        t_ns = self.zero_ns + np.round((times_s + offset.seconds) * NS).astype(np.int64)
        ledger = EnergyLedger([channel], interval_s=log.refresh_s)
        ledger.add(_samples(log, channel.key, t_ns))
        windows = tuple(_joined(window, self._energy(ledger, window.t0_ns, window.t1_ns, half_s)) for window in self.windows)
        per_inference = {v.letter: self._per_inference(ledger, v, half_s) for v in self.result.variants if v.blocks}
        if not any(found.value is not None for found in per_inference.values()):
            reason = next((found.reason for found in per_inference.values()), "it has none")
            raise MeterError(f"The log has no energy for any block of run {self.result.run_id}: {reason}", "Give the log of that time.")
        return self._record(channel, offset, t_ns, windows, per_inference), ledger

    def _wall_s(self) -> float:
        """The wall clock at the run's zero, in seconds since 1970."""
        started = datetime.fromisoformat(self.result.started)
        if "." not in self.result.started:
            self.clock_s = 0.5  # runs of before this was kept to the millisecond: cut off to whole seconds
        return float(started.timestamp()) + self.clock_s + (self.zero_ns - self.recorded_ns) / NS

    def _offset(self, times_s: np.ndarray) -> Offset:
        options, log = self.options, self.log
        if options.offset_s is not None:
            return Offset(options.offset_s, self.clock_s)
        machine = self._machine_curve()
        steps = np.diff(times_s)
        watts = log.value[1:] if not log.counting else np.diff(log.energy_j) / np.where(steps > 0, steps, np.nan)
        middles = times_s[1:] if not log.counting else (times_s[1:] + times_s[:-1]) / 2
        known = np.isfinite(watts)
        search_s = (-options.within_s, options.within_s) if log.wall else None
        found = clock_offset(Readings(middles[known], watts[known]), machine, log.refresh_s, search_s)
        if found.seconds is None:
            raise MeterError(
                f"By how much the clock of {log.name} is off cannot be told. {found.reason}",
                "If you know it, give it: it is added to the log's times (--offset SECONDS). If you know it roughly, a shorter search "
                "leaves out the rest (--within SECONDS).",
            )
        return found

    def _machine_curve(self) -> Cumulative:
        """What the run itself knows of the machine's power; where nothing was read, when it was busy."""
        channels = channels_in_use(self.result.sources)
        series = {channel.key: self.store.samples(self.result.run_id, channel.key) for channel in channels}
        usable = [channel for channel in channels if np.isfinite(series[channel.key].power_w).sum() > 2]
        curves = [_cumulative(series[channel.key], self.zero_ns) for channel in counted(usable)]
        if not curves:
            self.against = "when the run was busy"
            return _activity(self.windows, self.zero_ns)
        self.against = " + ".join(channel.title for channel in counted(usable))
        first, last = max(curve.t_s[0] for curve in curves), min(curve.t_s[-1] for curve in curves)
        times = np.unique(np.concatenate([curve.t_s for curve in curves]))
        times = times[(times >= first) & (times <= last)]
        return Cumulative(times, np.sum([np.interp(times, curve.t_s, curve.energy) for curve in curves], axis=0))

    def _energy(self, ledger: EnergyLedger, t0_ns: int, t1_ns: int, half_s: float) -> Measurement:
        """The joules of a window, with what the meter and its clock leave open."""
        found = ledger.window(t0_ns, t1_ns).measurement()
        if found.value is None or found.low is None or found.high is None:
            return found
        moved = [ledger.window(t0_ns + shift, t1_ns + shift).energy_j for shift in (-round(half_s * NS), round(half_s * NS))]
        clock_j = max((abs(each - found.value) for each in moved if each is not None), default=0.0)
        return found.model_copy(update={"low": max(found.low - clock_j, 0.0), "high": found.high + clock_j})

    def _per_inference(self, ledger: EnergyLedger, variant: VariantResult, half_s: float) -> Measurement:
        """J for one example: the spread of the blocks, and the error that meter and clock make in all of them alike."""
        means, halves, reason = [], [], "no block was measured"
        for block in variant.blocks:
            found = self._energy(ledger, block.t0_ns, block.t1_ns, half_s)
            if found.value is None or found.high is None:
                reason = found.reason
                continue
            examples = max(block.calls, 1) * variant.batch
            means.append(found.value / examples)
            halves.append((found.high - found.value) / examples)
        if not means:
            return Measurement.missing("J", reason)
        mean = block_mean(means)
        spread = (mean.high - mean.low) / 2 if mean.high is not None and mean.low is not None else 0.0
        half = math.hypot(spread, sum(halves) / len(halves))
        low = max(mean.value - half, 0.0)
        return Measurement(value=mean.value, low=low, high=mean.value + half, n=len(means), unit="J", provenance=Provenance.EXTERNAL)

    def _record(
        self, channel: Channel, offset: Offset, t_ns: np.ndarray, windows: tuple[JoinedWindow, ...], per_inference: dict[str, Measurement]
    ) -> JoinedLog:
        assert offset.seconds is not None
        log, half_s = self.log, offset.half_width_s
        since_s = (t_ns - self.zero_ns) / NS
        kept = (since_s >= -_MARGIN_S) & (since_s <= self.result.seconds + _MARGIN_S)
        values = tuple(log.value[kept].tolist())
        return JoinedLog(
            name=log.name,
            digest=log.digest,
            channel=channel.key,
            title=channel.title,
            joined=datetime.now().astimezone().isoformat(timespec="seconds"),
            offset=Measurement(value=offset.seconds, low=offset.seconds - half_s, high=offset.seconds + half_s, unit="s"),
            estimated=self.options.offset_s is None,
            against=self.against,
            correlation=offset.correlation if self.options.offset_s is None else None,
            refresh_s=log.refresh_s,
            error=self.options.error,
            t_s=tuple(since_s[kept].tolist()),
            power_w=() if log.counting else values,
            energy_j=values if log.counting else (),
            windows=windows,
            per_inference=per_inference,
            notes=(*log.notes, *self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        block_s, needed_s = self.result.plan.protocol.block_s, shortest_block_s(self.log.refresh_s)
        if block_s < needed_s:
            yield (
                f"The log has a new value every {self.log.refresh_s:.2g} s; blocks of {block_s:g} s are shorter than the {needed_s:.3g} s "
                "that would make that 1 % of them. The intervals include it."
            )
        if not self.options.error:
            yield "The meter's own error is not in the intervals: it was not given (--error)."
        if self.clock_s and self.options.offset_s is not None and self.log.wall:
            yield "The run's start is known to the second only, which is in the intervals."


def _samples(log: PowerLog, key: str, t_ns: np.ndarray) -> Iterable[Sample]:
    """The readings; of a counter only those that differ, because a reading repeated unchanged is not a new one."""
    last: float | None = None
    for moment, value in zip(t_ns.tolist(), log.value.tolist(), strict=True):
        if not log.counting:
            yield Sample(channel=key, t_ns=moment, power_w=value)
        elif value != last:
            yield Sample(channel=key, t_ns=moment, energy_j=value)
        last = value


def _joined(window: Window, energy: Measurement) -> JoinedWindow:
    shared = {name: getattr(window, name) for name in ("kind", "label", "node", "variant", "block", "t0_ns", "t1_ns")}
    return JoinedWindow(**shared, energy=energy)


def _cumulative(series: SampleSeries, zero_ns: int) -> Cumulative:
    """The joules of a channel over seconds since the run's zero; holes are bridged, which is enough to find how two curves lie."""
    counting = np.isfinite(series.energy_j).sum() > np.isfinite(series.power_w).sum() / 2
    values = series.energy_j if counting else series.power_w
    known = np.isfinite(values)
    t_s, values = (series.t_ns[known] - zero_ns) / NS, values[known]
    if counting:
        return Cumulative(t_s, np.concatenate([[0.0], np.cumsum(np.maximum(np.diff(values), 0.0))]))
    return Cumulative(t_s, np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(t_s))]))


def _activity(windows: Iterable[Window], zero_ns: int) -> Cumulative:
    """Busy seconds over seconds: 1 in steps, warm-up, blocks and accuracy, 0 between."""
    edges = sorted(edge for w in windows if w.kind in _BUSY for edge in ((w.t0_ns, 1), (w.t1_ns, -1)))
    idle = [edge for w in windows if w.kind is WindowKind.IDLE for edge in ((w.t0_ns, 0), (w.t1_ns, 0))]
    t_s: list[float] = []
    energy: list[float] = []
    depth, total = 0, 0.0
    for moment_ns, change in sorted([*edges, *idle]):
        moment_s = (moment_ns - zero_ns) / NS
        if t_s:
            total += (moment_s - t_s[-1]) * (1.0 if depth else 0.0)
        depth += change
        t_s.append(moment_s)
        energy.append(total)
    return Cumulative(np.array(t_s or [0.0, 1.0]), np.array(energy or [0.0, 0.0]))


def _trace(result: RunResult, ledger: EnergyLedger, key: str) -> PowerTrace:
    start_ns = result.started_ns
    return ledger.thin(key, _TRACE_BINS, start_ns, start_ns + round(result.seconds * NS))
