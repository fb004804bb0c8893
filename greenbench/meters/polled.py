"""A meter outside the machine: asked on a thread of its own, because an answer over a network may take a second or never come.

    thread ── opens, asks, waits, backs off ──▶ answers (a deque) ──▶ read() on the sampler's beat: never waits
                                                trouble ───────────▶ report()

A single answer that stays away is no hole: the next reading bridges it. Only when nothing has come for five refresh intervals there is
"no reading", also where the thread itself hangs in a device that answers one byte a second.
"""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from greenbench.core.external import ExternalMeter
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.agreement import Agreement
from greenbench.meters.fitness import counts_from
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.track import CounterTrack, PowerTrack

_PATIENCE = 5  # refresh intervals without an answer; as EnergyCurve has it
_LONGEST_BACK_OFF_S = 30.0
_STALL_S = 30.0  # a counter of whole watt-hours moves so seldom at 120 W


@dataclass(frozen=True)
class Reading:
    """One answer. Where `energy_j` (cumulative) is given it makes the joules, else `power_w` does. `step` is the smallest step of the
    deciding number, J or W; `checked_j` a counter too coarse to use, which the summed watts are held against."""

    power_w: float | None = None
    energy_j: float | None = None
    step: float | None = None
    checked_j: float | None = None


@dataclass(frozen=True)
class Nature:
    """What an instrument is, once it has answered: how often it has a new value, its relative error, and a sentence about both."""

    refresh_s: float
    error: float
    note: str = ""


class NoReadingError(Exception):
    """The instrument gave no reading: what became of it, why, and what to do."""

    def __init__(self, state: SourceState, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.state, self.reason, self.remedy = state, reason, remedy


class Instrument(Protocol):
    """What is at the other end. All of it is called on one thread, in this order: open, read …, close; after an error, open again."""

    @property
    def nature(self) -> Nature: ...

    def open(self) -> None:
        """Looks who answers. Raises NoReadingError."""

    def read(self) -> Reading:
        """Asks for the present values; waits no longer than about a second. Raises NoReadingError."""

    def close(self) -> None:
        """Gives back what it holds open."""


class PolledMeter:
    """An external meter as a power source. `start` makes the thread; without it, `poll` is called by hand (a test, a terminal)."""

    def __init__(self, meter: ExternalMeter, instrument: Instrument, clock: Clock = monotonic) -> None:
        self.meter, self._instrument, self._clock = meter, instrument, clock
        self._answers: deque[tuple[Reading, int]] = deque(maxlen=10_000)
        self._heard: list[Sample] = []  # what the answers gave that `read` has not told yet
        self._trouble: NoReadingError | None = None
        self._asked, self._closing = threading.Event(), False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._open, self._failures = False, 0
        self._track: PowerTrack | CounterTrack | None = None
        self._heard_ns: int | None = None
        self._lost = False
        self._step: float | None = None
        self._level_w = 0.0
        self._agreement = Agreement()

    def start(self) -> "PolledMeter":
        """Begins to ask."""
        self._thread = threading.Thread(target=self._run, daemon=True, name=self.meter.channel)
        self._thread.start()
        return self

    def wait(self, timeout_s: float) -> bool:
        """Waits until the first question was answered or has failed; whether that is so."""
        return self._asked.wait(timeout_s)

    def look_again(self) -> None:
        """Ends a pause between two tries."""
        self._wake.set()

    def report(self) -> SourceReport:
        """What it is by now: an answer counts from when it came, whether or not it has been read."""
        self._take_answers()
        state, reason, remedy = self._state()
        shown = state in (SourceState.IN_USE, SourceState.SILENT) and self._heard_ns is not None
        nature = self._instrument.nature
        return SourceReport(
            key=self.meter.channel,
            title=self.meter.title,
            state=state,
            provenance=Provenance.EXTERNAL if shown else Provenance.UNAVAILABLE,
            channels=(self._channel(nature),) if shown else (),
            covers=self._covers,
            refresh_s=nature.refresh_s if shown else None,
            reason=reason,
            remedy=remedy,
            commands=(f"greenbench sensors test {self.meter.key}",),
        )

    def read(self) -> tuple[Sample, ...]:
        self._take_answers()
        found, self._heard = self._heard, []
        now_ns = self._clock()
        patience_ns = round(_PATIENCE * self._instrument.nature.refresh_s * NS)
        if self._heard_ns is not None and now_ns - self._heard_ns > patience_ns and not self._lost:
            self._lost = True
            assert self._track is not None
            found.append(self._track.lost(now_ns, self._why()))
        return tuple(found)

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._thread is None:
            self._hang_up()  # else the thread does, when what it waits for has come or has not

    def poll(self) -> float:
        """Asks once and returns the seconds to wait until the next time."""
        try:
            if not self._open:
                self._instrument.open()
                self._open = True
            asked_ns = self._clock()
            reading = self._instrument.read()
            answered_ns = self._clock()
            refresh_s = self._instrument.nature.refresh_s
            if answered_ns - asked_ns > refresh_s * NS:
                raise NoReadingError(
                    SourceState.SILENT,
                    f"It took {(answered_ns - asked_ns) / NS:.1f} s to answer: by then nobody knows when the reading was true.",
                    "Bring it nearer to its access point, or connect it by cable.",
                )
        except NoReadingError as error:
            self._hang_up()
            self._failures += 1
            self._trouble = error
            self._asked.set()
            return min(self._instrument.nature.refresh_s * 2.0 ** (self._failures - 1), _LONGEST_BACK_OFF_S)
        self._answers.append((reading, answered_ns))
        self._trouble, self._failures = None, 0
        self._asked.set()
        # Twice in each refresh interval: a new value is then seen at most half an interval late. Oftener until it is known how often
        # there really is one.
        return refresh_s / (4 if self._refresh_seen_s is None else 2)

    @property
    def _refresh_seen_s(self) -> float | None:
        track = self._track
        return track.watch.interval_s if track else None

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self.poll())
            self._wake.clear()
        self._hang_up()

    def _hang_up(self) -> None:
        self._open = False
        self._instrument.close()

    def _take_answers(self) -> None:
        while self._answers:
            self._heard.extend(self._taken(*self._answers.popleft()))

    def _taken(self, reading: Reading, t_ns: int) -> tuple[Sample, ...]:
        """The sample of an answer, if there is something new in it."""
        counting = reading.energy_j is not None
        if counting is not isinstance(self._track, CounterTrack) or self._track is None:
            key = self.meter.channel
            self._track = CounterTrack(key, stall_s=_STALL_S) if counting else PowerTrack(key, self._instrument.nature.refresh_s)
        self._heard_ns, self._lost = t_ns, False
        self._step = _finest(self._step, reading.step)
        if reading.power_w is not None:
            self._agreement.see(t_ns, reading.power_w, reading.checked_j)
            if not 0.8 * self._level_w < reading.power_w < 1.25 * self._level_w:
                self._level_w = reading.power_w
        if isinstance(self._track, CounterTrack):
            assert reading.energy_j is not None
            sample = self._track.advance(reading.energy_j, t_ns)
        else:
            assert reading.power_w is not None
            sample = self._track.advance(reading.power_w, t_ns)
        return (sample,) if sample else ()

    def _state(self) -> tuple[SourceState, str, str]:
        trouble = self._trouble
        if self._thread is not None and not self._thread.is_alive() and not self._closing:
            return SourceState.SILENT, "Its reader has stopped.", "Start GreenBench again, and tell us what was at the other end."
        if self._lost or (trouble is not None and self._heard_ns is None):
            if trouble is None:
                return (
                    SourceState.SILENT,
                    self._why(),
                    f"Check that {self.meter.title} has power; reading goes on by itself when it answers.",
                )
            # One that has been heard is silent, whatever keeps it from us: a total that went on without it would be a lower one.
            return trouble.state if self._heard_ns is None else SourceState.SILENT, trouble.reason, trouble.remedy
        if self._heard_ns is None:
            return SourceState.STANDBY, "It was asked and has not answered yet.", ""
        return SourceState.IN_USE, self._notes(), ""

    def _why(self) -> str:
        return self._trouble.reason if self._trouble else "It does not answer any more."

    def _notes(self) -> str:
        nature = self._instrument.nature
        counts = counts_from(nature.refresh_s) if self.meter.params.whole else ""
        return " ".join(filter(None, (counts, nature.note, self._agreement.words)))

    def _rounding(self) -> float:
        """What whole steps of watts leave open of the present power, as a share of it: a steady load is rounded the same way each time."""
        counting = isinstance(self._track, CounterTrack)
        return 0.0 if counting or not self._step or not self._level_w else self._step / 2 / self._level_w

    @property
    def _covers(self) -> str:
        if self.meter.params.whole:
            return "whole system at the wall, power supply loss included"
        return "what it is connected to, which is not this machine alone"

    def _channel(self, nature: Nature) -> Channel:
        whole = self.meter.params.whole
        return Channel(
            key=self.meter.channel,
            title=self.meter.title,
            domain=Domain.SYSTEM if whole else Domain.OTHER,
            provenance=Provenance.EXTERNAL,
            covers=self._covers,
            refresh_s=nature.refresh_s,
            counted=whole,
            error=float(f"{nature.error + self._rounding():.2g}"),
            refresh_measured_s=self._refresh_seen_s,
            resolution=self._step,
        )


def _finest(known: float | None, step: float | None) -> float | None:
    """A number is shown in the finest step that was ever seen of it: 9 W after 8.7 W is 9.0 W."""
    steps = [each for each in (known, step) if each]
    return min(steps, default=None)
