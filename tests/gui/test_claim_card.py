"""A paper's claim as the window shows it: the verdict in words, each line of the rule, whole at the narrowest inspector."""

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.artifact import Fact, ResultsArtifact
from greenbench.core.claim import ClaimedModel, ClaimLine, ClaimResult
from greenbench.core.run import NodeResult, NodeState, RunResult
from greenbench.gui.claim_card import ClaimCard, claims_of, error_words, found_words, look
from greenbench.gui.editor.status import NodeStatus
from greenbench.gui.forms.result import ResultPanel, fact_past
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme


def claim(holds: bool | None = False) -> ClaimResult:
    line = 'error("Pruned and fine-tuned LeNet-300-100") - error("Dense") <= 0.3 pp'
    verdict = {True: "reproduced", False: "not reproduced", None: "cannot tell"}[holds]
    return ClaimResult(
        statement="Twelve times fewer weights cost no accuracy.", published="LeNet-300-100: 1.64 to 1.59 % error at 12×",
        rule=line, seeds=(0, 1, 2), data="MNIST", verdict=verdict,  # type: ignore[arg-type]
        lines=(
            ClaimLine(text=line, left=0.0042, relation="≤", right=0.003, holds=holds, reason="no test data" if holds is None else ""),
            ClaimLine(text='kept("Pruned and fine-tuned LeNet-300-100") <= 1/12', left=0.0801, relation="≤", right=0.0833, holds=True),
        ),
        models=(
            ClaimedModel(
                name="Pruned and fine-tuned LeNet-300-100", errors=(160, 171, 158), examples=10_000, error=0.0163, low=0.0146, high=0.0180,
                parameters=266_200, nonzero=22_000, size_bytes=1_066_000, coded_bytes=90_000,
            ),
        ),
    )  # fmt: skip


def test_a_line_says_what_was_found_and_what_that_means() -> None:
    assert found_words(claim(False).lines[0]) == "0.420 pp, asked at most 0.300 pp: does not hold"
    assert found_words(claim(None).lines[0]) == "Cannot tell: no test data"
    assert error_words(claim().models[0]) == ("1.63 %", "1.46–1.80")
    assert error_words(ClaimedModel(name="Unjudged")) == ("—", "")


def test_a_p_value_is_no_share_though_its_models_are_named_by_one() -> None:
    tested = ClaimLine(text='mcnemar("90 % pruned", "Dense") < 0.05', left=0.066, relation="<", right=0.05, holds=False)
    assert found_words(tested) == "p = 0.0660, asked below 0.0500: does not hold"
    assert found_words(tested.model_copy(update={"left": 6e-22, "holds": True})) == "p under 0.0001, asked below 0.0500: holds"


@pytest.mark.parametrize("wide", [True, False])
def test_a_small_run_is_judged_in_no_colour_and_says_why(wide: bool, qtbot: QtBot, theme: Theme) -> None:
    small = claim(False).model_copy(update={"reservation": "A small run for a look: no test of the claim."})
    assert look(claim(False)) == ("x-circle", "danger")
    assert look(small) == ("x-circle", "muted")
    card = ClaimCard(theme, wide=wide)
    qtbot.addWidget(card)
    card.show_claim(small)
    said = [label for label in card.findChildren(QLabel) if small.reservation in label.text()]
    assert len(said) == 1
    assert not [label for label in card.findChildren(QLabel) if label.property("tone") == "danger"]


@pytest.mark.parametrize("holds", [True, False, None])
def test_the_inspector_shows_the_whole_claim_at_its_narrowest(holds: bool | None, qtbot: QtBot, theme: Theme) -> None:
    panel = ResultPanel(theme)
    qtbot.addWidget(panel)
    panel.setFixedWidth(264 - 10 - 32)
    panel.show_status(NodeStatus(NodeState.DONE, outputs={"results": ResultsArtifact(claim=claim(holds))}, seconds=3.0))
    with qtbot.waitExposed(panel):
        panel.show()
    assert panel.minimumSizeHint().width() <= 222
    texts = [label.text() for label in panel.claim.findChildren(QLabel)]
    assert claim(holds).sentence in texts
    for label in panel.claim.findChildren(QLabel):
        assert label.mapTo(panel, label.rect().topRight()).x() <= 222


def test_the_results_page_puts_the_verdict_first_and_drops_what_has_nothing_to_compare(window: MainWindow, result: RunResult) -> None:
    node = NodeResult(
        node="claim", title="Han 2015", step="claim", state=NodeState.DONE, outputs={"results": ResultsArtifact(claim=claim())}
    )
    judged = result.model_copy(update={"nodes": (node,)})
    assert [(id, title) for id, title, _ in claims_of(judged)] == [("claim", "Han 2015")]
    window.show_result(judged)
    window.show_page(1)
    page = window.results
    assert [card.claim for card in page.claims.cards] == [claim()]
    assert page.claims.isVisible()
    assert page.table.isVisible()
    window.show_result(judged.model_copy(update={"variants": ()}))
    assert page.claims.isVisible()
    assert not page.table.isVisible()
    window.show_result(result)
    assert not page.claims.isVisible()
    assert page.table.isVisible()


def test_a_fact_shows_what_it_was_before_and_its_interval() -> None:
    fact = Fact(title="Accuracy", value=0.983, unit="%", before=0.989, low=0.968, high=0.994)
    assert fact_past(fact) == "before 98.9 %, 95 % interval 96.8–99.4 %"
    assert fact_past(Fact(title="Parameters", value=100, before=100)) == ""
    assert fact_past(Fact(title="Parameters", value=100, before=400)) == "before 400"


def test_the_card_goes_when_there_is_no_claim(qtbot: QtBot, theme: Theme) -> None:
    card = ClaimCard(theme)
    qtbot.addWidget(card)
    card.show_claim(claim())
    assert not card.isHidden()
    card.show_claim(None)
    assert card.isHidden()
