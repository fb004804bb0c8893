"""Making, break-even, carbon and energy-aware numbers as they are printed: sums, signs and sentences made by rule."""

from typing import Any

import pytest

from greenbench.analysis.break_even import break_even
from greenbench.analysis.emissions import Emissions, emissions
from greenbench.core.carbon import grams
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import CarbonFactor, PowerTrace, RunResult, VariantResult, Verdict
from greenbench.report import carbon, energy_aware, making, power
from greenbench.report.columns import columns, rows
from greenbench.report.model import build


def section(result: RunResult, kind: str) -> Any:
    return next(each for each in build(result).sections if each.kind == kind)


def row(table: Any, title: str) -> tuple[str, ...]:
    return next(each for each in table.rows if each[0].startswith(title))


def test_the_ledger_of_the_pick_goes_line_by_line_and_then_by_groups(measured: RunResult) -> None:
    table = making.ledger_table(measured, "D")
    assert [line[0] for line in table.rows] == [
        "Digits",
        "Train¹",
        "int8",
        "Making D, without A",
        "Measuring all variants",
        "Making B, C, E, F and G",
        "Between the steps",
        "This run, all in",
        "All four runs of this pipeline",
    ]
    assert [table.rows[place][0] for place in table.strong] == ["Making D, without A", "This run, all in"]


def test_steps_of_a_moment_read_well_beside_a_run_of_hours(measured: RunResult) -> None:
    longer = tuple(line.model_copy(update={"seconds": 5400.0 if line.node == "train" else 0.14}) for line in measured.ledger)
    table = making.ledger_table(measured.model_copy(update={"ledger": longer}), "D")
    assert row(table, "Train¹")[1] == "1 h 30 min"
    assert row(table, "int8")[1] == "0.1 s"


def test_sums_are_those_of_their_lines(measured: RunResult) -> None:
    """0.9 + 412 + 8 × 21 + 300 + 6 J, each ± 2 %; of the four runs one computed the training, so it is paid for once."""
    table = making.ledger_table(measured, "D")
    assert row(table, "This run")[2:] == ("887 ◉", "18")
    assert row(table, "Making D")[2:] == ("21.0 ◉", "0.4")
    assert row(table, "All four")[2] == "2310 ◉"
    assert row(table, "Making B")[2] == "147.0 ◉"


def test_the_finding_says_what_making_took_and_when_it_is_earned_back(measured: RunResult) -> None:
    found = section(measured, "making").finding
    assert found == "Making D took 21.0 J; it saves 7.0 mJ on every inference and breaks even at 3000 inferences."
    crossing = break_even(measured, "D").inferences
    assert crossing is not None
    assert crossing.value == pytest.approx(21 / (0.0143 * 0.49), rel=1e-6)


def test_every_variant_has_its_break_even_and_the_figure_its_crossing(measured: RunResult) -> None:
    found = section(measured, "making")
    table = found.tables[1]
    assert [line[0] for line in table.rows] == list("BCDEFG")
    assert row(table, "E")[5] == "cannot tell yet"
    assert row(table, "D")[5:] == ("3000", "[2900, 3100]", "7.2 hours")
    (figure,) = found.figures
    assert figure.letters == ("A", "D", "F")
    assert "2900 to 3100" in figure.caption


def test_an_open_pay_back_is_told_in_the_words_of_window_and_terminal(measured: RunResult) -> None:
    found = break_even(measured, "E")
    assert making.finding(measured, found).endswith(f"; {found.text}.")
    assert found.text == "whether it pays back cannot be told: whether an inference saves energy is not established"


def test_modelled_energy_is_listed_and_claims_no_pay_back(quick_start: RunResult) -> None:
    found = section(quick_start, "making")
    reason = "energy is modelled from load, and an estimate claims no saving"
    assert found.finding == f"Making D took ≈ 21 J; no pay-back is claimed: {reason}."
    assert found.figures == ()
    assert len(found.tables) == 1
    assert row(found.tables[0], "This run")[2].startswith("≈ ")
    assert "cost ≈ 1.5 kg" in section(quick_start, "carbon").finding
    assert "with D" not in section(quick_start, "carbon").finding


def test_a_modelled_step_of_the_making_is_told_of_beside_those_that_pay_back(measured: RunResult) -> None:
    """As where it came from the cache of a run without a meter."""
    modelled = [
        line.model_copy(update={"energy": line.energy.model_copy(update={"provenance": Provenance.MODELLED})})
        if line.node == "int8"
        else line
        for line in measured.ledger
    ]
    found = section(measured.model_copy(update={"ledger": tuple(modelled)}), "making")
    reason = "what making it took is, at least in part, modelled from load, and an estimate claims nothing"
    assert found.finding == f"Making D took ≈ 21 J; no pay-back is claimed: {reason}."
    assert found.figures == ()
    assert row(found.tables[1], "D")[5:] == ("not claimed", "", "")
    assert found.tables[1].note.endswith(f"Not claimed: {reason}.")
    assert row(found.tables[1], "F")[5] != "not claimed"


def test_without_a_joule_there_is_no_such_section(no_energy: RunResult) -> None:
    kinds = {each.kind for each in build(no_energy).sections}
    assert not kinds & {"making", "carbon", "power"}


def test_a_line_without_reading_makes_sums_the_least(measured: RunResult) -> None:
    unread = Charge(
        kind=ChargeKind.COMPRESSION, node="int8", title="int8", energy=Measurement.missing("J", "the counter was silent"), variants=("D",)
    )
    lines = [line for line in measured.ledger if line.node != "int8"]
    table = making.ledger_table(measured.model_copy(update={"ledger": (*lines, unread)}), "D")
    assert row(table, "int8")[2] == "—"
    assert row(table, "This run")[2].startswith("at least ")
    assert "No reading for “int8”" in table.note


def test_many_steps_are_listed_by_the_largest(measured: RunResult) -> None:
    more = [line.model_copy(update={"node": "digits", "title": f"Part {k}"}) for k, line in enumerate([measured.ledger[0]] * 20)]
    table = making.ledger_table(measured.model_copy(update={"ledger": (*measured.ledger, *more)}), "D")
    assert row(table, "11 smaller steps")[2] == f"{11 * 0.9:.1f}0 ◉"
    assert len(table.rows) == 12 + 7
    total = sum(line.energy.value or 0.0 for line in (*measured.ledger, *more))
    assert row(table, "This run")[2] == f"{total:.0f} ◉"


def test_experiments_are_counted_with_their_work_and_joules(measured: RunResult) -> None:
    (text,) = making.edh(measured)
    assert "in this run one training, 5.20 GFLOP and 412 J" in text
    assert "in all four runs of this pipeline one training, 5.20 GFLOP and 412 J" in text
    assert text.startswith("What the training cost")


def test_distillation_is_named_where_its_joules_are_in_the_sum_though_the_ledger_has_them_apart(measured: RunResult) -> None:
    (taught,) = [line for line in measured.ledger if line.trainings]
    distilled = taught.model_copy(update={"kind": ChargeKind.DISTILLATION})
    (text,) = making.edh(measured.model_copy(update={"ledger": (*measured.ledger, distilled), "spent": ()}))
    assert text.startswith("What training and distillation cost, every experiment counted (E·D·H): in this run two trainings, ")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.UNCLEAR, "; which is less cannot be told yet."),
        (Verdict.SAME, "; their energies do not differ as far as was measured."),
        (Verdict.LOWER, "at the factor assumed here."),
    ],
)
def test_carbon_says_that_one_is_less_only_where_its_energy_is(measured: RunResult, verdict: Verdict, words: str) -> None:
    def judged(variant: VariantResult) -> VariantResult:
        against = variant.against["energy_per_inference"].model_copy(update={"verdict": verdict})
        return variant.model_copy(update={"against": {**variant.against, "energy_per_inference": against}})

    result = measured.model_copy(update={"variants": (measured.variants[0], *map(judged, measured.variants[1:]))})
    found = emissions(result)
    assert found is not None
    assert carbon.finding(result, found, ["A", "D"]).endswith(words)
    assert carbon.finding(result, found, ["A"]).endswith("with A, at the factor assumed here.")
    assert carbon.finding(result, found, ["A"]).startswith("A billion inferences cost ≈ "), "the factor is assumed, as in the table"


def test_carbon_is_joules_by_the_factor_assumed(measured: RunResult) -> None:
    """14.3 mJ × 10⁹ ÷ 3.6 MJ = 3.97 kWh; × 380 g = 1.51 kg."""
    found = section(measured, "carbon")
    table, assumed = found.tables
    assert row(table, "A, 1 billion")[1:] == ("3.97 kWh ◉\n[3.92, 4.02]", "≈ 1.5 kg ◌\n± 1.2 %")
    assert row(table, "Making D, once")[1] == "5.83 mWh ◉\n[5.72, 5.95]"
    assert row(assumed, "If the grid differs")[1] == "50 g/kWh: × 0.13. 700 g/kWh: × 1.8."
    assert "PUE" in row(assumed, "Building")[0]
    assert "± is what the energy leaves open (95 %)" in table.note


def test_equivalents_name_who_says_so() -> None:
    from greenbench.analysis.emissions import Emissions
    from greenbench.core.run import CarbonFactor

    whole = Measurement(value=36e6, low=36e6, high=36e6, unit="J")
    found = Emissions(CarbonFactor(region="X", intensity_g_per_kwh=475), 1.0, (), whole, whole)
    text = carbon.equivalent_words(found)
    assert "1000 hours of a 10 W lamp" in text
    assert "19 km in a passenger car" in text
    assert "US EPA" in text


def test_energy_aware_numbers_stand_with_their_intervals(measured: RunResult) -> None:
    shown = columns(measured)
    table = energy_aware.table(measured, shown, rows(measured, shown, None))
    assert table is not None
    assert table.head[2:] == ("net of idle mJ", "inferences /J", "1,000 queries mWh", "GFLOP/J", "energy × delay µJ·s", "accuracy /J")
    assert table.rows[0][3] == "69.9 ◉\n[69.1, 70.8]"
    assert "FLOPs per joule, accuracy per joule and inferences per joule" in table.note


def test_power_writes_the_idle_watts_and_the_joules_of_a_block(measured: RunResult) -> None:
    assert power.idle_words(measured) == ("3.420 W", "3.470 W")
    found = section(measured, "power")
    assert [(figure.drawing, figure.width_mm) for figure in found.figures] == [("power", 116.0), ("block", 52.0)]
    assert "12.6 J, 847 inferences" in found.figures[1].alt
    bare = section(measured.model_copy(update={"block_trace": None}), "power")
    assert [(figure.drawing, figure.width_mm) for figure in bare.figures] == [("power", 174.0)]


def test_channels_that_make_up_the_machine_are_drawn_as_one_line_too(measured: RunResult) -> None:
    """Their sum where both have a reading; one that is not a part of the total is left out of it."""

    def trace(channel: str, watts: float, moments: tuple[float, ...], counted: bool = True) -> PowerTrace:
        ends = {"low_w": (watts,) * len(moments), "high_w": (watts + 1,) * len(moments)}
        return PowerTrace(channel=channel, title=channel, provenance=Provenance.COUNTER, t_s=moments, counted=counted, **ends)

    parts = (trace("cpu", 10, (1.0, 2.0, 3.0)), trace("memory", 2, (2.0, 3.0, 4.0)), trace("core", 7, (1.0, 2.0), counted=False))
    first, *rest = power.shown_traces(measured.model_copy(update={"traces": parts}))
    assert [each.channel for each in rest] == ["cpu", "memory", "core"]
    assert (first.channel, first.t_s, first.low_w, first.high_w) == ("total", (2.0, 3.0), (12.0, 12.0), (14.0, 14.0))
    assert [each.channel for each in power.shown_traces(measured)] == ["cpu"]


def test_sums_over_runs_are_told_once_where_they_are_the_same(measured: RunResult) -> None:
    (pipeline,) = measured.spent
    session = pipeline.model_copy(update={"scope": "session"})
    twice = measured.model_copy(update={"spent": (pipeline, session)})
    assert making.several(twice) == (pipeline,)
    more = session.model_copy(update={"runs": 9})
    assert making.several(measured.model_copy(update={"spent": (pipeline, more)})) == (pipeline, more)
    alone = pipeline.model_copy(update={"runs": 1})
    assert making.several(measured.model_copy(update={"spent": (alone, alone)})) == ()
    two = pipeline.model_copy(update={"runs": 2})
    assert "in both runs of this pipeline" in making.edh(measured.model_copy(update={"spent": (two,)}))[0]


def test_equivalents_and_the_table_above_them_say_whether_the_building_is_in_them():
    energy = Measurement(value=3.6e6, low=3.5e6, high=3.7e6, unit="J")
    for pue, told in (
        (1.5, "The whole run took, with what the building adds (PUE 1.50), as much as"),
        (1.0, "The whole run took as much as"),
    ):
        factor = CarbonFactor(region="WORLD", intensity_g_per_kwh=480.0, pue=pue)
        assert carbon.equivalent_words(Emissions(factor, 1.0, (), energy, grams(energy, factor))).startswith(told)
