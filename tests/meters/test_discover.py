"""Every source always appears; what is measured is in use, and the model only where nothing is."""

import pytest

from greenbench.core.measurement import SourceState
from greenbench.meters.discover import MeterSettings, channels_in_use, discover, reports


@pytest.fixture
def settings(tmp_path, clock, nvml):
    """A machine without any source."""
    library = nvml()
    library.init_error = library.NVMLError_LibraryNotFound("not found")
    return MeterSettings(tmp_path / "powercap", tmp_path / "power_supply", lambda: library, {}, clock=clock, hwmon=tmp_path / "hwmon")


def states(meters):
    return {report.key: report.state for report in reports(meters)}


def test_a_bare_machine_is_modelled_and_each_source_says_why(settings):
    meters = discover(settings)
    absent = ("rapl", "windows-emi", "nvml", "intel-gpu", "amd", "apple", "jetson", "battery")
    assert states(meters) == {**dict.fromkeys(absent, SourceState.ABSENT), "model": SourceState.IN_USE}
    assert all(report.reason for report in reports(meters))
    assert {channel.key for channel in channels_in_use(reports(meters))} == {"model:cpu", "model:memory"}


def test_a_processor_counter_puts_the_model_on_standby_and_its_loss_brings_it_back(settings, powercap, clock):
    powercap.laptop()
    meters = discover(settings)
    assert states(meters)["rapl"] is SourceState.IN_USE
    assert states(meters)["model"] is SourceState.STANDBY
    meters[0].read()
    for zone in ("intel-rapl:0", "intel-rapl:0:2"):
        (powercap.root / zone / "energy_uj").write_text("")
    clock.tick(0.1)
    meters[0].read()
    assert states(meters)["rapl"] is SourceState.SILENT
    assert states(meters)["model"] is SourceState.IN_USE
    counted = [channel.key for channel in channels_in_use(reports(meters)) if channel.counted]
    assert "rapl:intel-rapl:0" in counted


def test_a_counter_that_appears_later_is_found(settings, powercap):
    meters = discover(settings)
    assert states(meters)["model"] is SourceState.IN_USE
    powercap.laptop()
    assert states(meters)["rapl"] is SourceState.IN_USE
    assert states(meters)["model"] is SourceState.STANDBY


def test_unplugging_brings_the_battery_in_and_plugging_takes_it_out(settings, battery_folder):
    battery_folder(status="Full", power_now=0)
    meters = discover(settings)
    assert states(meters)["battery"] is SourceState.STANDBY
    battery_folder(status="Discharging", power_now=9_000_000)
    assert states(meters)["battery"] is SourceState.IN_USE
    assert states(meters)["model"] is SourceState.STANDBY
    battery_folder(status="Charging", power_now=9_000_000)
    assert states(meters)["model"] is SourceState.IN_USE
