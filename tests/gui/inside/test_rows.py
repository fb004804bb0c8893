"""The table of layers as data: units, changes in words, and what is not known stays a dash."""

import pytest

from greenbench.core.jobs import Layer, ModelView
from greenbench.gui.inside.rows import Pair, Table, side_by_side, single, totals

CONV = Layer(
    name="features.0", kind="Conv2d", shape=(64, 28, 28), weight_shape=(64, 3, 3, 3), parameters=1792, macs=1_354_752,
    dtype="float32", sparsity=0.0, distinct=1728, digest="a", seconds=0.0004,
)  # fmt: skip
RELU = Layer(name="features.1", kind="ReLU", shape=(64, 28, 28), seconds=0.0001)
THIN = CONV.model_copy(update={"shape": (32, 28, 28), "weight_shape": (32, 3, 3, 3), "parameters": 896, "macs": 677_376, "digest": "b"})


def column(table: Table, key: str) -> int:
    return next(place for place, each in enumerate(table.columns) if each.key == key)


def texts(table: Table, row: int) -> dict[str, str]:
    return {each.key: cell.text for each, cell in zip(table.columns, table.rows[row].cells, strict=True)}


def test_a_layer_is_told_in_the_units_of_its_columns() -> None:
    table = single(ModelView(title="m", format="torch", runtime="eager", layers=(CONV, RELU)))
    assert texts(table, 0) == {
        "name": "features.0", "kind": "Conv2d", "shape": "64 × 28 × 28", "parameters": "1792", "macs": "1.35", "dtype": "fp32",
        "sparsity": "0", "seconds": "400",
    }  # fmt: skip
    assert (table.columns[column(table, "macs")].unit, table.columns[column(table, "seconds")].unit) == ("MMAC", "µs, median of one call")
    assert not table.compares


def test_what_is_not_known_is_a_dash_and_draws_no_bar() -> None:
    table = single(ModelView(title="m", format="torch", runtime="eager", layers=(CONV, RELU)))
    row = texts(table, 1)
    assert (row["parameters"], row["macs"], row["dtype"], row["sparsity"]) == ("—", "—", "—", "—")
    assert table.rows[1].cells[column(table, "sparsity")].bars == (None,)


def test_bars_are_shares_of_the_longest() -> None:
    table = single(ModelView(title="m", format="torch", runtime="eager", layers=(CONV, RELU)))
    place = column(table, "seconds")
    assert [row.cells[place].bars for row in table.rows] == [(1.0,), (pytest.approx(0.25),)]


def test_two_models_side_by_side_say_what_changed() -> None:
    int8 = RELU.model_copy(update={"dtype": "int8"})
    table = side_by_side([Pair(CONV, THIN, ("channels", "values")), Pair(RELU, RELU), Pair(None, int8), Pair(RELU, None)], ("A", "C"))
    first = texts(table, 0)
    assert (first["change"], first["shape"], first["parameters"]) == ("channels, values", "64 × 28 × 28 → 32 × 28 × 28", "1792 → 896")
    assert [texts(table, row)["change"] for row in (1, 2, 3)] == ["same", "only in C", "only in A"]
    assert table.compares
    changed = table.rows[0].cells[column(table, "shape")]
    same = table.rows[0].cells[column(table, "dtype")]
    assert (changed.changed, same.changed) == (True, False)


def test_times_are_two_numbers_but_never_called_a_change() -> None:
    slower = RELU.model_copy(update={"seconds": 0.0002})
    table = side_by_side([Pair(RELU, slower)], ("A", "B"))
    cell = table.rows[0].cells[column(table, "seconds")]
    assert (cell.text, cell.changed, cell.bars) == ("100 → 200", False, (0.5, 1.0))
    assert table.changed == 0


def test_the_totals_add_up() -> None:
    view = ModelView(title="m", format="torch", runtime="eager", layers=(CONV, THIN, RELU), seconds=0.0012)
    assert totals(view) == "3 layers · 2688 parameters · 2.03 MMAC · 1.20 ms a call"
    assert totals(ModelView(title="m", format="onnx", runtime="onnxruntime", layers=(RELU,))) == "1 layer · 0 parameters"
