"""The machine's energy from its channels: what is added, what is not, how sure the sum is, and why there is none.

Which channels make up the total is `greenbench.meters.fitness`'s to say: counted ones of the measured tiers, or one that covers the whole
machine in place of its parts, or, where nothing is measured, the modelled ones.
"""

import threading
from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenbench.core.measurement import Channel, Measurement, Provenance, Sample, SourceReport, SourceState, Window
from greenbench.core.run import PowerTrace
from greenbench.meters.energy_curve import EnergyCurve
from greenbench.meters.fitness import NOT_COUNTED, counted, counts_from, counts_in_run, is_wall, too_slow
from greenbench.meters.meter import NS
from greenbench.meters.reading_error import NEIGHBOURS

_RECENT = NEIGHBOURS + 2  # as many as the error of a window's end is seen in
_NOTHING = "No power source is in use."
_LATE = "It came when the run was under way."


@dataclass(frozen=True)
class WindowEnergy:
    """Joules of a window. What the sources themselves leave open is told in two parts, as they go different ways in a comparison:
    `gain_j`, off by the same share in every window, cancels in a ratio; `edge_j`, refresh and interpolation at both ends (added as
    squares over the channels), does not. `channels` are the keys that were added, `left_out` modelled ones that were not. `gap`: a
    source was there, but not throughout."""

    energy_j: float | None
    provenance: Provenance
    gain_j: float = 0.0
    edge_j: float = 0.0
    channels: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    gap: bool = False

    @property
    def half_width_j(self) -> float:
        """Half the 95 % interval: both parts."""
        return self.gain_j + self.edge_j

    @property
    def mean_power_w(self) -> float | None:
        return None if self.energy_j is None or self.seconds <= 0 else self.energy_j / self.seconds

    def measurement(self) -> Measurement:
        """The energy in J with its ends."""
        return self._over(1.0, "J")

    def power(self) -> Measurement:
        """The mean power in W with its ends."""
        return self._over(self.seconds, "W") if self.seconds > 0 else Measurement.missing("W", "The window has no length.")

    def _over(self, divisor: float, unit: str) -> Measurement:
        if self.energy_j is None:
            return Measurement.missing(unit, self.reason)
        return Measurement(
            value=self.energy_j / divisor,
            low=max(0.0, self.energy_j - self.half_width_j) / divisor,
            high=(self.energy_j + self.half_width_j) / divisor,
            unit=unit,
            provenance=self.provenance,
        )


class EnergyLedger:
    """Collects samples and answers for any window. `interval_s` is how often the sources are read.

    One thread may add while others ask.
    """

    def __init__(self, channels: Iterable[Channel] = (), interval_s: float = 0.1) -> None:
        self._interval_s = interval_s
        self._channels: tuple[Channel, ...] = ()
        self._curves: dict[str, EnergyCurve] = {}
        self._recent: dict[str, deque[Sample]] = {}
        self._forgotten_ns = 0
        self._walls: dict[str, str] | None = None  # those there when the run began, and why each does not count ("": it does)
        self._lock = threading.RLock()  # the reader adds and forgets while the window asks for a span
        self.declare(channels)

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self._channels

    @property
    def counted(self) -> tuple[Channel, ...]:
        """The channels that make up the total, all of one tier."""
        return counted(self._channels, self.aside)

    @property
    def aside(self) -> dict[str, str]:
        """The wall meters that do not count in the present or last run though they are there: their keys, and why. Their curves are kept:
        they are shown, and calibrate the counters."""
        if self._walls is None:
            return {}
        why = {channel.key: self._walls.get(channel.key, _LATE) for channel in self._channels if is_wall(channel)}
        return {key: reason for key, reason in why.items() if reason}

    def begin_run(self, block_s: float) -> None:
        """Fixes which wall meters count until the next run begins: those there now that are quick enough for timed blocks so long."""
        slow = too_slow(self._channels, block_s)
        self._walls = {channel.key: slow.get(channel.key, "") for channel in self._channels if is_wall(channel)}

    def told(self, reports: Iterable[SourceReport]) -> tuple[SourceReport, ...]:
        """The reports as they hold for the run: a wall meter that does not count says why, and its channel that it does not; of a source
        that was silent before the run began nothing is counted."""
        total, aside, known = {channel.key for channel in self.counted}, self.aside, {channel.key for channel in self._channels}
        return tuple(_silent(report) if _is_out(report, known) else _told(report, total, aside) for report in reports)

    @property
    def heard_until_ns(self) -> int:
        """Up to when every counted channel has spoken (a number or "no reading"): a window that ends before can be answered now."""
        return min((self._curves[channel.key].heard_until_ns for channel in self.counted), default=0)

    def declare(self, channels: Iterable[Channel], silent: Iterable[Channel] = ()) -> None:
        """The channels in use from now on; what is known of earlier ones is kept.

        Of the `silent` ones, which give no reading at the moment, those stay that were in use: a total without them would be a lower one.
        """
        before = {channel.key for channel in self._channels}
        self._channels = (*channels, *(channel for channel in silent if channel.key in before))
        for channel in self._channels:
            curve = self._curves.get(channel.key)
            if curve is None:
                self._curves[channel.key] = EnergyCurve(channel, self._interval_s)
                self._recent[channel.key] = deque(maxlen=_RECENT)
            else:
                curve.channel = channel

    def add(self, samples: Iterable[Sample]) -> None:
        """Takes samples in the order of time; those of undeclared channels are left out."""
        with self._lock:
            for sample in samples:
                curve = self._curves.get(sample.channel)
                if curve is not None:
                    curve.add(sample)
                    self._recent[sample.channel].append(sample)

    def recent(self) -> tuple[Sample, ...]:
        """The last samples of every channel: those that joules and errors of a window from now on are interpolated from."""
        with self._lock:
            return tuple(sample for samples in self._recent.values() for sample in samples)

    def still(self) -> "EnergyLedger":
        """What is known now, in a ledger that hears nothing more: a window has the same joules and the same error in it for ever."""
        with self._lock:
            kept = copy(self)
            kept._curves = {key: curve.still() for key, curve in self._curves.items()}
            kept._recent = {key: deque(samples, _RECENT) for key, samples in self._recent.items()}
            kept._lock = threading.RLock()
        return kept

    def curve(self, key: str) -> EnergyCurve:
        """The curve of one channel. Raises KeyError."""
        return self._curves[key]

    def window(self, t0_ns: int, t1_ns: int) -> WindowEnergy:
        """The energy of the counted channels between two times; None with a reason if one of them has a hole there."""
        with self._lock:
            return self._sum(t0_ns, t1_ns)

    def _sum(self, t0_ns: int, t1_ns: int) -> WindowEnergy:
        counted = self.counted
        if not counted:
            return WindowEnergy(None, Provenance.UNAVAILABLE, reason=_NOTHING, seconds=(t1_ns - t0_ns) / NS)
        total_j = gain_j = edges_j2 = 0.0
        for channel in counted:
            curve = self._curves[channel.key]
            energy_j, edge_j = curve.energy_j(t0_ns, t1_ns), curve.edge_error_j(t0_ns, t1_ns)
            if energy_j is None or edge_j is None:
                reason = _why_none(curve, t0_ns, t1_ns)
                return WindowEnergy(None, Provenance.UNAVAILABLE, reason=reason, seconds=(t1_ns - t0_ns) / NS, gap=curve.heard_until_ns > 0)
            total_j += energy_j
            # Gains may be off the same way in all channels, so they add; ends are independent.
            gain_j += channel.error * abs(energy_j)
            edges_j2 += edge_j**2
        keys = {channel.key for channel in counted}
        modelled = (c for c in self._channels if c.counted and c.provenance is Provenance.MODELLED)
        return WindowEnergy(
            energy_j=total_j,
            provenance=Provenance.least(tuple(channel.provenance for channel in counted)),
            gain_j=gain_j,
            edge_j=float(np.sqrt(edges_j2)),
            channels=tuple(channel.key for channel in counted),
            left_out=tuple(channel.key for channel in modelled if channel.key not in keys),
            seconds=(t1_ns - t0_ns) / NS,
        )

    def power_now(self) -> Measurement:
        """The sum of the counted channels' last watts; missing while one of them has no reading."""
        counted = self.counted
        if not counted:
            return Measurement.missing("W", _NOTHING)
        newest_ns = max(curve.heard_until_ns for curve in self._curves.values())
        total_w = half_w = 0.0
        for channel in counted:
            curve = self._curves[channel.key]
            last = curve.last()
            if last is None or newest_ns - last[0] > curve.hole_ns:
                return Measurement.missing("W", _why_none(curve, newest_ns, newest_ns))
            total_w += last[1]
            half_w += channel.error * abs(last[1])
        provenance = Provenance.least(tuple(channel.provenance for channel in counted))
        return Measurement(value=total_w, low=max(0.0, total_w - half_w), high=total_w + half_w, unit="W", provenance=provenance)

    def idle_power_w(self, window: Window) -> Measurement:
        """Mean watts of an idle window."""
        return self.window(window.t0_ns, window.t1_ns).power()

    def watts(self, key: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times in ns and watts of one channel for a plot; NaN where a hole begins. Raises KeyError."""
        return self._curves[key].watts()

    def thin(self, key: str, bins: int, t0_ns: int | None = None, t1_ns: int | None = None) -> PowerTrace:
        """The watts of one channel as least and most in each of `bins` equal spans, in seconds from `t0_ns` (the first sample).

        Spans without reading are left out, so times further apart than a span mark a hole. Raises KeyError.
        """
        times_ns, power_w = self.watts(key)
        channel = self._curves[key].channel
        start_ns = t0_ns if t0_ns is not None else int(times_ns[0]) if times_ns.size else 0
        end_ns = t1_ns if t1_ns is not None else int(times_ns[-1]) if times_ns.size else 0
        keep = ~np.isnan(power_w) & (times_ns >= start_ns) & (times_ns <= end_ns)
        inside_ns, inside_w = times_ns[keep] - start_ns, power_w[keep]
        span_ns = max((end_ns - start_ns) / bins, 1.0)
        which = np.minimum((inside_ns / span_ns).astype(np.int64), bins - 1)
        low_w, high_w = np.full(bins, np.inf), np.full(bins, -np.inf)
        np.minimum.at(low_w, which, inside_w)
        np.maximum.at(high_w, which, inside_w)
        found = np.flatnonzero(np.isfinite(low_w))
        return PowerTrace(
            channel=key,
            title=channel.title,
            provenance=channel.provenance,
            t_s=tuple(((found + 0.5) * span_ns / NS).tolist()),
            low_w=tuple(low_w[found].tolist()),
            high_w=tuple(high_w[found].tolist()),
        )

    def keep_last(self, span_ns: int) -> None:
        """Drops what is older than so long before the newest sample, once there is a tenth more than that; for times without a run."""
        with self._lock:
            newest_ns = max((curve.heard_until_ns for curve in self._curves.values()), default=0)
            if not 0 <= newest_ns - self._forgotten_ns <= span_ns + span_ns // 10:
                self.forget(newest_ns - span_ns)

    def forget(self, before_ns: int) -> None:
        """Drops samples older than a time that no window will ask for any more."""
        with self._lock:
            self._forgotten_ns = before_ns
            for curve in self._curves.values():
                curve.forget(before_ns)


def _why_none(curve: EnergyCurve, t0_ns: int, t1_ns: int) -> str:
    return f"{curve.channel.title}: {curve.why_none(t0_ns, t1_ns)}"


def _is_out(report: SourceReport, known: set[str]) -> bool:
    """Whether a source gives no reading and had no part in the run, in which its channels would otherwise be a gap."""
    return report.state is SourceState.SILENT and not any(channel.key in known for channel in report.channels)


def _silent(report: SourceReport) -> SourceReport:
    return report.model_copy(update={"channels": tuple(channel.model_copy(update={"counted": False}) for channel in report.channels)})


def _counting(report: SourceReport, total: set[str], aside: dict[str, str]) -> SourceReport:
    """The report of a wall meter that is the total, with what holds in this run in place of the rule."""
    for channel in report.channels:
        if is_wall(channel) and channel.key in total:
            holds = counts_in_run(aside.get(channel.key, ""))
            report = report.model_copy(update={"reason": report.reason.replace(counts_from(channel.refresh_s), holds)})
    return report


def _told(report: SourceReport, total: set[str], aside: dict[str, str]) -> SourceReport:
    walls = [channel for channel in report.channels if is_wall(channel) and channel.key not in total]
    if not walls:
        return _counting(report, total, aside)
    why = aside.get(walls[0].key, "A quicker wall meter counts.")
    channels = tuple(channel.model_copy(update={"counted": False}) if channel in walls else channel for channel in report.channels)
    return report.model_copy(update={"channels": channels, "reason": f"{NOT_COUNTED} {why}"})
