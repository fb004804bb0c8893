"""Two models are laid side by side by name, then by order and kind; every row says what changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.analysis.model_difference import Total, aligned, model_difference, total_words
from greenbench.core.jobs import Layer, ModelView


def conv(name, outputs=16, inputs=8, **more):
    fields = {"kind": "Conv2d", "shape": (outputs, 8, 8), "weight_shape": (outputs, inputs, 3, 3), "dtype": "fp32", "digest": "a", **more}
    return Layer(name=name, parameters=outputs * inputs * 9, macs=outputs * inputs * 9 * 64, **fields)


def relu(name, kind="ReLU"):
    return Layer(name=name, kind=kind, shape=(16, 8, 8), macs=0)


def view(*layers, title="A", seconds=None):
    return ModelView(title=title, format="torch", runtime="PyTorch eager", layers=layers, seconds=seconds)


def states(difference):
    return [(row.name, row.state) for row in difference.rows]


def test_a_model_is_the_same_as_itself():
    one = view(conv("a"), relu("b"), conv("c"))
    found = model_difference(one, one)
    assert states(found) == [("a", "same"), ("b", "same"), ("c", "same")]
    assert found.number("same") == 3


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        (conv("a", 8), ("outputs 16 → 8",)),
        (conv("a", 16, 4), ("inputs 8 → 4",)),
        (conv("a", weight_shape=(16, 8, 1, 1)), ("kernel 3×3 → 1×1",)),
        (conv("a", dtype="int8", digest="b"), ("fp32 → int8",)),
        (conv("a", digest="b"), ("values",)),
        (conv("a", digest="b", sparsity=0.8, distinct=200), ("values", "zeros 0 % → 80 %", "distinct values 1000 → 200")),
        (conv("a", shape=(16, 4, 4)), ("output 16×8×8 → 16×4×4",)),
        (conv("a", kind="Linear"), ("Conv2d → Linear",)),
    ],
)
def test_each_change_is_told(after, changes):
    before = conv("a", sparsity=0.0, distinct=1000)
    [row] = model_difference(view(before), view(after)).rows
    assert row.state == "changed"
    assert row.changes == changes


def test_a_network_meets_its_exported_form():
    network = view(
        conv("stem.0"), Layer(name="stem.1", kind="BatchNorm2d"), relu("stem.2"), Layer(name="fc", kind="Linear", weight_shape=(10, 64))
    )
    graph = view(conv("stem.0", kind="Conv", digest="b"), relu("node_relu", "Relu"), Layer(name="n7", kind="MatMul", weight_shape=(64, 10)))
    rows = model_difference(network, graph).rows
    assert [(row.name, row.state, row.changes) for row in rows] == [
        ("stem.0", "changed", ("values",)),
        ("stem.1", "only first", ()),
        ("stem.2", "same", ()),
        ("fc", "same", ()),
    ]


def test_layers_that_one_model_has_alone_stand_where_they_run():
    first = view(conv("a"), conv("c"), conv("d"))
    second = view(conv("a"), relu("new"), conv("c"), relu("last"))
    assert states(model_difference(first, second)) == [
        ("a", "same"),
        ("new", "only second"),
        ("c", "same"),
        ("d", "only first"),
        ("last", "only second"),
    ]


def test_totals_are_sums_and_say_how_much_less():
    before, after = view(conv("a"), conv("b"), seconds=0.004), view(conv("a", 8), seconds=0.001)
    layers, parameters, macs, time = model_difference(before, after).totals
    assert (layers.first, layers.second) == (2, 1)
    assert (parameters.first, parameters.second) == (2 * 16 * 8 * 9, 8 * 8 * 9)
    assert (macs.first, macs.second) == (2 * 16 * 8 * 9 * 64, 8 * 8 * 9 * 64)
    assert total_words(time) == "75 % less"
    assert total_words(Total("Time", "s", 1.0, 2.5)) == "2.5 × as much"
    assert total_words(Total("Time", "s", 1.0, 1.25)) == "25 % more"
    assert total_words(Total("Time", "s", 1.0, 1.0)) == "the same"
    assert total_words(Total("Time", "s", None, 1.0)) == ""


def test_one_layer_without_a_count_makes_the_total_unknown():
    found = model_difference(view(conv("a"), Layer(name="x", kind="Custom")), view(conv("a")))
    assert found.totals[2].first is None


LAYERS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["Conv2d", "ReLU", "Linear"])), max_size=8, unique_by=lambda pair: pair[0]
)


@given(LAYERS, LAYERS)
def test_every_layer_stands_in_one_row_and_in_order(left, right):
    first, second = ([Layer(name=name, kind=kind) for name, kind in each] for each in (left, right))
    pairs = aligned(first, second)
    assert [a.name for a, _ in pairs if a] == [layer.name for layer in first]
    assert sorted(b.name for _, b in pairs if b) == sorted(layer.name for layer in second)
    assert all(a.name == b.name for a, b in pairs if a and b and a.name in {layer.name for layer in second})
    assert all(a is not None or b is not None for a, b in pairs)
