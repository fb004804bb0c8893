"""The battery: only while it carries the machine, in watts from what its driver offers."""

import pytest

from greenbench.core.measurement import SourceState
from greenbench.meters.battery import BatteryMeter


def test_discharging_gives_watts_of_the_whole_laptop(battery_folder, clock):
    meter = BatteryMeter(battery_folder(status="Discharging", power_now=12_500_000), clock)
    report = meter.report()
    assert report.state is SourceState.IN_USE
    assert "screen" in report.channels[0].covers
    assert report.channels[0].counted
    assert meter.read()[0].power_w == pytest.approx(12.5)


def test_current_and_voltage_do_where_power_is_not_told_whatever_the_sign(battery_folder, clock):
    root = battery_folder(status="Discharging", current_now=-1_500_000, voltage_now=11_400_000)
    meter = BatteryMeter(root, clock)
    meter.report()
    assert meter.read()[0].power_w == pytest.approx(1.5 * 11.4)


def test_two_batteries_are_one_channel(battery_folder, clock):
    battery_folder("BAT0", status="Discharging", power_now=4_000_000)
    root = battery_folder("BAT1", status="Not charging", power_now=0)
    meter = BatteryMeter(root, clock)
    meter.report()
    assert [sample.power_w for sample in meter.read()] == [4.0]


def test_on_mains_it_stands_by_and_says_so(battery_folder, clock):
    meter = BatteryMeter(battery_folder(status="Charging", power_now=30_000_000), clock)
    report = meter.report()
    assert (report.state, report.channels) == (SourceState.STANDBY, ())
    assert "mains" in report.reason
    assert meter.read() == ()


def test_the_charger_never_counts_as_consumption(battery_folder, clock):
    root = battery_folder(status="Discharging", power_now=10_000_000)
    meter = BatteryMeter(root, clock)
    meter.report()
    meter.read()
    battery_folder(status="Charging", power_now=45_000_000)
    clock.tick(1)
    plugged = meter.read()[0]
    assert (plugged.power_w, plugged.reason) == (None, "The machine is not running on its battery.")


def test_it_is_asked_at_most_twice_a_second(battery_folder, clock):
    root = battery_folder(status="Discharging", power_now=10_000_000)
    meter = BatteryMeter(root, clock)
    meter.report()
    assert len(meter.read()) == 1
    battery_folder(status="Discharging", power_now=11_000_000)
    clock.tick(0.4)
    assert meter.read() == ()
    clock.tick(0.1)
    assert meter.read()[0].power_w == 11.0


def test_beside_a_processor_counter_it_is_shown_but_not_counted(battery_folder, clock):
    meter = BatteryMeter(battery_folder(status="Discharging", power_now=9_000_000), clock, lambda: "CPU package")
    report = meter.report()
    assert not report.channels[0].counted
    assert "CPU package" in report.reason
    assert meter.measuring == ""


def test_a_battery_without_power_says_no_answer(battery_folder, clock):
    meter = BatteryMeter(battery_folder(status="Discharging"), clock)
    assert meter.report().state is SourceState.SILENT
    assert meter.read()[0].power_w is None


def test_a_mouse_is_no_laptop(battery_folder, clock):
    root = battery_folder("hidpp_battery_0", status="Discharging", scope="Device", power_now=1)
    assert BatteryMeter(root, clock).report().state is SourceState.ABSENT


def test_no_such_folder_is_absence(tmp_path, clock):
    assert BatteryMeter(tmp_path / "none", clock).report().state is SourceState.ABSENT
