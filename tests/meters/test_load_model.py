"""The model of last resort: published numbers in, a number that says it is a guess out, and silence where something is measured."""

from collections import namedtuple

import pytest

from greenbench.core.measurement import Provenance, SourceState
from greenbench.meters.codecarbon_data import tdp_table
from greenbench.meters.facts import CpuLoad
from greenbench.meters.load_model import LoadModel, memory_w, package_w, processor
from greenbench.meters.machine import Machine

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")
GIB = 2**30


class FakeTimes:
    """The system's load counters, in seconds."""

    def __init__(self) -> None:
        self.now = Times(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def __call__(self):
        return self.now

    def work(self, busy: float, idle: float) -> None:
        self.now = self.now._replace(user=self.now.user + busy, idle=self.now.idle + idle)


@pytest.fixture
def times():
    return FakeTimes()


def machine(cpu="Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", **changes):
    return Machine(**{"system": "linux", "cpu": cpu, "virtual": False, "container": False, "packages": 1, **changes})


@pytest.mark.parametrize(
    ("name", "tdp_w"),
    [
        # From the makers' data sheets.
        ("Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", 15),
        ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 150),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 120),
        ("AMD EPYC 7763 64-Core Processor", 280),
        ("AMD Ryzen 9 5950X 16-Core Processor", 105),
        ("11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", 28),
    ],
)
def test_the_names_that_systems_give_are_found_in_the_table(name, tdp_w):
    found = processor(machine(name), 8, tdp_table())
    assert found.full_w == tdp_w
    assert "TDP" in found.covers


def test_two_sockets_are_two_tdps():
    assert processor(machine("AMD EPYC 7763 64-Core Processor", packages=2), 256, tdp_table()).full_w == 560


def test_an_unknown_processor_takes_a_default_and_says_so():
    found = processor(machine("Frobnicator 9000"), 8, tdp_table())
    assert found.full_w == 32
    assert "not known" in found.covers
    assert "4 W each" in found.covers


def test_a_virtual_machine_does_not_claim_the_whole_host():
    found = processor(machine("AMD EPYC 7763 64-Core Processor", virtual=True), 2, tdp_table())
    assert found.full_w == 8
    assert "virtual machine" in found.covers


def test_the_curve_has_its_published_ends_and_middle():
    assert package_w(100, 0) == pytest.approx(10)
    assert package_w(100, 1) == pytest.approx(100)
    assert package_w(100, 0.5) == pytest.approx(10 + 90 * (1 - 0.5**1.4))


def test_memory_follows_crucials_rule_and_then_the_modules():
    assert memory_w(8 * GIB) == pytest.approx(3.0)
    assert memory_w(16 * GIB) == pytest.approx(6.0)
    assert memory_w(1024 * GIB) == pytest.approx(32 * 5.0)


def test_load_becomes_watts_and_joules_marked_as_modelled(clock, times):
    model = LoadModel(clock=clock, machine=machine(), load=CpuLoad(times))
    report = model.report()
    assert report.state is SourceState.IN_USE
    assert {channel.provenance for channel in report.channels} == {Provenance.MODELLED}
    assert {channel.error for channel in report.channels} == {0.5}
    clock.tick(0.5)
    times.work(busy=1.0, idle=3.0)
    cpu, memory = model.read()
    assert cpu.power_w == pytest.approx(package_w(15, 0.25))
    assert cpu.energy_j == pytest.approx(0.5 * package_w(15, 0.25))
    assert memory.power_w > 0
    clock.tick(0.1)
    assert model.read() == ()
    clock.tick(0.9)
    times.work(busy=2.0, idle=0.0)
    assert model.read()[0].energy_j == pytest.approx(0.5 * package_w(15, 0.25) + 15.0)


def test_load_counters_that_stand_still_are_no_reading(clock, times):
    model = LoadModel(clock=clock, machine=machine(), load=CpuLoad(times))
    model.report()
    clock.tick(1)
    assert model.read()[0].power_w is None


def test_it_stands_by_while_something_is_measured(clock, times):
    measured = ["CPU package"]
    model = LoadModel(lambda: measured[0], clock, machine(), CpuLoad(times))
    report = model.report()
    assert (report.state, report.channels) == (SourceState.STANDBY, ())
    assert "CPU package" in report.reason
    clock.tick(1)
    times.work(1, 0)
    assert model.read() == ()
    measured[0] = ""
    assert model.report().state is SourceState.IN_USE
    clock.tick(0.25)
    times.work(0, 1)
    assert model.read()[0].energy_j == pytest.approx(0.25 * 1.5)


def test_beside_a_meter_of_the_whole_machine_it_says_what_it_still_covers(clock, times):
    wall = [""]
    model = LoadModel(clock=clock, machine=machine(), load=CpuLoad(times), whole_by=lambda: wall[0])
    alone = model.report()
    assert "nothing else covers the processor" in alone.reason
    assert "a wall meter" in alone.remedy
    wall[0] = "Desk plug"
    beside = model.report()
    assert (beside.state, beside.remedy) == (SourceState.IN_USE, "")
    assert "nothing else" not in beside.reason
    assert "never added: Desk plug measures the whole machine" in beside.reason


def test_without_tables_the_default_holds(clock, times):
    def missing():
        raise OSError

    assert "not known" in LoadModel(clock=clock, machine=machine(), load=CpuLoad(times), table=missing).report().covers
