"""The parent's side of a run: starts meter and worker, joins samples with windows, writes the store, tells the doors.

    meter ──▶ samples ──┐
                        ├─▶ ledger, recorder, store ─▶ events (one queue) ─▶ window or terminal
    worker ─▶ events ───┘
                 ▲ StartRun, BlockEnergy, Cancel
Cancel: message, 5 s later terminate, 2 s later kill. No Qt here; nothing outside the engine knows which Runner it talks to.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from greenbench.analysis.headline import headline
from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.clock import now_ns
from greenbench.core.errors import GreenBenchError, StoreError, WorkerError
from greenbench.core.measurement import SourceReport, SourceState, Window, WindowKind
from greenbench.core.run import Failure, NodeState, Plan, RunState
from greenbench.engine import results
from greenbench.engine.cache import Cache
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.company import company, late_company
from greenbench.engine.environment import snapshot
from greenbench.engine.meter_link import MeterLink
from greenbench.engine.process import Child, how_it_ended, quiet_threads
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.wall import with_wall_energy
from greenbench.engine.spending import with_spending
from greenbench.meters.ledger import EnergyLedger
from greenbench.store.store import Store, damage_words

_CANCEL_S, _TERMINATE_S = 5.0, 2.0
_LAST_SAMPLES_S = 2.0
_REMEMBERED_NS = 3600 * 10**9  # of what the meter read before a run; the window can ask for joules that far back


class Runner(Protocol):
    """Starts a plan, yields events, cancels, closes: the local machine today, a fleet later."""

    events: "queue.SimpleQueue[messages.Event]"

    @property
    def running(self) -> bool: ...
    def open(self) -> None: ...
    def start(self, plan: Plan, told: tuple[Advice, ...] = ()) -> str: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


class LocalRunner:
    """Runs plans on this machine, one at a time. `events` is drained by the door; every event of a run is followed, at its
    end, by ResultsReady."""

    def __init__(self, home: Path, meter_arguments: Sequence[str] = ()) -> None:
        """Opens the store in `home`; `meter_arguments` go to the meter process ("--replay", file).

        Raises:
            StoreError: the store cannot be opened.
        """
        self.home = Path(home)
        self.events: queue.SimpleQueue[messages.Event] = queue.SimpleQueue()
        self.store = Store(self.home)
        self.cache = Cache(self.home / "cache")
        self.ledger = EnergyLedger()
        self.sources: tuple[SourceReport, ...] = ()
        self._lock = threading.RLock()
        self._meter = MeterLink(self._on_meter, meter_arguments, self.home)
        self._metered = threading.Event()
        self._worker: Child | None = None
        self._recorder: Recorder | None = None
        self._started_iso = ""
        self._opened_iso = datetime.now().astimezone().isoformat(timespec="seconds")
        self._ladder: threading.Timer | None = None
        self._finishing: threading.Thread | None = None
        self._charging: list[threading.Thread] = []
        self._sampled = threading.Condition()
        self._reading = threading.Lock()  # the ledger and the store shall have heard the same when a run begins and ends
        if text := damage_words(self.store):
            self.events.put(messages.Log(text=text, level="error"))
        for run_id in self.store.mark_lost():
            self.events.put(messages.Log(text=f"Run {run_id} was broken off; what it had measured is in the history.", level="warning"))

    def open(self) -> None:
        """Starts the meter process, which stays on as long as the runner."""
        self._meter.open()

    @property
    def running(self) -> bool:
        return self._recorder is not None

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    @property
    def meter_pid(self) -> int | None:
        return self._meter.pid

    def look_again(self) -> None:
        """Makes the meter look at all power sources anew, and read the list of meters outside the machine again."""
        self._meter.look_again()

    def wait_for_meter(self, timeout_s: float = 5.0) -> bool:
        """Blocks until the meter has named its sources, has asked those outside the machine, and has read each that counts once, or the
        time is up; False if it is silent."""
        deadline = time.monotonic() + timeout_s
        if not self._metered.wait(timeout_s):
            return False
        with self._sampled:
            while (unread := bool(self.ledger.counted) and self.ledger.heard_until_ns == 0) or self._unanswered:
                left = deadline - time.monotonic()
                if left <= 0:
                    return not unread
                self._sampled.wait(left)
        return True

    @property
    def _unanswered(self) -> bool:
        """Whether a meter outside the machine was asked and has neither answered nor failed yet."""
        return any(report.key.startswith("external:") and report.state is SourceState.STANDBY for report in self.sources)

    def start(self, plan: Plan, told: tuple[Advice, ...] = ()) -> str:
        """Starts a run and returns its id; `told` is what the linter said before it, which its results keep.

        Raises:
            WorkerError: another run is under way.
            StoreError: it cannot be kept.
        """
        with self._lock:
            if self._recorder is not None:
                raise WorkerError("A run is under way.", "Stop it first, or wait for its end.")
            run_id = uuid4().hex[:12]
            self.ledger.forget(now_ns() - _REMEMBERED_NS)
            self._take_sources(self.sources)
            self.ledger.begin_run(plan.protocol.block_s)
            # Both clocks at one moment: a log of another machine is joined by them.
            self._started_iso, started_ns = datetime.now().astimezone().isoformat(timespec="milliseconds"), now_ns()
            recorder = Recorder(run_id, plan, self.store, self.ledger, self._complain)
            recorder.told = told
            # The meter speaks all the time: the store must know the run before samples are kept with it.
            self.store.begin_run(run_id, plan, snapshot(), self._started_iso, started_ns)
            self.store.save_sources(run_id, self.ledger.told(self.sources))
            with self._reading:
                self._recorder = recorder
                recorder.on_samples(self.ledger.recent())
            self._warn(recorder, company(self.store, run_id))
            self._worker = Child(
                ["worker"],
                environment=quiet_threads(plan.threads),
                on_line=self._on_worker_line,
                on_log=self._on_worker_log,
                on_end=self._on_worker_end,
            )
            order = messages.StartRun(run_id=run_id, plan=plan, cache=str(self.cache.folder))
            self._worker.send(messages.encode(order))
            return run_id

    def cancel(self) -> None:
        """Asks the run to stop; a worker that does not listen is ended. Harmless when nothing runs or asked twice."""
        with self._lock:
            worker = self._worker
            if worker is None or self._recorder is None or self._ladder is not None:
                return
            worker.send(messages.encode(messages.Cancel()))
            self._ladder = _later(_CANCEL_S, self._terminate, worker)

    def _terminate(self, worker: Child) -> None:
        if worker.alive:
            worker.terminate()
            with self._lock:
                self._ladder = _later(_TERMINATE_S, Child.kill, worker)

    def close(self) -> None:
        """Ends run, worker and meter, and closes the store."""
        self.cancel()
        worker = self._worker
        if worker:
            worker.stop(grace_s=1.5)
        finishing = self._finishing
        if finishing:
            finishing.join(timeout=10.0)
        if self._ladder:
            self._ladder.cancel()
        self._meter.close()
        self.store.close()

    def _complain(self, text: str) -> None:
        self.events.put(messages.Log(text=text, level="error"))

    def _warn(self, recorder: Recorder, text: str) -> None:
        """Tells what the results must say as well; nothing if there is no text."""
        if text:
            warning = messages.Log(text=text, level="warning")
            recorder.on_event(warning)
            self.events.put(warning)

    def _on_meter(self, event: messages.Event) -> None:
        if isinstance(event, messages.Sources):
            self._take_sources(event.reports)
        elif isinstance(event, messages.Samples):
            with self._reading:
                self.ledger.add(event.samples)
                recorder = self._recorder
                if recorder:
                    recorder.on_samples(event.samples)
            if recorder:
                if event.facts is not None:
                    recorder.on_facts(event.facts)
            else:
                self.ledger.keep_last(_REMEMBERED_NS)
            with self._sampled:
                self._sampled.notify_all()
        elif isinstance(event, messages.MeterState) and (recorder := self._recorder):
            recorder.on_event(event)
        self.events.put(event)
        if isinstance(event, messages.Sources):
            self._metered.set()

    def _take_sources(self, reports: tuple[SourceReport, ...]) -> None:
        states = (SourceState.IN_USE, SourceState.SILENT)
        used, silent = ([c for report in reports if report.state is state for c in report.channels] for state in states)
        # A source that fell silent in a run leaves a gap in it, not a lower or a modelled number; the next run does without it.
        with self._reading:
            self.sources = reports
            self.ledger.declare(used, silent if self._recorder else ())

    def _on_worker_line(self, line: bytes) -> None:
        try:
            event = messages.decode_event(line)
        except GreenBenchError as error:
            self.events.put(messages.Log(text=str(error), level="error"))
            return
        with self._lock:
            recorder = self._recorder
            if recorder is None:
                return
            recorder.on_event(event)
        self.events.put(event)
        if isinstance(event, messages.WindowClosed) and event.window.kind is WindowKind.BLOCK:
            self._answer_block(event.window)
        elif isinstance(event, messages.NodeFinished) and not event.cached:
            self._charge(recorder, event.node)
        elif isinstance(event, messages.NodeFinished):
            energy = recorder.nodes[event.node].energy
            if energy is not None:
                self.events.put(messages.NodeEnergy(node=event.node, energy=energy))

    def _charge(self, recorder: Recorder, node: str) -> None:
        """Charges a node its joules as soon as the meter has read beyond its end."""
        ended = max((w.t1_ns for w in recorder.windows if w.kind is WindowKind.STEP and w.node == node), default=0)

        def charge() -> None:
            self._wait_for_samples(ended)
            energy = recorder.charge(node)
            if energy is not None:
                self.events.put(messages.NodeEnergy(node=node, energy=energy))

        thread = threading.Thread(target=charge, daemon=True, name=f"charge {node}")
        thread.start()
        self._charging.append(thread)

    def _answer_block(self, window: Window) -> None:
        """Tells the worker what a timed block cost as soon as the meter has read beyond its end: its stop rule looks at it."""
        worker = self._worker

        def answer() -> None:
            if self.ledger.counted:
                self._wait_for_samples(window.t1_ns)
            found = self.ledger.window(window.t0_ns, window.t1_ns)
            told = messages.BlockEnergy(
                node=window.node, variant=window.variant, block=window.block, energy=found.measurement(), edge_j=found.edge_j
            )
            if worker is not None:
                worker.send(messages.encode(told))

        threading.Thread(target=answer, daemon=True, name=f"block {window.block} of {window.variant}").start()

    def _wait_for_samples(self, t_ns: int) -> None:
        """Blocks until every channel has been read after `t_ns`, at most two seconds, or two refresh intervals of a slower meter: a
        silent one shall not hold a run."""
        slowest_s = max((max(c.refresh_s, c.refresh_measured_s or 0.0) for c in self.ledger.counted), default=0.0)
        deadline = time.monotonic() + max(_LAST_SAMPLES_S, 2 * slowest_s)
        with self._sampled:
            while self.ledger.heard_until_ns < t_ns:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._sampled.wait(left)

    def _on_worker_log(self, text: str) -> None:
        recorder = self._recorder
        if recorder and text.strip():
            event = messages.Log(text=text, level="debug", node=recorder.current)
            recorder.on_event(event)
            self.events.put(event)

    def _on_worker_end(self, code: int) -> None:
        """The worker has said its last line: joins everything, keeps it, and tells the door."""
        self._finishing = threading.current_thread()
        recorder, worker = self._recorder, self._worker
        if recorder is None or worker is None:
            return
        if recorder.state is RunState.RUNNING:
            self._lost(recorder, worker, code)
        self._wait_for_samples(recorder.ended_ns)
        for thread in self._charging:
            thread.join(timeout=_LAST_SAMPLES_S + 1)
        with self._reading:
            recorder.stop_listening()
            sources = self.sources
        self._warn(recorder, late_company(self.store, recorder.run_id, self._started_iso, " ".join(w.text for w in recorder.warnings)))
        digest = recorder.seal()
        result = results.assemble(recorder, sources, self._started_iso).model_copy(update={"raw_digest": digest})
        result = with_wall_energy(result, recorder, CalibrationBook(self.home))
        result = with_spending(result, self.store, self._opened_iso)
        try:
            self.store.finish_run(recorder.run_id, recorder.state, result, headline(result).bold)
        except StoreError as error:
            if not recorder.store_failed:
                self._complain(str(error))
        with self._lock:
            if self._ladder:
                self._ladder.cancel()
            self._ladder = self._worker = self._recorder = None
            self._charging = []
        self.events.put(messages.ResultsReady(result=result))

    def _lost(self, recorder: Recorder, worker: Child, code: int) -> None:
        stopped = self._ladder is not None
        node = recorder.nodes.get(recorder.current)
        failed = None
        if node is not None and node.state is NodeState.RUNNING:
            if stopped:
                failure = Failure(kind="Stopped", message="Stopped by the user.")
            else:
                failure = Failure(
                    kind="Worker ended",
                    message=f'"{node.title}": the worker process {how_it_ended(code)} before it was finished.',
                    remedy="Finished nodes are kept: press Run to go on from here. If memory was short, use a smaller batch or model.",
                    log=worker.tail(),
                )
            state = NodeState.CANCELLED if stopped else NodeState.FAILED
            failed = messages.NodeFailed(node=node.node, t_ns=now_ns(), state=state, failure=failure)
            self.events.put(failed)
        recorder.lose(now_ns(), failed)
        if stopped:
            recorder.state = RunState.CANCELLED
        self.events.put(messages.RunFinished(run_id=recorder.run_id, state=recorder.state, t_ns=recorder.ended_ns))


def _later(seconds: float, action: Callable[[Child], None], worker: Child) -> threading.Timer:
    timer = threading.Timer(seconds, action, (worker,))
    timer.daemon = True
    timer.start()
    return timer
