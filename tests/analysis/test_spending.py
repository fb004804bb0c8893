"""What several runs took: joules, FLOP and trainings, each step paid for once however often it was reused."""

import pytest

from greenbench.analysis.spending import spending
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance


def line(node, joules, cached=False, flop=None, failed=False, digest="", kind=ChargeKind.TRAINING):
    energy = Measurement.missing("J", "no counter") if joules is None else Measurement(value=joules, low=joules, high=joules, unit="J")
    trainings = 1 if flop or failed else 0
    return Charge(
        kind=kind, node=node, title=node, seconds=2.0, energy=energy, cached=cached, failed=failed, digest=digest or node, flop=flop,
        trainings=trainings,
    )  # fmt: skip


def overhead(joules):
    return Charge(kind=ChargeKind.OVERHEAD, node="", title="Between the steps", energy=Measurement(value=joules, unit="J"))


def test_a_step_is_paid_for_once_however_often_it_is_reused():
    first = [line("train", 100, flop=5e9), overhead(1)]
    again = [line("train", 100, cached=True, flop=5e9), line("prune", 10, kind=ChargeKind.COMPRESSION), overhead(1)]
    found = spending("pipeline", [first, again, again])
    assert found.energy.value == pytest.approx(100 + 10 + 10 + 3)
    assert (found.runs, found.experiments, found.flop) == (3, 1, 5e9)


def test_what_was_computed_before_these_runs_is_paid_by_the_first_that_reuses_it():
    reused = [line("train", 100, cached=True, flop=5e9)]
    found = spending("session", [reused, reused])
    assert (found.energy.value, found.experiments) == (100, 1)


def test_all_lines_of_a_reused_step_are_paid_and_once():
    split = [line("share", 100, cached=True, flop=5e9), line("share", 10, cached=True, kind=ChargeKind.COMPRESSION)]
    found = spending("session", [split, split])
    assert (found.energy.value, found.training.value, found.experiments) == (110, 100, 1)


def test_failed_trainings_and_further_seeds_are_experiments_too():
    """Schwartz 2019, equation 1: H counts every experiment."""
    found = spending("pipeline", [[line("a", 10, flop=1e9), line("a@1", 10, flop=1e9), line("b", 4, failed=True)]])
    assert (found.experiments, found.flop, found.training.value) == (3, 2e9, 24)


def test_computing_the_same_again_is_paid_again():
    found = spending("pipeline", [[line("train", 100, flop=5e9)], [line("train", 101, flop=5e9)]])
    assert (found.energy.value, found.experiments) == (201, 2)


def test_lines_without_reading_are_counted_as_missing():
    found = spending("session", [[line("a", None), line("b", 3)]])
    assert (found.missing, found.energy.value) == (1, 3)
    nothing = spending("session", [[line("a", None)]])
    assert nothing.energy.provenance is Provenance.UNAVAILABLE
