"""What moved while blocks were timed is told by name, with the blocks it touched, once."""

import pytest

from greenbench.core.measurement import Facts, Measurement, Window, WindowKind
from greenbench.core.run import Block, Conditions, Environment, NodeState, TwoSpeeds, VariantResult
from greenbench.engine.results.conditions import of_block
from greenbench.engine.results.disturbances import disturbances, during

S = 1_000_000_000


def block(index, **conditions):
    energy_j = conditions.pop("energy_j", 1.0)
    told = Conditions(**conditions) if conditions else None
    return Block(index=index, t0_ns=index * S, t1_ns=(index + 1) * S, calls=10, median_s=0.1, energy_j=energy_j, conditions=told)


def variant(letter, *blocks):
    return VariantResult(letter=letter, node=letter, name=letter, state=NodeState.DONE, blocks=blocks)


def told(*variants, environment=None, before=None, after=None):
    return {r.code: r for r in disturbances(variants, environment or Environment(), before, after)}


def window(cpu_s=0.9, cpu_all_s=1.4):
    return Window(kind=WindowKind.BLOCK, label="A", t0_ns=10 * S, t1_ns=11 * S, calls=10, cpu_s=cpu_s, cpu_all_s=cpu_all_s)


def facts(**more):
    return [Facts(t_ns=10 * S + tenth * S // 10, cpu_percent=70.0, **more) for tenth in range(1, 10)]


def test_others_have_what_is_left_of_the_machines_load():
    found = of_block(facts(), window(cpu_s=0.9, cpu_all_s=1.4))
    assert found.load_own == pytest.approx(0.9)
    assert found.load_others == pytest.approx(0.5)
    assert of_block(facts(), window(cpu_s=1.5, cpu_all_s=1.49)).load_others == 0.0  # two clocks, one a little coarser


def test_what_is_not_known_stays_unknown():
    assert of_block([], window(cpu_s=None)) is None
    assert of_block(facts(), window(cpu_all_s=None)).load_others is None
    assert of_block(facts(), window(cpu_s=None)).load_others is None
    assert of_block(facts(), window()).temperature_start_c is None


def test_a_slow_sensors_last_word_before_the_block_is_its_start():
    before = [Facts(t_ns=9 * S, temperature_c=50.0, frequency_hz=3.0e9)]
    found = of_block([*before, *facts(temperature_c=54.0, frequency_hz=2.5e9)], window())
    assert (found.temperature_start_c, found.temperature_end_c) == (50.0, 54.0)
    assert (found.clock_min_hz, found.clock_max_hz) == (2.5e9, 3.0e9)


def test_facts_of_other_blocks_do_not_count():
    later = [Facts(t_ns=12 * S, temperature_c=99.0, on_battery=True)]
    found = of_block([*facts(temperature_c=50.0), *later], window())
    assert (found.temperature_end_c, found.on_battery) == (50.0, None)


def test_a_clock_that_moved_names_turbo_and_the_block():
    moved = {"clock_min_hz": 2.5e9, "clock_mean_hz": 2.75e9, "clock_max_hz": 3.0e9}
    steady = {"clock_min_hz": 3.0e9, "clock_mean_hz": 3.0e9, "clock_max_hz": 3.0e9}
    b = variant("B", block(0, **steady), block(1, **steady), block(2, **moved))
    found = told(variant("A", block(0, **steady)), b, environment=Environment(turbo="on"))
    assert found["clock"].text == "Turbo active: clocks moved 18 % during block 3 of B."
    assert (found["clock"].kind, found["clock"].variant) == ("warning", "B")
    assert told(b)["clock"].text.startswith("Clocks moved 18 %")
    assert told(variant("A", block(0, **steady))) == {}


def at_two_speeds(letter, share, factor, **conditions):
    return variant(letter, block(0, **conditions)).model_copy(update={"two_speeds": TwoSpeeds(share=share, factor=factor)})


def test_a_processor_that_was_slowed_unseen_is_told_of_with_how_long_and_how_much():
    a, b = at_two_speeds("A", 0.31, 1.58), at_two_speeds("B", 0.42, 1.64)
    found = told(a, b, environment=Environment(virtual="kvm"))["speeds"]
    assert found.text == (
        "For 31 to 42 % of the time calls of A and B took 1.6 times as long as else, though neither load nor clock says why: "
        "a virtual machine's neighbour does that, unseen from inside. Small differences may stay open."
    )
    assert (found.kind, found.variant) == ("warning", "")
    alone = told(variant("A", block(0)), b)["speeds"]
    assert alone.variant == "B"
    assert "For 42 % of the time calls of B took 1.6 times as long" in alone.text
    assert "is not seen from here" in alone.text


def test_where_load_says_why_calls_were_slow_nothing_is_guessed():
    found = told(at_two_speeds("A", 0.31, 1.4, load_others=0.8))
    assert set(found) == {"load", "speeds"}
    assert found["speeds"].text == "For 31 % of the time calls of A took 1.4 times as long as else."


def test_work_of_others_is_told_once_for_all_blocks_it_touched():
    a = variant("A", *(block(k, load_others=0.4) for k in range(3)), block(3, load_others=0.05))
    b = variant("B", block(0, load_others=0.3), block(1, load_others=0.1))
    found = told(a, b)
    assert list(found) == ["load"]
    assert found["load"].text == "Other processes used up to 40 % of a core during blocks 1 to 3 of A and block 1 of B."
    assert found["load"].variant == ""


def test_heat_is_told_where_it_is_near_the_limit_and_where_it_grew():
    assert "reached 96 °C during block 2 of A" in told(variant("A", block(0), block(1, temperature_end_c=96.0)))["thermal"].text
    warmed = variant("A", block(0, temperature_start_c=45.0), block(1, temperature_start_c=58.0))
    assert told(warmed)["thermal"].text == "The machine was 13 °C warmer at the last block of A than at the first."
    assert told(variant("A", block(0, temperature_start_c=45.0), block(1, temperature_start_c=52.0))) == {}


def test_battery_throttling_and_gaps_have_their_names():
    a = variant("A", block(0, on_battery=False), block(1, on_battery=True, gpu_throttle="power cap"), block(2, energy_j=None))
    found = told(a)
    assert set(found) == {"battery", "throttle", "gap"}
    assert found["battery"].text == "The machine ran on battery during block 2 of A and on mains power else."
    assert "(power cap)" in found["throttle"].text
    assert found["gap"].text == "Block 3 of A has no energy: the readings have a gap there."
    assert told(a, environment=Environment(on_battery=True))["battery"].text == "The machine ran on battery, which may slow the processor."


def test_a_run_without_any_reading_has_no_gap():
    assert told(variant("A", block(0, energy_j=None), block(1, energy_j=None))) == {}


def test_idle_power_that_drifted_is_told_where_it_was_measured():
    def watts(value, provenance="counter"):
        return Measurement(value=value, unit="W", provenance=provenance)

    assert "from 12.0 W before to 14.0 W after" in told(before=watts(12.0), after=watts(14.0))["idle"].text
    assert "idle" in told(before=watts(14.0), after=watts(12.0))
    assert told(before=watts(12.0), after=watts(12.3)) == {}
    assert told(before=watts(12.0, "modelled"), after=watts(24.0, "modelled")) == {}


def test_blocks_are_named_as_a_person_would():
    a, b = variant("A", *(block(k) for k in range(4))), variant("B", block(0), block(1))
    every = [(v.letter, each) for v in (a, b) for each in v.blocks]
    assert during(every, [a, b]) == "all blocks"
    assert during(every[:4], [a, b]) == "all blocks of A"
    assert during([every[0], every[1], every[5]], [a, b]) == "blocks 1 and 2 of A and block 2 of B"
