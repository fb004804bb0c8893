"""A recording plays back as it was, moved to now, and never passes for this machine."""

import random
from pathlib import Path

import pytest

from greenbench.core.errors import FileFormatError
from greenbench.core.measurement import SourceState
from greenbench.meters.discover import MeterSettings, channels_in_use, discover, equip, reports
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.replay import load_recording

SQUARE = Path(__file__).parents[1] / "recordings" / "square.jsonl"
NS = 1_000_000_000


def play(clock, seconds=3.5, step=0.1, **settings):
    """The ledger of the recording read for so long."""
    meters = discover(MeterSettings(replay=SQUARE, clock=clock, **settings))
    ledger = EnergyLedger(channels_in_use(reports(meters)))
    for _ in range(round(seconds / step) + 1):
        for meter in meters:
            ledger.add(meter.read())
        clock.tick(step)
    return ledger, meters


def test_energies_are_those_of_the_recorded_machine_at_todays_time(clock):
    t0 = clock.now_ns
    ledger, _ = play(clock)
    package = ledger.curve("rapl:0")
    assert package.energy_j(t0, t0 + NS) == pytest.approx(10.0)
    assert package.energy_j(t0 + NS, t0 + 2 * NS) == pytest.approx(30.0)
    assert ledger.window(t0 + NS, t0 + 2 * NS).energy_j == pytest.approx(30.0 + 2.0 + 50.0)


def test_it_plays_faster_with_the_same_watts(clock):
    t0 = clock.now_ns
    ledger, _ = play(clock, seconds=0.4, step=0.01, speed=10)
    assert ledger.curve("rapl:0").mean_power_w(t0 + NS, t0 + 2 * NS) == pytest.approx(30.0)


def test_nothing_comes_before_its_time(clock):
    ledger, _ = play(clock, seconds=1.0)
    assert ledger.curve("rapl:0").covered_until_ns <= clock.now_ns


def test_every_source_and_channel_says_that_it_is_a_recording(clock):
    _, meters = play(clock, 0.1)
    for report in reports(meters):
        assert "recorded" in report.title
        assert "square.jsonl" in report.covers
        assert all("not this machine" in channel.covers for channel in report.channels)


def test_its_end_is_said(clock):
    _, meters = play(clock, 3.5)
    assert {report.state for report in reports(meters)} == {SourceState.IN_USE}
    clock.tick(2)
    assert {report.state for report in reports(meters)} == {SourceState.SILENT}
    assert all("ended" in report.reason for report in reports(meters))


def test_facts_are_the_recorded_ones(clock):
    _, facts = equip(MeterSettings(replay=SQUARE, clock=clock))
    clock.tick(1)
    read = facts.read()
    assert (read.cpu_percent, read.t_ns) == (50.0, clock.now_ns)


def test_a_cut_last_line_loses_only_itself(tmp_path):
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(SQUARE.read_bytes()[:-20])
    assert len(load_recording(cut).samples) == len(load_recording(SQUARE).samples) - 3


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"v":1,"tag":"samples","samples":[]}\n', b'{"v":2,"tag":"sources","reports":[]}\n'])
def test_what_is_no_recording_is_refused_by_name(tmp_path, content):
    file = tmp_path / "some.jsonl"
    file.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"some\.jsonl"):
        load_recording(file)


def test_any_damage_is_refused_or_read_and_never_breaks(tmp_path):
    good, file = bytearray(SQUARE.read_bytes()), tmp_path / "damaged.jsonl"
    chance = random.Random(1)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(good)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        file.write_bytes(damaged)
        try:
            load_recording(file)
            outcomes.add("read")
        except FileFormatError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_recording(tmp_path / "none.jsonl")
