"""Advice in the window: the lamp counts what holds now, a press is one undo and is seen on the canvas, nothing hinders a run."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.advice import Advice, Evidence, Proposal, Tone, UseProtocol
from greenbench.core.edits import ChangeNode, Connect, Disconnect
from greenbench.core.measurement import Facts, Measurement, Provenance, SourceReport, SourceState
from greenbench.core.run import Comparison, Remark, RunResult, Verdict
from greenbench.engine.linter import Surroundings
from greenbench.gui.advice.row import AdviceRow
from greenbench.gui.advice.watch import LintWatch
from greenbench.gui.advice.why import WhyCard
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme


@pytest.fixture
def watch(window: MainWindow) -> LintWatch:
    """The linter of the window, on a quiet machine."""
    watch = window.advice.watch
    watch.look_at_machine = lambda device, load, sources: Surroundings(load=load, sources=sources)
    watch.look(fresh=True)
    return watch


def codes(watch: LintWatch) -> list[str]:
    return [advice.code for advice in watch.found]


def masked(result: RunResult) -> RunResult:
    """The window's own run, its variant B pruned by magnitude and as slow as before."""
    metrics = {**result.variants[0].metrics, **{key: Measurement.exact(1e6, "FLOP") for key in ("flops",)}}
    metrics |= {key: Measurement.exact(1e4) for key in ("parameters", "nonzero_parameters")}
    same = Comparison(verdict=Verdict.SAME, change=0.0, low=-0.001, high=0.001, text="no difference within ±1 %")
    plan, (first, second, *_) = result.plan, result.variants
    made = (
        first.model_copy(update={"metrics": metrics, "benchmark": "bench", "lineage": plan.lineage("train")}),
        second.model_copy(
            update={
                "metrics": {**metrics, "nonzero_parameters": Measurement.exact(2e3)}, "benchmark": "bench",
                "lineage": plan.lineage("prune"), "against": {**second.against, "latency_p50": same},
            }
        ),
    )  # fmt: skip
    return result.model_copy(update={"variants": made})


# ---- before a run ---------------------------------------------------------------------------------------------------


def test_the_lamp_counts_what_holds_and_says_how_serious_it_is(window: MainWindow, watch: LintWatch) -> None:
    assert codes(watch) == ["few-examples", "quick"]
    lamp = window.toolbar.lamp
    assert (lamp.text(), lamp.isVisible(), lamp.property("tone")) == ("2", True, "warning")
    assert "1 of them a warning" in lamp.accessibleName()


def test_the_lamp_follows_the_pipeline_a_moment_later(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    session = window.parts.session
    bench = session.pipeline.node("bench")
    assert session.do(ChangeNode(bench.but(muted=True)))
    qtbot.waitUntil(lambda: not window.toolbar.lamp.isVisible())
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: window.toolbar.lamp.isVisible())


def test_the_lamp_follows_the_sources(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    locked = SourceReport(
        key="rapl", title="RAPL", state=SourceState.PERMISSION, provenance=Provenance.COUNTER, reason="only root", remedy="Copy this rule."
    )
    window.parts.bridge.sources.emit(messages.Sources(reports=(locked,)))
    qtbot.waitUntil(lambda: "no-energy" in codes(watch))


def test_a_busy_processor_is_told_from_what_the_meter_says(window: MainWindow, watch: LintWatch) -> None:
    window.parts.bridge.samples.emit(messages.Samples(samples=(), facts=Facts(t_ns=1, cpu_percent=80.0)))
    watch.look(fresh=True)
    assert codes(watch)[0] == "load"


def test_what_holds_at_the_press_of_run_goes_with_the_run(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    watch.look_at_machine = lambda device, load, sources: Surroundings(on_battery=True)
    window.actions_["run"].trigger()
    qtbot.waitUntil(lambda: bool(window.parts.runner.plans))
    assert [advice.code for advice in window.parts.runner.told] == ["on-battery", "few-examples", "quick"]


def test_the_protocol_changes_by_one_click_and_its_advice_goes(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    window.advice.open()
    row = next(row for row in window.advice.panel.rows if row.advice.code == "quick")
    row.set_open(True)
    row.buttons[0][1].click()
    assert window.parts.control.protocol == window.toolbar.protocol.value() == "lab"
    assert not window.advice.panel.isVisible()
    qtbot.waitUntil(lambda: "quick" not in codes(watch))


def test_a_setting_changes_by_one_click_and_comes_back_by_one_undo(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    window.advice.open()
    (row,) = [row for row in window.advice.panel.rows if row.advice.code == "few-examples"]
    assert row.is_open, "the first is open"
    row.buttons[0][1].click()
    session = window.parts.session
    assert session.pipeline.node("data").params == {"test_share": 0.3}
    assert window.editor.selected() == ["data"]
    said = window.messages.messages[-1].message
    assert "20 % → 30 %" in said
    qtbot.waitUntil(lambda: "few-examples" not in codes(watch))
    session.undo_stack.undo()
    assert said not in [message.message for message in window.messages.messages], "what is undone is not said any more"
    assert session.pipeline.node("data").params == {}
    assert not session.undo_stack.canUndo()


def test_advice_never_hinders_a_run(window: MainWindow, watch: LintWatch, qtbot: QtBot) -> None:
    QTest.mouseClick(window.toolbar._run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.parts.runner.plans))
    before = watch.found
    watch.look_at_machine = lambda *_: pytest.fail("the machine is looked at while a run measures")
    watch.look(fresh=True)
    assert watch.found == before


def test_the_list_opens_from_the_menu_and_by_keyboard(window: MainWindow, watch: LintWatch) -> None:
    window.actions_["lint"].trigger()
    panel = window.advice.panel
    assert panel.isVisible()
    assert panel.rows[0].head.hasFocus() or not panel.isActiveWindow()
    second = panel.rows[1]
    QTest.keyClick(second.head, Qt.Key.Key_Space)
    assert second.is_open
    panel.hide()


# ---- after a run ----------------------------------------------------------------------------------------------------


def test_the_cause_stands_below_the_results_and_its_branch_is_one_undo(window: MainWindow, watch: LintWatch, result: RunResult) -> None:
    window.wiring.shown_run.made(result)
    window.show_result(masked(result))
    (row,) = [row for row in window.results.why.rows if row.advice.code == "zeros"]
    window.results.why.choose(1)
    assert row.is_open
    button = row.buttons[0][1]
    assert button.isEnabled()
    assert button.text().startswith("Try it: cut half of the channels")
    before = window.parts.session.pipeline.copy()
    button.click()
    session = window.parts.session
    added = [id for id in session.pipeline.nodes if id not in before.nodes]
    assert [session.pipeline.node(id).step for id in added] == ["prune.structured", "finetune"]
    assert window.pages.currentIndex() == 0
    assert set(window.editor.selected()) == set(added)
    assert session.pipeline.into("bench", "models")[-1].source == added[-1]
    assert not button.isEnabled(), "it is there already"
    session.undo_stack.undo()
    assert session.pipeline == before
    assert button.isEnabled()


def test_a_run_of_another_pipeline_explains_and_offers_nothing(window: MainWindow, result: RunResult) -> None:
    window.show_result(masked(result).model_copy(update={"run_id": "other", "title": "Somebody else's"}))
    row = next(row for row in window.results.why.rows if row.advice.code == "zeros")
    assert not row.buttons[0][1].isEnabled()
    assert "Open the pipeline" in row.buttons[0][1].toolTip()


def test_a_change_that_no_longer_fits_says_why(window: MainWindow, watch: LintWatch, result: RunResult) -> None:
    window.wiring.shown_run.made(result)
    window.show_result(masked(result))
    row = next(row for row in window.results.why.rows if row.advice.code == "zeros")
    pipeline = window.parts.session.pipeline
    trained = pipeline.node("train")
    links = [link for link in pipeline.links if link.target == "bench"]
    for link in links:
        assert window.parts.session.do(Disconnect(link))
    assert row.buttons[0][1].isEnabled(), "an empty benchmark still takes a model"
    for link in links:
        assert window.parts.session.do(Connect(link))
    del pipeline.nodes["train"]
    window.results.why.offer()
    assert not row.buttons[0][1].isEnabled()
    assert "no longer there" in row.buttons[0][1].toolTip()
    window.advice.do(row.buttons[0][0])
    assert any("no longer there" in message.message for message in window.messages.messages)
    pipeline.nodes["train"] = trained


@pytest.fixture
def card(qtbot: QtBot, theme: Theme) -> WhyCard:
    card = WhyCard(theme)
    qtbot.addWidget(card)
    card.resize(900, 600)
    return card


def test_where_everything_did_what_it_promised_the_card_is_gone(card: WhyCard, result: RunResult) -> None:
    card.show_result(result)
    assert not card.isVisibleTo(card.parentWidget())
    assert card.rows == []


def test_choosing_a_variant_opens_its_first_cause_and_closes_the_others(card: WhyCard, result: RunResult) -> None:
    card.show_result(masked(result))
    card.choose(1)
    assert [row.advice.variant for row in card.rows if row.is_open] == ["B"]
    card.choose(0)
    assert not any(row.is_open for row in card.rows)


def test_causes_of_other_variants_wait_behind_a_link(card: WhyCard, result: RunResult) -> None:
    first = masked(result)
    second = first.variants[1].model_copy(update={"letter": "C"})
    card.show_result(first.model_copy(update={"variants": (*first.variants, second)}))
    others = [row for row in card.rows if row.advice.variant == "C"]
    card.choose(1)
    assert all(row.isHidden() for row in others)
    assert card.every.text() == f"Show all {len(card.rows)}"
    card.every.click()
    assert not any(row.isHidden() for row in card.rows)
    assert card.every.text() == "Only those of B"
    card.every.click()
    card.choose(2)
    assert not any(row.isHidden() for row in others)


def test_beside_the_baseline_the_first_cause_of_each_other_variant_is_shown(card: WhyCard, result: RunResult) -> None:
    first = masked(result)
    second = first.variants[1].model_copy(update={"letter": "C"})
    card.show_result(first.model_copy(update={"variants": (*first.variants, second)}))
    card.choose(0)
    shown = [row.advice for row in card.rows if not row.isHidden()]
    assert [advice.variant for advice in shown if advice.variant] == ["B", "C"]
    assert {advice.tone for advice in shown if not advice.variant} <= {Tone.WARNING}


def test_a_line_shows_question_cause_numbers_and_their_place(qtbot: QtBot, theme: Theme) -> None:
    number = Evidence(words="Energy", number="≈ 3 J", where="energy of B", provenance=Provenance.MODELLED)
    lab = Proposal(title="Use the lab protocol", change=UseProtocol(protocol="lab"))
    advice = Advice(
        code="c", title="It is slow", text="Because.", asks="faster", variant="B", tone=Tone.WARNING, evidence=(number,), proposals=(lab,)
    )
    row = AdviceRow(theme, advice, 1, lambda proposal: "not now")
    qtbot.addWidget(row)
    assert row.head.accessibleName() == "Why is B not faster? It is slow"
    assert row.buttons[0][1].toolTip() == "not now"
    assert not row.is_open
    row.head.click()
    assert row.is_open
    assert row.body.isVisibleTo(row)
    with qtbot.waitSignal(row.tried):
        row._why_not = lambda proposal: ""
        row.offer()
        row.findChildren(QPushButton)[-1].click()


def test_a_remark_of_the_run_is_no_cause_by_itself(card: WhyCard, result: RunResult) -> None:
    card.show_result(result.model_copy(update={"warnings": (Remark(kind="limit", text="One machine.", code=""),)}))
    assert card.rows == []


def test_enter_opens_a_line_as_space_does(qtbot: QtBot, theme: Theme) -> None:
    row = AdviceRow(theme, Advice(code="x", weight=1, tone=Tone.INFO, title="A thing", text="More about it."))
    qtbot.addWidget(row)
    row.show()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Enter):
        before = row.is_open
        QTest.keyClick(row.head, key)
        assert row.is_open is not before


def test_the_list_is_as_tall_as_its_lines_also_after_one_was_closed(window: MainWindow, watch: LintWatch) -> None:
    window.advice.open()
    panel = window.advice.panel
    opened = panel.height()
    QTest.keyClick(panel.rows[0].head, Qt.Key.Key_Return)
    assert not panel.rows[0].is_open
    assert panel.height() < opened - 40
    panel.hide()
