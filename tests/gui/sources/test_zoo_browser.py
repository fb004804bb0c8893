"""The browser of networks: found by words and limits, ordered by numbers, chosen by the keyboard, quick with all names there are."""

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from greenbench.gui.sources.zoo_browser import ZooBrowser
from greenbench.gui.theme import Theme
from greenbench.steps.model_library import zoo
from greenbench.steps.model_library.zoo import ZooEntry

ENTRIES = (
    ZooEntry("resnet8", 78_042, 12_000_000, "3x32x32", "", False, "classification"),
    ZooEntry("timm/vit_tiny_patch16_224", 5_717_416, 1_080_000_000, "3x224x224", "Apache-2.0", True, "classification"),
    ZooEntry("torchvision/resnet18", 11_689_512, 1_814_073_344, "3x224x224", "BSD-3-Clause", True, "classification"),
    ZooEntry("torchvision/fcn_resnet50", 35_322_218, None, "3x520x520", "BSD-3-Clause", True, "segmentation"),
    ZooEntry("timm/tiny_net", 900, None, "", "", False, "classification"),
)


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "zoo", lambda: ENTRIES)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(1366, 768)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def browser(entries: None, window: QWidget, theme: Theme, qtbot: QtBot) -> Iterator[ZooBrowser]:
    made = ZooBrowser(window, theme, "torchvision/resnet18")
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    with qtbot.waitExposed(made):
        made.open()
    yield made
    made.close()
    made.deleteLater()


def names(browser: ZooBrowser) -> list[str]:
    return [entry.name for entry in browser.entries.entries]


def cell(browser: ZooBrowser, name: str, title: str) -> str:
    model = browser.entries
    column = next(place for place in range(model.columnCount()) if model.headerData(place, Qt.Orientation.Horizontal) == title)
    return str(model.index(names(browser).index(name), column).data())


def test_the_network_of_the_form_is_marked_and_all_are_there_in_their_order(browser: ZooBrowser) -> None:
    assert names(browser) == [entry.name for entry in ENTRIES]
    assert browser.current == "torchvision/resnet18"
    assert browser.said.text() == "5 of 5 models"


def test_numbers_read_in_millions_and_billions_and_what_is_not_known_is_a_dash(browser: ZooBrowser) -> None:
    assert cell(browser, "torchvision/resnet18", "Parameters") == "11.7"
    assert cell(browser, "torchvision/resnet18", "MACs") == "1.81"
    assert cell(browser, "resnet8", "Parameters") == "0.0780"
    assert cell(browser, "torchvision/fcn_resnet50", "MACs") == "—"
    assert cell(browser, "timm/tiny_net", "Parameters") == "< 0.001"
    assert cell(browser, "timm/tiny_net", "Licence") == "not said"
    assert cell(browser, "torchvision/resnet18", "Input") == "3 × 224 × 224"


def test_a_press_on_a_head_orders_by_the_number_not_by_its_letters(browser: ZooBrowser) -> None:
    browser.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    sizes = [entry.parameters or 0 for entry in browser.entries.entries]
    assert sizes == sorted(entry.parameters or 0 for entry in ENTRIES)
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        browser.table.sortByColumn(2, order)
        assert {entry.macs for entry in browser.entries.entries[-2:]} == {None}, "what is not known comes last"
    browser.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(browser)[0] == "torchvision/fcn_resnet50"
    assert browser.current == "torchvision/resnet18", "what was marked stays marked"


def test_typing_searches_and_enter_takes_the_marked_one(browser: ZooBrowser, qtbot: QtBot) -> None:
    QTest.keyClicks(browser.field, "segmentation")
    with qtbot.waitSignal(browser.picked) as picked:
        QTest.keyClick(browser.field, Qt.Key.Key_Return)  # at once: the search that waits is done first
    assert picked.args == ["torchvision/fcn_resnet50"]


def test_limits_count_parameters_and_a_wrong_one_is_a_sentence(browser: ZooBrowser) -> None:
    browser.field.setText("<6M")
    browser.search()
    assert set(names(browser)) == {"resnet8", "timm/vit_tiny_patch16_224", "timm/tiny_net"}
    browser.field.setText("<six")
    browser.search()
    assert "is no limit on parameters" in browser.said.text()
    assert names(browser), "the last list stays"


def test_down_goes_from_the_field_into_the_table_and_enter_chooses_there(browser: ZooBrowser, qtbot: QtBot) -> None:
    browser.table.setCurrentIndex(browser.entries.index(0, 0))
    browser.field.setFocus()
    QTest.keyClick(browser.field, Qt.Key.Key_Down)
    assert browser.current == "timm/vit_tiny_patch16_224"
    with qtbot.waitSignal(browser.picked) as picked:
        QTest.keyClick(browser.table, Qt.Key.Key_Return)
    assert picked.args == ["timm/vit_tiny_patch16_224"]


def test_escape_takes_nothing(browser: ZooBrowser, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(browser.picked), qtbot.waitSignal(browser.rejected):
        QTest.keyClick(browser.field, Qt.Key.Key_Escape)


def test_what_matches_nothing_says_so_and_cannot_be_chosen(browser: ZooBrowser) -> None:
    browser.field.setText("zzz")
    browser.search()
    assert "None of 5 models matches" in browser.said.text()
    assert not browser.choose.isEnabled()
    browser.field.clear()
    browser.pretrained.setChecked(True)
    assert all(entry.pretrained for entry in browser.entries.entries)
    assert browser.choose.isEnabled()


def test_a_missing_list_is_told(monkeypatch: pytest.MonkeyPatch, window: QWidget, theme: Theme) -> None:
    monkeypatch.setattr(zoo, "zoo", tuple)
    browser = ZooBrowser(window, theme)
    assert "list of models is missing" in browser.said.text()
    browser.close()


def test_two_thousand_names_are_searched_and_ordered_within_a_tenth_of_a_second(
    monkeypatch: pytest.MonkeyPatch, window: QWidget, theme: Theme, qtbot: QtBot
) -> None:
    many = tuple(ZooEntry(f"timm/net_{n}", n * 7919 % 10**8, n, "3x224x224", "MIT", n % 2 == 0, "classification") for n in range(2000))
    monkeypatch.setattr(zoo, "zoo", lambda: many)
    browser = ZooBrowser(window, theme)
    browser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    with qtbot.waitExposed(browser):
        browser.open()
    spent = []
    for number in range(5):
        began = time.process_time()
        browser.field.setText(f"net_{number}")
        browser.search()
        browser.table.sortByColumn(number % 3, Qt.SortOrder.DescendingOrder)
        browser.table.viewport().repaint()
        spent.append(time.process_time() - began)
    assert min(spent) < 0.1
    browser.close()
    browser.deleteLater()


def test_no_button_box_of_the_system_takes_enter(browser: ZooBrowser) -> None:
    assert not browser.findChildren(QDialogButtonBox)
    assert browser.choose.isDefault()
