"""The meter process: reads every power source at a steady beat and tells its parent, line by line, until the parent is gone.

    parent ── Shutdown, or end of file ──▶ stdin │ meter │ stdout ── Hello, Sources, Samples, Samples, … Sources … ──▶ parent

It is a process of its own so that neither the window nor a training loop delays a reading; every wait in it blocks.
"""

import argparse
import gc
import math
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from greenbench.core import places
from greenbench.core.errors import GreenBenchError, WorkerError
from greenbench.core.measurement import Sample, SourceReport
from greenbench.core.messages import Command, Hello, LookAgain, Message, Samples, Shutdown, Sources, decode_command, encode
from greenbench.meters.discover import MeterSettings, equip, look_again, reports, wait_for_outer
from greenbench.meters.facts import FactsReader
from greenbench.meters.meter import NS, Clock, Meter, monotonic
from greenbench.meters.study import Stop, study

_LOOK_NS = 2 * NS  # how often a source may change its state
_FACTS_NS = NS // 2  # people read them; they cost more than a power reading


class Gate:
    """A Stop that another thread opens. One lock and one system call a wait: threading.Event costs several times that, and this
    process waits a hundred times a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self, timeout: float) -> bool:
        opened = self._lock.acquire(timeout=timeout)
        if opened:
            self._lock.release()
        return opened

    def open(self) -> None:
        """Ends all waiting, now and later."""
        try:
            self._lock.release()
        except RuntimeError:
            pass  # it was open already


@dataclass(frozen=True)
class Beat:
    """A reading every `interval_s`; none waits longer than `batch_s` to be sent.

    With `dither` each reading is late by a random part of the interval, up to this share of it: readings in step with a load that repeats
    itself would see one moment of it again and again. With a full share every moment is as likely as any other.
    """

    interval_s: float = 0.1
    batch_s: float = 0.15
    dither: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0005 <= self.interval_s <= 10 and 0 <= self.batch_s <= 10):
            raise ValueError(f"interval {self.interval_s} s, batch {self.batch_s} s")
        if not 0 <= self.dither <= 1:
            raise ValueError(f"dither {self.dither} of an interval")

    @property
    def interval_ns(self) -> int:
        return round(self.interval_s * NS)

    def late_ns(self) -> int:
        """By how much the next reading is late."""
        return round(random.random() * self.dither * self.interval_ns) if self.dither else 0


class Sampler:
    """Reads meters at a beat and hands messages to `send`. When `asked` is set, all sources look anew before the next reading."""

    def __init__(
        self,
        meters: Sequence[Meter],
        facts: FactsReader,
        send: Callable[[Message], None],
        clock: Clock = monotonic,
        asked: threading.Event | None = None,
    ) -> None:
        self._meters, self._facts, self._send, self._clock = meters, facts, send, clock
        self._asked = asked or threading.Event()
        self._reported: tuple[SourceReport, ...] = ()
        self._look_ns = 0
        self._pending: list[Sample] = []
        self._sent_ns = 0
        self._facts_ns = 0

    def run(self, stop: Stop, beat: Beat) -> None:
        """Until `stop`. Deadlines are absolute, so the beat does not drift; one that was missed is skipped, not made up for."""
        self._look()
        interval_ns, batch_ns = beat.interval_ns, round(beat.batch_s * NS)
        deadline_ns = due_ns = self._sent_ns = self._clock()
        while not stop.wait(max(due_ns - self._clock(), 0) / NS):
            if self._asked.is_set():
                self._asked.clear()
                look_again(self._meters)
                self._look()
            elif self._clock() >= self._look_ns:
                self._look()
            self._read()
            behind_ns = self._clock() - due_ns
            if behind_ns < -interval_ns:
                deadline_ns, behind_ns = self._start_anew(), 0
            deadline_ns += interval_ns * (1 + behind_ns // interval_ns)
            due_ns = deadline_ns + beat.late_ns()
            if deadline_ns - self._sent_ns > batch_ns:
                self._flush()
        self._flush()

    def study(self, stop: Stop, beat: Beat) -> None:
        """Looks closely how often each source says something new, and tells so. For the start, when nothing is being measured."""
        self._look()

        def tell(samples: list[Sample]) -> None:
            self._pending.extend(samples)
            self._flush()

        study(self._meters, stop, self._clock, tell, beat.interval_s)

    def _read(self) -> None:
        for meter in self._meters:
            self._pending.extend(meter.read())

    def _start_anew(self) -> int:
        """The clock went back (a machine that was moved or resumed): nothing may wait for times that were."""
        now_ns = self._clock()
        self._look_ns = self._facts_ns = self._sent_ns = now_ns
        return now_ns

    def _look(self) -> None:
        """Says what became of the sources, if anything did."""
        found = reports(self._meters)
        self._look_ns = self._clock() + _LOOK_NS
        if found != self._reported:
            if self._pending:
                self._flush()
            self._reported = found
            self._send(Sources(reports=found))

    def _flush(self) -> None:
        self._sent_ns = self._clock()
        facts = None
        if self._sent_ns >= self._facts_ns:
            facts, self._facts_ns = self._facts.read(), self._sent_ns + _FACTS_NS
        self._send(Samples(samples=tuple(self._pending), facts=facts))
        self._pending.clear()


class Record:
    """Keeps what is said about sources and samples in a file that can be played back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: BinaryIO | None = file

    def write(self, message: Message, line: bytes) -> None:
        if self._file is None or not isinstance(message, Sources | Samples):
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            print(f"Recording stopped: {error.strerror}.", file=sys.stderr)  # noqa: T201 - the log of this process
            self.close()

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass  # a full disk was told of when it was written to
            self._file = None


def main(arguments: Sequence[str]) -> int:
    """The meter process behind `greenbench meter`; returns its exit code: 0, or 2 for arguments that cannot be used."""
    options = _parser().parse_args(arguments)
    out = os.dup(1)
    # A library that prints must not spoil a message.
    os.dup2(2, 1)
    stop, asked = Gate(), threading.Event()
    if not (sys.stdin and sys.stdin.isatty()):
        # Ctrl+C in a terminal reaches the whole group; the parent decides when this process ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_listen, args=(stop, asked), name="commands", daemon=True).start()
    try:
        return _serve(options, out, stop, asked)
    except KeyboardInterrupt:
        return 0
    finally:
        os.close(out)


def _serve(options: argparse.Namespace, out: int, stop: Gate, asked: threading.Event) -> int:
    try:
        beat = Beat(options.interval, options.batch, 0.0 if options.replay else 1.0)
    except ValueError as error:
        return _refuse(f"Cannot sample with {error}.", "Give an interval from 0.0005 to 10 s and a batch of at most 10 s.")
    try:
        meters, facts = equip(MeterSettings(replay=options.replay, home=places.home()))
        record = Record(options.record.open("wb")) if options.record else None
    except GreenBenchError as error:
        return _refuse(error.message, error.remedy)
    except OSError as error:
        return _refuse(f'The recording "{options.record}" cannot be written: {error.strerror}.', "Give another place with --record.")

    def send(message: Message) -> None:
        line = encode(message)
        try:
            _write(out, line)
        except OSError:
            stop.open()  # nobody listens any more
        if record is not None:
            record.write(message, line)

    # What is loaded by now stays: the collector need not look through it again and again.
    gc.freeze()
    send(Hello(role="meter", pid=os.getpid(), t_ns=monotonic()))
    wait_for_outer(meters)
    sampler = Sampler(meters, facts, send, asked=asked)
    try:
        if not (options.steady or options.replay):
            sampler.study(stop, beat)
        sampler.run(stop, beat)
    finally:
        for meter in meters:
            meter.close()
        if record is not None:
            record.close()
    return 0


def _listen(stop: Gate, asked: threading.Event) -> None:
    """Waits for the end of stdin or a Shutdown, and passes on what else is asked.

    Reads the bare file: at exit the interpreter would stumble over a thread that holds a buffered one.
    """
    rest = b""
    while True:
        try:
            chunk = os.read(0, 65_536)
        except OSError:
            break  # stdin is closed: there is no parent
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        commands = [_command(line) for line in lines]
        if any(isinstance(command, LookAgain) for command in commands):
            asked.set()
        if any(isinstance(command, Shutdown) for command in commands):
            break
    stop.open()


def _command(line: bytes) -> Command | None:
    try:
        return decode_command(line)
    except WorkerError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the log of this process
        return None


def _write(fd: int, line: bytes) -> None:
    while line:
        line = line[os.write(fd, line) :]


def _refuse(message: str, remedy: str) -> int:
    print(f"{message} {remedy}", file=sys.stderr)  # noqa: T201 - the log of this process
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="greenbench meter", description="Reads the power sources and writes one message a line.")
    parser.add_argument("--interval", type=_finite, default=0.1, metavar="S", help="seconds between readings (0.1)")
    parser.add_argument("--batch", type=_finite, default=0.15, metavar="S", help="seconds a reading waits at most to be sent (0.15)")
    parser.add_argument("--steady", action="store_true", help="do without the close look at the sources in the first two seconds")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play back a recording in place of this machine's sources")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write what is read to a file")
    return parser


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
