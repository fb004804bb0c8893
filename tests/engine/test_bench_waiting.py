"""What a benchmark waits for between rounds: the meter's word, and a cool machine; never for ever."""

import threading

import numpy as np
import pytest

from greenbench.core.errors import Cancelled
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.messages import BlockEnergy
from greenbench.core.run import LAB, QUICK, Protocol
from greenbench.engine.bench.cooling import CoolDown
from greenbench.engine.bench.schedule import is_settled, rounds_in_one_process, still_needed
from greenbench.engine.block_energies import BlockEnergies

PROTOCOL = Protocol(name="quick", idle_s=0, warm_up_s=1, block_s=1, min_blocks=3, max_blocks=6, target=0.05)


def told(variant, block, joules, provenance=Provenance.COUNTER):
    energy = Measurement.missing("J", "no source") if joules is None else Measurement(value=joules, unit="J", provenance=provenance)
    return BlockEnergy(node="bench", variant=variant, block=block, energy=energy)


def steady(blocks=3):
    return [np.full(200, 1.0 + 1e-6 * index) for index in range(blocks)]


def test_what_the_meter_said_is_there_when_all_blocks_of_a_round_are_answered():
    energies = BlockEnergies(patience_s=30.0)
    thread = threading.Thread(target=lambda: [energies.put(told(key, 0, joules)) for key, joules in (("A", 2.0), ("B", 3.0))])
    thread.start()
    energies.wait("bench", {("A", 0), ("B", 0)})
    thread.join()
    assert energies.measured_j("bench", "A") == {0: 2.0}
    assert energies.measured_j("other", "A") == {}


def test_modelled_and_missing_energy_is_no_energy_to_a_stop_rule():
    energies = BlockEnergies()
    energies.put(told("A", 0, 2.0, Provenance.MODELLED))
    energies.put(told("A", 1, None))
    energies.wait("bench", {("A", 0), ("A", 1)})
    assert energies.measured_j("bench", "A") == {}


def test_where_nobody_ever_answers_only_the_first_round_waits():
    energies = BlockEnergies(patience_s=0.01)
    energies.wait("bench", {("A", 0)})
    patient = BlockEnergies(patience_s=3600.0)
    patient._silent = energies._silent
    patient.wait("bench", {("A", 1)})  # returns at once
    assert energies._silent


def test_energy_that_scatters_asks_for_more_blocks_and_energy_that_does_not_asks_for_none():
    assert is_settled(steady(), PROTOCOL, [2.0, 2.001, 1.999])
    assert not is_settled(steady(), PROTOCOL, [2.0, 2.4, 1.6])
    assert still_needed({"A": steady(), "B": steady()}, PROTOCOL, {"A": [2.0, 2.0, 2.0], "B": [1.0, 3.0, 2.0]}) == ["A", "B"]
    assert still_needed({"A": steady(), "B": steady()}, PROTOCOL, {}) == []


def test_a_meter_that_leaves_too_much_open_at_the_ends_of_blocks_asks_for_no_more_of_them():
    """± 100 % is not precise, and no number of blocks of that length makes it so: latency alone decides."""
    assert is_settled(steady(), PROTOCOL, [2.0, 2.4, 1.6], [2.0, 2.0, 2.0])
    assert not is_settled([block * factor for block, factor in zip(steady(), (1, 2, 1), strict=True)], PROTOCOL, [2.0] * 3, [2.0] * 3)


def test_scatter_and_edges_are_looked_at_together():
    """4.5 % of scatter under the 5 % asked for; with 4 % of edges it is 6 %, which more blocks do mend."""
    joules = [2.0, 2.0 + 0.0362, 2.0 - 0.0362]
    assert is_settled(steady(), PROTOCOL, [2.0, 2.018, 1.982])
    assert not is_settled(steady(), PROTOCOL, [2.0, 2.018, 1.982], [0.04, 0.04, 0.04])
    assert is_settled(steady(), PROTOCOL, [2.0, 2.0001, 1.9999], [0.04, 0.04, 0.04])
    assert still_needed({"A": steady(), "B": steady()}, PROTOCOL, {"A": joules, "B": joules}, {"A": [2.0] * 3, "B": [2.0] * 3}) == []


def test_what_the_meter_leaves_open_of_a_block_comes_with_its_joules():
    energies = BlockEnergies()
    energies.put(told("A", 0, 2.0).model_copy(update={"edge_j": 0.5}))
    assert energies.edges_j("bench", "A") == {0: 0.5}


def test_a_meter_that_missed_most_blocks_does_not_hold_a_run_to_its_cap():
    assert is_settled(steady(4), PROTOCOL, [2.0, 3.0])
    assert not is_settled(steady(4), PROTOCOL, [2.0, 3.0, 2.5])


def test_new_processes_never_take_longer_than_timing_does():
    assert rounds_in_one_process(QUICK, start_s=0.4) == 1
    assert rounds_in_one_process(QUICK, start_s=2.6) == 3
    assert rounds_in_one_process(LAB, start_s=2.6) == 1
    assert rounds_in_one_process(LAB, start_s=45.0) == 5
    assert rounds_in_one_process(PROTOCOL, start_s=0.1) == 0


class Room:
    """A machine that cools by so many °C a second, and a clock that only waiting moves."""

    def __init__(self, *, start_c, now_c, per_s):
        self.readings, self.now, self.per_s, self.now_c, self.first = [start_c], 0.0, per_s, now_c, start_c

    def read(self):
        if self.readings:
            return self.readings.pop()
        return self.now_c - self.per_s * self.now

    def wait(self, seconds):
        assert seconds > 0
        self.now += seconds

    def cool_down(self, cap_s):
        return CoolDown(cap_s, self.read, lambda: self.now, self.wait)


def test_a_round_waits_until_the_machine_is_within_two_degrees_of_the_start():
    room = Room(start_c=45.0, now_c=60.0, per_s=1.0)
    cooling = room.cool_down(60.0)
    assert cooling.warm
    assert cooling.hold(lambda: None) is None
    assert room.now == pytest.approx(13.0)  # from 60 °C to 47 °C
    assert not cooling.warm


def test_at_the_cap_it_goes_on_and_says_how_much_too_warm():
    room = Room(start_c=45.0, now_c=60.0, per_s=0.1)
    assert room.cool_down(60.0).hold(lambda: None) == pytest.approx(9.0)
    assert room.now == pytest.approx(60.0)


def test_without_a_sensor_or_a_cap_nothing_is_waited_for():
    assert not CoolDown(60.0, lambda: None).warm
    room = Room(start_c=45.0, now_c=90.0, per_s=0.0)
    assert not room.cool_down(0.0).warm
    assert room.now == 0.0


def test_a_stop_ends_the_wait():
    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        Room(start_c=45.0, now_c=90.0, per_s=0.0).cool_down(60.0).hold(stop)
