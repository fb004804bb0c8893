"""Break-even by closed forms: the words for each case, and no claim on modelled energy."""

import pytest

from greenbench.analysis.break_even import PayBack, break_even, judge, per_day, saving, time_words
from greenbench.analysis.charges import Sum, add
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import Block, Comparison, Plan, PlannedNode, RunResult, RunState, Source, VariantResult, Verdict


def joules(value, low=None, high=None, provenance=Provenance.COUNTER, n=5):
    return Measurement(value=value, low=low, high=high, n=n, unit="J", provenance=provenance)


def spent(value, low=None, high=None, provenance=Provenance.COUNTER, missing=()):
    return Sum(joules(value, low, high, provenance), 10.0, tuple(missing), 1)


def test_pays_back_in_inferences_and_days():
    found = judge("G", spent(264e3, 251e3, 277e3), joules(0.053, 0.0515, 0.0545), 10_000)
    assert found.verdict is PayBack.PAYS
    assert found.inferences.value == pytest.approx(264e3 / 0.053)
    assert found.days.value == pytest.approx(264e3 / 0.053 / 10_000)
    assert found.days.low == pytest.approx(found.inferences.low / 10_000)
    assert found.days.unit == "d"
    assert found.text == "pays back after 5.0 million inferences (4.7 to 5.3 million), 1.4 years (1.3 to 1.4 years) at 10\u202f000 a day"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.2, -0.1, PayBack.NEVER),
        (-0.1, 0.0, PayBack.NEVER),
        (-0.1, 0.1, PayBack.UNCLEAR),
        (0.01, 0.1, PayBack.PAYS),
        (None, None, PayBack.UNCLEAR),
    ],
)
def test_the_interval_of_the_saving_decides(low, high, verdict):
    assert judge("B", spent(100, 90, 110), joules(0.05, low, high), 1000).verdict is verdict


def test_making_that_cost_nothing_measurable_pays_back_at_once():
    exact = judge("B", spent(0.0, 0.0, 0.0), joules(0.05, 0.04, 0.06), 1000)
    unread = judge("B", spent(0.3, 0.0, 1.2), joules(0.05, 0.04, 0.06), 1000)
    assert exact.verdict is unread.verdict is PayBack.AT_ONCE
    assert unread.inferences.high >= 1.2 / 0.05  # what it can have been at most is kept


def test_modelled_energy_claims_nothing():
    found = judge("B", spent(100, 50, 150), joules(0.05, 0.04, 0.06, Provenance.MODELLED), 1000)
    assert found.verdict is PayBack.NOT_CLAIMED
    assert found.inferences is None
    assert "modelled" in found.text


@pytest.mark.parametrize(
    "making", [spent(100, 50, 150, Provenance.MODELLED), spent(3, 0, 6, Provenance.MODELLED)], ids=["some", "maybe none"]
)
def test_a_making_that_was_modelled_claims_nothing_though_the_saving_was_counted(making):
    found = judge("B", making, joules(0.05, 0.04, 0.06), 1000)
    assert found.verdict is PayBack.NOT_CLAIMED
    assert found.inferences is None
    assert (
        found.text == "no pay-back is claimed: what making it took is, at least in part, modelled from load, and an estimate claims nothing"
    )


def test_one_modelled_step_of_a_counted_making_is_enough():
    """As of a step from the cache of a run without a meter."""
    lines = [
        Charge(kind=ChargeKind.COMPRESSION, node=node, title=node, energy=joules(50, 45, 55, provenance))
        for node, provenance in (("prune", Provenance.COUNTER), ("tune", Provenance.MODELLED))
    ]
    assert judge("B", add(lines), joules(0.05, 0.04, 0.06), 1000).verdict is PayBack.NOT_CLAIMED
    assert judge("B", add(lines[:1]), joules(0.05, 0.04, 0.06), 1000).verdict is PayBack.PAYS


def test_a_making_with_a_part_unread_is_the_least():
    found = judge("B", spent(100, 90, 110, missing=("Train",)), joules(0.05, 0.04, 0.06), 1000)
    assert found.at_least
    assert "at least" in found.text


def test_no_reading_at_all_is_no_answer():
    no_making = judge("B", Sum(Measurement.missing("J", "no counter"), 1.0, ("Train",), 1), joules(0.05, 0.04, 0.06), 1000)
    no_saving = judge("B", spent(1, 1, 1), Measurement.missing("J", "no counter"), 1000)
    assert no_making.verdict is no_saving.verdict is PayBack.UNCLEAR
    assert "no counter" in no_making.text
    assert "no counter" in no_saving.text


def block(index, energy_j, calls=100):
    return Block(index=index, t0_ns=index, t1_ns=index + 1, calls=calls, median_s=0.001, energy_j=energy_j)


def variant(letter, node, energies, batch=1):
    known = [e / 100 / batch for e in energies if e is not None]
    mean = joules(sum(known) / len(known), min(known), max(known)) if known else Measurement.missing("J", "no counter")
    blocks = tuple(block(k, e) for k, e in enumerate(energies))
    return VariantResult(
        letter=letter, node=node, name=letter, benchmark="bench", batch=batch, metrics={"energy_per_inference": mean}, blocks=blocks
    )


def test_the_saving_is_paired_by_round_so_that_drift_cancels():
    first = variant("A", "a", [100, 110, 120, 130])
    other = variant("B", "b", [90, 100, 110, 120])
    found = saving(other, first)
    assert (found.value, found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1))
    assert saving(first, other).value == pytest.approx(-0.1)


def test_the_saving_is_that_of_the_comparison_so_that_verdict_and_break_even_agree():
    """A needs 1.15 J; 10 % less, 8 to 12 %."""
    first, other = variant("A", "a", [100, 110, 120, 130]), variant("B", "b", [90, 100, 110, 120])
    compared = Comparison(verdict=Verdict.LOWER, change=-0.10, low=-0.12, high=-0.08)
    found = saving(other.model_copy(update={"against": {"energy_per_inference": compared}}), first)
    assert (found.value, found.low, found.high) == (pytest.approx(0.115), pytest.approx(0.092), pytest.approx(0.138))
    unclear = Comparison(verdict=Verdict.UNCLEAR, change=-0.01, low=-0.03, high=0.01)
    doubtful = saving(other.model_copy(update={"against": {"energy_per_inference": unclear}}), first)
    assert judge("B", spent(1, 1, 1), doubtful, 1000).verdict is PayBack.UNCLEAR


def test_what_the_meter_leaves_open_at_the_ends_of_blocks_is_open_in_the_saving():
    """Both blocks of a round may be off by 4 J of 100 calls, one up and one down, in every round alike."""

    def open_by(found, edge_j):
        return found.model_copy(update={"blocks": tuple(b.model_copy(update={"edge_j": edge_j}) for b in found.blocks)})

    first, other = (open_by(v, 4.0) for v in (variant("A", "a", [100, 110, 120, 130]), variant("B", "b", [90, 100, 110, 120])))
    found = saving(other, first)
    assert (found.value, found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.02), pytest.approx(0.18))
    compared = Comparison(verdict=Verdict.LOWER, change=-0.10, low=-0.12, high=-0.08)
    judged = saving(other.model_copy(update={"against": {"energy_per_inference": compared}}), first)
    share = 4 / 115
    assert (judged.low, judged.high) == (pytest.approx(0.08 * 1.15 * (1 - share)), pytest.approx(0.12 * 1.15 * (1 + share)))


def test_a_round_without_reading_is_left_out():
    found = saving(variant("B", "b", [90, None, 110, 120]), variant("A", "a", [100, 110, None, 130]))
    assert (found.value, found.n) == (pytest.approx(0.1), 2)


def result(*variants, params=None):
    def node(id, step, params=None, **inputs):
        sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
        return PlannedNode(id=id, step=step, version=1, title=id, params=params or {}, inputs=sources, digest=id)

    nodes = (
        node("a", "train"),
        node("b", "prune.structured", model=("a",)),
        node("bench", "benchmark", params, models=("a", "b")),
    )
    ledger = (
        Charge(kind=ChargeKind.TRAINING, node="a", title="Train", energy=joules(500, 490, 510), variants=("A", "B")),
        Charge(kind=ChargeKind.COMPRESSION, node="b", title="Prune", energy=joules(50, 49, 51), variants=("B",)),
    )
    return RunResult(
        run_id="r", title="t", state=RunState.FINISHED, started="", plan=Plan(title="t", nodes=nodes), variants=variants, ledger=ledger
    )


def test_a_run_charges_the_variant_only_with_what_the_baseline_does_not_need():
    run = result(variant("A", "a", [100, 110, 120, 130]), variant("B", "b", [90, 100, 110, 120]))
    found = break_even(run, "B")
    assert found.making.value == 50
    assert found.inferences.value == pytest.approx(50 / 0.1)
    assert found.per_day == 10_000
    assert break_even(run, "A").verdict is PayBack.BASELINE


def test_the_rate_is_that_of_the_benchmark_step_unless_given():
    run = result(variant("A", "a", [100, 110]), variant("B", "b", [90, 100]), params={"per_day": 250})
    assert per_day(run) == 250
    assert break_even(run, "B").days.value == pytest.approx(500 / 250)
    assert break_even(run, "B", 1000).days.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("days", "text"), [(0.0001, "less than a minute"), (0.028, "40 minutes"), (0.5, "12 hours"), (3.5, "3.5 days"), (500, "1.4 years")]
)
def test_times_are_said_as_people_say_them(days, text):
    assert time_words(days) == text
