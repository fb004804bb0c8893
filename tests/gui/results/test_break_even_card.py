"""Break-even in the window: what was spent, what is saved, and the answer in words, "never" and "cannot tell" among them."""

import pytest
from pytestqt.qtbot import QtBot

from greenbench.analysis.break_even import told_of
from greenbench.core import quote
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import RunResult
from greenbench.gui.results.break_even_card import BreakEvenCard, parts_of
from greenbench.gui.results.joules import joule_words, with_half
from greenbench.gui.results.rate import Rate, RateField
from greenbench.gui.theme import Theme


def line(kind: ChargeKind, node: str, joules: float | None, *variants: str, cached: bool = False) -> Charge:
    energy = Measurement.missing("J", "no reading") if joules is None else Measurement(value=joules, low=joules, high=joules, unit="J")
    return Charge(kind=kind, node=node, title=node.capitalize(), energy=energy, variants=variants, cached=cached, seconds=1.0)


@pytest.fixture
def paid(result: RunResult) -> RunResult:
    """Making B took 800 J beyond A; each inference saves 8 mJ."""
    ledger = (
        line(ChargeKind.TRAINING, "train", 5000.0, "A", "B"),
        line(ChargeKind.COMPRESSION, "prune", 800.0, "B"),
        line(ChargeKind.BLOCKS, "bench", 300.0),
    )
    return result.model_copy(update={"ledger": ledger})


@pytest.fixture
def rate() -> Rate:
    return Rate(10_000)


@pytest.fixture
def card(qtbot: QtBot, theme: Theme, rate: Rate) -> BreakEvenCard:
    card = BreakEvenCard(theme, rate)
    card.resize(380, 340)
    qtbot.addWidget(card)
    with qtbot.waitExposed(card):
        card.show()
    return card


def test_joules_spent_over_joules_saved_is_the_crossing(card: BreakEvenCard, paid: RunResult) -> None:
    card.show_result(paid, 1)
    assert card.spent.text() == "800 J"
    assert card.saved.text().startswith("8.0")
    assert card.plot.crossing is not None
    assert card.plot.crossing[0] == pytest.approx(800 / 0.008)
    assert card.sentence.text().startswith("Pays back after 100")
    days = card.found.days
    assert f"10 days ({days.low:.2g} to {days.high:.2g} days) at 10" in card.sentence.text()
    assert card.plot.isVisible()
    assert not card.grab().isNull()


def test_days_follow_the_users_rate(card: BreakEvenCard, paid: RunResult, rate: Rate) -> None:
    card.show_result(paid, 1)
    field = card.findChild(RateField)
    field.setValue(50_000)
    assert rate.value == 50_000
    assert "2.0 days (" in card.sentence.text()
    assert "days) at 50" in card.sentence.text()


def test_the_bar_holds_the_making_and_measuring_beside_it(card: BreakEvenCard, paid: RunResult) -> None:
    card.show_result(paid, 1)
    assert [(part.value, part.apart) for part in card.bar.parts] == [(800.0, False), (300.0, True)]
    assert "Prune 800 J" in card.bar.parts[0].words
    assert "not charged to any" in card.bar.parts[1].hint
    spans = card.bar._spans()
    assert [part.value for _, part in spans] == [800.0], "measuring is named beside the bar and is no part of it"
    assert spans[0][0].width() == pytest.approx(card.bar.width(), abs=2)


def test_what_others_needed_too_is_one_shared_part() -> None:
    making = [line(ChargeKind.TRAINING, "teacher", 2410.0, "B", "F", cached=True), line(ChargeKind.DISTILLATION, "distil", 3220.0, "F")]
    parts = parts_of(making, [], "#BB6BA5")
    assert [part.words for part in parts] == ["Shared 2.41 kJ", "Distil 3.22 kJ"]
    assert "from the cache, at its first cost" in parts[0].hint


def test_what_saves_nothing_never_pays_back(card: BreakEvenCard, paid: RunResult) -> None:
    worse = paid.variants[1].metrics["energy_per_inference"].model_copy(update={"value": 0.020, "low": 0.0196, "high": 0.0204})
    update = {"metrics": {**paid.variants[1].metrics, "energy_per_inference": worse}, "against": {}}
    variant = paid.variants[1].model_copy(update=update)
    card.show_result(paid.model_copy(update={"variants": (paid.variants[0], variant)}), 1)
    assert card.sentence.text().startswith("Never pays back")
    assert not card.plot.isVisible()


def test_modelled_energy_claims_nothing(card: BreakEvenCard, modelled_result: RunResult, paid: RunResult) -> None:
    card.show_result(modelled_result.model_copy(update={"ledger": paid.ledger}), 1)
    assert "modelled" in card.sentence.text()
    assert card.sentence.text().startswith("No pay-back is claimed: ")
    assert not card.plot.isVisible()


def test_where_the_verdict_speaks_of_none_it_begins_with_the_one_that_pays_back_first(card: BreakEvenCard, paid: RunResult) -> None:
    """As terminal and report do: C saves as much and was made for a tenth."""
    third = paid.variants[1].model_copy(update={"letter": "C", "name": "Quarter", "node": "quarter"})
    planned = next(node for node in paid.plan.nodes if node.id == paid.variants[1].node).model_copy(update={"id": "quarter"})
    plan = paid.plan.model_copy(update={"nodes": (*paid.plan.nodes, planned)})
    ledger = (*paid.ledger, line(ChargeKind.COMPRESSION, "quarter", 80.0, "C"))
    several = paid.model_copy(update={"variants": (*paid.variants[:2], third), "plan": plan, "ledger": ledger})
    card.show_result(several, 0)
    assert card.found is not None
    assert (card.found.letter, told_of(several, None)) == ("C", "C")


def test_without_another_variant_it_says_what_is_missing(card: BreakEvenCard, result: RunResult) -> None:
    card.show_result(result.model_copy(update={"variants": result.variants[:1]}), 0)
    assert "another measured variant" in card.sentence.text()
    assert not card.which.isVisible()


def test_a_choice_here_is_told_and_one_elsewhere_followed(card: BreakEvenCard, paid: RunResult, qtbot: QtBot) -> None:
    third = paid.variants[1].model_copy(update={"letter": "C", "name": "Quarter"})
    card.show_result(paid.model_copy(update={"variants": (*paid.variants[:2], third)}), 1)
    card.choose(2)
    assert card.which.currentText() == "C  Quarter"
    with qtbot.waitSignal(card.wanted) as told:
        card.which.activated.emit(0)
    assert told.args == [2]


def test_what_is_nothing_beside_its_neighbours_says_so() -> None:
    from greenbench.core.quote import Scale

    kilo = Scale("kJ", 1e-3)
    assert [joule_words(j, kilo) for j in (2410.0, 50.0, 3.0)] == ["2.41 kJ", "0.05 kJ", "< 0.01 kJ"]


def test_a_lopsided_saving_shows_its_bounds() -> None:
    shown = quote.Scale("mJ", 1e3)
    saved = Measurement(value=0.0013, low=-0.07, high=0.03, unit="J", provenance=Provenance.COUNTER)
    assert with_half(saved, shown) == "1.3 [−70, 30] mJ", "± 50 would be −49 to 51"
    even = saved.model_copy(update={"value": 0.033, "low": 0.031, "high": 0.035})
    assert with_half(even, shown) == "33.0 ± 2.0 mJ"


def test_modelled_parts_carry_their_mark_and_the_digits_of_their_interval() -> None:
    energy = Measurement(value=7.77, low=3.9, high=11.7, unit="J", provenance=Provenance.MODELLED)
    made = line(ChargeKind.COMPRESSION, "prune", 7.77, "B").model_copy(update={"energy": energy})
    (part,) = parts_of([made], [], "#123456")
    assert part.words == "Prune ≈ 8 J", "as the line above it, not 7.77 J"
