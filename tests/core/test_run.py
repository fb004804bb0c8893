"""Runs, plans and measurements as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import PlanError, Problem
from greenbench.core.measurement import Measurement, Provenance, Window, WindowKind
from greenbench.core.metrics import BY_KEY, METRICS
from greenbench.core.places import home
from greenbench.core.run import LAB, QUICK, Failure, NodeState, Plan, PlannedNode, RunResult, RunState, Source, VariantResult, letter


@pytest.mark.parametrize(("index", "key"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (701, "ZZ"), (702, "AAA")])
def test_letters_go_on_after_z(index, key):
    assert letter(index) == key


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_letters_are_unique_and_in_order(one, other):
    def place(index):
        return (len(letter(index)), letter(index))

    assert (one < other) == (place(one) < place(other))


@given(st.lists(st.sampled_from(list(Provenance))))
def test_a_sum_carries_the_least_direct_mark_of_its_parts(several):
    least = Provenance.least(several)
    order = [Provenance.EXTERNAL, Provenance.COUNTER, Provenance.INTEGRATED, Provenance.MODELLED, Provenance.UNAVAILABLE]
    assert least == (order[max(map(order.index, several))] if several else Provenance.UNAVAILABLE)


def test_only_modelled_and_missing_are_not_measured():
    assert [kind for kind in Provenance if not kind.measured] == [Provenance.MODELLED, Provenance.UNAVAILABLE]
    assert len({kind.mark for kind in Provenance}) == len(Provenance)
    assert all(kind.meaning for kind in Provenance)


def node(id, step="s", **inputs):
    sources = {port: tuple(Source(node=name, output="model") for name in names) for port, names in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id.upper(), params={}, inputs=sources, digest="")


def test_the_lineage_of_a_model_follows_the_student_and_not_the_teacher():
    plan = Plan(
        title="T",
        nodes=(node("big"), node("small"), node("kd", teacher=["big"], student=["small"], data=["d"]), node("int8", model=["kd"])),
    )
    assert [step.node for step in plan.lineage("int8")] == ["small", "kd", "int8"]
    assert [step.title for step in plan.lineage("big")] == ["BIG"]


def result(*variants):
    return RunResult(
        run_id="r",
        title="T",
        state=RunState.FINISHED,
        started="2026-11-22T12:00:00+01:00",
        plan=Plan(title="T", nodes=()),
        variants=variants,
    )


def variant(key, provenance=None, **more):
    energy = Measurement.missing("J", "none") if provenance is None else Measurement(value=1.0, unit="J", provenance=provenance)
    return VariantResult(letter=key, node=key, name=key, metrics={"energy_per_inference": energy}, **more)


def test_the_baseline_is_a_measured_variant_a():
    failed = VariantResult(letter="A", node="a", name="A", state=NodeState.FAILED, failure=Failure(kind="x", message="y"))
    assert result(failed, variant("B")).baseline is None
    assert result(variant("A"), variant("B")).baseline.letter == "A"
    assert [v.letter for v in result(failed, variant("B")).measured] == ["B"]


def test_the_energy_of_a_run_is_as_direct_as_its_least_direct_variant():
    both = result(variant("A", Provenance.COUNTER), variant("B", Provenance.MODELLED))
    assert both.energy_provenance is Provenance.MODELLED
    assert result().energy_provenance is Provenance.UNAVAILABLE


def test_protocols_are_stamped_so_that_a_look_is_not_published():
    assert QUICK.stamp == "quick, not for publication"
    assert LAB.stamp == "lab protocol"
    assert LAB.min_blocks >= 5
    assert LAB.block_s >= 10


def test_a_window_has_a_length_in_seconds():
    assert Window(kind=WindowKind.IDLE, label="idle", t0_ns=5, t1_ns=1_500_000_005).seconds == 1.5


def test_a_missing_measurement_is_not_zero():
    missing = Measurement.missing("J", "no sensor")
    assert (missing.value, missing.n, missing.provenance) == (None, 0, Provenance.UNAVAILABLE)


def test_values_are_frozen_and_refuse_misspelt_fields():
    spec = InputSpec(shape=(1, 8, 8))
    with pytest.raises(ValueError, match="frozen"):
        spec.shape = (3, 8, 8)
    with pytest.raises(ValueError, match="Extra inputs"):
        InputSpec(shape=(1,), shap=(2,))


def test_a_plan_error_lists_every_problem():
    error = PlanError([Problem("a", "No data.", "Connect one."), Problem("b", "No model.")])
    assert str(error) == "No data. Connect one. No model."
    assert [problem.node for problem in error.problems] == ["a", "b"]


def test_metrics_have_keys_units_and_a_direction():
    assert set(BY_KEY) == {metric.key for metric in METRICS}
    assert all(metric.better in ("lower", "higher", "") for metric in METRICS)
    better_higher = {"accuracy", "mean_iou", "throughput", "inferences_per_joule", "flops_per_joule", "accuracy_per_joule"}
    assert {metric.key for metric in METRICS if metric.better == "higher"} == better_higher


def test_the_data_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("GREENBENCH_HOME")
    assert home().name == "greenbench"


def test_the_quality_of_a_run_is_the_metric_that_has_a_value():
    def judged(**metrics):
        return VariantResult(letter="A", node="a", name="A", metrics=metrics)

    missing = Measurement.missing("1", "none")
    assert result(judged(accuracy=missing)).quality == "accuracy"
    assert result(judged(accuracy=missing, mean_absolute_error=Measurement(value=2.0, unit="°C"))).quality == "mean_absolute_error"
    assert result(judged(mean_iou=missing)).quality == "mean_iou"
    assert result().quality == "accuracy"
