"""Facts of the machine agree with psutil's own, and what is not known is None."""

from collections import namedtuple

import psutil
import pytest

from greenbench.meters.facts import CpuLoad, MachineFacts

Times = namedtuple("Times", "user system idle")


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
    facts = MachineFacts(lambda: 40.0, clock).read()
    assert facts.memory_total_bytes == psutil.virtual_memory().total
    assert 0 < facts.memory_bytes < facts.memory_total_bytes
    assert facts.gpu_percent == 40.0
    assert facts.t_ns == clock.now_ns


def test_what_the_machine_does_not_say_is_none(clock, monkeypatch):
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {}, raising=False)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None, raising=False)
    facts = MachineFacts(clock=clock).read()
    assert (facts.temperature_c, facts.on_battery, facts.frequency_hz, facts.gpu_percent) == (None, None, None, None)


def test_slow_sensors_are_asked_every_two_seconds(clock, monkeypatch):
    asked = []
    monkeypatch.setattr(psutil, "cpu_freq", lambda: asked.append(clock.now_ns))
    facts = MachineFacts(clock=clock)
    for _ in range(41):
        facts.read()
        clock.tick(0.1)
    assert len(asked) == 3
