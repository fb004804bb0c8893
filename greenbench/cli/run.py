"""`greenbench run FILE`: plans, runs with a progress bar, prints the table, writes what was asked for."""

import queue
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from greenbench.cli.advice import before_run, print_top, warning_lines
from greenbench.cli.claims import print_claims
from greenbench.cli.output import make_console, print_json
from greenbench.cli.outputs import RunLog, prepare, write_outputs
from greenbench.cli.table import print_comparison
from greenbench.core import document, messages, places
from greenbench.core.advice import Advice
from greenbench.core.errors import ParameterError
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import NodeState, Plan, RunResult, RunState
from greenbench.core.run import Protocol as MeasuringProtocol
from greenbench.engine.cache import Cache
from greenbench.engine.devices import check_affinity, check_device, check_threads, default_threads
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.runner import LocalRunner
from greenbench.engine.sources import known_in
from greenbench.engine.trust import TrustBook, requests
from greenbench.meters.replay import load_recording
from greenbench.steps import installed

FINISHED, FAILED, CANCELLED = 0, 1, 130


@dataclass(frozen=True)
class RunOptions:
    """What the user typed. `replay`: a recording that stands in for this machine's power sources."""

    file: Path
    settings: tuple[str, ...]
    budget: str
    device: str
    protocol: MeasuringProtocol
    seed: int
    threads: int
    affinity: str
    trust: bool
    out: Path | None
    report: Path | None
    use_cache: bool
    as_json: bool
    quiet: bool
    replay: Path | None = None


def run_pipeline(options: RunOptions) -> int:
    """Runs a pipeline file; returns the exit code.

    Raises:
        GreenBenchError: the file, a setting, the device or the output folder is not possible; nothing has started.
    """
    pipeline = document.read(options.file, installed()).with_budget(options.budget)
    for setting in options.settings:
        apply_setting(pipeline, setting)
    under, known = conditions(options, pipeline), known_in(Cache(places.home() / "cache"))
    plan = make_plan(pipeline, under, known)
    played = _played(options.replay)
    log = prepare(options.out, options.report)
    try:
        runner = LocalRunner(places.home(), played)
        try:
            runner.open()
            runner.wait_for_meter()
            told = before_run(pipeline, under, known, runner.sources)
            _warn(options, told)
            result = _follow(runner, plan, options, log, told)
        finally:
            runner.close()
    finally:
        log.close()
    _show(options, result)  # before files are written: whatever happens to those, the numbers have been seen
    written, failed = write_outputs(options.out, options.report, pipeline, result, runner.cache)
    if written and not options.quiet:
        names = [*written, options.out / "run.log"] if options.out else written
        print(f"Run {result.run_id}. Written: {', '.join(str(path) for path in names)}", file=sys.stderr)  # noqa: T201
    code = exit_code(result)
    return FAILED if failed and code == FINISHED else code


def _played(recording: Path | None) -> tuple[str, ...]:
    """The meter's arguments for a recording; it is read here first, so that one that cannot be used is told of.

    Raises:
        FileFormatError: it cannot be read, or is no recording.
    """
    if recording is None:
        return ()
    load_recording(recording)
    return "--replay", str(recording)


def conditions(options: RunOptions, pipeline: Pipeline) -> Conditions:
    """Under what the pipeline shall run; with `trust`, its files that run code are allowed from now on.

    Raises:
        PlanError: this machine has no such device, cores or threads.
    """
    book = TrustBook(places.home())
    if options.trust:
        book.remember(request for asked in requests(pipeline).values() for request in asked)
    return Conditions(
        device=check_device(options.device),
        threads=check_threads(options.threads) or default_threads(),
        affinity=check_affinity(options.affinity),
        seed=options.seed,
        protocol=options.protocol,
        use_cache=options.use_cache,
        trusted=book.allowed(),
    )


def exit_code(result: RunResult) -> int:
    """What the process says of a run: a variant that could not be measured is a failure, also where others could."""
    if result.state is RunState.FINISHED and any(variant.failure for variant in result.variants):
        return FAILED
    return {RunState.FINISHED: FINISHED, RunState.CANCELLED: CANCELLED}.get(result.state, FAILED)


def apply_setting(pipeline: Pipeline, setting: str) -> None:
    """Sets one parameter from "NODE.PARAM=VALUE"; NODE is a node's id or its title.

    Raises:
        ParameterError: no such node or parameter, or a value out of range.
    """
    left, equals, text = setting.partition("=")
    name, dot, parameter = left.rpartition(".")
    if not (equals and dot):
        raise ParameterError(f'"{setting}" is not a setting.', "Write NODE.PARAM=VALUE, for example prune.ratio=0.5.")
    found = [node for node in pipeline.nodes.values() if name in (node.id, node.title)]
    if not found:
        raise ParameterError(f'There is no node "{name}".', f"Nodes: {', '.join(pipeline.nodes)}.")
    node = found[0]
    field = pipeline.spec(node.id).field(parameter)
    if field is None:
        known = ", ".join(spec.name for spec in pipeline.spec(node.id).fields)
        raise ParameterError(f'"{node.title}" has no parameter "{parameter}".', f"Known parameters: {known}.")
    changed = node.but(params={**node.params, parameter: field.parse(text)})
    pipeline.check_node(changed)
    pipeline.nodes[node.id] = changed


def _follow(runner: LocalRunner, plan: Plan, options: RunOptions, log: RunLog, told: tuple[Advice, ...] = ()) -> RunResult:
    """Starts the run and drains its events until the results are there; Ctrl+C stops it."""
    console = Console(stderr=True, highlight=False)
    wanted = stopping = False

    def on_interrupt(number: int, frame: object) -> None:
        # Only a note: this may run in the middle of anything, also of itself, and whatever takes a lock here could wait for ever.
        nonlocal wanted
        wanted = True
        runner.events.put(messages.Log(text="Stop was asked for.", level="debug"))  # wakes the loop; safe in a signal handler

    before = signal.signal(signal.SIGINT, on_interrupt)
    terminate = signal.signal(signal.SIGTERM, on_interrupt)
    try:
        runner.start(plan, told)
        with _Screen(plan, console, shown=not options.quiet) as screen:
            while True:
                try:
                    event = runner.events.get(timeout=0.5)  # wakes so that Windows delivers Ctrl+C
                except queue.Empty:
                    continue
                if wanted and not stopping:
                    stopping = True
                    runner.cancel()
                    screen.stopping()
                screen.on_event(event)
                log.on_event(event)
                if isinstance(event, messages.ResultsReady):
                    return event.result
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, terminate)


class _Screen:
    """The progress in the terminal: one bar over all nodes, a line for each node that ends."""

    def __init__(self, plan: Plan, console: Console, shown: bool) -> None:
        self._plan, self._console, self._shown = plan, console, shown
        # A name that a user typed is text, whatever brackets it has: nowhere may it be read as markup.
        description = TextColumn("{task.description}", markup=False)
        columns = (description, BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, refresh_per_second=4)
        self._task: TaskID | None = None
        self._finished = 0

    def __enter__(self) -> "_Screen":
        if self._shown and self._console.is_terminal:
            self._progress.start()
            self._task = self._progress.add_task("starting", total=len(self._plan.nodes))
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _line(self, text: str, *, failure: bool = False) -> None:
        if self._shown or failure:  # quiet hides how a run goes, not why it failed
            self._console.print(text, soft_wrap=True, markup=False)

    def stopping(self) -> None:
        """Says that Stop was heard."""
        self._line("Stopping …")

    def _bar(self, fraction: float, text: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=self._finished + fraction, description=text)

    def on_event(self, event: messages.Event) -> None:
        actions: dict[type, Callable[[Any], None]] = {
            messages.NodeStarted: lambda e: self._bar(0, self._title(e.node)),
            messages.Progress: lambda e: self._bar(e.fraction, f"{self._title(e.node)}: {e.text}" if e.text else self._title(e.node)),
            messages.NodeFinished: self._node_finished,
            messages.NodeFailed: self._node_failed,
            messages.VariantFailed: self._variant_failed,
            messages.Log: lambda e: self._line(f"  ! {e.text}", failure=e.level == "error") if e.level in ("warning", "error") else None,
            messages.MeterState: lambda e: None if e.alive else self._line(f"  ! {e.text}"),
        }
        action = actions.get(type(event))
        if action:
            action(event)

    def _title(self, node: str) -> str:
        return self._plan.node(node).shown_title

    def _node_finished(self, event: messages.NodeFinished) -> None:
        self._finished += 1
        how = "cached" if event.cached else f"{event.seconds:.1f} s"
        self._line(f"  ✓ {self._title(event.node)}: {event.headline or 'done'} ({how})")
        self._bar(0, self._title(event.node))

    def _node_failed(self, event: messages.NodeFailed) -> None:
        self._finished += 1
        failed = event.state is NodeState.FAILED
        self._line(f"  {'×' if failed else '–'} {event.failure.message} {event.failure.remedy}".rstrip(), failure=failed)

    def _variant_failed(self, event: messages.VariantFailed) -> None:
        failure = event.failure
        self._line(f"  × {event.variant} {event.name}: {failure.message} {failure.remedy}".rstrip(), failure=True)


def _warn(options: RunOptions, told: tuple[Advice, ...]) -> None:
    """The linter's warnings, a line each, before anything starts."""
    if not (options.quiet or options.as_json):
        console = Console(stderr=True, highlight=False)
        for line in warning_lines(told, for_report=options.report is not None):
            console.print(line, soft_wrap=True, markup=False)


def _show(options: RunOptions, result: RunResult) -> None:
    if options.as_json:
        print_json(result.model_dump(mode="json"))
    elif not options.quiet:
        console = make_console()
        if result.variants or not result.claims:
            print_comparison(result, console)
            print_top(result, console)
        print_claims(result, console)
