"""The total adds what is counted, never mixes measured with modelled, and says why there is none."""

import pytest

from greenbench.core.measurement import Domain, Provenance, Sample, Window, WindowKind
from greenbench.meters.ledger import EnergyLedger

NS = 1_000_000_000


def s(seconds):
    return round(seconds * NS)


def feed(ledger, until_s=11.0, **watts):
    """Ten readings a second from 1 s on, of a constant power on each channel."""
    for i in range(round((until_s - 1) * 10) + 1):
        for key, power in watts.items():
            t_s = 1 + i / 10
            counting = key.startswith(("package", "dram", "core", "model"))
            energy_j = power * (t_s - 1) if counting else None
            ledger.add([Sample(channel=key, t_ns=s(t_s), power_w=power, energy_j=energy_j)])


@pytest.fixture
def parts(channel):
    """The channels of a machine with everything, by key."""
    made = [
        channel("package", error=0.02),
        channel("core", domain=Domain.CORE, counted=False, inside="package"),
        channel("dram", domain=Domain.DRAM, error=0.02, title="Memory"),
        channel("gpu", domain=Domain.GPU, provenance=Provenance.INTEGRATED, refresh_s=0.1, error=0.05, title="Board"),
        channel("model", provenance=Provenance.MODELLED, refresh_s=0.25, error=0.5),
        channel("battery", domain=Domain.BATTERY, provenance=Provenance.INTEGRATED, refresh_s=2.0),
        channel("wall", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, refresh_s=1.0, error=0.01),
    ]
    return {one.key: one for one in made}


def test_counted_channels_add_up_and_nested_ones_do_not(parts):
    ledger = EnergyLedger([parts["package"], parts["core"], parts["dram"]])
    feed(ledger, package=20.0, core=15.0, dram=3.0)
    energy = ledger.window(s(2), s(7))
    assert energy.energy_j == pytest.approx(115.0)
    assert energy.provenance is Provenance.COUNTER
    assert energy.channels == ("package", "dram")
    assert energy.mean_power_w == pytest.approx(23.0)


def test_a_sum_is_marked_by_its_least_direct_part_and_carries_its_error(parts):
    ledger = EnergyLedger([parts["package"], parts["gpu"]])
    feed(ledger, package=20.0, gpu=100.0)
    energy = ledger.window(s(2), s(10))
    assert energy.provenance is Provenance.INTEGRATED
    gain = 0.02 * 160 + 0.05 * 800
    ends = ((0.001 * 20) ** 2 + (0.1 * 100) ** 2) ** 0.5
    assert energy.half_width_j == pytest.approx(gain + ends)
    quoted = energy.measurement()
    assert (quoted.value, quoted.low, quoted.high) == pytest.approx((960, 960 - gain - ends, 960 + gain + ends))


def test_modelled_watts_never_join_measured_ones(parts):
    ledger = EnergyLedger([parts["gpu"], parts["model"]])
    feed(ledger, gpu=100.0, model=30.0)
    energy = ledger.window(s(2), s(3))
    assert energy.energy_j == pytest.approx(100.0)
    assert (energy.channels, energy.left_out) == (("gpu",), ("model",))


def test_where_nothing_is_measured_the_model_stands_alone_and_says_so(parts):
    ledger = EnergyLedger([parts["model"]])
    feed(ledger, model=30.0)
    energy = ledger.window(s(2), s(4))
    assert energy.energy_j == pytest.approx(60.0)
    assert energy.provenance is Provenance.MODELLED
    assert energy.half_width_j >= 30.0


@pytest.mark.parametrize(("present", "counted"), [(("package", "gpu", "battery"), "battery"), (("package", "battery", "wall"), "wall")])
def test_what_covers_the_whole_machine_stands_in_for_its_parts(parts, present, counted):
    assert [one.key for one in EnergyLedger([parts[key] for key in present]).counted] == [counted]


def test_a_hole_in_one_channel_leaves_no_total_and_names_it(parts):
    ledger = EnergyLedger([parts["package"], parts["gpu"]])
    feed(ledger, 5.0, package=20.0, gpu=100.0)
    ledger.add([Sample(channel="gpu", t_ns=s(5.1), reason="The driver does not answer: GPU is lost.")])
    ledger.add([Sample(channel="package", t_ns=s(5.1), energy_j=82.0, power_w=20.0)])
    energy = ledger.window(s(4.5), s(5.05))
    assert energy.energy_j is None
    assert energy.provenance is Provenance.UNAVAILABLE
    assert energy.reason == "Board: The driver does not answer: GPU is lost."
    assert energy.measurement().value is None
    assert ledger.power_now().value is None
    assert ledger.window(s(2), s(4)).energy_j == pytest.approx(240.0)


def test_no_source_is_said_and_is_not_zero():
    energy = EnergyLedger().window(0, NS)
    assert energy.energy_j is None
    assert energy.reason
    assert EnergyLedger().power_now().value is None


def test_a_window_can_be_answered_once_every_counted_channel_spoke_after_it(parts):
    ledger = EnergyLedger([parts["package"], parts["gpu"]])
    feed(ledger, 5.0, package=20.0)
    assert ledger.heard_until_ns == 0
    assert ledger.window(s(2), s(4)).reason == "Board: No reading up to the end of the window."
    feed(ledger, 4.5, gpu=100.0)
    assert ledger.heard_until_ns == s(4.5)


def test_watts_now_are_the_last_of_each_counted_channel(parts):
    ledger = EnergyLedger([parts["package"], parts["gpu"]])
    feed(ledger, 3.0, package=20.0, gpu=100.0)
    now = ledger.power_now()
    assert now.value == pytest.approx(120.0)
    assert now.provenance is Provenance.INTEGRATED
    feed(ledger, 9.0, package=20.0)
    assert ledger.power_now().value is None


def test_idle_is_the_mean_of_its_window(parts):
    ledger = EnergyLedger([parts["package"]])
    feed(ledger, package=6.5)
    idle = ledger.idle_power_w(Window(kind=WindowKind.IDLE, label="before", t0_ns=s(2), t1_ns=s(4)))
    assert (idle.value, idle.unit) == (pytest.approx(6.5), "W")
    assert idle.low < 6.5 < idle.high


def test_a_source_that_joins_later_is_taken_from_then_on(parts):
    ledger = EnergyLedger([parts["model"]])
    feed(ledger, 5.0, model=30.0)
    ledger.declare([parts["package"]])
    feed(ledger, 9.0, package=20.0)
    assert ledger.window(s(6), s(7)).energy_j == pytest.approx(20.0)
    assert ledger.curve("model").energy_j(s(2), s(3)) == pytest.approx(30.0)


def test_thinning_keeps_every_peak_and_leaves_holes_out(parts):
    ledger = EnergyLedger([parts["gpu"]])
    readings = [(1 + i / 10, 500.0 if i == 33 else 50.0 + i % 3) for i in range(100) if not 40 <= i < 60]
    ledger.add(Sample(channel="gpu", t_ns=s(t), power_w=w) for t, w in readings)
    trace = ledger.thin("gpu", 20)
    assert max(trace.high_w) == 500.0
    assert min(trace.low_w) == 50.0
    assert trace.t_s[0] == pytest.approx(9.9 / 20 / 2)
    spacing = [b - a for a, b in zip(trace.t_s, trace.t_s[1:], strict=False)]
    assert max(spacing) > 1.9
    assert ledger.thin("gpu", 5, s(20), s(30)).t_s == ()


def test_a_channel_that_falls_silent_in_a_run_stays_in_the_total_and_leaves_a_gap(parts):
    ledger = EnergyLedger([parts["package"]])
    feed(ledger, 5.0, package=20.0)
    ledger.add([Sample(channel="package", t_ns=s(5.1), reason="The counter has disappeared.")])
    ledger.declare([parts["model"]], silent=[parts["package"], parts["dram"]])
    assert [channel.key for channel in ledger.counted] == ["package"]
    assert ledger.window(s(2), s(4)).energy_j == pytest.approx(40.0)
    energy = ledger.window(s(4), s(6))
    assert (energy.energy_j, energy.gap) == (None, True)
    assert energy.reason == "CPU package: The counter has disappeared."


def test_what_was_never_there_is_no_gap(parts):
    energy = EnergyLedger([parts["package"]]).window(s(1), s(2))
    assert (energy.energy_j, energy.gap) == (None, False)


def test_without_a_run_only_the_last_hour_is_kept(parts):
    ledger = EnergyLedger([parts["package"]], 1.0)
    for second in range(1, 4 * 3600):
        ledger.add([Sample(channel="package", t_ns=s(second), energy_j=2.0 * second)])
        ledger.keep_last(s(3600))
    assert 3600 <= ledger.watts("package")[0].size <= 3960 + 2
    assert ledger.window(s(4 * 3600 - 3000), s(4 * 3600 - 2)).energy_j == pytest.approx(2.0 * 2998)


def test_gain_and_edges_of_a_window_are_told_apart(parts):
    """A gain cancels where two windows are compared, what is open at their ends does not."""
    ledger = EnergyLedger([parts["package"], parts["dram"]])
    feed(ledger, package=10.0, dram=5.0)
    found = ledger.window(s(2), s(6))
    assert found.gain_j == pytest.approx(0.02 * 60.0)
    assert found.edge_j > 0
    assert found.half_width_j == pytest.approx(found.gain_j + found.edge_j)


def test_what_stands_still_hears_nothing_more_and_says_the_same_for_ever(parts):
    ledger = EnergyLedger([parts["package"]])
    feed(ledger, package=10.0)
    still = ledger.still()
    before, heard = still.window(s(2), s(10.9)), still.heard_until_ns
    ledger.add([Sample(channel="package", t_ns=heard + NS, energy_j=1e6, power_w=1e6)])
    assert still.heard_until_ns == heard
    assert still.window(s(2), s(10.9)) == before
    assert ledger.window(s(2), s(10.9)) != before  # its end is seen in more readings
    assert ledger.heard_until_ns == heard + NS
    assert ledger.recent()[-1].t_ns == heard + NS
