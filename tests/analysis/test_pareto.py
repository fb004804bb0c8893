"""The front holds exactly the points that no other beats."""

import math

from hypothesis import given
from hypothesis import strategies as st

from greenbench.analysis.pareto import front

coordinates = st.one_of(st.none(), st.integers(0, 6).map(float))
clouds = st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[coordinates] * d), max_size=12))


def beats(a, b):
    return None not in a and all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(clouds)
def test_a_point_is_on_the_front_if_and_only_if_nothing_beats_it(points):
    expected = {i for i, p in enumerate(points) if None not in p and not any(beats(other, p) for other in points)}
    assert set(front(points)) == expected


def test_the_front_runs_along_the_first_coordinate_and_leaves_out_the_unknown():
    points = [(3.0, 1.0), (1.0, 3.0), (2.0, 2.0), (2.5, 2.5), (0.0, math.nan), (None, 0.0)]
    assert front(points) == (1, 2, 0)
    assert front([]) == ()
