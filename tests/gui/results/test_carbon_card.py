"""Carbon, what if: another grid, PUE or rate changes the grams at once, by the formula, and never the run."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from greenbench.core.run import CarbonFactor, RunResult
from greenbench.gui.results.carbon_card import CarbonCard
from greenbench.gui.results.rate import Rate
from greenbench.gui.theme import Theme
from greenbench.meters.carbon import regions

KEPT = CarbonFactor(region="Germany (DEU)", intensity_g_per_kwh=360.0, year="2023", source="a table", pue=1.0)


@pytest.fixture
def rate() -> Rate:
    return Rate(10_000)


@pytest.fixture
def card(qtbot: QtBot, theme: Theme, rate: Rate, result: RunResult) -> CarbonCard:
    card = CarbonCard(theme, rate)
    card.resize(400, 340)
    qtbot.addWidget(card)
    with qtbot.waitExposed(card):
        card.show()
    card.show_result(result.model_copy(update={"carbon": KEPT}))
    card.choose(1)
    return card


def grams(card: CarbonCard, row: int) -> list[str]:
    return [cell.text() for cell in card.cells[row]]


def halves(card: CarbonCard, row: int) -> list[str]:
    return [half.text() for half in card.halves[row]]


def test_it_begins_with_the_factor_of_the_run(card: CarbonCard) -> None:
    # 16 mJ and 8 mJ at 360 g for each 3.6 MJ: 0.0001 g for each joule.
    assert [head.text() for head in card.heads] == ["A", "B"]
    assert grams(card, 0) == ["≈ 1.6 µg", "≈ 0.80 µg"]
    assert grams(card, 1) == ["≈ 1.6 g", "≈ 0.80 g"]
    assert halves(card, 0) == halves(card, 1) == ["± 2.0 %", "± 2.0 %"]
    assert "Germany (DEU), 2023, a table" in card.source.text()
    assert not card.back.isVisible()


def test_beside_a_alone_there_is_no_row_of_what_others_took_to_make(card: CarbonCard) -> None:
    assert card.rows[3].isVisible()
    card.choose(0)
    assert [row.isVisible() for row in card.rows] == [True, True, True, False]


def test_a_moved_pue_and_an_own_intensity_change_the_grams_and_can_be_taken_back(card: CarbonCard) -> None:
    card.pue.setValue(150)
    assert grams(card, 1) == ["≈ 2.4 g", "≈ 1.2 g"]
    assert card.pue_words.text() == "1.50"
    card.intensity.setValue(36.0)
    assert grams(card, 1) == ["≈ 240 mg", "≈ 120 mg"]
    assert "typed here" in card.source.text()
    assert card.back.isVisible()
    card.back.click()
    assert grams(card, 1) == ["≈ 1.6 g", "≈ 0.80 g"]
    assert card.factor == KEPT
    assert not card.back.isVisible()


def test_another_region_brings_its_year_and_source(card: CarbonCard) -> None:
    place = card.region.findText("France")
    card.region.setCurrentIndex(place)
    card.region.activated.emit(place)
    france = next(region for region in regions() if region.name == "France")
    assert card.intensity.value() == pytest.approx(france.intensity_g_per_kwh, abs=0.5)
    assert france.year in card.source.text()
    assert card.factor.intensity_g_per_kwh == france.intensity_g_per_kwh


def test_a_year_follows_the_shared_rate(card: CarbonCard, rate: Rate) -> None:
    # 10,000 a day for 365.25 days: 3.65 million inferences of 1.6 µg.
    assert grams(card, 2)[0] == "≈ 5.8 g"
    rate.set(100_000)
    assert grams(card, 2)[0] == "≈ 58 g"


def test_without_a_factor_it_asks_for_a_region(card: CarbonCard, result: RunResult) -> None:
    card.show_result(result)
    assert "choose a region" in card.source.text()
    assert "—" in card.session.text()
    card.region.activated.emit(card.region.findText("Germany"))
    assert grams(card, 1)[0].endswith("g")


def test_missing_energy_is_a_dash_with_its_reason(card: CarbonCard, result: RunResult) -> None:
    from greenbench.core.measurement import Measurement

    missing = {"energy_per_inference": Measurement.missing("J", "No power source can be read.")}
    variants = tuple(v.model_copy(update={"metrics": {**v.metrics, **missing}}) for v in result.variants[:2])
    card.show_result(result.model_copy(update={"variants": variants, "carbon": KEPT}))
    card.choose(1)
    assert grams(card, 0) == ["—", "—"]
    assert halves(card, 0) == ["", ""]
    assert card.cells[0][0].toolTip() == "No power source can be read."


@pytest.mark.parametrize("typed", ["Fran", "france", "France"])
def test_what_is_typed_takes_the_place_of_the_region_and_is_completed(card: CarbonCard, qtbot: QtBot, typed: str) -> None:
    edit = card.region.lineEdit()
    card.intensity.setFocus()
    QTest.mouseClick(edit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: edit.selectedText() == "Germany")
    QTest.keyClicks(edit, typed)
    popup = card.region.completer().popup()
    QTest.keyClick(popup if popup.isVisible() else edit, Qt.Key.Key_Return)
    assert card.region.currentText() == "France"
    assert card.factor is not None
    assert card.factor.region == "France (FRA)"


def test_a_region_that_there_is_not_is_told_and_the_factor_stays(card: CarbonCard) -> None:
    edit = card.region.lineEdit()
    edit.setText("Atlantis")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert card.source.text().startswith('No region is called "Atlantis"')
    assert card.factor == KEPT
    assert card.region.currentText() == "Germany"


def test_an_intensity_beyond_everything_is_refused_in_words_and_not_cut_off(card: CarbonCard) -> None:
    card.intensity.selectAll()
    QTest.keyClicks(card.intensity, "9999999")
    QTest.keyClick(card.intensity, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert "more than anything that burns" in card.source.text()
    assert card.factor == KEPT
    assert card.intensity.value() == 360.0
