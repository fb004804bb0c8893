"""Windows' energy meters over codecarbon's own choice of channels, with devices that are made up."""

import importlib
import warnings
from types import SimpleNamespace

import pytest

from greenbench.core.measurement import Domain, Provenance, SourceState
from greenbench.meters.windows_emi import WindowsEmiMeter

PWH_PER_J = 1e12 / 3600


@pytest.fixture(scope="module")
def real():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("codecarbon.core.windows_emi")


class Devices:
    """Energy meters: names of channels and their joules, by device path. A device that is an exception does not answer."""

    def __init__(self, **devices: dict[str, float]) -> None:
        self.joules = devices

    def module(self, real):
        return SimpleNamespace(
            list_emi_device_paths=lambda: list(self.joules),
            _read_device_channels=lambda path: list(self.asked(path)),
            _read_device_measurements=self.measure,
            select_channels=real.select_channels,
            find_mirrored_channels=real.find_mirrored_channels,
        )

    def asked(self, path):
        if isinstance(self.joules[path], Exception):
            raise self.joules[path]
        return self.joules[path]

    def measure(self, path, count):
        found = list(self.asked(path).values())
        assert count == len(found), "codecarbon sizes its buffer by the number of channels"
        return [(round(energy_j * PWH_PER_J), 0) for energy_j in found]


@pytest.fixture
def laptop():
    return Devices(
        cpu={"RAPL_Package0_PKG": 100.0, "RAPL_Package0_DRAM": 20.0, "RAPL_Package0_PP0": 60.0},
        core={"RAPL_Package0_Core0_CORE": 15.0},
    )


def test_package_and_memory_count_and_what_lies_inside_is_left_out(real, laptop, clock):
    meter = WindowsEmiMeter(lambda: laptop.module(real), clock, "win32")
    report = meter.report()
    assert (report.state, report.provenance) == (SourceState.IN_USE, Provenance.COUNTER)
    assert [(channel.title, channel.domain) for channel in report.channels] == [("CPU package", Domain.PACKAGE), ("Memory", Domain.DRAM)]
    assert meter.measuring == "CPU package"
    assert [sample.energy_j for sample in meter.read()] == pytest.approx([100.0, 20.0])
    clock.tick(0.5)
    laptop.joules["cpu"] |= {"RAPL_Package0_PKG": 110.0, "RAPL_Package0_DRAM": 21.0}
    assert [sample.power_w for sample in meter.read()] == pytest.approx([20.0, 2.0])


def test_dies_that_show_one_counter_are_added_once(real, clock):
    devices = Devices(a={"RAPL_Package0_PKG": 9e6}, b={"RAPL_Package1_PKG": 9e6}, c={"RAPL_Package2_PKG": 5e6})
    report = WindowsEmiMeter(lambda: devices.module(real), clock, "win32").report()
    assert [channel.key for channel in report.channels] == ["emi:RAPL_Package0_PKG", "emi:RAPL_Package2_PKG"]
    assert [channel.title for channel in report.channels] == ["CPU package", "CPU package 2"]


def test_two_meters_of_one_name_stay_two(real, clock):
    devices = Devices(a={"EMI": 5.0}, b={"EMI": 800.0})
    report = WindowsEmiMeter(lambda: devices.module(real), clock, "win32").report()
    assert [channel.key for channel in report.channels] == ["emi:EMI", "emi:EMI:1"]


def test_a_device_that_goes_is_told_and_takes_nothing_from_the_other(real, clock):
    devices = Devices(a={"RAPL_Package0_PKG": 5.0}, b={"RAPL_Package1_PKG": 800.0})
    meter = WindowsEmiMeter(lambda: devices.module(real), clock, "win32")
    meter.read()
    clock.tick(0.1)
    devices.joules["a"] = OSError(31, "A device attached to the system is not functioning")
    devices.joules["b"] = {"RAPL_Package1_PKG": 803.0}
    lost, fine = meter.read()
    assert lost.energy_j is None
    assert "not functioning" in lost.reason
    assert fine.power_w == pytest.approx(30.0)
    assert meter.report().state is SourceState.SILENT
    clock.tick(0.1)
    devices.joules["a"] = {"RAPL_Package0_PKG": 9.0}
    assert meter.read()[0].energy_j == pytest.approx(9.0)
    assert meter.report().state is SourceState.IN_USE


def test_it_opens_the_device_at_most_a_hundred_times_a_second(real, laptop, clock):
    meter = WindowsEmiMeter(lambda: laptop.module(real), clock, "win32")
    assert len(meter.read()) == 2
    clock.tick(0.009)
    laptop.joules["cpu"]["RAPL_Package0_PKG"] = 101.0
    assert meter.read() == ()


@pytest.mark.parametrize("devices", [Devices(), Devices(a=OSError(5, "denied"))])
def test_windows_without_a_meter_says_what_it_needs(real, devices, clock):
    report = WindowsEmiMeter(lambda: devices.module(real), clock, "win32").report()
    assert (report.state, report.channels) == (SourceState.ABSENT, ())
    assert "Windows 11" in report.remedy


def test_a_meter_that_appears_is_found(real, clock):
    devices = Devices()
    meter = WindowsEmiMeter(lambda: devices.module(real), clock, "win32")
    devices.joules["a"] = {"RAPL_Package0_PKG": 5.0}
    clock.tick(11)
    assert meter.report().state is SourceState.IN_USE


def test_elsewhere_nothing_is_loaded(clock):
    def never():
        raise AssertionError("loaded")

    meter = WindowsEmiMeter(never, clock, "linux")
    assert meter.report().state is SourceState.ABSENT
    assert "not Windows" in meter.report().reason
    assert meter.read() == ()


def test_codecarbon_has_what_is_used_of_it(real):
    used = "list_emi_device_paths _read_device_channels _read_device_measurements select_channels find_mirrored_channels"
    assert all(callable(getattr(real, name)) for name in used.split())
    assert pytest.approx(1 / PWH_PER_J) == real.PWH_TO_WH * 3600
    assert real.list_emi_device_paths() == []
