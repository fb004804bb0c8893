"""The table of layers as data: units, changes in words, and what is not known stays a dash."""

import pytest

from greenbench.core.jobs import Layer, ModelView
from greenbench.gui.inside.rows import Table, side_by_side, single, totals

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


def model(*layers: Layer, **more: object) -> ModelView:
    return ModelView(title="m", format="torch", runtime="PyTorch eager", layers=layers, **more)


def test_two_models_side_by_side_say_what_changed() -> None:
    pool = Layer(name="pool", kind="MaxPool2d", shape=(64, 14, 14))
    table = side_by_side(model(CONV, RELU, pool), model(THIN, RELU, Layer(name="quant", kind="QuantizeLinear", shape=(64,))), ("A", "C"))
    first = texts(table, 0)
    assert (first["shape"], first["parameters"]) == ("64 × 28 × 28 → 32 × 28 × 28", "1792 → 896")
    assert first["change"].startswith("outputs 64 → 32")
    assert [texts(table, row)["change"] for row in (1, 2, 3)] == ["same", "only in A", "only in C"]
    assert (table.compares, table.changed) == (True, 3)
    changed = table.rows[0].cells[column(table, "shape")]
    same = table.rows[0].cells[column(table, "dtype")]
    assert (changed.changed, same.changed) == (True, False)


def test_times_are_two_numbers_but_never_called_a_change() -> None:
    table = side_by_side(model(RELU), model(RELU.model_copy(update={"seconds": 0.0002})), ("A", "B"))
    cell = table.rows[0].cells[column(table, "seconds")]
    assert (cell.text, cell.changed, cell.bars) == ("100 → 200", False, (0.5, 1.0))
    assert table.changed == 0
    fused = RELU.model_copy(update={"seconds": None})
    untimed = side_by_side(model(fused), model(fused), ("A", "B"))
    assert untimed.rows[0].cells[column(untimed, "seconds")].text == "—"


def test_the_totals_add_up_and_say_what_became_of_them() -> None:
    assert totals(model(CONV, THIN, RELU.model_copy(update={"macs": 0}), seconds=0.0012)) == (
        "3 layers · 2688 parameters · 2.03 MMAC · 1.20 ms a call"
    )
    assert totals(model(RELU)) == "1 layer · 0 parameters", "its multiply-adds are not known"
    assert totals(model(THIN, seconds=0.001), model(CONV, seconds=0.002)) == (
        "1 layer · 896 parameters, 50 % less · 677 kMAC, 50 % less · 1.00 ms a call"
    )
