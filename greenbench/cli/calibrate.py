"""`greenbench calibrate`: holds known loads, pairs a wall meter with the counters, and keeps the line; or shows or forgets what is kept."""

import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from greenbench.analysis.calibration import gain_half, offset_half_w
from greenbench.cli.listing import tell_moved
from greenbench.cli.output import make_console, print_json
from greenbench.core import places
from greenbench.core.calibration import Calibration, Pace, SweepProgress
from greenbench.core.errors import CalibrationError, Cancelled, MeterError
from greenbench.core.quote import duration
from greenbench.engine.calibrating import Pair, Sweep, choose, enough_s, sweep_plan
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.company import company
from greenbench.engine.load import Load, cores_allowed
from greenbench.engine.runner import LocalRunner

CANCELLED = 130


@dataclass(frozen=True)
class CalibrateOptions:
    """What the user typed. `replay`: a recording that stands in for this machine's meters; what it gives is not kept."""

    wanted: str = ""
    seconds: float = Pace.QUICK.seconds
    as_json: bool = False
    replay: Path | None = None


def calibrate(options: CalibrateOptions) -> int:
    """Runs the sweep and keeps what it gives; returns the exit code.

    Raises:
        GreenBenchError: there is no such meter, it is silent, a run is under way, or the line would mean little.
    """
    arguments = ("--replay", str(options.replay)) if options.replay else ()
    runner = LocalRunner(places.home(), arguments)
    try:
        tell_moved(runner.store)
        if company(runner.store, ""):
            raise CalibrationError(
                "A run is under way on this machine.", "Calibrate when it is over: its load would be taken for the sweep's."
            )
        runner.open()
        if not runner.wait_for_meter():
            raise MeterError("The meter does not answer.", "See greenbench sensors.")
        pair = choose(runner.ledger.channels, options.wanted, runner.sources)
        found = _sweep(runner, pair, options)
    finally:
        runner.close()
    if found is None:
        return CANCELLED
    kept = not found.recorded
    if kept:
        CalibrationBook(places.home()).keep(found)
    if options.as_json:
        print_json(found.model_dump(mode="json"))
    else:
        console = make_console()
        _print(console, found)
        console.print("Kept: runs are now also estimated at the wall." if kept else "Made from a recording: not kept.")
    return 0


def _sweep(runner: LocalRunner, pair: Pair, options: CalibrateOptions) -> Calibration | None:
    """The calibration, or None where the user stopped it."""
    plan = sweep_plan(pair, options.seconds)
    console = Console(stderr=True, highlight=False)
    if not options.as_json:
        words = f"{len(plan.levels)} loads of {options.seconds:g} s each, {duration(plan.total_s)} in all. Leave the machine alone."
        console.print(f"{pair.external.title} against {', '.join(c.title for c in pair.counters)}: {words}", markup=False)
        if options.seconds < enough_s(pair):
            least = f"{enough_s(pair):g} s for each load would make this meter's refresh interval cost less than 1 %."
            console.print(f"A look: {least}", markup=False)
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    load = Load(cores_allowed())
    try:
        with _Bar(console, shown=not options.as_json) as bar:
            return Sweep(pair, plan, runner.ledger, load).run(bar.show, stop)
    except Cancelled:
        console.print("Stopped; nothing is kept.")
        return None
    finally:
        load.close()
        signal.signal(signal.SIGINT, before)


class _Bar:
    """How far the sweep is, in the terminal."""

    def __init__(self, console: Console, shown: bool) -> None:
        self._shown = shown and console.is_terminal
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[left]}"))
        self._progress = Progress(*columns, console=console, transient=True, refresh_per_second=4)
        self._task = self._progress.add_task("starting", total=1.0, left="")

    def __enter__(self) -> "_Bar":
        if self._shown:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._progress.stop()

    def show(self, progress: SweepProgress) -> None:
        words = f"load {progress.level + 1} of {progress.levels}: {progress.words}"
        self._progress.update(self._task, completed=progress.fraction, description=words, left=f"{progress.remaining_s:.0f} s left")


def show(as_json: bool) -> int:
    """Prints every calibration that is kept."""
    kept = CalibrationBook(places.home()).all()
    if as_json:
        print_json([calibration.model_dump(mode="json") for calibration in kept])
        return 0
    console = make_console()
    for calibration in kept:
        _print(console, calibration)
    if not kept:
        console.print("No calibration is kept. greenbench calibrate makes one with a wall meter.")
    return 0


def forget() -> int:
    """Removes the calibrations of this machine."""
    gone = CalibrationBook(places.home()).forget()
    make_console().print(f"{gone} forgotten." if gone else "There was none of this machine.")
    return 0


def _print(console: Console, c: Calibration) -> None:
    counters = ", ".join(c.counter_titles or c.counters)
    for text in (
        f"{c.external_title} = offset + gain × ({counters})",
        f"  offset {c.offset_w:.2f} W ± {offset_half_w(c):.2f}, gain {c.gain:.3f} ± {gain_half(c):.3f} (95 %)",
        f"  misses the {c.n} loads by {c.residual_w:.2g} W (root mean square); correlation {c.correlation:.4f}",
        f"  holds from {c.low_w:.1f} to {c.high_w:.1f} W of the counters",
        f"  made {c.date[:16].replace('T', ' ')} on {c.hostname or 'this machine'}, {c.cpu}",
    ):
        console.print(text, markup=False, soft_wrap=True)
