"""Whatever metric judges the answers, the window follows it: a regression's error is no percentage, and is not called accuracy."""

import pytest

from greenbench.core import messages
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Plan
from greenbench.gui import quality
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.live import curves
from greenbench.gui.live.dock import LiveDock
from greenbench.gui.live.record import LiveRecord
from greenbench.gui.theme import Theme

S = 10**9


@pytest.mark.parametrize(
    ("metric", "value", "text"), [("accuracy", 0.9753, "97.5 %"), ("mean_iou", 0.5, "50.0 %"), ("mean_absolute_error", 3.1284, "3.13")]
)
def test_each_metric_is_written_in_its_own_way(metric: str, value: float, text: str) -> None:
    assert quality.text(metric, value) == text


def followed(plan: Plan, *told: tuple[str, float]) -> LiveRecord:
    record = LiveRecord()
    record.take(messages.RunStarted(run_id="r", t_ns=0, plan=plan))
    for second, (name, value) in enumerate(told, 1):
        record.take(messages.Metric(node="train", name=name, value=value, t_ns=second * S))
    return record


def test_a_regressions_error_is_plotted_in_its_own_unit(theme: Theme, plan: Plan) -> None:
    record = followed(plan, ("mean_absolute_error", 4.0), ("loss", 9.0), ("mean_absolute_error", 3.125))
    picture = curves.learning(record, theme, curves.View(0.0, 10.0, 0.0, 200))
    assert picture.title == ("Mean error", "")
    assert [list(curve.y) for curve in picture.curves] == [[4.0, 3.125], [9.0]]
    assert [(entry.name, entry.value) for entry in picture.entries] == [("validation", "3.12"), ("loss", "9.0")]


def test_accuracy_stays_in_per_cent(theme: Theme, plan: Plan) -> None:
    picture = curves.learning(followed(plan, ("accuracy", 0.5)), theme, curves.View(0.0, 10.0, 0.0, 200))
    assert picture.title == ("Accuracy", "%")
    assert list(picture.curves[0].y) == [50.0]


def test_the_title_over_the_plot_follows(qtbot, theme: Theme, plan: Plan) -> None:
    dock = LiveDock(theme, lambda t0, t1: None)
    qtbot.addWidget(dock)
    dock.on_event(messages.RunStarted(run_id="r", t_ns=0, plan=plan))
    dock.on_event(messages.Metric(node="train", name="mean_iou", value=0.4, t_ns=S))
    dock._begin()
    while dock._due:
        dock._draw(dock._due.pop(0))
    assert (dock.learning.title.text(), dock.learning.unit.text()) == ("IoU", "%")
    dock.stop()


def test_nodes_and_variants_show_the_error(plan: Plan, pipeline: Pipeline) -> None:
    board = RunBoard(lambda: pipeline)
    board.apply(messages.RunStarted(run_id="r", t_ns=0, plan=plan))
    board.apply(messages.Metric(node="train", name="mean_absolute_error", value=2.5, t_ns=S))
    assert board.status("train").headline == "2.50"
    board.apply(messages.VariantMeasured(node="bench", variant="A", metric="mean_absolute_error", scores=(1.0, 2.0)))
    assert board.status("bench").variants["A"].text == "1.50"
    board.apply(messages.VariantMeasured(node="bench", variant="B", correct="1101"))
    assert board.status("bench").variants["B"].text == "75.0 %"
    board.apply(messages.VariantMeasured(node="bench", variant="C", reason="random input"))
    assert board.status("bench").variants["C"].text == "No labels"
