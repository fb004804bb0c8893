"""From the window to a model: the row, the node, the inspector and the menu all lead to the same page and the same dialog."""

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.jobs import Layer, ModelView
from greenbench.core.run import Execution, Plan, RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.main_window import MainWindow
from greenbench.gui.model_doors import INSIDE_PAGE
from greenbench.gui.results.variant_card import execution_words


@pytest.fixture
def answered(window: MainWindow, jobs, cache: Cache, kept: RunResult) -> MainWindow:
    """The window with a run whose models are in the cache; jobs answer as the test says."""
    jobs.answers["look"] = lambda request: ModelView(
        title=request.model.title, format="torch", runtime="ONNX Runtime 1.32.0", layers=(Layer(name="conv", kind="Conv"),)
    )
    window.parts.jobs._do = jobs
    window.wiring.shown_run.made(kept)
    window.show_result(kept)
    window.show_page(1)
    return window


def test_the_buttons_speak_of_the_chosen_variant(answered: MainWindow, jobs, qtbot: QtBot) -> None:
    doors = answered.results.doors
    answered.results.table.selectRow(1)
    assert (doors.look.text(), doors.export.text()) == ("Look inside B", "Export model B…")
    doors.look.click()
    assert answered.pages.currentIndex() == INSIDE_PAGE
    qtbot.waitUntil(lambda: answered.inside.layers.isVisible())
    assert jobs.requests[0].model.title == "Half"


def test_the_menu_of_a_row_compares_with_the_baseline(answered: MainWindow, jobs, qtbot: QtBot) -> None:
    menu = answered.results.doors.menu(1)
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == ["Show the node", "Look inside", "Compare with A  Teacher", "Export model…"]
    next(action for action in menu.actions() if action.text().startswith("Compare")).trigger()
    qtbot.waitUntil(lambda: answered.inside.layers.isVisible())
    assert [request.model.node for request in jobs.requests] == ["train", "prune"]


def test_export_opens_for_the_chosen_variant(answered: MainWindow, qtbot: QtBot) -> None:
    answered.actions_["export-model"].trigger()
    dialog = answered.models.dialog
    assert dialog is not None
    assert dialog.isVisible()
    assert dialog.subject.name == "B Half", "the variant that the verdict speaks of"
    dialog.reject()
    assert not dialog.isVisible()


def test_a_node_on_the_canvas_leads_to_its_model(answered: MainWindow, jobs, qtbot: QtBot) -> None:
    answered.show_page(0)
    for node, possible in (("prune", True), ("data", False)):
        answered.editor.select_nodes([node])
        assert answered.editor.commands.by_id["look"].isEnabled() is possible, node
    answered.editor.select_nodes(["prune"])
    answered.editor.commands.by_id["look"].trigger()
    qtbot.waitUntil(lambda: answered.inside.layers.isVisible())
    assert jobs.requests[0].model.node == "prune"


def test_the_inspector_leads_to_the_model_of_a_finished_node(answered: MainWindow, kept: RunResult, plan: Plan, jobs, qtbot: QtBot) -> None:
    outputs = next(node.outputs for node in kept.nodes if node.node == "train")
    for event in (
        messages.RunStarted(run_id="run-1", t_ns=0, plan=plan),
        messages.NodeFinished(node="train", digest="d", cached=False, t_ns=1, seconds=1.0, outputs=outputs),
        messages.RunFinished(run_id="run-1", state=kept.state, t_ns=2),
    ):
        answered.board.apply(event)
    answered.show_page(0)
    answered.editor.select_nodes(["train"])
    look = next(button for button in answered.inspector.findChildren(QAbstractButton) if button.text() == "Look inside")
    assert look.isVisible()
    look.click()
    qtbot.waitUntil(lambda: answered.inside.layers.isVisible())
    assert jobs.requests[0].model.node == "train"


def test_without_a_run_it_says_what_to_do(window: MainWindow) -> None:
    window.models.export()
    assert window.messages.messages[-1].message == "There is no model to export yet."
    window.models.look("train")
    assert window.messages.messages[-1].message == "This has no model in the run that is shown."
    assert not window.actions_["export-model"].isEnabled()


def test_another_pipeline_has_none_of_these_models(answered: MainWindow) -> None:
    assert answered.models.has("prune")
    answered.wiring.shown_run.forget()
    assert not answered.models.has("prune")
    assert "Press Run" in answered.inside.word.text()


def test_what_really_executed_stands_below_the_table(answered: MainWindow, kept: RunResult) -> None:
    ran = Execution(
        runtime="onnxruntime", version="ONNX Runtime 1.32.0", precision="int8", by_precision={"int8": 20, "fp32": 1}, fallbacks=1, qdq=3,
        kernels=(("QLinearConv", 20), ("Conv", 1)), load_s=0.03, compile_s=0.5, first_s=0.012, threads=2, affinity=(0, 1),
    )  # fmt: skip
    variant = kept.variants[1].model_copy(update={"execution": ran})
    assert execution_words(variant) == (
        "20 of 21 heavy operators in int8, 1 in fp32 · fallbacks: 1 operator to a higher precision than the file promised · "
        "quantise/dequantise pairs: 3 left around operators · ONNX Runtime 1.32.0, on the processor · 2 threads on cores 0-1 · "
        "before the first answer: loading 30 ms, compiling 500 ms, first answer 12 ms"
    )
    shown = kept.model_copy(update={"variants": (kept.variants[0], variant)})
    answered.show_result(shown)
    table = answered.results.table.table
    cells = {column.key: cell for column, cell in zip(table.columns, table.rows[1].cells, strict=True)}
    assert (cells["runs"].text, cells["runs"].below) == ("int8", "20 of 21 operators")
    assert "Operators: QLinearConv 20, Conv 1" in cells["runs"].hint
    old = next(cell for column, cell in zip(table.columns, table.rows[0].cells, strict=True) if column.key == "runs")
    assert old.below == "ONNX Runtime", "a run of before does not say how many"
