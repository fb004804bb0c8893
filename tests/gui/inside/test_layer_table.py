"""The table of layers as seen: order of execution until a head is pressed, search, changes only, hundreds of rows without a widget each."""

import time

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from greenbench.core.jobs import Layer, ModelView
from greenbench.gui.inside.layer_table import LayerTable
from greenbench.gui.inside.rows import side_by_side, single
from greenbench.gui.theme import Theme


def layers(count: int) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            name=f"stage.{place // 10}.block.{place % 10}.conv", kind="Conv2d" if place % 2 else "ReLU", shape=(place + 1, 7, 7),
            parameters=place * 100, macs=place * 1000 if place % 3 else None, dtype="fp32", sparsity=0.5, seconds=0.001 * (count - place),
        )
        for place in range(count)
    )  # fmt: skip


def model(found: tuple[Layer, ...]) -> ModelView:
    return ModelView(title="m", format="torch", runtime="PyTorch eager", layers=found)


@pytest.fixture
def table(qtbot: QtBot, theme: Theme) -> LayerTable:
    made = LayerTable(theme)
    made.resize(1300, 500)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.show_table(single(model(layers(20))), (0,))
    return made


def names(table: LayerTable) -> list[str]:
    return [table.cell_text(row, 0) for row in range(table.shown)]


def place(table: LayerTable, key: str) -> int:
    return next(index for index, column in enumerate(table.table.columns) if column.key == key)


def test_the_order_of_execution_comes_back_at_the_third_press(table: LayerTable) -> None:
    before = names(table)
    column = place(table, "seconds")
    table.sort_by(column)
    assert names(table) == before[::-1], "words and times upward first"
    table.sort_by(column)
    assert names(table) == before
    table.sort_by(column)
    assert not table.head.isSortIndicatorShown()
    assert names(table) == before


@pytest.mark.parametrize("presses", [1, 2])
def test_layers_without_a_number_come_last_either_way(table: LayerTable, presses: int) -> None:
    for _ in range(presses):
        table.sort_by(place(table, "macs"))
    shown = [table.cell_text(row, place(table, "macs")) for row in range(table.shown)]
    assert shown[-7:] == ["—"] * 7
    numbers = [float(text) for text in shown[:-7]]
    assert numbers == sorted(numbers, reverse=presses == 1)


def test_a_search_finds_names_kinds_and_types(table: LayerTable) -> None:
    table.set_filter("stage.1 conv2d", False)
    assert table.shown == 5
    table.set_filter("int8", False)
    assert table.shown == 0


def test_changes_alone_are_shown_when_asked(table: LayerTable) -> None:
    some = layers(6)
    other = (*some[:2], some[2].model_copy(update={"dtype": "int8"}), *some[3:])
    table.show_table(side_by_side(model(some), model(other), ("A", "B")), (0, 1))
    table.set_filter("", True)
    assert [table.cell_text(row, place(table, "change")) for row in range(table.shown)] == ["fp32 → int8"]


@pytest.mark.parametrize("width", [900, 1334, 1700])
def test_every_column_has_room_for_its_numbers(table: LayerTable, width: int, qtbot: QtBot) -> None:
    some = layers(12)
    thinner = tuple(each.model_copy(update={"shape": (1, 7, 7), "parameters": 123_456}) for each in some)
    table.resize(width, 500)
    table.show_table(side_by_side(model(some), model(thinner), ("A", "B")), (0, 1))
    face = table.fontMetrics()
    for column in table.table.columns:
        index = place(table, column.key)
        if column.kind in ("number", "share", "time"):
            widest = max(face.horizontalAdvance(row.cells[index].text) * 12 / 13 for row in table.table.rows)
            bar = table._delegate.bars[column.key] + 8 if column.kind != "number" else 0
            assert table.columnWidth(index) >= widest + bar + 24, f"{column.title}: the bars leave the numbers their room"
    total = sum(table.columnWidth(index) for index in range(len(table.table.columns)))
    qtbot.waitUntil(lambda: total - table.viewport().width() <= table.horizontalScrollBar().maximum())


def test_a_thousand_layers_are_shown_without_a_wait_or_widgets(table: LayerTable) -> None:
    many = single(model(layers(1000)))
    before = len(table.findChildren(QWidget))
    started = time.perf_counter()
    table.show_table(many, (0,))
    table.grab()
    table.set_filter("conv2d", False)
    table.grab()
    assert time.perf_counter() - started < 2.0
    assert table.shown == 500
    assert len(table.findChildren(QWidget)) == before


def test_light_and_dark_are_drawn(table: LayerTable, theme: Theme) -> None:
    theme.set_dark(True)
    assert not table.grab().isNull()
