"""Jobs from the window: their news comes in the window's thread, a later one replaces an earlier, and none outlives the window."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.errors import Cancelled, ModelError, WorkerError
from greenbench.core.jobs import InspectFile
from greenbench.gui.job_bridge import WAITS, Job, JobBridge


class Work:
    """Stands in for the process: waits until the test gives the outcome, or until it is stopped."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Any] = {}
        self.begun: list[str] = []
        self.stopped: list[str] = []
        self.go = threading.Event()
        self.threads: set[str] = set()

    def __call__(self, request: InspectFile, on_progress: Callable[[float, str], None], stopped: Callable[[], bool]) -> Any:
        self.begun.append(request.path)
        on_progress(0.5, "half")
        while not self.go.wait(0.005):
            if stopped():
                self.stopped.append(request.path)
                raise Cancelled
        outcome = self.outcomes.get(request.path, request.path.upper())
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def bridge(qapp: Any, work: Work) -> Iterator[JobBridge]:
    made = JobBridge(work)
    yield made
    made.close()


def heard(job: Job) -> list[tuple[str, Any, threading.Thread]]:
    """What the job says, with the thread in which it is heard."""
    found: list[tuple[str, Any, threading.Thread]] = []
    job.progress.connect(lambda fraction, text: found.append(("progress", (fraction, text), threading.current_thread())))
    job.done.connect(lambda result: found.append(("done", result, threading.current_thread())))
    job.failed.connect(lambda error: found.append(("failed", error, threading.current_thread())))
    return found


def test_the_result_arrives_in_the_windows_thread(bridge: JobBridge, work: Work, qtbot: QtBot) -> None:
    said = heard(bridge.start("node", InspectFile(path="a")))
    work.go.set()
    qtbot.waitUntil(lambda: len(said) == 2)
    assert [(word, news) for word, news, _ in said] == [("progress", (0.5, "half")), ("done", "A")]
    assert {thread for *_, thread in said} == {threading.main_thread()}
    assert not bridge.busy


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [(ModelError("No.", "Yes."), ModelError, "No. Yes."), (OSError("no room"), WorkerError, "no room")],
)
def test_a_failure_is_an_error_with_words(bridge: JobBridge, work: Work, qtbot: QtBot, raised: Exception, kind: type, words: str) -> None:
    work.outcomes["a"] = raised
    work.go.set()
    said = heard(bridge.start("node", InspectFile(path="a")))
    qtbot.waitUntil(lambda: said[-1:] != [] and said[-1][0] == "failed")
    assert isinstance(said[-1][1], kind)
    assert words in str(said[-1][1])


def test_a_later_job_of_the_same_owner_replaces_the_earlier_and_others_go_on(bridge: JobBridge, work: Work, qtbot: QtBot) -> None:
    first = heard(bridge.start("node", InspectFile(path="a")))
    other = heard(bridge.start("other", InspectFile(path="b")))
    second = heard(bridge.start("node", InspectFile(path="c")))
    qtbot.waitUntil(lambda: work.stopped == ["a"])
    work.go.set()
    qtbot.waitUntil(lambda: second[-1:] != [] and second[-1][0] == "done" and other[-1][0] == "done")
    assert "done" not in {word for word, *_ in first}


def test_a_stopped_job_is_silent(bridge: JobBridge, work: Work, qtbot: QtBot) -> None:
    job = bridge.start("node", InspectFile(path="a"))
    said = heard(job)
    job.stop()
    qtbot.waitUntil(lambda: work.stopped == ["a"])
    assert said == []
    assert bridge.job("node") is None


def test_a_run_puts_jobs_off_until_it_is_over(bridge: JobBridge, work: Work, qtbot: QtBot) -> None:
    said = heard(bridge.start("node", InspectFile(path="a")))
    bridge.hold(True)
    qtbot.waitUntil(lambda: work.stopped == ["a"])
    assert said[-1][1] == (0.0, WAITS)
    late = heard(bridge.start("late", InspectFile(path="b")))
    assert bridge.waiting("late")
    work.go.set()
    assert work.begun == ["a"]
    bridge.hold(False)
    qtbot.waitUntil(lambda: said[-1][0] == "done" and late[-1:] != [] and late[-1][0] == "done")
    assert sorted(work.begun) == ["a", "a", "b"]


def test_closing_ends_every_thread(bridge: JobBridge, work: Work) -> None:
    before = threading.active_count()
    for number in range(3):
        bridge.start(number, InspectFile(path=str(number)))
    bridge.close()
    assert threading.active_count() <= before
    assert not bridge.busy
    bridge.start("after", InspectFile(path="z"))
    assert "z" not in work.begun


def test_a_real_process_answers_or_says_why_not(qapp: Any, qtbot: QtBot, tmp_path: Path) -> None:
    bridge = JobBridge()
    with qtbot.waitSignal(bridge.start("node", InspectFile(path=str(tmp_path / "missing.onnx"))).failed, timeout=60_000) as said:
        pass
    bridge.close()
    assert str(said.args[0])
