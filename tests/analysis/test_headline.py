"""The three sentences say what the comparisons say, for every shape a run can have."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbench.analysis.headline import headline
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import (
    Comparison,
    Failure,
    NodeResult,
    NodeState,
    Plan,
    PlannedNode,
    RunState,
    Source,
    VariantResult,
    Verdict,
    letter,
)

SAME_ACCURACY = (-0.0001, -0.002, 0.002)
REAL_LOSS = (-0.0061, -0.0091, -0.0031)
LARGE_LOSS = (-0.022, -0.027, -0.018)
UNCLEAR = (-0.003, -0.02, 0.014)


def test_the_pick_needs_the_least_energy_of_those_that_keep_the_accuracy_limit_with_their_whole_interval(runs):
    run = runs("counter")
    found = headline(
        run.result(
            run.variant("ResNet-18", 0),
            run.variant("Prune 50 %", 1, energy=-0.65, time=-0.64, accuracy=REAL_LOSS),
            run.variant("Distilled", 2, energy=-0.90, time=-0.88, accuracy=LARGE_LOSS),
            run.variant("Doubtful", 3, energy=-0.89, time=-0.88, accuracy=UNCLEAR),
            run.variant("Prune 50 % + int8", 4, energy=-0.8587, time=-0.8558, accuracy=REAL_LOSS),
        )
    )
    assert found.pick == "E"
    assert (
        found.bold
        == "Prune 50 % + int8 needs 86 % less energy per inference than the fp32 baseline in the same runtime, and 86 % less time."
    )
    assert found.rest == (
        "It costs 0.61 percentage points of accuracy: a real loss, within the limit of 1 point. "
        "The energy covers processor package and memory."
    )


def test_a_looser_limit_admits_a_lighter_variant(runs):
    run = runs("counter")
    result = run.result(
        run.variant("A", 0),
        run.variant("B", 1, energy=-0.5, time=-0.5, accuracy=SAME_ACCURACY),
        run.variant("C", 2, energy=-0.9, time=-0.5, accuracy=LARGE_LOSS),
    )
    assert headline(result).pick == "B"
    assert headline(result, accuracy_limit=0.03).pick == "C"


def test_without_measured_energy_the_pick_is_the_fastest_and_none_is_called_greener(runs):
    run = runs("modelled")
    found = headline(
        run.result(
            run.variant("Base", 0),
            run.variant("B", 1, time=-0.3, accuracy=SAME_ACCURACY),
            run.variant("C", 2, time=-0.5, accuracy=SAME_ACCURACY),
        )
    )
    assert found.pick == "C"
    assert found.bold == "C needs 50 % less time per inference than the fp32 baseline in the same runtime."
    assert "only estimated from load, not measured, so no variant can be called greener: only root may read it." in found.rest


def test_without_any_reading_the_reason_is_told(runs):
    run = runs("")
    found = headline(run.result(run.variant("Base", 0), run.variant("B", 1, time=-0.3, accuracy=SAME_ACCURACY)))
    assert found.rest.endswith("Energy was not measured, so no variant can be called greener: no power source was found.")


@pytest.mark.parametrize(
    ("time", "half", "words"),
    [
        (0.12, 0.002, ", but 12 % more time."),
        (1.4, 0.002, ", but 2.4 times as much time."),
        (0.0, 0.002, ", in the same time within ±1 %."),
        (0.0, 0.05, "; whether it is faster cannot be told yet."),
    ],
)
def test_what_less_energy_does_to_time_is_told_either_way(runs, time, half, words):
    run = runs("counter")
    slow = run.variant("B", 1, energy=-0.4, time=time, accuracy=SAME_ACCURACY, half=half)
    assert headline(run.result(run.variant("Base", 0), slow)).bold.endswith(words)


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        (SAME_ACCURACY, "Its accuracy is the same within ±0.5 points."),
        ((0.02, 0.01, 0.03), "Its accuracy is 2.0 percentage points higher."),
        ((-0.002, -0.008, 0.004), "A loss of accuracy of more than 1 point is excluded; whether there is one cannot be told yet."),
    ],
)
def test_the_accuracy_sentence_follows_its_verdict(runs, accuracy, words):
    run = runs("counter")
    found = headline(run.result(run.variant("Base", 0), run.variant("B", 1, energy=-0.4, time=-0.4, accuracy=accuracy)))
    assert found.rest.startswith(words)


def test_data_without_labels_gives_a_pick_and_says_that_accuracy_is_unknown(runs):
    run = runs("counter")
    unlabelled = {"accuracy_reason": "random data has no labels"}
    found = headline(run.result(run.variant("Base", 0, **unlabelled), run.variant("B", 1, energy=-0.4, time=-0.4, **unlabelled)))
    assert found.pick == "B"
    assert found.rest.startswith("Its accuracy was not compared: random data has no labels.")


def test_a_run_that_ended_before_accuracy_was_measured_picks_nothing_and_pays_nothing_back(runs):
    run = runs("counter")
    unjudged = {"accuracy_reason": "the run ended before accuracy was measured"}
    variants = run.variant("Base", 0, **unjudged), run.variant("B", 1, energy=-0.4, time=-0.4, **unjudged)
    for state in (RunState.CANCELLED, RunState.LOST):
        found = headline(run.result(*variants, state=state))
        assert found.pick is None
        assert "but its accuracy was not compared: the run ended before accuracy was measured." in found.rest
        assert "pays back" not in found.rest
    bench = PlannedNode(id="bench", step="benchmark", version=1, title="Bench", params={"accuracy": False}, digest="x")
    asked_for_none = run.result(*variants, state=RunState.CANCELLED).model_copy(update={"plan": Plan(title="T", nodes=(bench,))})
    assert headline(asked_for_none).pick == "B"


def test_a_variant_without_accuracy_is_not_picked_where_others_have_one(runs):
    run = runs("counter")
    unlabelled = run.variant("B", 1, energy=-0.9, time=-0.4, accuracy_reason="broke off")
    kept = run.variant("C", 2, energy=-0.2, time=-0.2, accuracy=SAME_ACCURACY)
    assert headline(run.result(run.variant("Base", 0), unlabelled, kept)).pick == "C"


def test_gains_that_all_cost_too_much_accuracy_are_named_without_a_pick(runs):
    run = runs("counter")
    found = headline(run.result(run.variant("Base", 0), run.variant("Distilled", 1, energy=-0.84, time=-0.8, accuracy=LARGE_LOSS)))
    assert found.pick is None
    assert found.bold == "No variant is shown to need less energy than the baseline and to keep within 1 point of its accuracy."
    assert found.rest.startswith("Distilled needs 84 % less energy, but costs 2.2 percentage points of accuracy, perhaps 2.7.")


def test_gains_whose_accuracy_cannot_be_told_are_named_without_a_pick(runs):
    run = runs("")
    found = headline(run.result(run.variant("Base", 0), run.variant("Int8", 1, time=-0.5, accuracy=UNCLEAR)))
    assert found.pick is None
    assert "but its accuracy may be 2.0 points lower: that cannot be told yet on 360 examples" in found.rest


@pytest.mark.parametrize(
    ("changes", "bold"),
    [
        ((0.0, 0.4), "Neither variant needs less time than the baseline."),
        ((0.4,), "B does not need less time than the baseline."),
    ],
)
def test_if_none_is_faster_the_first_sentence_says_so(runs, changes, bold):
    run = runs("")
    variants = [run.variant("BCD"[i], i + 1, time=change, accuracy=SAME_ACCURACY) for i, change in enumerate(changes)]
    found = headline(run.result(run.variant("Base", 0), *variants))
    assert (found.bold, found.pick) == (bold, None)


def test_if_it_cannot_be_told_whether_one_is_faster_the_sentence_claims_neither(runs):
    run = runs("")
    found = headline(
        run.result(
            run.variant("Base", 0),
            run.variant("B", 1, time=0.4, accuracy=SAME_ACCURACY),
            run.variant("C", 2, time=-0.01, half=0.05, accuracy=SAME_ACCURACY),
        )
    )
    assert found.bold == "Neither variant is shown to need less time than the baseline."
    assert "One variant is slower than A, one cannot be told yet." in found.rest


def test_another_runtime_is_not_credited_to_the_variant(runs):
    run = runs("counter")
    eager = run.variant("Base", 0, runtime="PyTorch eager")
    found = headline(run.result(eager, run.variant("B", 1, energy=-0.4, time=-0.4, accuracy=SAME_ACCURACY)))
    assert "the fp32 baseline, which ran in PyTorch eager and not in ONNX Runtime: part of this is the runtime's" in found.bold


def test_a_long_name_gives_way_to_the_letter(runs):
    run = runs("counter")
    long = run.variant("resnet18_cifar10_prune_structured_l1_group_050", 1, energy=-0.4, time=-0.4, accuracy=SAME_ACCURACY)
    assert headline(run.result(run.variant("Base", 0), long)).bold.startswith("Variant B needs")


def test_a_variant_of_another_benchmark_is_not_weighed_against_this_baseline(runs):
    run = runs("counter")
    other = run.variant("B", 1, energy=-0.9, time=-0.9, accuracy=SAME_ACCURACY).model_copy(update={"benchmark": "second"})
    assert headline(run.result(run.variant("Base", 0), other)).pick is None


def test_a_single_variant_has_nothing_to_be_compared_with(runs):
    run = runs("counter")
    found = headline(run.result(run.variant("Base", 0)))
    assert found.bold == "Base was measured alone, so there is nothing to compare it with."
    assert found.rest.startswith("Its median latency is 1.00 ms.")
    assert (found.pick, found.findings) == (None, ())


def test_failed_variants_are_told(runs):
    run = runs("counter")
    found = headline(run.result(run.variant("Base", 0), run.failed("B", 1), run.failed("C", 2)))
    assert found.bold == "Both other variants failed, so there is nothing to compare Base with."
    assert found.rest.startswith("Out of memory.")
    assert found.findings == ("B and C failed and have no numbers.",)


def test_without_a_baseline_nothing_is_compared(runs):
    run = runs("counter")
    found = headline(run.result(run.failed("Base", 0, "Export stopped"), run.variant("B", 1)))
    assert found.bold == "The baseline A has no result, so no variant can be compared."
    assert found.rest.startswith("Export stopped.")
    assert found.pick is None


def test_an_empty_run_says_why(runs):
    node = NodeResult(node="train", title="Train", step="train", state=NodeState.FAILED, failure=Failure(kind="data", message="No images."))
    found = headline(runs("").result(state=RunState.FAILED, nodes=(node,)))
    assert (found.bold, found.rest, found.pick) == ("Nothing was measured.", "No images.", None)


@pytest.mark.parametrize(
    ("state", "words"), [(RunState.CANCELLED, "was stopped before its end."), (RunState.LOST, "broke off before its end.")]
)
def test_a_run_that_did_not_end_says_so(runs, state, words):
    run = runs("counter")
    result = run.result(run.variant("Base", 0), run.variant("B", 1, energy=-0.4, time=-0.4, accuracy=SAME_ACCURACY), state=state)
    assert headline(result).rest.endswith(words)


def test_findings_count_the_verdicts_in_words(runs):
    run = runs("counter")
    changes = (-0.65, -0.6, -0.84, -0.86, 0.439)
    variants = [run.variant(f"V{i}", i + 1, energy=change, time=change, accuracy=SAME_ACCURACY) for i, change in enumerate(changes)]
    variants.append(run.variant("Same", 6, energy=0.002, time=0.0, accuracy=SAME_ACCURACY))
    variants.append(run.variant("Unclear", 7, energy=-0.004, time=0.0, accuracy=SAME_ACCURACY, half=0.02))
    found = headline(run.result(run.variant("Base", 0), *variants, run.failed("Broken", 8)))
    assert found.findings == (
        "Four variants need less energy than A, one needs more, one is within ±1 %, one cannot be told yet.",
        "Four variants are faster than A, one is slower, one is within ±1 %, one cannot be told yet.",
        "All seven variants are within ±0.5 pp of A's accuracy.",
        "I failed and has no numbers.",
    )


plausible = st.one_of(st.none(), st.floats(-1e12, 1e12))


@settings(max_examples=80)
@given(data=st.data())
def test_whatever_a_run_looks_like_there_are_whole_sentences_and_a_pick_that_exists(runs, values_of, data):
    """Generated results: verdicts without numbers, numbers without verdicts, failures with results …"""
    keys = ("energy_per_inference", "latency_p50", "accuracy")
    measurements = st.builds(Measurement, value=plausible, low=plausible, high=plausible, provenance=values_of(Provenance))
    comparisons = st.builds(Comparison, verdict=values_of(Verdict), change=plausible, low=plausible, high=plausible)
    variants = tuple(
        VariantResult(
            letter=letter(index),
            node="node",
            name=data.draw(st.text(max_size=50)),
            benchmark="bench",
            state=data.draw(values_of(NodeState)),
            runtime=data.draw(st.sampled_from(["", "eager", "ONNX Runtime"])),
            metrics=data.draw(st.dictionaries(st.sampled_from(keys), measurements)),
            against=data.draw(st.dictionaries(st.sampled_from(keys), comparisons)),
            failure=data.draw(st.one_of(st.none(), values_of(Failure))),
        )
        for index in range(data.draw(st.integers(0, 5)))
    )
    found = headline(runs("").result(*variants, state=data.draw(values_of(RunState))))
    assert found.bold.endswith(".")
    assert found.pick is None or found.pick in [variant.letter for variant in variants[1:] if variant.failure is None]
    assert all(sentence.endswith(".") for sentence in found.findings)


class TestOtherMetrics:
    """The same three sentences where an error or an IoU judges the answers."""

    @staticmethod
    def judged(runs, key, comparison):
        run = runs("counter")
        unit = "°C" if key == "mean_absolute_error" else "1"
        plain = [run.variant("Base", 0), run.variant("Small", 1, energy=-0.5, time=-0.5)]
        own = Measurement(value=2.0 if unit == "°C" else 0.6, n=400, unit=unit)
        metrics = [{**{k: m for k, m in v.metrics.items() if k != "accuracy"}, key: own} for v in plain]
        against = [{**plain[0].against, key: plain[0].against["accuracy"]}, {**plain[1].against, key: comparison}]
        return run.result(*(v.model_copy(update={"metrics": m, "against": a}) for v, m, a in zip(plain, metrics, against, strict=True)))

    def test_an_error_that_grows_within_the_limit_is_told_in_per_cent(self, runs):
        higher = Comparison(verdict=Verdict.HIGHER, change=0.03, low=0.02, high=0.04, good=False)
        result = self.judged(runs, "mean_absolute_error", higher)
        found = headline(result, 0.05)
        assert found.pick == "B"
        assert "It raises the mean absolute error by 3.0 %: a real loss, within the limit of 5 %." in found.rest

    def test_an_error_that_may_grow_beyond_the_limit_is_no_pick(self, runs):
        unclear = Comparison(verdict=Verdict.UNCLEAR, change=0.01, low=-0.02, high=0.04)
        found = headline(self.judged(runs, "mean_absolute_error", unclear), 0.01)
        assert found.pick is None
        assert "to keep within 1 % of its mean absolute error" in found.bold
        assert "its mean absolute error may be 4.0 % higher: that cannot be told yet on 400 examples" in found.rest

    def test_a_lower_error_is_praised(self, runs):
        lower = Comparison(verdict=Verdict.LOWER, change=-0.2, low=-0.25, high=-0.15, good=True)
        assert "Its mean absolute error is 20 % lower." in headline(self.judged(runs, "mean_absolute_error", lower)).rest

    def test_iou_is_told_in_points(self, runs):
        lower = Comparison(verdict=Verdict.LOWER, change=-0.006, low=-0.008, high=-0.004, good=False)
        found = headline(self.judged(runs, "mean_iou", lower))
        assert "It costs 0.60 percentage points of mean IoU" in found.rest
        assert "One variant has a lower mean IoU than A." in found.findings


def test_a_much_smaller_coded_file_is_told_where_nothing_got_faster(runs):
    run = runs("modelled")
    smaller = run.variant("Encoded", 1, time=0.0, accuracy=(-0.05, -0.076, -0.024))
    bytes_saved = Comparison(verdict=Verdict.LOWER, change=-0.95, good=True)
    smaller = smaller.model_copy(update={"against": {**smaller.against, "size_coded_bytes": bytes_saved}})
    found = headline(run.result(run.variant("Base", 0), smaller))
    assert found.rest.startswith("Encoded takes 95 % fewer bytes when coded")
    unchanged = run.variant("Other", 1, time=0.0, accuracy=SAME_ACCURACY)
    assert "coded" not in headline(run.result(run.variant("Base", 0), unchanged)).rest


def test_the_pick_says_when_its_making_is_earned_back(runs):
    """8 mJ for A and 7.5 mJ for B, each ± 0.1 mJ; B's making took 5 J, so 5 / 0.0005 = 10 000 inferences."""
    made = runs()
    a, b = made.variant("Teacher", 0), made.variant("Pruned", 1, energy=-0.06, time=-0.06, accuracy=(0.0, -0.002, 0.002))

    def with_energy(variant, joules):
        energy = Measurement(value=joules, low=joules - 1e-6, high=joules + 1e-6, n=5, unit="J")
        return variant.model_copy(update={"metrics": {**variant.metrics, "energy_per_inference": energy}})

    def planned(id, **inputs):
        sources = {port: (Source(node=node, output="model"),) for port, node in inputs.items()}
        return PlannedNode(id=id, step="prune", version=1, title=id, params={}, inputs=sources, digest=id)

    spent = Measurement(value=5.0, low=5.0, high=5.0, unit="J")
    line = Charge(kind=ChargeKind.COMPRESSION, node="n1", title="Prune", energy=spent, variants=("B",))
    plan = Plan(title="Test", nodes=(planned("n0"), planned("n1", model="n0")))
    result = made.result(with_energy(a, 8e-3), with_energy(b, 7.5e-3)).model_copy(update={"plan": plan, "ledger": (line,)})
    found = headline(result)
    assert found.pick == "B"
    assert "Making it pays back after 10 000 inferences" in found.rest.replace("\u202f", " ")
    rough = Measurement(value=8e-3, low=4e-3, high=12e-3, unit="J", provenance=Provenance.MODELLED)
    guessed = tuple(v.model_copy(update={"metrics": {**v.metrics, "energy_per_inference": rough}}) for v in result.variants)
    unclaimed = result.model_copy(update={"variants": guessed})
    assert "pays back" not in headline(unclaimed).rest


def test_where_each_model_runs_at_its_own_batch_size_examples_a_second_are_compared_and_calls_are_not(runs):
    run = runs("modelled")
    base, quick = run.variant("Base", 0, batch=16), run.variant("Quick", 1, rate=0.49, batch=64, accuracy=SAME_ACCURACY)
    found = headline(run.result(base, quick))
    assert found.pick == "B"
    assert found.bold == "Quick answers 49 % more examples a second than the fp32 baseline in the same runtime."
    assert found.findings[0] == "One variant answers more examples a second than A."
    assert not any("faster" in sentence or "slower" in sentence for sentence in found.findings)
    twice = run.variant("Quick", 1, rate=1.4, batch=64, accuracy=SAME_ACCURACY)
    assert headline(run.result(base, twice)).bold.startswith("Quick answers 2.4 times as many examples a second as the fp32 baseline")
    slow = run.variant("Slow", 1, rate=-0.3, batch=64, accuracy=SAME_ACCURACY)
    assert headline(run.result(base, slow)).bold == "Slow does not answer more examples a second than the baseline."
    costly = run.variant("Costly", 1, rate=0.49, batch=64, accuracy=LARGE_LOSS)
    said = headline(run.result(base, costly))
    assert said.bold.startswith("No variant is shown to answer more examples a second than the baseline and to keep within 1 point")
    assert said.rest.startswith("Costly answers 49 % more examples a second than it, but costs")


def test_throughput_stands_beside_measured_energy_where_calls_are_not_compared(runs):
    run = runs("counter")
    quick = run.variant("Quick", 1, energy=-0.4, rate=0.49, batch=64, accuracy=SAME_ACCURACY)
    told = headline(run.result(run.variant("Base", 0, batch=16), quick)).bold
    assert told.endswith("in the same runtime, and answers 49 % more examples a second than it.")


def test_a_change_has_the_digits_that_its_interval_supports(runs):
    run = runs("modelled")
    wide = run.variant("B", 1, time=-0.72, half=0.15, accuracy=SAME_ACCURACY)
    assert "needs 72 % less time" in headline(run.result(run.variant("Base", 0), wide)).bold
    wider = run.variant("B", 1, time=-0.52, half=0.42, accuracy=SAME_ACCURACY)
    assert "needs 50 % less time" in headline(run.result(run.variant("Base", 0), wider)).bold
    assert wider.against["latency_p50"].text == "50 % less time"
