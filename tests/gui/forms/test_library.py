"""The step library: found by words, carried by mouse, added by Enter."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from greenbench.core.catalog import Catalog
from greenbench.gui.icons import icon_path
from greenbench.gui.library import StepLibrary, dragged_step
from greenbench.gui.theme import Theme
from greenbench.steps import installed


@pytest.fixture
def library(qtbot: QtBot, catalog: Catalog, theme: Theme) -> StepLibrary:
    library = StepLibrary(catalog, theme)
    qtbot.addWidget(library)
    library.resize(208, 600)
    library.show()
    qtbot.waitExposed(library)
    return library


def test_enter_in_the_search_field_adds_the_best_match(library: StepLibrary) -> None:
    heard: list[Any] = []
    library.chosen.connect(heard.append)
    QTest.keyClicks(library.field, "chann")
    QTest.keyClick(library.field, Qt.Key.Key_Return)
    assert heard == ["prune"]


def test_a_double_click_adds_once(library: StepLibrary) -> None:
    heard: list[Any] = []
    library.chosen.connect(heard.append)
    item = library.item("prune")
    assert item is not None
    at = library.tree.visualItemRect(item).center()
    QTest.mouseClick(library.tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseDClick(library.tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert heard == ["prune"]


def test_down_goes_to_the_list_and_enter_adds(library: StepLibrary) -> None:
    heard: list[Any] = []
    library.chosen.connect(heard.append)
    library.field.setFocus()
    QTest.keyClick(library.field, Qt.Key.Key_Down)
    QTest.keyClick(library.tree, Qt.Key.Key_Return)
    assert heard == ["prune"]


def test_what_matches_nothing_says_so_and_escape_shows_all_again(library: StepLibrary) -> None:
    QTest.keyClicks(library.field, "zzz")
    assert library.shown() == []
    top = library.tree.topLevelItem(0)
    assert top is not None
    assert top.text(0) == "No step found"
    QTest.keyClick(library.field, Qt.Key.Key_Escape)
    assert [spec.key for spec in library.shown()] == ["prune"]


def test_what_is_dragged_is_the_key_of_the_step(library: StepLibrary, catalog: Catalog) -> None:
    item = library.item("prune")
    assert item is not None
    assert dragged_step(library.tree.mimeData([item]), catalog) is catalog["prune"]
    assert item.toolTip(0) == "Prune channels\nSmaller"


def test_many_sources_stand_under_what_they_give_and_the_arrows_pass_the_heads(qtbot: QtBot, theme: Theme) -> None:
    library = StepLibrary(installed(), theme)
    qtbot.addWidget(library)
    sources = library.tree.topLevelItem(0)
    assert sources is not None
    titles = [sources.child(place).text(0) for place in range(sources.childCount())]
    assert titles[0] == "Data"
    assert titles.index("Models") < titles.index("Model")
    assert len(library.shown()) == len(tuple(installed()))
    library.field.setFocus()
    QTest.keyClick(library.field, Qt.Key.Key_Down)
    assert library.tree.currentItem().text(0) == titles[1], "a head cannot be chosen"
    QTest.keyClicks(library.field, "kmeans")
    train = [library.tree.topLevelItem(place).text(0) for place in range(library.tree.topLevelItemCount())]
    assert train == ["Compress"]


def test_every_step_has_an_icon_that_can_be_drawn() -> None:
    assert all(not icon_path(spec.icon).isEmpty() for spec in installed())


def test_compression_stands_by_family_and_every_step_of_it_in_one(qtbot: QtBot, theme: Theme) -> None:
    library = StepLibrary(installed(), theme)
    qtbot.addWidget(library)
    groups = [library.tree.topLevelItem(place) for place in range(library.tree.topLevelItemCount())]
    compress = next(item for item in groups if item.text(0) == "Compress")
    titles = [compress.child(place).text(0) for place in range(compress.childCount())]
    assert titles[0] == "Prune"
    assert titles.index("Prune") < titles.index("Prune weights") < titles.index("Quantize")
    steps = {spec.title for spec in installed() if spec.group.value == "compress"}
    assert {title for title in titles if title in steps} == steps
