"""Auto-layout and the paths of links: geometry with known answers."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from scipy.optimize import lsq_linear

from greenbench.gui.editor.layout import layered, separate
from greenbench.gui.editor.routing import crosses, route

BOX = (156.0, 82.0)


def test_a_chain_is_a_straight_line() -> None:
    places = layered(dict.fromkeys("abc", BOX), [("a", "b"), ("b", "c")])
    assert {y for _, y in places.values()} == {0.0}
    assert places["a"][0] < places["b"][0] < places["c"][0]


def test_branches_keep_the_order_of_the_ports_they_lead_to() -> None:
    sizes = dict.fromkeys(("teacher", "p", "q", "r", "bench"), BOX)
    edges = [("teacher", id) for id in "qrp"] + [(id, "bench") for id in "rpq"]
    places = layered(sizes, edges)
    assert places["r"][1] < places["p"][1] < places["q"][1]


def test_a_source_stands_next_to_its_first_reader() -> None:
    places = layered(dict.fromkeys(("data", "a", "b", "late"), BOX), [("data", "a"), ("a", "b"), ("late", "b")])
    assert places["late"][0] == places["a"][0]


def test_nothing_overlaps_and_all_stands_on_the_grid() -> None:
    sizes = {str(number): (156.0, 82.0 + 10 * (number % 3)) for number in range(14)}
    edges = [(str(a), str(b)) for a, b in ((0, 2), (1, 2), (2, 3), (2, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9), (7, 9), (8, 9), (2, 9))]
    places = layered(sizes, edges, (16.0, 24.0))
    rects = [QRectF(*places[id], *sizes[id]) for id in sizes]
    assert not any(first.intersects(second) for index, first in enumerate(rects) for second in rects[index + 1 :])
    assert all(x % 8 == 0 and y % 8 == 0 for x, y in places.values())
    assert min(x for x, _ in places.values()) == 16
    assert min(y for _, y in places.values()) == 24


def test_nothing_gives_nothing() -> None:
    assert layered({}, []) == {}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(10, 100)), min_size=1, max_size=6))
def test_separation_is_the_least_squares_answer(boxes: list[tuple[float, float]]) -> None:
    """Against SciPy: centres = first + gaps, gaps at least half of both boxes."""
    wish, extents = [w for w, _ in boxes], [e for _, e in boxes]
    ours = separate(wish, extents)
    count = len(boxes)
    matrix = [[1.0 if column <= row else 0.0 for column in range(count)] for row in range(count)]
    least = [(a + b) / 2 for a, b in pairwise(extents)]
    bounds = ([-1e6, *least], [1e6, *([1e6] * (count - 1))])
    peer = lsq_linear(matrix, wish, bounds=bounds, tol=1e-14).x.cumsum()

    def cost(centres: list[float]) -> float:
        return sum((centre - goal) ** 2 for centre, goal in zip(centres, wish, strict=True))

    assert all(after - before >= gap - 1e-6 for (before, after), gap in zip(pairwise(ours), least, strict=True))
    assert cost(ours) <= cost(list(peer)) + 1e-3


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [((0, 0), (10, 10), True), ((0, 5), (10, 5), True), ((0, 0), (10, 0), False), ((5, -5), (5, 20), True), ((0, 9), (3, 12), False)],
)
def test_a_piece_of_line_meets_a_rectangle(first: tuple[float, float], second: tuple[float, float], expected: bool) -> None:
    assert crosses(first, second, (4, 4, 6, 6)) is expected


def test_a_free_link_is_a_plain_curve_with_level_ends() -> None:
    path = route(QPointF(0, 0), QPointF(200, 100), [])
    assert path.elementCount() == 4
    assert path.pointAtPercent(0) == QPointF(0, 0)
    assert path.pointAtPercent(1) == QPointF(200, 100)
    assert path.angleAtPercent(0) == pytest.approx(0, abs=0.01)


def test_a_link_that_would_hide_takes_a_lane_past_the_node() -> None:
    block = QRectF(100, -40, 156, 82)
    path = route(QPointF(0, 0), QPointF(400, 0), [block])
    points = [path.pointAtPercent(step / 200) for step in range(201)]
    assert not any(block.contains(point) for point in points)


def test_a_link_backwards_leaves_to_the_right_and_arrives_from_the_left() -> None:
    source, target = QRectF(300, 0, 156, 82), QRectF(0, 200, 156, 82)
    path = route(QPointF(456, 41), QPointF(0, 241), [], (source, target))
    points = [path.pointAtPercent(step / 200) for step in range(201)]
    assert max(point.x() for point in points) > 456
    assert min(point.x() for point in points) < 0
    inner = [source.adjusted(1, 1, -1, -1), target.adjusted(1, 1, -1, -1)]
    assert not any(rect.contains(point) for rect in inner for point in points)


def test_the_straight_lane_from_the_port_is_taken_where_it_is_free() -> None:
    """The baseline of a comparison passes above the branches, close by the last node of each."""
    blocks = [QRectF(384, 56, 156, 82), QRectF(560, 56, 156, 82), QRectF(384, 152, 156, 82), QRectF(560, 152, 156, 82)]
    path = route(QPointF(332, 41), QPointF(752, 175), blocks)
    assert path.pointAtPercent(0.3).y() == 41
    points = [path.pointAtPercent(step / 200) for step in range(201)]
    assert not any(block.contains(point) for block in blocks for point in points)
