"""Raw readings become samples: new ones only, unwrapped, with mean power since the last change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.meters.track import CounterTrack, PowerTrack

NS = 1_000_000_000


def test_power_is_the_mean_since_the_last_change():
    track = CounterTrack("c")
    assert track.advance(100.0, 1 * NS).power_w is None
    assert track.advance(100.0, 2 * NS) is None
    sample = track.advance(106.0, 3 * NS)
    assert (sample.energy_j, sample.power_w, sample.t_ns) == (106.0, 3.0, 3 * NS)


@given(
    st.lists(st.floats(0.001, 9.0), min_size=1, max_size=40),
    st.floats(10.0, 50.0),
    st.floats(0.0, 9.9),
)
def test_any_number_of_wraps_loses_nothing(steps, range_j, start):
    track = CounterTrack("c", range_j)
    true_j, last = start, track.advance(start, NS)
    for i, step in enumerate(steps):
        true_j += step
        last = track.advance(true_j % range_j, (i + 2) * NS) or last
    assert last.energy_j == pytest.approx(true_j, abs=1e-6)


def test_a_counter_that_stands_still_gives_no_reading_and_recovers_without_a_false_power():
    track = CounterTrack("c", stall_s=2.0)
    track.advance(5.0, 0)
    assert track.advance(5.0, 2 * NS) is None
    silent = track.advance(5.0, 3 * NS)
    assert (silent.power_w, silent.energy_j) == (None, None)
    assert "3 s" in silent.reason
    back = track.advance(65.0, 4 * NS)
    assert (back.energy_j, back.power_w) == (65.0, None)
    assert track.trouble == ""
    assert track.advance(75.0, 5 * NS).power_w == 10.0


def test_a_reset_is_not_taken_for_a_wrap_and_the_total_never_falls():
    track = CounterTrack("c", 262_143.0)
    track.advance(1000.0, 0)
    track.advance(1010.0, NS)
    reset = track.advance(3.0, 2 * NS)
    assert (reset.energy_j, reset.reason) == (None, "The counter was reset.")
    after = track.advance(8.0, 3 * NS)
    assert after.energy_j == pytest.approx(1015.0)


def test_a_counter_without_range_that_falls_is_a_reset():
    track = CounterTrack("c")
    track.advance(50.0, 0)
    assert track.advance(10.0, NS).energy_j is None
    assert track.advance(12.0, 2 * NS).energy_j == 52.0


def test_the_same_watts_again_are_a_reading_only_after_the_refresh_interval():
    track = PowerTrack("p", refresh_s=0.1)
    assert track.advance(7.0, 0).power_w == 7.0
    assert track.advance(7.0, NS // 20) is None
    assert track.advance(8.0, NS // 15).power_w == 8.0
    assert track.advance(8.0, NS // 15 + NS // 10).power_w == 8.0
