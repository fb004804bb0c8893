"""The guided sweep of loads that calibrates the counters against a wall meter.

load  ┤        ┌──┐               each level is held; its first seconds are not used (▒): a plug averages over about a second
      │     ┌──┘  └──┐            and the power supply's fan follows late
      │  ┌──┘        └──┐         up and down again, so that slow heat shows as misfit and not as gain
      ┤──┘▒▒▒           └──
      └────────────────────▶ t    what is left of a level is cut into windows; the fit takes the levels' means
"""

import platform
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from greenbench.analysis.calibration import LEAST_WINDOWS, fit
from greenbench.core.calibration import Calibration, LoadLevel, LoadWindow, SweepPlan, SweepProgress
from greenbench.core.clock import now_ns
from greenbench.core.errors import CalibrationError, Cancelled
from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport
from greenbench.engine.environment import cpu_name
from greenbench.engine.libraries import own_version
from greenbench.engine.load import gpu_possible
from greenbench.meters.fitness import shortest_block_s
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.pairing import energy_of, parts, recorded, wholes

_NS = 1_000_000_000
_TICK_S = 0.25
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_SETTLE_S, _WINDOW_S = 2.0, 1.0
_REFRESHES = 3  # of the wall meter: so many go by before a level counts
_LATE_S = 5.0
_ADDED = "external:"  # how the key of a meter begins that a person added


class Loads(Protocol):
    """What makes the load: greenbench.engine.load.Load, or a scripted one."""

    def set(self, level: LoadLevel) -> bool: ...
    @property
    def alive(self) -> bool: ...


@dataclass(frozen=True)
class Pair:
    """The two sides: the meter of the whole machine, and the counters of its parts."""

    external: Channel
    counters: tuple[Channel, ...]

    @property
    def refresh_s(self) -> float:
        """The wall meter's refresh interval, as measured where it was."""
        return self.external.refresh_measured_s or self.external.refresh_s


def choose(channels: Sequence[Channel], wanted: str = "", sources: Sequence[SourceReport] = ()) -> Pair:
    """The pair to calibrate among the channels in use; `wanted` is the key of the wall meter's channel, or a part of its title. The
    `sources` say why a meter that was added is not among them.

    Raises:
        CalibrationError: there is no such meter, several, or nothing to calibrate; says what to do.
    """
    found, counters = wholes(channels), parts(channels)
    offered = ", ".join(f"{channel.key} ({channel.title})" for channel in found)
    chosen = _asked_for(found, wanted)
    if not found:
        _refuse_silent(_called(sources, wanted))
        raise CalibrationError(
            "There is no external meter to calibrate against.",
            "Add a wall plug or lab meter on the sensors page or with greenbench sensors add, or unplug a laptop to use its battery.",
        )
    if not chosen:
        raise CalibrationError(f'No meter in use is called "{wanted}".', f"In use: {offered}.")
    if len(chosen) > 1:
        raise CalibrationError(f"There are {len(chosen)} meters of the whole machine.", f"Choose one with --with: {offered}.")
    if not counters:
        raise CalibrationError(
            f"{chosen[0].title} answers, but there are no counters to calibrate: no part of this machine can be measured by itself.",
            "A model from load is not worth it: runs count the meter itself. See greenbench sensors for what would bring a counter.",
        )
    return Pair(chosen[0], counters)


def _refuse_silent(sources: Sequence[SourceReport]) -> None:
    """Raises CalibrationError for a meter that was added and gives nothing."""
    for source in sources:
        if source.key.startswith(_ADDED):
            raise CalibrationError(f"{source.title} gives no reading. {source.reason}".rstrip(), source.remedy or "See greenbench sensors.")


def _called(sources: Sequence[SourceReport], wanted: str) -> Sequence[SourceReport]:
    """The meters that were added, or those of them that are wanted.

    Raises:
        CalibrationError: meters were added, and none is called so.
    """
    added = [source for source in sources if source.key.startswith(_ADDED)]
    chosen = [source for source in added if wanted in source.key or wanted.lower() in source.title.lower()]
    if added and not chosen:
        there = ", ".join(f"{source.key} ({source.title})" for source in added)
        raise CalibrationError(f'There is no meter "{wanted}".', f"There are: {there}.")
    return chosen


def _asked_for(found: Sequence[Channel], wanted: str) -> list[Channel]:
    """By key, else by a part of the title; without a wish the external meters before a battery."""
    exact = [channel for channel in found if channel.key == wanted]
    named = [channel for channel in found if wanted.lower() in channel.title.lower()]
    external = [channel for channel in named if channel.provenance is Provenance.EXTERNAL]
    return exact or (named if wanted else external or named)


def sweep_plan(pair: Pair, seconds: float, *, gpu: bool | None = None) -> SweepPlan:
    """The levels for this pair, each held for `seconds`; with loads on the GPU where one of the counters is a GPU's.

    Raises:
        CalibrationError: that is too short for this meter.
    """
    settle_s = max(_SETTLE_S, _REFRESHES * pair.refresh_s)
    window_s = max(_WINDOW_S, pair.refresh_s)
    least_s = settle_s + LEAST_WINDOWS * window_s
    if seconds < least_s:
        raise CalibrationError(
            f"{seconds:g} s for each load are too short for {pair.external.title}, which says something new every {pair.refresh_s:g} s.",
            f"Hold each load for at least {least_s:g} s.",
        )
    levels = [LoadLevel(cpu=share) for share in (*_SHARES, *_SHARES[-2::-1])]
    on_gpu = any(c.domain is Domain.GPU for c in pair.counters) and gpu_possible() if gpu is None else gpu
    if on_gpu:
        levels[-1:] = [LoadLevel(cpu=0.0, gpu=share) for share in (0.25, 0.5, 1.0, 0.5)] + [LoadLevel(cpu=0.0)]
    return SweepPlan(levels=tuple(levels), seconds=seconds, settle_s=settle_s, window_s=window_s)


def enough_s(pair: Pair) -> float:
    """How long a level should be held so that the meter's refresh interval costs less than 1 %."""
    return shortest_block_s(pair.refresh_s)


class Sweep:
    """One calibration under way. `run` blocks until it is done: the terminal calls it, the window gives it a thread."""

    def __init__(
        self,
        pair: Pair,
        plan: SweepPlan,
        ledger: EnergyLedger,
        load: Loads,
        *,
        clock: Callable[[], int] = now_ns,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`busy` tells whether a run is under way: then nothing is swept."""
        self.pair, self.plan = pair, plan
        self._ledger, self._load, self._clock, self._busy = ledger, load, clock, busy
        self.windows: list[LoadWindow] = []
        self._due: list[tuple[int, int, int]] = []  # level, t0_ns, t1_ns
        self._fresh: list[LoadWindow] = []

    def run(self, tell: Callable[[SweepProgress], None], stop: threading.Event) -> Calibration:
        """Holds every load in turn and fits the line; `tell` hears how far it is, a few times a second.

        Raises:
            Cancelled: `stop` was set.
            CalibrationError: a run is under way, a meter is silent, or the line would mean little.
        """
        self._refuse_busy()
        begun_ns = self._clock()
        for number, level in enumerate(self.plan.levels):
            self._hold(number, level, begun_ns, tell, stop)
        self._load.set(LoadLevel(cpu=0.0))
        self._take_late(stop)
        self._say(tell, len(self.plan.levels) - 1, 1.0, "fitting the line")
        return fit(self.windows, self._about())

    def _hold(self, number: int, level: LoadLevel, begun_ns: int, tell: Callable[[SweepProgress], None], stop: threading.Event) -> None:
        if not self._load.set(level) or not self._load.alive:
            raise CalibrationError("The process that makes the load ended unexpectedly.", "Calibrate again.")
        start_ns = begun_ns + round(number * self.plan.seconds * _NS)
        end_ns = start_ns + round(self.plan.seconds * _NS)
        window_ns = round(self.plan.window_s * _NS)
        first_ns = start_ns + round(self.plan.settle_s * _NS)
        count = (end_ns - first_ns) // window_ns
        self._due += [(number, first_ns + i * window_ns, first_ns + (i + 1) * window_ns) for i in range(count)]
        while (left_ns := end_ns - self._clock()) > 0:
            if stop.wait(min(_TICK_S, left_ns / _NS)):
                raise Cancelled
            self._refuse_busy()
            self._take()
            self._say(tell, number, (self._clock() - begun_ns) / _NS / self.plan.total_s, level.words)
        if number and max((window.level for window in self.windows), default=-1) < number - 1:
            raise CalibrationError(self._silent(first_ns, end_ns), "See greenbench sensors for what it says, then calibrate again.")

    def _refuse_busy(self) -> None:
        if self._busy():
            raise CalibrationError("A run is under way: its load would be taken for the sweep's.", "Calibrate when it is over.")

    def _take(self) -> None:
        """Reads the windows that both sides have covered by now; one with a hole is left out for good."""
        heard_ns = min(self._ledger.curve(channel.key).heard_until_ns for channel in (self.pair.external, *self.pair.counters))
        while self._due and self._due[0][2] <= heard_ns:
            level, t0_ns, t1_ns = self._due.pop(0)
            external_w = self._ledger.curve(self.pair.external.key).mean_power_w(t0_ns, t1_ns)
            counters = energy_of(self._ledger, self.pair.counters, t0_ns, t1_ns)
            if external_w is not None and counters.value is not None:
                counters_w = counters.value * _NS / (t1_ns - t0_ns)
                self._fresh.append(LoadWindow(level=level, t0_ns=t0_ns, t1_ns=t1_ns, counters_w=counters_w, external_w=external_w))

    def _take_late(self, stop: threading.Event) -> None:
        """A slow meter says its last words after the last load."""
        until_ns = self._clock() + round(max(_LATE_S, _REFRESHES * self.pair.refresh_s) * _NS)
        self._take()
        while self._due and self._clock() < until_ns:
            if stop.wait(_TICK_S):
                raise Cancelled
            self._take()

    def _say(self, tell: Callable[[SweepProgress], None], level: int, fraction: float, words: str) -> None:
        fresh, self._fresh = tuple(self._fresh), []
        self.windows += fresh
        fraction = min(fraction, 1.0)
        left_s = (1 - fraction) * self.plan.total_s
        levels = len(self.plan.levels)
        tell(SweepProgress(fraction=fraction, level=level, levels=levels, words=words, remaining_s=left_s, fresh=fresh))

    def _silent(self, t0_ns: int, t1_ns: int) -> str:
        curve = self._ledger.curve(self.pair.external.key)
        if curve.energy_j(t0_ns, t1_ns) is None:
            return f"{self.pair.external.title} gave no reading: {curve.why_none(t0_ns, t1_ns)}"
        return f"The counters gave no reading: {energy_of(self._ledger, self.pair.counters, t0_ns, t1_ns).reason}"

    def _about(self) -> dict[str, object]:
        channels = (self.pair.external, *self.pair.counters)
        return {
            "external": self.pair.external.key, "external_title": self.pair.external.title,
            "counters": tuple(channel.key for channel in self.pair.counters),
            "counter_titles": tuple(channel.title for channel in self.pair.counters),
            "date": datetime.now().astimezone().isoformat(timespec="seconds"),
            "cpu": cpu_name(), "hostname": platform.node(), "greenbench": own_version(), "recorded": recorded(channels),
        }  # fmt: skip
