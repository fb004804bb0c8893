"""Runs of the history side by side: what is unfair is said first and marked in the row, and any variant can be pinned."""

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from greenbench.core.run import LAB, Environment, RunResult, Scenario
from greenbench.engine.comparing import Change
from greenbench.gui.comparing.dialog import CompareDialog
from greenbench.gui.comparing.rows import change_words, heads, lines
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme


@pytest.fixture
def other(result: RunResult) -> RunResult:
    """The same experiment on another machine, with batch 8."""
    variants = tuple(v.model_copy(update={"batch": 8}) for v in result.variants)
    return result.model_copy(update={"run_id": "run-2", "environment": Environment(cpu="Another"), "variants": variants})


def test_every_measured_variant_of_every_run_has_a_line(result: RunResult, other: RunResult) -> None:
    found = lines((result, other), ("run-1", "A"))
    assert [(line.run.run_id, line.variant.letter, line.pinned) for line in found] == [
        ("run-1", "A", True), ("run-1", "B", False), ("run-2", "A", False), ("run-2", "B", False),
    ]  # fmt: skip
    assert found[1].unlike == ()
    assert found[2].unlike == ("processor", "batch")
    assert all(len(line.cells) == len(heads((result, other))) for line in found)


def test_differences_are_told_from_the_pinned_variant(result: RunResult) -> None:
    place = heads((result,)).index("Median, ms") + 1
    assert lines((result,), ("run-1", "A"))[1].cells[place].startswith("−50")
    assert lines((result,), ("run-1", "B"))[0].cells[place].startswith("+100")
    assert lines((result,), ("run-1", "A"))[0].cells[place] == ""


def test_a_difference_says_where_it_is_not_of_the_model_alone(result: RunResult) -> None:
    served = tuple(v.model_copy(update={"scenario": Scenario.OFFLINE}) for v in result.variants)
    plan = result.plan.model_copy(update={"protocol": LAB})
    other = result.model_copy(update={"run_id": "run-2", "variants": served, "plan": plan})
    found = lines((result, other), ("run-1", "A"))
    assert found[3].unlike == ("scenario", "protocol")
    place = heads((result,)).index("Median, ms") + 1
    assert found[3].cells[place].startswith("≠ −50")
    assert found[1].cells[place].startswith("−50")
    assert "≠" not in found[3].cells[1], "answers do not depend on how they were timed"


def test_digits_of_a_difference_follow_its_interval() -> None:
    assert change_words("latency_p50", Change(-0.1234, -0.1434, -0.1034)) == "−12.3 % (−14.3 to −10.3)"
    assert change_words("accuracy", Change(0.004, -0.006, 0.014)) == "+0.4 pp (−0.6 to +1.4)"
    assert change_words("latency_p50", None) == "—"


def test_the_dialog_says_first_what_is_unfair_and_pins_another(qtbot: QtBot, theme: Theme, result: RunResult, other: RunResult) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = CompareDialog(parent, theme, (result, other))
    assert any("processors" in text for text in dialog.unfair)
    assert any("batch sizes: 1, 8" in text for text in dialog.unfair)
    assert dialog.table.topLevelItem(0).text(2) == "Pinned"
    assert dialog.table.topLevelItem(2).text(2) == "≠ processor, batch"
    dialog.table.setCurrentItem(dialog.table.topLevelItem(3))
    dialog.pin_button.click()
    assert dialog.pin == ("run-2", "B")
    assert dialog.table.topLevelItem(3).text(2) == "Pinned"
    assert dialog.table.topLevelItem(0).text(2) == "≠ processor, batch"
    assert not dialog.grab().isNull()
    dialog.close()


def test_two_chosen_runs_of_the_history_are_compared(window: MainWindow, runner, result: RunResult, other: RunResult) -> None:
    runner.store.results = {"run-1": result, "run-2": other}
    window.show_page(2)
    history = window.history
    assert not history.compare.isEnabled()
    history.list.selectAll()
    assert history.compare.text() == "Compare 2 runs"
    history.compare.click()
    dialog = window.comparisons.dialog
    assert dialog is not None
    assert {run.run_id for run in dialog.results} == {"run-1", "run-2"}
    dialog.close()


def test_runs_without_a_measured_variant_are_refused_kindly(window: MainWindow, runner, result: RunResult) -> None:
    runner.store.results = {"run-1": result.model_copy(update={"variants": ()})}
    window.comparisons.ask(["run-1", "run-1"])
    assert "no measured variant" in window.messages.messages[0].message
