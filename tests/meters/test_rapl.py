"""RAPL over a tree in a folder: what is counted, what wraps, what denies, and what disappears and comes back."""

from pathlib import Path

import pytest

from greenbench.core.measurement import Domain, SourceState
from greenbench.meters.machine import Machine
from greenbench.meters.rapl import PERMISSION_COMMANDS, RaplMeter
from greenbench.meters.rapl_zones import CounterFile, find_zones

BARE = Machine("linux", "Intel Core i7", virtual=False, container=False, packages=1)


@pytest.fixture
def meter(powercap, clock):
    """A laptop's meter, its counters at their start."""
    powercap.laptop()
    meter = RaplMeter(powercap.root, clock, BARE)
    yield meter
    meter.close()


def by_channel(samples):
    return {sample.channel: sample for sample in samples}


def test_package_and_memory_count_and_nothing_twice(meter):
    report = meter.report()
    assert report.state is SourceState.IN_USE
    channels = {channel.key: channel for channel in report.channels}
    assert {key for key, channel in channels.items() if channel.counted} == {"rapl:intel-rapl:0", "rapl:intel-rapl:0:2"}
    assert {channel.domain: channel.inside for channel in channels.values()} == {
        Domain.PACKAGE: "rapl:intel-rapl:1",
        Domain.CORE: "rapl:intel-rapl:0",
        Domain.UNCORE: "rapl:intel-rapl:0",
        Domain.DRAM: "rapl:intel-rapl:1",
        Domain.PLATFORM: "",
    }


def test_two_sockets_are_told_apart(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0", 1_000_000)
    powercap.zone("intel-rapl:1", "package-1", 7_000_000)
    meter = RaplMeter(powercap.root, clock, BARE)
    assert [channel.title for channel in meter.report().channels] == ["CPU package 0", "CPU package 1"]
    meter.close()


def test_counting_gives_joules_and_mean_watts(meter, powercap, clock):
    meter.read()
    clock.tick(0.5)
    powercap.set("intel-rapl:0", 17_500_000)
    sample = by_channel(meter.read())["rapl:intel-rapl:0"]
    assert sample.energy_j == pytest.approx(17.5)
    assert sample.power_w == pytest.approx(12.5 / 0.5)
    assert sample.t_ns == clock.now_ns


def test_an_unchanged_counter_is_no_new_sample(meter, clock):
    meter.read()
    clock.tick(0.1)
    assert meter.read() == ()


def test_a_wrap_is_unwrapped(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0", 99_000_000, range_uj=100_000_000)
    meter = RaplMeter(powercap.root, clock, BARE)
    first = meter.read()[0]
    clock.tick(1)
    powercap.set("intel-rapl:0", 5_000_000)
    second = meter.read()[0]
    assert second.energy_j - first.energy_j == pytest.approx(6.0)
    assert second.power_w == pytest.approx(6.0)
    meter.close()


def test_a_stalled_counter_falls_silent_and_comes_back(meter, powercap, clock):
    meter.read()
    clock.tick(1)
    powercap.set("intel-rapl:0", 5_500_000)
    powercap.set("intel-rapl:0:2", 2_500_000)
    meter.read()
    clock.tick(3)
    powercap.set("intel-rapl:0:2", 4_000_000)
    samples = by_channel(meter.read())
    assert samples["rapl:intel-rapl:0"].energy_j is None
    assert "not moved" in samples["rapl:intel-rapl:0"].reason
    assert samples["rapl:intel-rapl:0:2"].power_w == pytest.approx(1.5 / 3)
    report = meter.report()
    assert (report.state, bool(report.channels)) == (SourceState.SILENT, True)
    assert meter.measuring == "Memory"
    clock.tick(0.1)
    powercap.set("intel-rapl:0", 6_000_000)
    assert by_channel(meter.read())["rapl:intel-rapl:0"].energy_j == pytest.approx(6.0)
    assert meter.report().state is SourceState.IN_USE


def test_a_part_that_is_always_zero_alarms_nobody(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0")
    powercap.zone("intel-rapl:0:0", "uncore", 0)
    meter = RaplMeter(powercap.root, clock, BARE)
    meter.read()
    clock.tick(5)
    powercap.set("intel-rapl:0", 2_000_000)
    assert by_channel(meter.read())["rapl:intel-rapl:0:0"].reason
    report = meter.report()
    assert (report.state, [channel.key for channel in report.channels]) == (SourceState.IN_USE, ["rapl:intel-rapl:0"])
    meter.close()


def test_counters_that_never_run_are_no_channels(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0", 0)
    meter = RaplMeter(powercap.root, clock, BARE)
    meter.read()
    clock.tick(3)
    assert meter.read()[0].energy_j is None
    report = meter.report()
    assert (report.state, report.channels, meter.measuring) == (SourceState.SILENT, (), "")
    powercap.set("intel-rapl:0", 4_000_000)
    meter.read()
    assert meter.report().state is SourceState.IN_USE
    meter.close()


def test_a_tree_that_disappears_gives_reasons_and_comes_back(meter, powercap, clock, tmp_path):
    meter.read()
    powercap.root.rename(tmp_path / "away")
    (tmp_path / "away" / "intel-rapl:0" / "energy_uj").write_text("")  # what the kernel gives for a zone that is gone: nothing
    clock.tick(0.1)
    gone = by_channel(meter.read())["rapl:intel-rapl:0"]
    assert (gone.energy_j, gone.power_w, gone.reason) == (None, None, "The counter has disappeared.")
    assert meter.report().state is SourceState.SILENT
    assert "rapl:intel-rapl:0" in {channel.key for channel in meter.report().channels}
    (tmp_path / "away").rename(powercap.root)
    powercap.set("intel-rapl:0", 5_400_000)
    clock.tick(0.1)
    assert by_channel(meter.read())["rapl:intel-rapl:0"].energy_j == pytest.approx(5.4)
    assert meter.report().state is SourceState.IN_USE


def test_a_file_without_a_number_is_no_reading(meter, powercap, clock):
    meter.read()
    (powercap.root / "intel-rapl:0" / "energy_uj").write_text("garbage\n")
    clock.tick(0.1)
    assert by_channel(meter.read())["rapl:intel-rapl:0"].energy_j is None


class Lock:
    """Opens counters (of a name, if one is given) only while it is open."""

    def __init__(self, name: str = "") -> None:
        self.name, self.open = name, False

    def __call__(self, path: Path) -> CounterFile:
        if not self.open and self.name in path.with_name("name").read_text():
            raise PermissionError(13, "Permission denied", str(path))
        return CounterFile(path)


def test_denied_counters_come_with_the_commands_and_are_read_once_they_may(powercap, clock):
    powercap.laptop()
    lock = Lock()
    meter = RaplMeter(powercap.root, clock, BARE, lock)
    report = meter.report()
    assert (report.state, report.channels, report.commands) == (SourceState.PERMISSION, (), PERMISSION_COMMANDS)
    assert meter.read() == ()
    lock.open = True
    assert meter.report().state is SourceState.IN_USE
    assert len(meter.read()) == 5
    meter.close()


def test_one_denied_counter_leaves_the_others_in_use_and_joins_when_it_may(powercap, clock):
    powercap.laptop()
    lock = Lock("dram")
    meter = RaplMeter(powercap.root, clock, BARE, lock)
    report = meter.report()
    assert (report.state, len(report.channels)) == (SourceState.IN_USE, 4)
    assert "dram" in report.reason
    assert "not covered" in report.covers
    first = by_channel(meter.read())["rapl:intel-rapl:0"]
    lock.open = True
    assert len(meter.report().channels) == 5
    clock.tick(0.1)
    powercap.set("intel-rapl:0", 6_000_000)
    assert by_channel(meter.read())["rapl:intel-rapl:0"].energy_j == pytest.approx(first.energy_j + 1)
    meter.close()


def test_the_commands_give_the_counters_to_a_group_and_never_to_all():
    text = "\n".join(PERMISSION_COMMANDS)
    assert "/etc/udev/rules.d/" in text
    assert "chgrp power" in text
    assert "0440" in text
    assert "a+r" not in text


def test_the_same_package_through_two_control_types_counts_once(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0", 5_000_000)
    powercap.zone("intel-rapl-mmio:0", "package-0", 4_000_000)
    meter = RaplMeter(powercap.root, clock, BARE)
    assert [channel.key for channel in meter.report().channels] == ["rapl:intel-rapl:0"]
    assert "1" in meter.report().reason
    meter.close()


def test_zones_that_mirror_one_counter_count_once_with_their_parts(powercap, clock):
    powercap.zone("intel-rapl:0", "package-0-die-0", 123_456_789)
    powercap.zone("intel-rapl:1", "package-0-die-1", 123_456_789)
    powercap.zone("intel-rapl:1:0", "core", 77_000_000)
    meter = RaplMeter(powercap.root, clock, BARE)
    assert [channel.key for channel in meter.report().channels] == ["rapl:intel-rapl:0"]
    meter.close()


def test_models_in_the_same_tree_are_no_counters(powercap):
    powercap.zone("dtpm:0", "package")
    (powercap.root / "intel-rapl").mkdir()
    assert find_zones(powercap.root) == []


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        (Machine("linux", "", virtual=True, container=False, packages=1), "virtual machine"),
        (Machine("linux", "", virtual=False, container=True, packages=1), "container"),
        (Machine("linux", "", virtual=False, container=False, packages=1), "driver"),
        (Machine("darwin", "", virtual=False, container=False, packages=1), "system"),
    ],
)
def test_absence_has_its_reason_and_a_remedy(tmp_path, clock, machine, word):
    report = RaplMeter(tmp_path / "nothing", clock, machine).report()
    assert report.state is SourceState.ABSENT
    assert word in report.reason
    assert report.remedy


def test_what_is_shown_but_not_added_is_read_no_more_than_twenty_times_a_second(powercap, clock):
    powercap.laptop()
    meter, heard = RaplMeter(powercap.root, clock), []
    for step in range(1, 101):
        for zone in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:2"):
            powercap.set(zone, 5_000_000 + 10_000 * step)
        heard += meter.read()
        clock.tick(0.01)
    counts = {key: sum(sample.channel == f"rapl:intel-rapl:{key}" for sample in heard) for key in ("0", "0:0", "0:2")}
    assert counts == {"0": 100, "0:0": 20, "0:2": 100}
