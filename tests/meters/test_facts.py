"""Facts of the machine agree with psutil's own, and what is not known is None."""

from collections import namedtuple

import psutil
import pytest

from greenbench.meters.facts import CpuHeat, CpuLoad, GpuFacts, MachineFacts

Times = namedtuple("Times", "user system idle")
Battery = namedtuple("Battery", "percent secsleft power_plugged")


def test_load_is_the_busy_share_since_the_last_question():
    now = [Times(10, 5, 100)]
    load = CpuLoad(lambda: now[0])
    assert load.fraction() is None
    now[0] = Times(12, 6, 101)
    assert load.fraction() == pytest.approx(0.75)


def test_load_agrees_with_psutil_on_the_same_counters(monkeypatch):
    first, second = psutil.cpu_times(), psutil.cpu_times()
    second = second._replace(user=second.user + 3, idle=second.idle + 5)
    answers = iter([first, second])
    load = CpuLoad(lambda: next(answers))
    asked = iter([first, second])
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu=False: next(asked))
    psutil.cpu_percent()
    assert load.fraction() * 100 == pytest.approx(psutil.cpu_percent(), abs=0.06)


def test_facts_are_of_this_machine(clock):
    gpu = GpuFacts(40.0, 61.0, 1.98e9, "heat")
    facts = MachineFacts(lambda: gpu, clock).read()
    assert facts.memory_total_bytes == psutil.virtual_memory().total
    assert 0 < facts.memory_bytes < facts.memory_total_bytes
    assert (facts.gpu_percent, facts.gpu_temperature_c, facts.gpu_clock_hz, facts.gpu_throttle) == (40.0, 61.0, 1.98e9, "heat")
    assert facts.t_ns == clock.now_ns


def test_what_the_machine_does_not_say_is_none(clock, monkeypatch, tmp_path):
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {}, raising=False)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None, raising=False)
    facts = MachineFacts(clock=clock, hwmon=tmp_path / "nowhere").read()
    assert (facts.temperature_c, facts.on_battery, facts.battery_percent, facts.frequency_hz) == (None, None, None, None)
    assert (facts.gpu_percent, facts.gpu_temperature_c, facts.gpu_clock_hz, facts.gpu_throttle) == (None, None, None, "")


def test_the_battery_says_how_full_it_is_and_whether_it_carries_the_machine(clock, monkeypatch):
    monkeypatch.setattr(psutil, "sensors_battery", lambda: Battery(81.5, 3600, False), raising=False)
    facts = MachineFacts(clock=clock).read()
    assert (facts.on_battery, facts.battery_percent) == (True, 81.5)


def test_slow_sensors_are_asked_once_a_second(clock, monkeypatch):
    asked = []
    monkeypatch.setattr(psutil, "cpu_freq", lambda: asked.append(clock.now_ns))
    facts = MachineFacts(clock=clock)
    for _ in range(41):
        facts.read()
        clock.tick(0.1)
    assert len(asked) == 5


def hwmon(root, number, driver, **degrees):
    folder = root / f"hwmon{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{driver}\n")
    for place, (label, millidegrees) in enumerate(degrees.items(), 1):
        (folder / f"temp{place}_input").write_text(f"{millidegrees}\n")
        (folder / f"temp{place}_label").write_text(f"{label.replace('_', ' ')}\n")
    return folder


def test_heat_is_that_of_the_whole_package_and_no_drive_is_woken_for_it(tmp_path):
    drive = hwmon(tmp_path, 0, "nvme", Composite=90_000)
    hwmon(tmp_path, 1, "coretemp", Core_0=70_000, Package_id_0=66_000, Core_1=71_000)
    heat = CpuHeat(tmp_path)
    (drive / "temp1_input").unlink()
    assert heat.read_c() == 66.0


def test_where_no_sensor_is_of_the_whole_the_hottest_part_speaks(tmp_path):
    hwmon(tmp_path, 3, "cpu_thermal", one=41_000, two=43_500)
    assert CpuHeat(tmp_path).read_c() == 43.5


def test_a_driver_that_comes_back_under_another_number_is_found_again(tmp_path):
    folder = hwmon(tmp_path, 1, "k10temp", Tctl=50_000)
    heat = CpuHeat(tmp_path)
    assert heat.read_c() == 50.0
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert heat.read_c() is None
    hwmon(tmp_path, 4, "k10temp", Tctl=52_000)
    assert heat.read_c() == 52.0
