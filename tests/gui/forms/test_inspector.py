"""The inspector edits what is selected, one undo entry for each thing a user does, and shows what came of it."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from greenbench.core import messages as m
from greenbench.core.artifact import Fact
from greenbench.core.edits import RemoveNode
from greenbench.core.errors import ParameterError
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.params import FieldKind
from greenbench.core.run import Failure, Plan, PlannedNode
from greenbench.gui.forms.fields import WIDGETS, ComboField, PathField, SegmentField, SliderField, SwitchField, TextField, TypedField
from greenbench.gui.forms.form import FormRow
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import ManyPanel, NodePanel, PipelinePanel
from greenbench.gui.forms.result import fact_change, fact_text
from greenbench.gui.forms.typed import shown_value, typed_value
from greenbench.gui.session import Session


def panel(inspector: Inspector) -> NodePanel:
    assert isinstance(inspector.panel, NodePanel)
    return inspector.panel


def form_row(inspector: Inspector, name: str) -> FormRow:
    return panel(inspector).form.rows[name]


def typed(inspector: Inspector, name: str) -> TypedField:
    field = form_row(inspector, name).field
    return field.typed if isinstance(field, SliderField) else field  # type: ignore[return-value]


def params(session: Session) -> dict[str, Any]:
    return dict(session.pipeline.nodes["one"].params)


def test_every_kind_of_parameter_has_a_widget() -> None:
    assert set(WIDGETS) == set(FieldKind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ratio", SliderField), ("rate", TypedField), ("epochs", SliderField), ("scope", SegmentField), ("norm", ComboField),
        ("layers", TextField), ("folder", PathField), ("strict", SwitchField),
    ],
)  # fmt: skip
def test_the_kind_of_a_parameter_chooses_its_widget(inspector: Inspector, name: str, kind: type) -> None:
    assert type(form_row(inspector, name).field) is kind


def test_typing_changes_the_parameter_as_one_entry_and_undo_shows_in_the_field(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "rate")
    field.line.setFocus()
    field.line.selectAll()
    QTest.keyClicks(field.line, "0.25")
    assert params(session) == {"rate": 0.25}
    assert session.undo_stack.count() == 1
    field.line.clearFocus()
    session.undo_stack.undo()
    assert params(session) == {}
    assert field.line.text() == "0.1"


def test_typing_again_after_leaving_the_field_is_another_entry(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "rate")
    inspector.activateWindow()
    for text in ("0.2", "0.3"):
        field.line.setFocus()
        field.line.selectAll()
        QTest.keyClicks(field.line, text)
        form_row(inspector, "rate").left.emit()
    assert session.undo_stack.count() == 2


def test_per_cent_is_typed_as_shown_and_kept_as_a_fraction(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "ratio")
    field.line.setFocus()
    field.line.selectAll()
    QTest.keyClicks(field.line, "80")
    assert params(session) == {"ratio": 0.8}
    slider = form_row(inspector, "ratio").field
    assert isinstance(slider, SliderField)
    assert slider.slider.value() / slider.slider.maximum() == pytest.approx(0.8 / 0.96)


def test_a_bad_value_gets_a_red_border_and_a_sentence_with_the_limit_and_changes_nothing(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "ratio")
    field.line.setFocus()
    field.line.selectAll()
    QTest.keyClicks(field.line, "99")
    line = form_row(inspector, "ratio")
    assert field.line.property("bad") is True
    assert line.bad
    assert "Channels removed cannot be 99 %" in line.error.text()
    assert "96 %" in line.error.text()
    assert params(session) == {"ratio": 0.09}, "the first digit was a right value"
    field.line.selectAll()
    QTest.keyClicks(field.line, "40")
    assert not line.bad
    assert params(session) == {"ratio": 0.4}


def test_words_where_a_number_belongs_are_refused_in_words(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "epochs")
    field.line.setFocus()
    field.line.selectAll()
    QTest.keyClicks(field.line, "many")
    assert "whole number" in form_row(inspector, "epochs").error.text()
    assert params(session) == {}


def test_the_slider_sets_the_value(inspector: Inspector, session: Session) -> None:
    slider = form_row(inspector, "ratio").field
    assert isinstance(slider, SliderField)
    slider.slider.setValue(slider.slider.maximum())
    assert params(session) == {"ratio": 0.96}
    assert slider.typed.line.text() == "96"


def test_arrow_keys_step_and_stop_at_the_limit(inspector: Inspector, session: Session) -> None:
    field = typed(inspector, "epochs")
    QTest.keyClick(field.line, Qt.Key.Key_Up)
    assert params(session) == {"epochs": 13}
    for _ in range(20):
        QTest.keyClick(field.line, Qt.Key.Key_Down)
    assert params(session) == {"epochs": 1}


def test_a_choice_shows_and_hides_what_depends_on_it(inspector: Inspector, session: Session) -> None:
    assert form_row(inspector, "samples").isHidden()
    combo = form_row(inspector, "norm").field
    assert isinstance(combo, ComboField)
    combo.box.setCurrentIndex(2)
    combo.box.activated.emit(2)
    assert params(session) == {"norm": "taylor"}
    assert not form_row(inspector, "samples").isHidden()


def test_segments_choose(inspector: Inspector, session: Session) -> None:
    field = form_row(inspector, "scope").field
    assert isinstance(field, SegmentField)
    field.segments.chosen.emit("local")
    assert params(session) == {"scope": "local"}


def test_more_counts_the_settings_at_their_defaults(inspector: Inspector, session: Session) -> None:
    form = panel(inspector).form
    assert form.more.text() == "More: 3 settings at their defaults"
    assert not form_row(inspector, "strict").isVisible()
    form.more.click()
    assert form_row(inspector, "strict").isVisible()
    field = form_row(inspector, "strict").field
    assert isinstance(field, SwitchField)
    field.box.click()
    assert params(session) == {"strict": False}
    assert form.more.text() == "More: 3 settings, 1 changed"


def test_reset_goes_back_to_the_default_and_is_offered_only_where_it_differs(inspector: Inspector, session: Session) -> None:
    line = form_row(inspector, "rate")
    assert line.reset.isHidden()
    field = typed(inspector, "rate")
    field.line.selectAll()
    QTest.keyClicks(field.line, "3")
    assert not line.reset.isHidden()
    line.reset.click()
    assert params(session) == {}
    assert line.reset.isHidden()


def test_a_folder_is_chosen_in_a_dialog(inspector: Inspector, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_: "/data/images"))
    field = form_row(inspector, "folder").field
    assert isinstance(field, PathField)
    field.browse.click()
    assert params(session) == {"folder": "/data/images"}
    assert field.line.text() == "/data/images"


def test_the_next_dialog_opens_where_the_last_choice_was_made(
    inspector: Inspector, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, started = [str(tmp_path / "pets" / "cats"), ""], []

    def answer(parent: object, title: str, start: str) -> str:
        started.append(start)
        return chosen.pop(0)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(answer))
    for id in ("one", "two"):
        inspector.show_nodes([id])
        field = form_row(inspector, "folder").field
        assert isinstance(field, PathField)
        field.browse.click()
    assert started == [str(Path.home()), str(tmp_path / "pets")]
    assert session.pipeline.nodes["two"].params == {}


def test_the_title_renames_the_node_and_an_empty_one_is_put_back(inspector: Inspector, session: Session) -> None:
    title = panel(inspector).title
    title.setText("Half")
    title.editingFinished.emit()
    assert session.pipeline.nodes["one"].title == "Half"
    title.setText("  ")
    title.editingFinished.emit()
    assert session.pipeline.nodes["one"].title == "Half"
    assert title.text() == "Half"


def start(inspector: Inspector) -> None:
    nodes = (PlannedNode(id="one", step="prune", version=1, title="Prune one", params={}, digest="d"),)
    inspector.on_event(m.RunStarted(run_id="1", t_ns=0, plan=Plan(title="Test", nodes=nodes)))


def words(inspector: Inspector) -> list[str]:
    return [label.text() for label in panel(inspector).findChildren(QLabel) if label.isVisible()]


def test_the_result_stands_against_the_input_with_energy_and_time(inspector: Inspector, qapp: Any) -> None:
    start(inspector)
    facts = (
        Fact(title="Parameters", value=73_100, before=270_000),
        Fact(title="Accuracy", value=0.983, before=0.989, low=0.96, high=0.99, unit="%"),
        Fact(title="Size", value=290_000, before=1_090_000, unit="B"),
    )
    inspector.on_event(m.NodeFinished(node="one", digest="d", cached=False, t_ns=0, seconds=1.5, facts=facts))
    energy = Measurement(value=38.2, unit="J", provenance=Provenance.MODELLED)
    inspector.on_event(m.NodeEnergy(node="one", energy=energy))
    qapp.processEvents()
    shown = words(inspector)
    for text in ("Done", "73\u202f100", "−73 %", "98.3 %", "−0.6 pp", "290 kB", "≈ 38.2 J", "1.5 s", "against input"):
        assert text in shown


def test_a_failure_shows_message_remedy_and_log(inspector: Inspector) -> None:
    start(inspector)
    inspector.on_event(m.Log(text="GroupSizeError: 1024 > 640", node="one", level="error"))
    failure = Failure(kind="too large", message="A group of 1,024 is larger than the layer.", remedy="640 or less.")
    inspector.on_event(m.NodeFailed(node="one", t_ns=0, failure=failure))
    card = panel(inspector).failure
    assert card.isVisible()
    assert (card.title.text(), card.message.text(), card.remedy.text()) == ("Prune one stopped", failure.message, failure.remedy)
    assert panel(inspector).log.toPlainText() == "GroupSizeError: 1024 > 640"


def test_one_long_line_of_the_log_is_read_whole(inspector: Inspector) -> None:
    start(inspector)
    inspector.on_event(m.Log(text="1 of 10 convolutions and matrix products execute in whole numbers of 8 bits here.", node="one"))
    log = panel(inspector).log
    assert log.isVisible()
    line = log.document().firstBlock().layout()
    assert line.lineCount() >= 2
    assert max(line.lineAt(number).naturalTextWidth() for number in range(line.lineCount())) <= log.viewport().width()
    assert log.verticalScrollBar().maximum() == 0
    assert log.viewport().height() >= 2 * log.fontMetrics().lineSpacing()


def test_a_changed_parameter_takes_the_shown_result_away(inspector: Inspector) -> None:
    start(inspector)
    inspector.on_event(m.NodeFinished(node="one", digest="d", cached=False, t_ns=0, seconds=1.5, facts=(Fact(title="Layers", value=3),)))
    assert panel(inspector).result.isVisible()
    field = typed(inspector, "rate")
    field.line.selectAll()
    QTest.keyClicks(field.line, "7")
    assert not panel(inspector).result.isVisible()
    assert panel(inspector).state.text() == "Changed, not run"


def test_several_nodes_are_counted_and_muted_together(inspector: Inspector, session: Session) -> None:
    inspector.show_nodes(["one", "two"])
    assert isinstance(inspector.panel, ManyPanel)
    assert inspector.panel.heading.text() == "2 nodes selected"
    inspector.panel.mute.click()
    assert all(node.muted for node in session.pipeline.nodes.values())
    assert inspector.panel.mute.text() == "Unmute"
    assert session.undo_stack.count() == 1


def test_with_nothing_selected_the_pipeline_is_described(inspector: Inspector, session: Session) -> None:
    inspector.show_nodes([])
    assert isinstance(inspector.panel, PipelinePanel)
    inspector.panel.title.selectAll()
    QTest.keyClicks(inspector.panel.title, "Five ways")
    assert session.pipeline.title == "Five ways"
    assert session.undo_stack.count() == 1
    inspector.panel.description.selectAll()
    QTest.keyClicks(inspector.panel.description, "Why.")
    assert session.pipeline.description == "Why."
    session.undo_stack.undo()
    assert inspector.panel.description.toPlainText() == "About."


def test_a_node_that_is_deleted_leaves_the_inspector(inspector: Inspector, session: Session) -> None:
    session.do(RemoveNode("one"))
    assert isinstance(inspector.panel, PipelinePanel)
    session.undo_stack.undo()
    inspector.show_nodes(["one"])
    assert panel(inspector).title.text() == "Prune one"


@pytest.mark.parametrize(("text", "value"), [("80", 0.8), ("80 %", 0.8), ("12,5", 0.125), (" 7% ", 0.07)])
def test_what_is_shown_in_per_cent_is_read_in_per_cent(session: Session, text: str, value: float) -> None:
    field = session.pipeline.spec("one").field("ratio")
    assert field is not None
    assert typed_value(field, text) == pytest.approx(value)
    assert typed_value(field, shown_value(field, value)) == pytest.approx(value)


def test_units_may_stay_in_the_text(session: Session) -> None:
    field = session.pipeline.spec("one").field("epochs")
    assert field is not None
    assert typed_value(field, "20 epochs") == 20
    with pytest.raises(ParameterError, match="whole number"):
        typed_value(field, "2.5")


@pytest.mark.parametrize(
    ("fact", "value", "change"),
    [
        (Fact(title="n", value=5, before=10), "5", "−50 %"),
        (Fact(title="n", value=10, before=10), "10", "same"),
        (Fact(title="n", value=3.0, before=0.0), "3", ""),
        (Fact(title="a", value=0.5, before=0.25, unit="%"), "50.0 %", "+25.0 pp"),
        (Fact(title="t", text="ResNet-20"), "ResNet-20", ""),
        (Fact(title="f", value=2_000_000, unit="FLOP"), "2.00 MFLOP", ""),
    ],
)
def test_facts_read_as_a_person_would_write_them(fact: Fact, value: str, change: str) -> None:
    assert (fact_text(fact), fact_change(fact)) == (value, change)


def test_a_running_node_shows_its_progress(inspector: Inspector) -> None:
    start(inspector)
    inspector.on_event(m.NodeStarted(node="one", t_ns=0))
    inspector.on_event(m.Progress(node="one", fraction=0.61))
    assert panel(inspector).state.text() == "61 %"
    inspector.show_nodes([])
    inspector.show_nodes(["one"])
    assert panel(inspector).state.text() == "61 %"


@pytest.mark.parametrize("name", ["norm", "ratio", "rate", "scope", "epochs"])
def test_the_wheel_over_a_focused_field_scrolls_the_form(inspector: Inspector, session: Session, name: str, qtbot: QtBot) -> None:
    inspector.resize(296, 300)
    qtbot.waitUntil(lambda: inspector.area.verticalScrollBar().maximum() > 0)
    field = form_row(inspector, name).field
    parts = [field.slider, field.typed.line] if isinstance(field, SliderField) else [field.control]
    bar, before = inspector.area.verticalScrollBar(), params(session)
    for part in parts:
        part.setFocus()
        inspector.area.ensureWidgetVisible(part)
        stands = bar.value()
        at = QPointF(part.mapTo(inspector, part.rect().center()))
        QTest.wheelEvent(inspector.windowHandle(), at, QPoint(0, 120 if stands == bar.maximum() else -120))
        assert bar.value() != stands
        assert params(session) == before
