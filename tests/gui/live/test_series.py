"""Growing series: nothing that was measured is hidden by drawing it small, and a gap stays a gap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from greenbench.gui.live.scales import clock, nice_range
from greenbench.gui.live.series import RollingQuantiles, Series


def test_what_is_appended_is_there_after_growing() -> None:
    series = Series(capacity=2)
    for index in range(100):
        series.append(float(index), float(index) ** 2)
    series.extend([100.0, 101.0], [1.0, 2.0])
    assert len(series) == 102
    assert series.y[50] == 2500.0
    assert series.last == 2.0


def test_a_reading_older_than_the_newest_is_left_out() -> None:
    series = Series()
    series.append(2.0, 1.0)
    series.append(1.0, 9.0)
    assert series.y.tolist() == [1.0]


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, st.integers(500, 3000), elements=st.floats(-1e6, 1e6)), st.integers(10, 200))
def test_no_peak_is_hidden_by_thinning(values: np.ndarray, columns: int) -> None:
    series = Series()
    series.extend(np.arange(len(values)) / 10, values)
    t, y = series.visible(0.0, len(values) / 10, columns)
    assert y.max() == values.max()
    assert y.min() == values.min()
    assert len(t) <= max(2 * columns + 2, 2 * columns + 4)
    assert (np.diff(t) >= 0).all()


def test_columns_stay_the_same_while_the_picture_moves() -> None:
    noise = np.random.default_rng(1).normal(size=10_000)
    series = Series()
    series.extend(np.arange(10_000) / 100, noise)
    first = dict(zip(*(part.tolist() for part in series.visible(10.0, 90.0, 400)), strict=True))
    later = dict(zip(*(part.tolist() for part in series.visible(12.0, 92.0, 400)), strict=True))
    shared = sorted(set(first) & set(later))[2:-2]
    assert len(shared) > 350
    assert all(first[t] == later[t] for t in shared)


def test_a_gap_is_drawn_as_a_gap() -> None:
    values = np.ones(4000)
    values[1000:2000] = np.nan
    series = Series()
    series.extend(np.arange(4000.0), values)
    t, y = series.visible(0.0, 4000.0, 100)
    assert np.isnan(y[(t > 1050) & (t < 1950)]).all()
    assert not np.isnan(y[(t < 950) | (t > 2050)]).any()
    assert series.at(1500.0, within=10) is None


def test_rolling_quantiles_are_those_of_the_last_values() -> None:
    values = np.random.default_rng(2).lognormal(size=300)
    rolling = RollingQuantiles(window=50)
    for start in (0, 7, 49, 50, 180):
        end = {0: 7, 7: 49, 49: 50, 50: 180, 180: 300}[start]
        rolling.extend(np.arange(start, end, dtype=float), values[start:end])
    for index in (0, 30, 49, 50, 120, 299):
        last = values[max(0, index - 49) : index + 1]
        assert rolling.p50.y[index] == pytest.approx(np.percentile(last, 50))
        assert rolling.p95.y[index] == pytest.approx(np.percentile(last, 95))


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_an_axis_holds_its_values_below_the_headroom(low: float, width: float) -> None:
    bottom, top, step = nice_range(low, low + width, from_zero=False, headroom=0.2)
    assert bottom <= low + 1e-8 * width
    assert low + width <= bottom + (top - bottom) * 0.8 + 1e-6 * width
    assert 1 <= (top - bottom) / step < 15


def test_a_clock_reads_minutes_and_seconds() -> None:
    assert [clock(270), clock(-10), clock(3720), clock(0)] == ["04:30", "−00:10", "1:02:00", "00:00"]
