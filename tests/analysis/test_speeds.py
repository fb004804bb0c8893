"""Two speeds are seen where a processor had them, and nowhere else: not in jitter, in single long calls, or in a mixture of calls."""

import numpy as np
import pytest

from greenbench.analysis.speeds import two_speeds


def calls(random, count, level=0.35e-3):
    """Calls with the skewed jitter of a quiet machine."""
    return level * np.exp(np.abs(random.normal(0, 0.04, size=count)))


@pytest.mark.parametrize("share", [0.15, 0.4, 0.8])
@pytest.mark.parametrize("level", [20e-6, 0.35e-3, 40e-3])
def test_the_share_of_slow_time_and_how_slow_it_was_are_found(share, level):
    random = np.random.default_rng(51)
    blocks = []
    for _ in range(8):
        spell = max(round(0.06 / level), 1)  # a neighbour stays for 60 ms, or a call
        slow = np.repeat(random.random(40) < share / (share + 1.6 * (1 - share)), spell)  # share of the time, not of the calls
        blocks.append(calls(random, slow.size, level) * np.where(slow, 1.6, 1.0))
    found = two_speeds(blocks)
    assert found is not None
    times = sum(block[block > 1.4 * level].sum() for block in blocks) / sum(block.sum() for block in blocks)
    assert found.share == pytest.approx(times, abs=0.05)
    assert found.factor == pytest.approx(1.6, rel=0.06)


def test_a_steady_machine_has_one_speed():
    random = np.random.default_rng(52)
    assert two_speeds([calls(random, 2000) for _ in range(8)]) is None


def test_single_long_calls_are_no_spell():
    random = np.random.default_rng(53)
    block = calls(random, 4000)
    block[random.random(4000) < 0.05] *= 5
    assert two_speeds([block]) is None


def test_nothing_is_said_of_nothing():
    assert two_speeds([]) is None
    assert two_speeds([[], []]) is None
    assert two_speeds([[0.1]]) is None
    assert two_speeds([[0.0, 0.0]]) is None
