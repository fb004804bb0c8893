"""What every test of the window shares: the offscreen platform, the application in its fonts, a theme, and a check after
each test that no window, timer or thread survived. A warning of Qt fails the test."""

import gc
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import greenbench.core.messages  # noqa: F401 - pydantic must be whole before PySide6 watches imports, or its lazy parts fail

# isort: split
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.artifact import DatasetArtifact, Footprint, InputSpec, ModelArtifact, ModelFormat, SplitInfo
from greenbench.core.errors import Cancelled, StoreError
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.ports import PortKind
from greenbench.core.run import Comparison, Failure, NodeResult, NodeState, Plan, RunResult, RunState, VariantResult, Verdict
from greenbench.core.step import StepOutcome
from greenbench.engine.cache import Cache
from greenbench.engine.plan import make_plan
from greenbench.gui import style
from greenbench.gui.app import build
from greenbench.gui.files import Questions, Unsaved
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme
from greenbench.meters.ledger import EnergyLedger
from greenbench.steps import installed
from greenbench.store.history import RunSummary

# The offscreen platform says this of every font and every cursor; it says nothing about our code.
_OF_THE_PLATFORM = ("This plugin does not support", "propagateSizeHints")


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    return QApplication


@pytest.fixture(scope="session", autouse=True)
def _dressed(qapp: QApplication) -> None:
    style.load_fonts()
    style.apply(qapp, Theme())
    gc.collect()
    gc.freeze()  # libraries are not looked through again after each test


@pytest.fixture
def theme() -> Theme:
    return Theme()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _qt_warnings_fail() -> Iterator[None]:
    heard: list[str] = []

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and kind is not QtMsgType.QtInfoMsg and not text.startswith(_OF_THE_PLATFORM):
            heard.append(text)

    before = qInstallMessageHandler(hear)
    yield
    qInstallMessageHandler(before)
    assert not heard, f"Qt warned: {heard}"


@pytest.fixture(autouse=True)
def _nothing_survives(qapp: QApplication, _qt_warnings_fail: None) -> Iterator[None]:
    """After each test: no new top-level window, no running timer, no new thread."""
    threads = set(threading.enumerate())
    windows = {id(widget) for widget in QApplication.topLevelWidgets()}
    before = {id(timer) for timer in _running_timers()}
    yield
    _settle()
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in windows and widget.isVisible()]
    for widget in left:
        widget.close()
    timers = [timer for timer in _running_timers() if id(timer) not in before]
    alive = [thread for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
    assert not left, f"windows survived: {left}"
    assert not timers, f"timers survived: {[(timer.parent(), timer.interval()) for timer in timers]}"
    assert not alive, f"threads survived: {alive}"


def _running_timers() -> list[QTimer]:
    """Every repeating timer that runs, whoever owns it."""
    # By type: isinstance asks a weak proxy for what it stands for, which may be gone.
    known = [thing for thing in gc.get_objects() if issubclass(type(thing), QTimer) and shiboken6.isValid(thing)]
    return [timer for timer in known if timer.isActive() and not timer.isSingleShot()]


def _settle() -> None:
    """Lets deleteLater and pending events run, twice: destroying one object may post another event."""
    for _ in range(2):
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


class ScriptedRunner:
    """Has the runner's face and does what the test says: the events that are put are what the window hears."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.plans: list[Plan] = []
        self.told: tuple[Advice, ...] = ()
        self.cancelled = self.looked_again = 0
        self.opened = self.closed = False
        self.ledger = EnergyLedger(())
        self.store = ScriptedStore()

    @property
    def running(self) -> bool:
        return bool(self.plans)

    def open(self) -> None:
        self.opened = True

    def start(self, plan: Plan, told: tuple[Advice, ...] = ()) -> str:
        self.plans.append(plan)
        self.told = told
        return "run-1"

    def cancel(self) -> None:
        self.cancelled += 1

    def look_again(self) -> None:
        self.looked_again += 1

    def close(self) -> None:
        self.closed = True

    def say(self, *events: object) -> None:
        for event in events:
            self.events.put(event)


class ScriptedStore:
    """Remembers results by run."""

    def __init__(self) -> None:
        self.results: dict[str, RunResult] = {}

    def runs(self, limit: int) -> list[RunSummary]:
        return [RunSummary(r.run_id, r.title, r.state, r.started, r.seconds, len(r.variants), "") for r in self.results.values()][:limit]

    def result(self, run_id: str) -> RunResult:
        if run_id not in self.results:
            raise StoreError(f'There is no run "{run_id}".', "Choose one from the history.")
        return self.results[run_id]


class Answers(Questions):
    """Answers the dialogs without showing them."""

    def __init__(self) -> None:
        super().__init__()
        self.save_to: Path | None = None
        self.open_from: Path | None = None
        self.about_unsaved = Unsaved.DISCARD
        self.about_run = True
        self.asked: list[str] = []

    def file_to_open(self, folder: str) -> Path | None:
        return self.open_from

    def file_to_save(self, proposal: str, filter: str = "", title: str = "") -> Path | None:
        return self.save_to

    def unsaved(self, title: str) -> Unsaved:
        self.asked.append(title)
        return self.about_unsaved

    def stop_run(self) -> bool:
        self.asked.append("stop")
        return self.about_run


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot, runner: ScriptedRunner, answers: Answers) -> Iterator[MainWindow]:
    """The real window over a scripted runner, shown at the size of a small laptop, with a small pipeline open."""
    made = build(qapp, runner, installed(), answers)
    made.parts.look.set_mode("light")
    made.parts.session.open(small_pipeline(), saved=True)
    made.panels.first_sizes(1366, 768 - 130)
    made.resize(1366, 768)
    with qtbot.waitExposed(made):
        made.show()
    made.finish()
    yield made
    made.parts.session.document.treat_as_saved()
    if made.parts.control.busy:
        runner.say(messages.ResultsReady(result=small_result()))
        made.parts.bridge.drain()
    made.close()
    made.parts.exporter.wait()
    made.deleteLater()


def small_pipeline() -> Pipeline:
    """Data and a model, trained, compressed, and both measured."""
    catalog = installed()
    pipeline = Pipeline(catalog, "Small comparison", "Two variants.")
    for id, step, x in (
        ("data", "data.digits", 0),
        ("model", "model.library", 0),
        ("train", "train", 200),
        ("prune", "prune.magnitude", 400),
        ("bench", "benchmark", 600),
    ):
        pipeline.nodes[id] = Node(id, step, catalog[step].title, {}, (float(x), 120.0 if id == "model" else 0.0))
    kinds = PortKind.MODEL, PortKind.DATASET
    for source, target, kind in (
        ("data", "train", kinds[1]),
        ("model", "train", kinds[0]),
        ("train", "prune", kinds[0]),
        ("train", "bench", kinds[0]),
        ("prune", "bench", kinds[0]),
        ("data", "bench", kinds[1]),
    ):
        output = next(port.name for port in pipeline.spec(source).outputs if port.kind is kind)
        entry = next(port.name for port in pipeline.spec(target).inputs if port.kind is kind)
        pipeline.links.append(Link(source, output, target, entry))
    return pipeline


def small_plan() -> Plan:
    return make_plan(small_pipeline())


def measured(value: float, unit: str, half: float = 0.02, provenance: Provenance = Provenance.COUNTER) -> Measurement:
    """A number with an interval of ± `half`, relative."""
    return Measurement(value=value, low=value * (1 - half), high=value * (1 + half), n=5, unit=unit, provenance=provenance)


def small_result(provenance: Provenance = Provenance.COUNTER, state: RunState = RunState.FINISHED) -> RunResult:
    """Three variants: the baseline, one with half of everything, one that failed."""
    metrics = {
        "accuracy": Measurement(value=0.98, low=0.96, high=0.99, n=360, unit="1"),
        "latency_p50": measured(0.004, "s"),
        "latency_p95": measured(0.005, "s"),
        "energy_per_inference": measured(0.016, "J", 0.5 if provenance is Provenance.MODELLED else 0.02, provenance),
        "size_bytes": Measurement.exact(1_200_000, "B"),
    }
    half = {key: m.model_copy(update={"value": m.value / 2, "low": m.low / 2, "high": m.high / 2}) for key, m in metrics.items()}
    half["accuracy"] = metrics["accuracy"]
    less = Comparison(verdict=Verdict.LOWER, change=-0.5, low=-0.52, high=-0.48, good=True, text="50 % less")
    none = Comparison(verdict=Verdict.NOT_COMPARED, text="not compared", reason="modelled energy is a guess")
    same = Comparison(verdict=Verdict.SAME, change=0.0, low=-0.001, high=0.001, text="no difference within ±0.5 pp")
    base = Comparison(verdict=Verdict.BASELINE, text="baseline")
    energy = none if provenance is Provenance.MODELLED else less
    quantiles = tuple(0.004 * (0.9 + 0.2 * share / 100) for share in range(101))
    variants = (
        VariantResult(
            letter="A", node="train", name="Teacher", runtime="ONNX Runtime", metrics=metrics,
            against=dict.fromkeys(metrics, base), latency_quantiles_s=quantiles,
        ),
        VariantResult(
            letter="B", node="prune", name="Half", runtime="ONNX Runtime", metrics=half,
            against={"accuracy": same, "latency_p50": less, "energy_per_inference": energy},
            latency_quantiles_s=tuple(q / 2 for q in quantiles),
        ),
        VariantResult(
            letter="C", node="prune", name="Broken", state=NodeState.FAILED,
            failure=Failure(kind="Empty layer", message="Ratio 99 % leaves 0 channels in conv2.", remedy="At most 96 %."),
        ),
    )  # fmt: skip
    return RunResult(
        run_id="run-1", title="Small comparison", state=state, started="2026-11-22T14:41:00+00:00", seconds=63.0, plan=small_plan(),
        variants=variants,
    )  # fmt: skip


@pytest.fixture
def result() -> RunResult:
    """Three variants with measured energy; the last one failed."""
    return small_result()


@pytest.fixture
def modelled_result() -> RunResult:
    return small_result(Provenance.MODELLED)


@pytest.fixture
def pipeline() -> Pipeline:
    """The window's pipeline."""
    return small_pipeline()


@pytest.fixture
def plan() -> Plan:
    """The plan of the window's pipeline."""
    return small_plan()


class ScriptedJobs:
    """Stands in for the process of a job: answers as the test says, by kind of request, when it says so."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.stopped: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, request: Any, on_progress: Callable[[float, str], None], stopped: Callable[[], bool]) -> Any:
        self.requests.append(request)
        on_progress(0.5, "half of it")
        while not self.go.wait(0.005):
            if stopped():
                self.stopped.append(request.job)
                raise Cancelled
        answer = self.answers[request.job](request)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def jobs() -> ScriptedJobs:
    return ScriptedJobs()


@pytest.fixture
def job_bridge(qapp: QApplication, jobs: ScriptedJobs) -> Iterator[JobBridge]:
    made = JobBridge(jobs)
    yield made
    jobs.go.set()
    made.close()


def kept_models(result: RunResult, cache: Cache, formats: Mapping[str, ModelFormat]) -> RunResult:
    """The result with the models of these nodes in a cache, of these formats, and its data."""
    nodes = []
    for planned in result.plan.nodes:
        if planned.id in formats:
            output, artifact = "model", tiny_model(formats[planned.id])
        elif planned.step == "data.digits":
            output, artifact = "data", tiny_data()
        else:
            continue
        folder = cache.begin()
        for name in artifact.files.values():
            (folder / name).write_bytes(b"numbers")
        cache.commit(planned.digest, folder, StepOutcome({output: artifact}), 1.0)
        done = NodeResult(node=planned.id, title=planned.title, step=planned.step, state=NodeState.DONE, outputs={output: artifact})
        nodes.append(done)
    variants = tuple(variant.model_copy(update={"benchmark": "bench", "runtime": "onnxruntime"}) for variant in result.variants)
    return result.model_copy(update={"nodes": tuple(nodes), "variants": variants})


def tiny_model(format: ModelFormat) -> ModelArtifact:
    footprint = Footprint(parameters=10, nonzero_parameters=10, size_bytes=40)
    spec = InputSpec(shape=(1, 8, 8))
    return ModelArtifact(format=format, files={"weights": "weights.bin"}, input=spec, classes=("0", "1"), footprint=footprint)


def tiny_data() -> DatasetArtifact:
    splits = {"test": SplitInfo(examples=360, digest="d")}
    return DatasetArtifact(kind="digits", name="Digits", input=InputSpec(shape=(1, 8, 8)), classes=("0", "1"), splits=splits)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """The one that the window looks into."""
    return Cache(tmp_path / "home" / "cache")


@pytest.fixture
def kept(result: RunResult, cache: Cache) -> RunResult:
    """The result whose models are in the cache: the teacher as a PyTorch network, the variant made from it as an ONNX graph."""
    return kept_models(result, cache, {"model": "torch", "train": "torch", "prune": "onnx"})
