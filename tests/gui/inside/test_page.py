"""The page "Look inside": asks for what is chosen, one job after the other, shows it side by side, and says why where it cannot."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.errors import ModelError
from greenbench.core.jobs import AnswerDifference, CompareAnswers, Differences, Layer, LookInside, ModelView
from greenbench.core.run import RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.inside.choosing import ANSWERS
from greenbench.gui.inside.page import InsidePage
from greenbench.gui.job_bridge import WAITS, JobBridge
from greenbench.gui.theme import Theme


def view(request: LookInside) -> ModelView:
    """Two layers; the model that is an ONNX graph has half the channels."""
    half = request.model.artifact.format == "onnx"
    first = Layer(
        name="conv", kind="Conv2d", shape=(4 if half else 8, 8, 8), parameters=40 if half else 80, digest=str(half), seconds=0.001
    )
    last = Layer(name="fc", kind="Linear", shape=(2,), parameters=10, digest="same", seconds=0.0005)
    return ModelView(
        title=request.model.title, format=request.model.artifact.format, runtime=request.runtime, layers=(first, last), notes=("Slow.",)
    )


def different(request: CompareAnswers) -> Differences:
    shown = (AnswerDifference(index=1, truth="0", first="0", second="1", first_right=True, second_right=False),)
    return Differences(folder=request.folder, examples=360, agree=359, only_first=1, shown=shown)


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, job_bridge: JobBridge, jobs, cache: Cache, kept: RunResult) -> Iterator[InsidePage]:
    jobs.answers = {"look": view, "differences": different}
    made = InsidePage(theme, job_bridge, lambda: cache)
    made.resize(1334, 600)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.show_run(kept)
    yield made
    made.close_jobs()


def shown(page: InsidePage) -> bool:
    return page.layers.table.isVisible()


def test_a_models_layers_are_asked_for_and_shown(page: InsidePage, jobs, qtbot: QtBot) -> None:
    page.look("prune")
    qtbot.waitUntil(lambda: shown(page))
    request = jobs.requests[0]
    assert (request.model.title, request.runtime, request.data.artifact.name) == ("Half", "onnxruntime", "Digits")
    assert [page.layers.table.cell_text(row, 0) for row in range(2)] == ["conv", "fc"]
    assert page.layers.words[0].text() == "B Half:  2 layers · 50 parameters · onnxruntime"
    assert page.layers.notes.text() == "Slow."
    assert not page.layers.changes_only.isVisible()


def test_two_models_stand_side_by_side_after_one_job_each(page: InsidePage, jobs, qtbot: QtBot) -> None:
    page.look("train", "prune")
    qtbot.waitUntil(lambda: shown(page))
    assert [request.model.node for request in jobs.requests] == ["train", "prune"]
    assert page.layers.count.text() == "2 layers, 1 changed"
    page.layers.changes_only.setChecked(True)
    assert page.layers.table.shown == 1
    assert page.layers.count.text() == "1 of 2 layers, 1 changed"
    page.look("train")
    qtbot.waitUntil(lambda: not page.layers.changes_only.isVisible())
    assert page.layers.table.shown == 2, "the filter goes with the comparison"
    assert len(jobs.requests) == 2, "what was looked at is kept"


def test_a_comparison_reads_from_the_earlier_to_the_later_however_it_was_chosen(page: InsidePage, qtbot: QtBot) -> None:
    page.look("prune", "train")
    qtbot.waitUntil(lambda: shown(page))
    assert [subject.letter for subject in page.choosing.chosen] == ["A", "B"]
    assert page.layers.words[0].text().startswith("A Teacher:")
    cells = [page.layers.table.cell_text(0, place) for place in range(len(page.layers.table.table.columns))]
    assert "80 → 40" in cells
    assert page.layers.table.table.columns[1].unit == "from A to B"


def test_a_node_that_was_not_measured_can_be_looked_into(page: InsidePage, jobs, qtbot: QtBot) -> None:
    assert [page.choosing.model.itemText(place) for place in range(page.choosing.model.count())] == ["A  Teacher", "B  Half", "Model"]
    page.look("model")
    qtbot.waitUntil(lambda: shown(page))
    assert jobs.requests[0].model.node == "model"


def test_answers_are_compared_and_kept(page: InsidePage, jobs, qtbot: QtBot) -> None:
    page.look("train", "prune", ANSWERS)
    qtbot.waitUntil(lambda: page.answers.isVisible())
    assert page.answers.words.text().startswith("A and B give the same answer for 359 of 360")
    page.look("train", "prune", ANSWERS)
    assert page.answers.isVisible()
    assert [request.job for request in jobs.requests] == ["differences"]


def test_answers_need_a_second_model_and_say_so(page: InsidePage, jobs) -> None:
    page.look("train", what=ANSWERS)
    assert "Choose a second model" in page.word.text()
    assert not jobs.requests


def test_a_failure_is_a_sentence_with_its_remedy(page: InsidePage, jobs, qtbot: QtBot) -> None:
    jobs.answers["look"] = lambda request: ModelError("The graph has an operator Foo.", "Choose another model.")
    page.look("train")
    qtbot.waitUntil(lambda: page.failure.isVisible())
    assert (page.failure.message.text(), page.failure.remedy.text()) == ("The graph has an operator Foo.", "Choose another model.")


def test_a_model_that_left_the_cache_says_how_to_get_it_back(page: InsidePage, jobs, cache: Cache) -> None:
    cache.clear()
    page.look("train")
    assert page.failure.isVisible()
    assert "no longer in the cache" in page.failure.message.text()
    assert not jobs.requests


def test_cancel_ends_the_job(page: InsidePage, jobs, qtbot: QtBot) -> None:
    jobs.go.clear()
    page.look("train")
    qtbot.waitUntil(lambda: bool(jobs.requests))
    page.cancel()
    qtbot.waitUntil(lambda: jobs.stopped == ["look"])
    assert not page.layers.table.isVisible()


def test_a_job_waits_for_the_end_of_a_run(page: InsidePage, job_bridge: JobBridge, jobs, qtbot: QtBot) -> None:
    job_bridge.hold(True)
    page.look("train")
    assert not jobs.requests
    assert page.card.step.text() == WAITS
    job_bridge.hold(False)
    qtbot.waitUntil(lambda: shown(page))


def test_another_run_forgets_what_was_seen(page: InsidePage, kept: RunResult, jobs, qtbot: QtBot) -> None:
    page.look("train")
    qtbot.waitUntil(lambda: shown(page))
    page.show_run(kept.model_copy(update={"run_id": "run-2"}))
    assert not page.layers.table.isVisible()
    page.look("train")
    qtbot.waitUntil(lambda: shown(page))
    assert len(jobs.requests) == 2


def test_without_a_run_there_is_a_word(page: InsidePage) -> None:
    page.show_run(None)
    assert "Press Run" in page.word.text()
    assert not page.choosing.model.isVisible()
