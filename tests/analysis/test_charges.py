"""The ledger by groups: every line once, sums with the least direct mark, and what has no reading is said."""

import pytest

from greenbench.analysis import charges
from greenbench.analysis.charges import account, add, making
from greenbench.core.artifact import TRAINING_WORK, Fact
from greenbench.core.charge import Charge, ChargeKind, step_kind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import Failure, NodeResult, NodeState, Plan, PlannedNode, RunResult, RunState, Source, VariantResult


def joules(value, half=0.0, provenance=Provenance.COUNTER):
    return Measurement(value=value, low=value - half, high=value + half, unit="J", provenance=provenance)


def planned(id, step, repeat=0, of="", **inputs):
    sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id, params={}, inputs=sources, digest=f"d-{id}", repeat=repeat, of=of)


PLAN = Plan(
    title="t",
    nodes=(
        planned("digits", "data.digits"),
        planned("net", "model.library"),
        planned("train", "train", model=("net",), data=("digits",)),
        planned("teacher", "train", model=("net",), data=("digits",)),
        planned("prune", "prune.structured", model=("train",), data=("digits",)),
        planned("tune", "finetune", model=("prune",), data=("digits",)),
        planned("distil", "distil.soft", student=("net",), teacher=("teacher",), data=("digits",)),
        planned("lost", "quantize.static", model=("train",), data=("digits",)),
        planned("aside", "share.kmeans", model=("train",)),
        planned("bench", "benchmark", models=("train", "tune", "distil", "lost"), data=("digits",)),
    ),
)


def variants():
    def made(letter, node, failure=None):
        return VariantResult(letter=letter, node=node, name=node, benchmark="bench", failure=failure)

    broken = Failure(kind="x", message="no")
    return (made("A", "train"), made("B", "tune"), made("C", "distil"), made("D", "lost", broken))


def line(kind, node, value, **more):
    served = charges.served(PLAN, variants(), node)
    return Charge(kind=kind, node=node, title=node, seconds=1.0, energy=joules(value, 0.1 * value), **{"variants": served, **more})


LEDGER = (
    line(ChargeKind.DATA, "digits", 1),
    line(ChargeKind.MODEL, "net", 2),
    line(ChargeKind.TRAINING, "train", 400, cached=True),
    line(ChargeKind.TRAINING, "teacher", 800),
    line(ChargeKind.COMPRESSION, "prune", 4),
    line(ChargeKind.TRAINING, "tune", 80),
    line(ChargeKind.DISTILLATION, "distil", 90),
    line(ChargeKind.COMPRESSION, "lost", 7, failed=True),
    line(ChargeKind.COMPRESSION, "aside", 3),
    line(ChargeKind.IDLE, "bench", 20),
    line(ChargeKind.BLOCKS, "bench", 60, variants=("A",)),
    line(ChargeKind.PREPARING, "bench", 5),
    line(ChargeKind.OVERHEAD, "", 6),
)


def run(ledger=LEDGER, **more):
    return RunResult(
        run_id="r", title="t", state=RunState.FINISHED, started="", plan=PLAN, variants=variants(), ledger=ledger, **more
    )  # fmt: skip


def nodes(lines):
    return [each.node for each in lines]


def test_every_line_is_in_exactly_one_group():
    for letter in "ABC":
        found = account(run(), letter)
        assert sorted(nodes(found.lines)) == sorted(nodes(LEDGER))
        assert add(found.lines).energy.value == pytest.approx(sum(each.energy.value for each in LEDGER))


def test_making_is_what_the_baseline_does_not_need():
    found = account(run(), "B")
    assert nodes(found.making) == ["prune", "tune"]
    assert nodes(found.baseline) == ["digits", "net", "train"]
    assert nodes(found.others) == ["teacher", "distil"]
    assert nodes(found.measuring) == ["bench", "bench", "bench"]
    assert nodes(found.discarded) == ["lost", "aside"]
    assert nodes(found.overhead) == [""]
    assert making(run(), "B").energy.value == 84


def test_a_teacher_is_charged_to_its_student():
    assert nodes(account(run(), "C").making) == ["teacher", "distil"]
    assert nodes(account(run(), "A").making) == []


def test_a_node_serves_the_measured_variants_it_feeds():
    assert charges.served(PLAN, variants(), "net") == ("A", "B", "C")
    assert charges.served(PLAN, variants(), "prune") == ("B",)
    assert charges.served(PLAN, variants(), "lost") == ()


def test_a_sum_carries_the_least_direct_mark_and_adds_errors_as_they_are():
    found = add(
        [line(ChargeKind.DATA, "a", 10), Charge(kind=ChargeKind.MODEL, node="b", title="b", energy=joules(5, 2, Provenance.INTEGRATED))]
    )
    assert found.energy.provenance is Provenance.INTEGRATED
    assert (found.energy.low, found.energy.value, found.energy.high) == (12, 15, 18)
    assert found.seconds == 1.0


def test_a_line_without_reading_makes_the_sum_the_least():
    unread = Charge(kind=ChargeKind.MODEL, node="b", title="Load", energy=Measurement.missing("J", "the counter was silent"))
    found = add([line(ChargeKind.DATA, "a", 10), unread])
    assert found.at_least
    assert found.missing == ("Load",)
    assert found.energy.value == 10
    alone = add([unread])
    assert alone.energy.value is None
    assert alone.energy.reason == "the counter was silent"
    assert not alone.at_least


def test_nothing_done_is_nothing_spent_and_no_gap():
    found = add([])
    assert (found.energy.value, found.missing) == (0.0, ())


def test_further_seeds_are_for_others_and_not_discarded():
    again = line(ChargeKind.TRAINING, "train@1", 400, repeat=1, variants=())
    assert nodes(account(run((*LEDGER, again)), "B").others)[-1] == "train@1"


def test_what_a_claim_was_judged_by_is_not_discarded():
    judged = PLAN.model_copy(update={"nodes": (*PLAN.nodes, planned("claim", "claim", models=("aside",)))})
    found = account(run().model_copy(update={"plan": judged}), "B")
    assert nodes(found.discarded) == ["lost"]
    assert "aside" in nodes(found.others)


def test_an_old_run_without_ledger_has_one_line_for_each_node():
    kept = NodeResult(
        node="tune", title="Tune", step="finetune", state=NodeState.CACHED, seconds=3.0, energy=joules(80), digest="d",
        facts=(Fact(title=TRAINING_WORK, value=5e9, unit="FLOP"),),
    )  # fmt: skip
    (found,) = charges.ledger(run((), nodes=(kept,)))
    assert (found.kind, found.cached, found.variants, found.flop, found.trainings) == (ChargeKind.TRAINING, True, ("B",), 5e9, 1)


@pytest.mark.parametrize(
    ("step", "kind"),
    [("data.idx", ChargeKind.DATA), ("model.file", ChargeKind.MODEL), ("train", ChargeKind.TRAINING), ("finetune", ChargeKind.TRAINING),
     ("distil.features", ChargeKind.DISTILLATION), ("quantize.static", ChargeKind.COMPRESSION), ("claim", ChargeKind.JUDGING)],
)  # fmt: skip
def test_steps_are_charged_by_what_they_do(step, kind):
    assert step_kind(step) is kind


def test_every_step_has_a_kind():
    from greenbench.core.step import Group
    from greenbench.steps import installed

    for spec in installed():
        kind = step_kind(spec.key)
        assert kind.making == (spec.group is not Group.MEASURE), spec.key
