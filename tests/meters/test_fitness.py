"""A wall meter counts only in runs whose blocks last a hundred of its refresh intervals; both curves are kept, and the run says so."""

import pytest

from greenbench.core.measurement import Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.core.run import LAB, QUICK
from greenbench.meters.fitness import counted, counts_from, shortest_block_s, too_slow
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.pairing import parts, wholes

NS = 1_000_000_000


@pytest.fixture
def made(channel):
    """A package with a counter, a plug, an analyser, a battery and the model, by key."""
    found = [
        channel("package"),
        channel("plug", title="Plug", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, refresh_s=1.0, error=0.02),
        channel("analyser", title="Analyser", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, refresh_s=0.1, error=0.002),
        channel("battery", domain=Domain.BATTERY, provenance=Provenance.INTEGRATED, refresh_s=2.0),
        channel("model", provenance=Provenance.MODELLED, refresh_s=0.25),
        channel("monitor", domain=Domain.OTHER, provenance=Provenance.EXTERNAL, refresh_s=1.0, counted=False),
    ]
    return {one.key: one for one in found}


def keys(channels):
    return [channel.key for channel in channels]


@pytest.mark.parametrize(
    ("refresh_s", "block_s", "slow"),
    [(1.0, QUICK.block_s, True), (1.0, LAB.block_s, True), (0.1, QUICK.block_s, True), (0.1, LAB.block_s, False), (1.0, 100.0, False)],
)
def test_a_hundred_refresh_intervals_in_a_block_are_enough_and_ninety_nine_are_not(made, refresh_s, block_s, slow):
    plug = made["plug"].model_copy(update={"refresh_s": refresh_s})
    assert bool(too_slow([plug], block_s)) is slow
    assert too_slow([plug], 0.99 * shortest_block_s(refresh_s))


def test_only_a_wall_meter_is_ever_too_slow(made):
    assert set(too_slow(made.values(), 0.001)) == {"plug", "analyser"}


@pytest.mark.parametrize(
    ("present", "aside", "total"),
    [
        (("package", "plug"), (), ["plug"]),
        (("package", "plug"), ("plug",), ["package"]),
        (("package", "plug", "analyser"), ("plug",), ["analyser"]),
        (("package", "plug", "analyser"), (), ["analyser"]),  # both have the whole machine behind them: their sum would be twice it
        (("package", "battery", "plug"), ("plug",), ["battery"]),
        (("plug", "model"), ("plug",), ["plug"]),  # slow, but measured: better than a guess
        (("plug", "analyser", "model"), ("plug", "analyser"), ["analyser"]),
        (("package", "monitor"), (), ["package"]),
        (("monitor", "model"), (), ["model"]),
    ],
)
def test_the_total_is_one_tier_and_covers_nothing_twice(made, present, aside, total):
    assert keys(counted([made[key] for key in present], aside)) == total


def feed(ledger, start_s, end_s, **watts):
    for tenth in range(round(start_s * 10), round(end_s * 10) + 1):
        for key, power_w in watts.items():
            energy_j = power_w * tenth / 10 if key == "package" else None
            ledger.add([Sample(channel=key, t_ns=tenth * NS // 10, power_w=power_w, energy_j=energy_j)])


def test_all_windows_of_a_run_are_told_by_the_same_channels_and_both_curves_are_kept(made):
    ledger = EnergyLedger([made["package"], made["plug"]])
    feed(ledger, 0, 200, package=20.0, plug=50.0)
    assert ledger.window(NS, 11 * NS).mean_power_w == pytest.approx(50.0)  # nothing runs: what the machine draws
    ledger.begin_run(LAB.block_s)
    for t0_s, t1_s in ((1, 2), (1, 11), (1, 199)):  # a step that lasts long, too
        assert ledger.window(t0_s * NS, t1_s * NS).channels == ("package",)
        assert ledger.window(t0_s * NS, t1_s * NS).mean_power_w == pytest.approx(20.0)
    assert ledger.curve("plug").mean_power_w(NS, 11 * NS) == pytest.approx(50.0)
    assert keys(wholes(ledger.channels)) == ["plug"]
    assert keys(parts(ledger.channels)) == ["package"]
    ledger.begin_run(100.0)
    assert ledger.window(NS, 101 * NS).channels == ("plug",)
    assert ledger.window(NS, 101 * NS).provenance is Provenance.EXTERNAL


def test_a_meter_that_comes_while_a_run_is_under_way_does_not_change_what_it_counts(made):
    ledger = EnergyLedger([made["package"]])
    ledger.begin_run(LAB.block_s)
    feed(ledger, 0, 20, package=20.0)
    ledger.declare([made["package"], made["analyser"]])
    assert keys(ledger.counted) == ["package"]
    assert "under way" in ledger.aside["analyser"]
    ledger.begin_run(LAB.block_s)
    assert keys(ledger.counted) == ["analyser"]


def test_a_quick_one_that_falls_silent_in_a_run_leaves_a_gap_not_the_counters_lower_number(made):
    ledger = EnergyLedger([made["package"], made["analyser"]])
    ledger.begin_run(LAB.block_s)
    feed(ledger, 0, 10, package=20.0, analyser=50.0)
    ledger.add([Sample(channel="analyser", t_ns=10 * NS + 1, reason="It does not answer.")])
    ledger.declare([made["package"]], [made["analyser"]])
    feed(ledger, 10.1, 20, package=20.0)
    found = ledger.window(5 * NS, 15 * NS)
    assert (found.energy_j, found.gap) == (None, True)
    assert "It does not answer." in found.reason


def report(channel):
    return SourceReport(
        key=channel.key,
        title=channel.title,
        state=SourceState.IN_USE,
        provenance=channel.provenance,
        channels=(channel,),
        reason="As ever.",
    )


def test_the_sources_of_a_run_say_which_wall_meter_did_not_count_and_why(made):
    ledger = EnergyLedger([made["package"], made["plug"]])
    reports = [report(made["package"]), report(made["plug"])]
    assert ledger.told(reports) == tuple(reports)
    ledger.begin_run(QUICK.block_s)
    package, plug = ledger.told(reports)
    assert package == reports[0]
    assert not plug.channels[0].counted
    assert "every 1 s" in plug.reason
    assert "100 s" in plug.reason
    assert "last 1 s" in plug.reason
    # Who joins the run again from what is kept comes to the same total.
    again = EnergyLedger([*package.channels, *plug.channels])
    assert keys(again.counted) == ["package"]
    assert again.told((package, plug)) == (package, plug)


def test_what_was_silent_before_a_run_is_kept_as_not_counted_and_what_fell_silent_in_it_as_counted(made):
    ledger = EnergyLedger([made["package"], made["analyser"]])
    ledger.begin_run(LAB.block_s)
    silent = report(made["analyser"]).model_copy(update={"state": SourceState.SILENT, "reason": "It does not answer."})
    ledger.declare([made["package"]], [made["analyser"]])  # in the run
    assert ledger.told([report(made["package"]), silent])[1] == silent
    ledger.declare([made["package"]])  # the next run begins without it
    ledger.begin_run(LAB.block_s)
    _, plug = ledger.told([report(made["package"]), silent])
    assert (plug.channels[0].counted, plug.reason) == (False, "It does not answer.")
    assert keys(EnergyLedger([made["package"], *plug.channels]).counted) == ["package"]


def test_of_two_wall_meters_the_slower_one_says_that_the_other_counts(made):
    ledger = EnergyLedger([made["analyser"], made["plug"]])
    ledger.begin_run(100.0)
    _, plug = ledger.told([report(made["analyser"]), report(made["plug"])])
    assert "quicker" in plug.reason
    assert not plug.channels[0].counted


def test_a_slow_one_that_is_all_there_is_counts_with_the_interval_that_its_slowness_gives(made):
    ledger = EnergyLedger([made["plug"], made["model"]])
    ledger.begin_run(QUICK.block_s)
    for second in range(20):
        ledger.add([Sample(channel="plug", t_ns=second * NS, power_w=50.0 + second % 2)])
    found = ledger.window(5 * NS + NS // 2, 6 * NS + NS // 2)
    assert found.provenance is Provenance.EXTERNAL
    assert found.half_width_j > 0.02 * found.energy_j  # more than its gain alone
    assert ledger.told([report(made["plug"])])[0].channels[0].counted


def test_a_run_in_which_a_slow_wall_meter_counts_alone_says_that_in_place_of_the_rule(made):
    plug = made["plug"]
    ledger = EnergyLedger([plug])
    ledger.begin_run(QUICK.block_s)
    (told,) = ledger.told([report(plug).model_copy(update={"reason": f"{counts_from(plug.refresh_s)} A note."})])
    assert told.reason.startswith("Counts as the whole machine in this run: nothing else measures here.")
    assert "the blocks of this run last 1 s" in told.reason
    assert told.reason.endswith(" A note.")
    assert "counters of its parts" not in told.reason
