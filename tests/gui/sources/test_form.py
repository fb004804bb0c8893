"""Settings that are right only together can be typed one after the other, and the browser of networks fills its field."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from greenbench.gui.forms.fields import ComboField, SegmentField, TextField
from greenbench.gui.forms.form import FormRow
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.session import Session
from greenbench.gui.sources.zoo_browser import ZooBrowser
from greenbench.steps.model_library import zoo
from greenbench.steps.model_library.zoo import ZooEntry


def row(inspector: Inspector, name: str) -> FormRow:
    if not isinstance(inspector.panel, NodePanel):
        inspector.show_nodes(["file"])
    assert isinstance(inspector.panel, NodePanel)
    return inspector.panel.form.rows[name]


def type_into(inspector: Inspector, name: str, text: str) -> None:
    field = row(inspector, name).field
    assert isinstance(field, TextField)
    field.line.setFocus()
    field.line.selectAll()
    QTest.keyClicks(field.line, text)


def choose_own_values(inspector: Inspector) -> None:
    field = row(inspector, "normalise").field
    assert isinstance(field, SegmentField | ComboField)
    field.given.emit("values")


def test_what_needs_another_setting_waits_for_it_and_shows_it(inspector: Inspector, session: Session) -> None:
    assert not row(inspector, "mean").isVisible()
    choose_own_values(inspector)
    assert row(inspector, "mean").isVisible(), "else it could never be typed"
    assert row(inspector, "normalise").bad
    assert "normalise" not in session.pipeline.nodes["file"].params
    type_into(inspector, "mean", "0.5")
    assert row(inspector, "normalise").bad, "the deviation is still missing"
    type_into(inspector, "std", "0.2")
    assert session.pipeline.nodes["file"].params == {"normalise": "values", "mean": "0.5", "std": "0.2"}
    assert not any(row(inspector, name).bad for name in ("normalise", "mean", "std"))
    session.undo_stack.undo()
    assert "normalise" not in session.pipeline.nodes["file"].params
    assert not row(inspector, "mean").isVisible()


def test_other_settings_can_be_changed_meanwhile(inspector: Inspector, session: Session) -> None:
    choose_own_values(inspector)
    type_into(inspector, "architecture", "resnet8")
    assert session.pipeline.nodes["file"].params == {"architecture": "resnet8"}
    assert row(inspector, "normalise").bad, "what waits still waits"
    assert row(inspector, "mean").isVisible()


def test_going_back_to_what_was_right_forgets_what_waited(inspector: Inspector, session: Session) -> None:
    choose_own_values(inspector)
    row(inspector, "normalise").field.given.emit("auto")
    assert not row(inspector, "normalise").bad
    assert not row(inspector, "mean").isVisible()
    type_into(inspector, "architecture", "lenet5")
    assert session.pipeline.nodes["file"].params == {"architecture": "lenet5"}


def test_browse_fills_the_field_undoably(inspector: Inspector, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ZooEntry("resnet8", 78_042, 12_000_000, "3x32x32", "", False, "classification")
    monkeypatch.setattr(zoo, "zoo", lambda: (entry,))
    button = next(each for each in row(inspector, "architecture").findChildren(QPushButton) if each.text() == "Browse…")
    button.click()
    browser = inspector.findChild(ZooBrowser)
    assert browser is not None
    QTest.keyClick(browser.field, Qt.Key.Key_Return)
    assert session.pipeline.nodes["file"].params == {"architecture": "resnet8"}
    assert "78\u202f000 parameters, 12.0 million MACs, for 32 × 32 images" in row(inspector, "architecture").fact.text()
    assert not any(each.text() == "Browse…" for each in row(inspector, "file").findChildren(QPushButton))
    session.undo_stack.undo()
    assert session.pipeline.nodes["file"].params == {}
