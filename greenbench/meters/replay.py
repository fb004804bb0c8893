"""A recording of another time or machine played back as a meter, so that everything behind the sampler can be tried without sensors.

A recording is what the meter process says, one message a line: Sources, then Samples. Every source and channel of it says that it is a
recording: its numbers are real, but not this machine's.
"""

from dataclasses import dataclass, field
from pathlib import Path

from greenbench.core.errors import FileFormatError, WorkerError
from greenbench.core.measurement import RECORDED, Channel, Facts, Sample, SourceReport, SourceState
from greenbench.core.messages import Samples, Sources, decode_event
from greenbench.meters.meter import NS, Clock, monotonic


@dataclass
class Recording:
    """The content of a recording: reports and samples with the time at which each is due, oldest first."""

    name: str
    reports: list[tuple[int, tuple[SourceReport, ...]]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)

    @property
    def t0_ns(self) -> int:
        return min([sample.t_ns for sample in self.samples[:1]] + [facts.t_ns for facts in self.facts[:1]], default=0)


def load_recording(path: Path) -> Recording:
    """The recording in a file; a last line that was cut off is left out.

    Raises:
        FileFormatError: the file cannot be read, or is no recording.
    """
    remedy = "Give a file written by: greenbench meter --record FILE"
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise FileFormatError(f'The recording "{path}" cannot be read: {error.strerror}.', remedy) from None
    recording = Recording(path.name)
    for number, line in enumerate(lines, 1):
        try:
            event = decode_event(line)
        except WorkerError:
            if number == len(lines) and not line.endswith(b"\n"):
                break
            raise FileFormatError(f'Line {number} of "{path}" is no message of a meter.', remedy) from None
        if isinstance(event, Sources):
            recording.reports.append((recording.samples[-1].t_ns if recording.samples else 0, event.reports))
        elif isinstance(event, Samples):
            recording.samples.extend(event.samples)
            recording.facts.extend([event.facts] if event.facts else [])
    if not recording.reports:
        raise FileFormatError(f'"{path}" says nothing about any power source.', remedy)
    recording.samples.sort(key=lambda sample: sample.t_ns)
    return recording


class Playback:
    """Where a recording stands. `speed` 2 plays it in half the time; the samples keep their own spacing, and with it their watts."""

    def __init__(self, recording: Recording, clock: Clock = monotonic, speed: float = 1.0) -> None:
        self.recording, self._clock, self._speed = recording, clock, speed
        self._start_ns = clock()
        self.shift_ns = self._start_ns - recording.t0_ns

    @property
    def position_ns(self) -> int:
        """The time inside the recording that is due now."""
        return self.recording.t0_ns + round((self._clock() - self._start_ns) * self._speed)

    @property
    def over(self) -> bool:
        samples = self.recording.samples
        return not samples or self.position_ns > samples[-1].t_ns + NS

    def report(self, key: str) -> SourceReport:
        """The latest report that is due for a source."""
        mine = [(t_ns, report) for t_ns, reports in self.recording.reports for report in reports if report.key == key]
        due = [report for t_ns, report in mine if t_ns <= self.position_ns]
        return due[-1] if due else mine[0][1]


class ReplayMeter:
    """One source of a recording."""

    def __init__(self, playback: Playback, key: str) -> None:
        self._playback, self._key = playback, key
        mine = {
            channel.key
            for _, reports in playback.recording.reports
            for report in reports
            if report.key == key
            for channel in report.channels
        }
        self._samples = [sample for sample in playback.recording.samples if sample.channel in mine]
        self._next = 0

    def report(self) -> SourceReport:
        report = self._playback.report(self._key)
        name = self._playback.recording.name
        over = report.state is SourceState.IN_USE and self._playback.over
        return report.model_copy(
            update={
                "title": f"{report.title}{RECORDED}",
                "channels": tuple(_marked(channel, name) for channel in report.channels),
                "covers": f"{report.covers} (played back from {name}, not this machine)",
                "state": SourceState.SILENT if over else report.state,
                "reason": f"The recording {name} has ended." if over else report.reason,
                "remedy": "Start without --replay to read this machine's sources." if over else report.remedy,
            }
        )

    def read(self) -> tuple[Sample, ...]:
        position_ns, first = self._playback.position_ns, self._next
        while self._next < len(self._samples) and self._samples[self._next].t_ns <= position_ns:
            self._next += 1
        shift_ns = self._playback.shift_ns
        return tuple(sample.model_copy(update={"t_ns": sample.t_ns + shift_ns}) for sample in self._samples[first : self._next])

    def close(self) -> None:
        self._next = len(self._samples)


class ReplayFacts:
    """The facts of a recording."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        self._next = 0

    def read(self) -> Facts:
        facts, position_ns = self._playback.recording.facts, self._playback.position_ns
        while self._next < len(facts) and facts[self._next].t_ns <= position_ns:
            self._next += 1
        now_ns = position_ns + self._playback.shift_ns
        return facts[self._next - 1].model_copy(update={"t_ns": now_ns}) if self._next else Facts(t_ns=now_ns)


def replay_meters(playback: Playback) -> list[ReplayMeter]:
    """A meter for each source that a recording speaks of."""
    keys = dict.fromkeys(report.key for _, reports in playback.recording.reports for report in reports)
    return [ReplayMeter(playback, key) for key in keys]


def without_mark(title: str) -> str:
    """The title that it had when it was recorded."""
    return title.removesuffix(RECORDED)


def _marked(channel: Channel, name: str) -> Channel:
    return channel.model_copy(
        update={"title": f"{channel.title}{RECORDED}", "covers": f"{channel.covers} (played back from {name}, not this machine)"}
    )
