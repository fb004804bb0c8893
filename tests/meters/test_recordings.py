"""The made recordings are what their script makes, and have the joules that their loads have in closed form."""

from pathlib import Path

import pytest

from greenbench.core.measurement import Provenance
from greenbench.core.messages import encode
from greenbench.meters.discover import MeterSettings, channels_in_use, discover, reports
from greenbench.meters.ledger import EnergyLedger

FOLDER = Path(__file__).parents[1] / "recordings"
NS = 1_000_000_000
NAMES = ("made-server", "made-watts", "made-battery", "made-gap")


@pytest.fixture
def play(clock):
    """The ledger of a recording that was played to its end, and when its time 0 was."""

    def run(name):
        start_ns = clock.now_ns
        meters = discover(MeterSettings(replay=FOLDER / f"{name}.jsonl", clock=clock))
        ledger = EnergyLedger(channels_in_use(reports(meters)))
        clock.tick(200)
        for meter in meters:
            ledger.add(meter.read())
        return ledger, start_ns

    return run


def window(played, start_s, end_s):
    ledger, start_ns = played
    return ledger.window(start_ns + round(start_s * NS), start_ns + round(end_s * NS))


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_what_its_script_makes_and_says_so(machines, name):
    said = [encode(message) for message in machines.recordings()[name]]
    assert (FOLDER / f"{name}.jsonl").read_bytes() == b"".join(said)
    assert b"not measured" in said[0]


@pytest.mark.parametrize(("start_s", "end_s"), [(1.0, 51.0), (2.35, 97.6), (10.0, 20.0), (3.14, 71.83)])
def test_a_server_with_wraps_and_a_board_that_lags(machines, play, start_s, end_s):
    energy = window(play("made-server"), start_s, end_s)
    true_j = (machines.PACKAGE_W + machines.MEMORY_W) * (end_s - start_s) + machines.board_j(end_s) - machines.board_j(start_s)
    assert energy.energy_j == pytest.approx(true_j, rel=0.005)
    assert abs(energy.energy_j - true_j) <= energy.half_width_j + 1e-4
    assert energy.provenance is Provenance.COUNTER


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 52.0), (3.14, 51.83)])
def test_watts_of_a_board_without_a_counter(machines, play, start_s, end_s):
    energy = window(play("made-watts"), start_s, end_s)
    true_j = machines.PACKAGE_W * (end_s - start_s) + machines.board_j(end_s) - machines.board_j(start_s)
    assert energy.energy_j == pytest.approx(true_j, rel=0.005)
    assert abs(energy.energy_j - true_j) <= energy.half_width_j
    assert energy.provenance is Provenance.INTEGRATED


def test_a_battery_that_is_drained_faster_after_a_minute(machines, play):
    played = play("made-battery")
    assert window(played, 10.0, 50.0).energy_j == pytest.approx(12.0 * 40)
    assert window(played, 70.0, 110.0).energy_j == pytest.approx(18.0 * 40)
    across = window(played, 30.0, 90.0)
    assert abs(across.energy_j - (12.0 * 30 + 18.0 * 30)) <= across.half_width_j
    assert across.provenance is Provenance.INTEGRATED


def test_gaps_have_no_joules_and_between_them_none_is_lost(machines, play):
    played = play("made-gap")
    for turn in range(10):
        base = turn * machines.EVERY_S
        touched = window(played, base + 4.0, base + 9.0)
        assert (touched.energy_j, touched.gap) == (None, True)
        assert touched.reason
        whole = window(played, base + 8.0, base + machines.EVERY_S + 4.8)
        assert whole.energy_j == pytest.approx(25.0 * 6.8, abs=1e-4)
