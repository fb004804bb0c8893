"""Intel boards over a tree laid out like /sys/class/hwmon: what is added, what lies inside, and what happens when a board goes."""

from pathlib import Path

import pytest

from greenbench.core.measurement import Provenance, SourceState
from greenbench.meters.intel_gpu import IntelGpuMeter
from greenbench.meters.ledger import EnergyLedger


class Hwmon:
    """A folder laid out like /sys/class/hwmon, with boards on a bus."""

    def __init__(self, root: Path) -> None:
        self.root, self.bus = root / "hwmon", root / "bus"
        self.root.mkdir()

    def add(self, folder: str, name: str, address: str, **energies: int) -> Path:
        device = self.bus / address
        device.mkdir(parents=True, exist_ok=True)
        made = self.root / folder
        made.mkdir()
        (made / "name").write_text(f"{name}\n")
        (made / "device").symlink_to(device)
        for file, energy_uj in energies.items():
            (made / f"{file}_input").write_text(f"{energy_uj}\n")
        return made


@pytest.fixture
def hwmon(tmp_path):
    return Hwmon(tmp_path)


def counted(meter):
    return [channel.key for channel in meter.report().channels if channel.counted]


def test_a_board_counts_and_its_tiles_lie_inside(hwmon, clock):
    hwmon.add("hwmon0", "nvme", "0000:01:00.0", energy1=5)
    hwmon.add("hwmon3", "i915", "0000:03:00.0", energy1=9_000_000)
    hwmon.add("hwmon4", "i915_gt0", "0000:03:00.0", energy1=4_000_000)
    hwmon.add("hwmon5", "i915_gt1", "0000:03:00.0", energy1=3_000_000)
    meter = IntelGpuMeter(hwmon.root, clock)
    report = meter.report()
    assert (report.state, report.provenance) == (SourceState.IN_USE, Provenance.COUNTER)
    assert counted(meter) == ["intel-gpu:0000:03:00.0"]
    assert {c.inside for c in report.channels if not c.counted} == {"intel-gpu:0000:03:00.0"}
    assert [c.title for c in report.channels] == ["Intel graphics board", "Intel graphics board, gt0", "Intel graphics board, gt1"]
    assert [sample.energy_j for sample in meter.read()] == [9.0, 4.0, 3.0]


@pytest.mark.parametrize(
    ("energies", "expected"),
    [
        ({"energy1": 7, "energy2": 5}, ["intel-gpu:0000:03:00.0"]),
        ({"energy2": 5}, ["intel-gpu:0000:03:00.0:package"]),
    ],
)
def test_xe_counts_the_board_and_its_package_only_where_that_is_all(hwmon, clock, energies, expected):
    hwmon.add("hwmon2", "xe", "0000:03:00.0", **energies)
    assert counted(IntelGpuMeter(hwmon.root, clock)) == expected


def test_two_boards_add_up_and_have_names_of_their_own(hwmon, clock):
    hwmon.add("hwmon2", "xe", "0000:03:00.0", energy1=7)
    hwmon.add("hwmon10", "i915", "0000:0a:00.0", energy1=8)
    report = IntelGpuMeter(hwmon.root, clock).report()
    assert [c.title for c in report.channels] == ["Intel graphics board 0", "Intel graphics board 1"]
    assert all(channel.counted for channel in report.channels)


def test_power_is_the_mean_since_the_last_change(hwmon, clock):
    board = hwmon.add("hwmon2", "xe", "0000:03:00.0", energy1=1_000_000)
    meter = IntelGpuMeter(hwmon.root, clock)
    meter.read()
    clock.tick(0.5)
    (board / "energy1_input").write_text("16000000\n")
    assert meter.read()[0].power_w == pytest.approx(30.0)


def test_a_driver_that_is_loaded_anew_leaves_a_gap_and_is_found_again_under_another_number(hwmon, clock):
    board = hwmon.add("hwmon2", "xe", "0000:03:00.0", energy1=1_000_000)
    meter = IntelGpuMeter(hwmon.root, clock)
    ledger = EnergyLedger(meter.report().channels)

    def beat(energy_uj=None, path=None):
        clock.tick(0.1)
        if energy_uj is not None:
            (path / "energy1_input").write_text(f"{energy_uj}\n")
        ledger.add(meter.read())

    start_ns = clock.now_ns
    for step in range(20):
        beat(1_000_000 * (step + 2), board)
    gone_ns = clock.now_ns
    (board / "energy1_input").write_text("")  # what sysfs gives to who still holds a file of a driver that is gone: nothing
    for file in board.iterdir():
        file.unlink()
    board.rmdir()
    for _ in range(5):
        beat()
    assert meter.report().state is SourceState.SILENT
    again = hwmon.add("hwmon7", "xe", "0000:03:00.0", energy1=0)
    assert meter.report().state is SourceState.SILENT
    back_ns = clock.now_ns
    for step in range(20):
        beat(500_000 * (step + 1), again)
    report = meter.report()
    assert (report.state, len(report.channels)) == (SourceState.IN_USE, 1)
    assert ledger.window(start_ns + 10**9, gone_ns).energy_j == pytest.approx(10.0)
    across = ledger.window(gone_ns - 10**9, back_ns + 10**9)
    assert (across.energy_j, across.gap) == (None, True)
    assert "disappeared" in across.reason
    assert ledger.window(back_ns + 5 * 10**8, back_ns + 15 * 10**8).energy_j == pytest.approx(5.0)


def test_a_machine_without_such_a_board_says_so(hwmon, clock, tmp_path):
    hwmon.add("hwmon0", "coretemp", "0000:00:00.0")
    report = IntelGpuMeter(hwmon.root, clock).report()
    assert (report.state, report.channels, report.provenance) == (SourceState.ABSENT, (), Provenance.UNAVAILABLE)
    assert "no Intel graphics board" in report.reason
    assert "does not show" in IntelGpuMeter(tmp_path / "nowhere", clock).report().reason


def test_a_counter_that_may_not_be_read_asks_for_permission(hwmon, clock):
    hwmon.add("hwmon2", "xe", "0000:03:00.0", energy1=7)

    def deny(path):
        raise PermissionError(path)

    report = IntelGpuMeter(hwmon.root, clock, deny).report()
    assert report.state is SourceState.PERMISSION
    assert "udev" in report.remedy


def test_a_counter_that_never_runs_is_not_used(hwmon, clock):
    hwmon.add("hwmon2", "xe", "0000:03:00.0", energy1=7)
    meter = IntelGpuMeter(hwmon.root, clock)
    meter.read()
    clock.tick(3)
    meter.read()
    report = meter.report()
    assert (report.state, report.channels) == (SourceState.SILENT, ())
    meter.close()
    assert meter.read() == ()
