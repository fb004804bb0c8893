"""In the whole window: Run asks about a file that runs code and then goes on; closing while a job is under way leaves nothing behind."""

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.edits import RemoveNode
from greenbench.core.errors import Cancelled, WorkerError
from greenbench.core.jobs import PreparedNode, PrepareSources, SourcesPrepared
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import Failure
from greenbench.gui.job_bridge import Job
from greenbench.gui.main_window import MainWindow
from greenbench.gui.run_control import Phase
from greenbench.gui.sources.intake import READING
from greenbench.steps import installed


@pytest.fixture
def factory(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text("raise RuntimeError('this file must never run in the window')\n\ndef make(): ...\n")
    return path


def own_network(factory: Path) -> Pipeline:
    catalog = installed()
    pipeline = Pipeline(catalog, "Own network")
    pipeline.nodes["net"] = Node("net", "model.python", "Net", {"factory": f"{factory}:make"}, (0.0, 0.0))
    pipeline.nodes["data"] = Node("data", "data.random", "Random", {}, (0.0, 120.0))
    pipeline.nodes["bench"] = Node("bench", "benchmark", "Benchmark", {}, (300.0, 0.0))
    pipeline.links += [Link("net", "model", "bench", "models"), Link("data", "data", "bench", "data")]
    return pipeline


def test_run_asks_first_and_goes_on_after_a_yes(window: MainWindow, runner: Any, factory: Path, qtbot: QtBot) -> None:
    window.parts.session.open(own_network(factory), saved=True)
    window.parts.control.run()
    dialog = window.intake.trust.dialog
    assert dialog is not None
    assert runner.plans == []
    assert window.messages.messages == [], "a question, not a refusal"
    dialog.allow.click()
    qtbot.waitUntil(lambda: len(runner.plans) == 1)
    assert runner.plans[0].trusted == (hashlib.sha256(factory.read_bytes()).hexdigest(),)


def test_a_no_leaves_everything_as_it_was_and_run_asks_again(window: MainWindow, runner: Any, factory: Path, qtbot: QtBot) -> None:
    window.parts.session.open(own_network(factory), saved=True)
    window.parts.control.run()
    assert window.intake.trust.dialog is not None
    window.intake.trust.dialog.refuse.click()
    qtbot.waitUntil(lambda: window.intake.trust.dialog is None)
    assert runner.plans == []
    assert window.parts.control.phase is Phase.READY
    window.parts.control.run()
    assert window.intake.trust.dialog is not None
    window.intake.trust.dialog.reject()


def test_a_changed_file_is_asked_about_again(window: MainWindow, runner: Any, factory: Path) -> None:
    window.parts.session.open(own_network(factory), saved=True)
    window.parts.control.run()
    assert window.intake.trust.dialog is not None
    window.intake.trust.book.remember(window.intake.trust.dialog.asked)
    window.intake.trust.dialog.reject()
    factory.write_text("import os\n\ndef make(): ...\n")
    window.parts.control.run()
    assert window.intake.trust.dialog is not None
    window.intake.trust.dialog.reject()
    assert runner.plans == []


def test_closing_ends_what_is_being_read(window: MainWindow, qtbot: QtBot) -> None:
    begun = threading.Event()

    def work(request: Any, on_progress: Any, stopped: Any) -> Any:
        pause = threading.Event()
        begun.set()
        while not stopped():
            pause.wait(0.005)
        raise Cancelled

    window.parts.jobs._do = work
    window.show_node("data")
    window.intake.reader.read("data")
    qtbot.waitUntil(begun.is_set)
    assert isinstance(window.parts.jobs.job(("sources", "data")), Job)
    window.parts.session.document.treat_as_saved()
    window.close()
    assert not window.parts.jobs.busy
    assert not [thread for thread in threading.enumerate() if thread.name == "job"]


def test_check_reads_every_source_and_says_that_they_go_together(window: MainWindow, qtbot: QtBot) -> None:
    asked: list[PrepareSources] = []

    def work(request: PrepareSources, on_progress: Any, stopped: Any) -> SourcesPrepared:
        asked.append(request)
        return SourcesPrepared(nodes=tuple(PreparedNode(node=node.id, title=node.title) for node in request.plan.nodes))

    window.parts.jobs._do = work
    window.actions_["check"].trigger()
    assert [message.message for message in window.messages.messages] == [READING]
    qtbot.waitUntil(lambda: [m.message for m in window.messages.messages] == ["The sources are read, and they go together."])
    assert {node.id for node in asked[0].plan.nodes} == {"data", "model"}
    assert window.messages.messages[0].remedy == "Press Run to measure."
    assert window.parts.session.do(RemoveNode("bench"))
    window.messages.clear()
    window.actions_["check"].trigger()
    qtbot.waitUntil(
        lambda: [m.remedy for m in window.messages.messages] == ["There is no Benchmark, so a run would measure nothing: add one."]
    )


def test_check_tells_what_could_not_be_read(window: MainWindow, qtbot: QtBot) -> None:
    failure = Failure(kind="Data", message="digits.csv is cut off.", remedy="Fetch it again.")

    def work(request: PrepareSources, on_progress: Any, stopped: Any) -> SourcesPrepared:
        return SourcesPrepared(nodes=(PreparedNode(node="data", title="Digits", failure=failure),))

    window.parts.jobs._do = work
    window.intake.check()
    qtbot.waitUntil(lambda: [m.message for m in window.messages.messages] == ["digits.csv is cut off."])


def test_check_tells_why_the_reading_itself_broke_off(window: MainWindow, qtbot: QtBot) -> None:
    def work(request: PrepareSources, on_progress: Any, stopped: Any) -> SourcesPrepared:
        raise WorkerError("The process that was to do this was ended.", "Try again.")

    window.parts.jobs._do = work
    window.intake.check()
    qtbot.waitUntil(lambda: [m.message for m in window.messages.messages] == ["The process that was to do this was ended."])
