"""What a run leaves behind: a file that cannot be written costs that file alone, and names are text wherever they go."""

import io
import os
import queue
import signal
from pathlib import Path

import pytest
from rich.console import Console

from greenbench.cli import main, outputs
from greenbench.cli.run import FAILED, FINISHED, RunOptions, _follow, _Screen, exit_code
from greenbench.cli.table import print_comparison
from greenbench.core import messages
from greenbench.core.document import dumps
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, Protocol, RunResult, RunState, VariantResult
from greenbench.engine.cache import Cache
from greenbench.steps import installed

HOSTILE = ["[/]", "[red]rich[/red]", "[bold", "../../x", "a\nb", "<b>&amp;", "#panic() $x$", "学 🌱", "x" * 300, "\\[/]"]
BRIEF = Protocol(name="quick", idle_s=0.1, warm_up_s=0.1, block_s=0.1, min_blocks=1, max_blocks=1, target=0.1)


def plan_of(title):
    return Plan(title=title, nodes=(PlannedNode(id="a", step="train", version=1, title=title, params={}, digest="d"),), protocol=BRIEF)


def result_of(title, failure=None, state=RunState.FINISHED):
    variant = VariantResult(letter="A", node="a", name=title, failure=failure, state=NodeState.FAILED if failure else NodeState.DONE)
    return RunResult(run_id="r", title=title, state=state, started="2026-01-01T00:00:00", plan=plan_of(title), variants=(variant,))


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=500)


@pytest.mark.parametrize("title", HOSTILE)
def test_a_name_is_printed_as_it_was_typed(title, console):
    with _Screen(plan_of(title), console, shown=True) as screen:
        screen.on_event(messages.NodeStarted(node="a", t_ns=0))
        screen.on_event(messages.NodeFinished(node="a", digest="d", cached=False, t_ns=1, seconds=1.0, headline=title))
    print_comparison(result_of(title, Failure(kind="Step", message=f'"{title}" failed.')), console)
    printed = console.file.getvalue()
    assert printed.count(title.splitlines()[0]) >= 4


@pytest.mark.parametrize("title", [*HOSTILE, "CON", ".."])
def test_a_folder_for_a_name_lies_where_it_should(title, tmp_path):
    folder = tmp_path / outputs.folder_name(f"A {title}")
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()


def test_what_checks_a_pipeline_prints_hostile_names(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    pipeline = Pipeline(installed(), "[/] title")
    for index, title in enumerate(HOSTILE[:4]):
        pipeline.nodes[f"n{index}"] = Node(f"n{index}", "data.digits", title)
    path = tmp_path / "hostile.greenbench"
    path.write_text(dumps(pipeline), encoding="utf-8")
    assert main(["check", str(path)]) == 0
    out = capsys.readouterr().out
    assert all(title in out for title in HOSTILE[:4])


def test_one_file_that_cannot_be_written_leaves_the_others(tmp_path, capsys):
    pipeline = Pipeline(installed(), "Small")
    (tmp_path / "results.csv").mkdir()
    cache = Cache(tmp_path / "cache")
    written, failed = outputs.write_outputs(tmp_path, None, pipeline, result_of("A"), cache)
    assert failed == 1
    assert [path.name for path in written] == ["results.json", "pipeline.greenbench", "models"]
    assert f"Error: {tmp_path / 'results.csv'} cannot be written" in capsys.readouterr().err


class FullFile(io.StringIO):
    name = "run.log"

    def write(self, text):
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_grow_is_told_once_and_the_run_goes_on(tmp_path, capsys):
    log = outputs.RunLog(tmp_path)
    log.close()
    log._file = FullFile()
    for _ in range(2):
        log.on_event(messages.Log(text="hello"))
    log.close()
    assert capsys.readouterr().err.count("run.log cannot be written any more: no space left on device. The run goes on.") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--report", "r.docx"], "unknown kind of report"),
        (["--report", "taken.pdf"], "it is a folder"),
        (["--report", "file/r.pdf"], "file cannot be written"),
        (["--out", "file"], "file cannot be written"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--threads", "-1"], "Invalid value for '--threads'"),
        (["--threads", "100000"], "100000 threads are more than this machine's"),
    ],
)
def test_where_nothing_can_be_written_nothing_starts(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("taken.pdf").mkdir()
    pipeline = Pipeline(installed(), "Small")
    pipeline.nodes["d"] = Node("d", "data.digits", "Digits")
    Path("p.greenbench").write_text(dumps(pipeline), encoding="utf-8")
    assert main(["run", "p.greenbench", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "home").exists() or not os.listdir(tmp_path / "home")


def test_a_variant_that_failed_is_a_failure_to_the_shell():
    assert exit_code(result_of("A")) == FINISHED
    assert exit_code(result_of("A", Failure(kind="Step", message="no"))) == FAILED
    assert exit_code(result_of("A", state=RunState.LOST)) == FAILED
    assert exit_code(result_of("A", state=RunState.CANCELLED)) == 130


class InterruptedRunner:
    """Ctrl+C arrives at its start, and again in the middle of each call to stop it."""

    def __init__(self):
        self.events = queue.SimpleQueue()
        self.cancels = 0

    def start(self, plan, told=()):
        signal.raise_signal(signal.SIGINT)

    def cancel(self):
        self.cancels += 1
        assert self.cancels == 1, "stopped from within itself"
        signal.raise_signal(signal.SIGINT)
        self.events.put(messages.ResultsReady(result=result_of("A", state=RunState.CANCELLED)))


def test_ctrl_c_twice_at_the_worst_moment_stops_once(tmp_path):
    runner = InterruptedRunner()
    options = RunOptions(
        file=tmp_path, settings=(), budget="full", device="cpu", protocol=BRIEF, seed=0, threads=1, affinity="", trust=False,
        out=None, report=None, use_cache=True, as_json=False, quiet=True,
    )  # fmt: skip
    before = signal.getsignal(signal.SIGINT)
    assert _follow(runner, plan_of("A"), options, outputs.RunLog(None)).state is RunState.CANCELLED
    assert runner.cancels == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_a_run_has_begun_is_no_traceback(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("greenbench.cli.app.app", interrupted)
    assert main(["list", "steps"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
