"""Each cause is found where it is, with its number and a change that fits, and is not found where it is not."""

from dataclasses import replace

import pytest

from greenbench.analysis.compare import baseline as is_baseline
from greenbench.analysis.compare import compare_ratio, not_compared
from greenbench.analysis.doctor import MOST, diagnose
from greenbench.analysis.doctor.case import Case
from greenbench.analysis.intervals import Interval
from greenbench.core.advice import AddBranch, InsertAfter, SetParams, Tone, UseProtocol, question
from greenbench.core.artifact import DatasetArtifact, Fact, InputSpec, SplitInfo
from greenbench.core.measurement import Measurement, Provenance, SourceReport, SourceState
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import (
    LAB,
    Block,
    Comparison,
    Environment,
    Execution,
    NodeResult,
    NodeState,
    Plan,
    PlannedNode,
    Remark,
    RunResult,
    RunState,
    Scenario,
    Source,
    VariantResult,
    Verdict,
    letter,
)

# A network of 10,000 weights; what each test changes is its own.
METRICS = {"flops": 1e9, "parameters": 1e4, "nonzero_parameters": 1e4, "size_bytes": 4e4, "size_coded_bytes": 4e4, "accuracy": 0.9}
INT8 = Execution(runtime="onnxruntime", precision="int8", by_precision={"int8": 10}, fallbacks=0, qdq=2)
AVX2, VNNI = ("sse4_2", "avx2", "fma"), ("sse4_2", "avx2", "avx512_vnni")
ENOUGH = {"train": SplitInfo(examples=900, digest="a"), "test": SplitInfo(examples=100, digest="b")}


def node(id, step, inputs="", title="", **params):
    """A planned node; `inputs` as "model:net data:digits"."""
    ports = dict(part.split(":") for part in inputs.split())
    sources = {port: tuple(Source(node=each, output="x") for each in names.split(",")) for port, names in ports.items()}
    return PlannedNode(id=id, step=step, version=1, title=title or id.capitalize(), params=params, inputs=sources, digest=id)


def comparison(key, change, half=0.004):
    return compare_ratio(BY_KEY[key], Interval(1 + change, 1 + change - half, 1 + change + half, 5))


class Run:
    """A run of a baseline "net" and of variants, each with its steps; times relative to the baseline's millisecond."""

    def __init__(self, **more):
        self.nodes = [node("digits", "data.digits", test_share=0.2, use="all"), node("net", "model.library", "data:digits")]
        self.nodes.append(node("trained", "train", "model:net data:digits"))
        self.variants, self.facts, self.more, self.splits = [], {}, more, ENOUGH
        self.benchmarks = {"bench": []}
        self.add("trained", 0.0)

    def step(self, id, key, after="trained", facts=(), **params):
        self.nodes.append(node(id, key, f"model:{after} data:digits", **params))
        self.facts[id] = tuple(facts)
        return id

    def add(self, source, time=None, half=0.004, energy=None, net=None, execution=None, bench="bench", accuracy=None, notes=(), **changes):
        """`time` and `energy` are relative changes; other numbers are absolute."""
        batch, runtime = changes.pop("batch", 1), changes.pop("runtime", "onnxruntime")
        threads, precision, watts = changes.pop("threads", 1), changes.pop("precision", "fp32"), changes.pop("watts", 10.0)
        seconds = 1e-3 * (1 + (time or 0.0))
        measured = {key: Measurement.exact(number, BY_KEY[key].unit) for key, number in {**METRICS, **changes}.items()}
        measured["accuracy"] = measured["accuracy"].model_copy(update={"n": 360})
        measured["latency_p50"] = Measurement(value=seconds, unit="s", n=5)
        first = not self.benchmarks.setdefault(bench, [])
        against = {key: is_baseline() for key in ("latency_p50", "accuracy", "energy_per_inference")} if first else {}
        if not first:
            against["latency_p50"] = comparison("latency_p50", time, half)
            against["accuracy"] = accuracy or Comparison(verdict=Verdict.SAME, change=0.0, low=-0.001, high=0.001)
        if energy is None:
            measured["energy_per_inference"] = Measurement(value=0.01, unit="J", provenance=Provenance.MODELLED)
            against.setdefault("energy_per_inference", not_compared("modelled from load"))
        else:
            joules = 0.01 * (1 + energy)
            measured["energy_per_inference"] = Measurement(value=joules, unit="J", n=5)
            measured["energy_per_inference_net"] = Measurement(value=joules * (0.9 if net is None else net), unit="J", n=5)
            if not first:
                against["energy_per_inference"] = comparison("energy_per_inference", energy)
        blocks = tuple(
            Block(index=i, t0_ns=0, t1_ns=10**9, calls=1000, median_s=seconds, energy_j=None if energy is None else watts) for i in range(5)
        )
        self.benchmarks[bench].append(source)
        self.variants.append(
            {
                "letter": letter(len(self.variants)), "node": source, "name": source, "benchmark": bench, "batch": batch,
                "runtime": runtime, "threads": threads, "precision": precision, "metrics": measured, "against": against,
                "blocks": blocks, "execution": execution, "notes": notes,
            }
        )  # fmt: skip
        return self

    def result(self):
        benches = [node(id, "benchmark", f"models:{','.join(models)} data:digits") for id, models in self.benchmarks.items()]
        more = dict(self.more)
        plan = Plan(title="t", nodes=(*self.nodes, *benches), **{k: more.pop(k) for k in ("protocol", "device") if k in more})
        data = DatasetArtifact(kind="array", name="digits", input=InputSpec(shape=(1, 8, 8)), classes=("a", "b"), splits=self.splits)
        nodes = [
            NodeResult(node=n.id, title=n.title, step=n.step, state=NodeState.DONE, facts=self.facts.get(n.id, ()),
                       outputs={"data": data} if n.id == "digits" else {})
            for n in plan.nodes
        ]  # fmt: skip
        variants = tuple(VariantResult(**each, lineage=plan.lineage(each["node"])) for each in self.variants)
        return RunResult(
            run_id="r", title="t", state=RunState.FINISHED, started="2026-11-30T12:00:00+00:00", plan=plan, variants=variants,
            nodes=tuple(nodes), **more,
        )  # fmt: skip


def found(run, variant="B"):
    return {advice.code: advice for advice in diagnose(run.result()) if advice.variant == variant}


def numbers(advice):
    return {each.words: each.number for each in advice.evidence}


def only(advice):
    (proposal,) = advice.proposals
    return proposal.change


# ---- why is it not faster? ------------------------------------------------------------------------------------------


def pruned(time=0.0, **changes):
    run = Run()
    run.step("masked", "prune.magnitude")
    return run.add("masked", time, **{"nonzero_parameters": 2e3, "size_coded_bytes": 1e4, **changes})


def test_masks_without_shrinking_are_told_with_what_fell_and_what_did_not():
    advice = found(pruned())["zeros"]
    assert question(advice) == "Why is B not faster?"
    assert numbers(advice)["Non-zero parameters"] == "10.0 k → 2.00 k (−80 %)"
    assert numbers(advice)["FLOPs"] == "1.00 GFLOP, the same"
    assert all(each.where for each in advice.evidence)
    change = only(advice)
    assert isinstance(change, AddBranch)
    assert (change.after, [step.step for step in change.steps], change.data) == ("trained", ["prune.structured", "finetune"], "digits")
    assert [(ref.node, ref.input) for ref in change.into] == [("bench", "models")]


def test_nothing_is_said_of_zeros_where_the_variant_became_faster():
    assert "zeros" not in found(pruned(time=-0.5))


def test_nothing_is_said_of_zeros_where_channels_went_with_them():
    assert "zeros" not in found(pruned(flops=5e8))


def test_without_training_data_no_fine_tuning_is_offered():
    run = pruned()
    run.splits = {"test": SplitInfo(examples=100, digest="b")}
    assert [step.step for step in only(found(run)["zeros"]).steps] == ["prune.structured"]


def test_what_is_in_the_run_already_is_pointed_at_and_not_offered_again():
    run = pruned()
    run.step("cut", "prune.structured")
    run.add("cut", -0.6, flops=2.5e8, parameters=2.5e3, nonzero_parameters=2.5e3, size_bytes=1e4, size_coded_bytes=1e4)
    advice = found(run)["zeros"]
    assert not advice.proposals
    assert numbers(advice)["C, whose channels were cut: median latency"] == "−60 %"
    assert advice.remedy == "C cuts channels in this run already."


def shared(**more):
    run = Run()
    run.step("shared", "share.kmeans", facts=[Fact(title="Distinct weights", value=16, before=9000)])
    return run.add("shared", 0.0, size_coded_bytes=6e3, **more)


def test_shared_values_are_stored_in_less_and_computed_in_full():
    advice = found(shared())["stored-only"]
    assert numbers(advice)["Distinct weights"] == "9000 → 16"
    assert [step.step for step in only(advice).steps] == ["quantize.static"]


def test_shared_values_that_are_computed_in_int8_are_another_matter():
    assert "stored-only" not in found(shared(execution=INT8))


def int8(execution, time=0.1, skip="none", features=VNNI, **more):
    run = Run(environment=Environment(cpu_features=features))
    run.step("int8", "quantize.static", skip=skip, method="minmax")
    return run.add("int8", time, execution=execution, precision="int8", size_bytes=1e4, size_coded_bytes=1e4, **more)


def test_operators_that_fell_back_are_counted():
    ran = INT8.model_copy(update={"by_precision": {"int8": 12, "fp32": 8}, "qdq": 9, "fallbacks": 8})
    advice = found(int8(ran, skip="worst"))["fallbacks"]
    assert advice.tone is Tone.WARNING
    assert numbers(advice) == {"Operators in int8": "12 of 20", "Quantise/dequantise pairs left": "9"}
    change = only(advice)
    assert (change.after, change.steps[0].params["skip"]) == ("trained", "none")


def test_pairs_between_int8_operators_are_counted_too():
    assert numbers(found(int8(INT8.model_copy(update={"qdq": 7})))["fallbacks"])["Quantise/dequantise pairs left"] == "7"


@pytest.mark.parametrize("ran", [INT8, INT8.model_copy(update={"by_precision": {}})])
def test_a_whole_int8_network_and_a_silent_runtime_have_no_fallbacks(ran):
    assert "fallbacks" not in found(int8(ran))


def test_a_processor_without_vnni_gains_little_from_int8():
    advice = found(int8(INT8, features=AVX2))["no-int8-hardware"]
    assert numbers(advice)["Processor features"] == "sse4_2, avx2, fma"
    assert [step.step for step in only(advice).steps] == ["prune.structured", "finetune"]


@pytest.mark.parametrize("features", [VNNI, ()])
def test_a_processor_with_vnni_or_that_says_nothing_is_not_blamed(features):
    assert "no-int8-hardware" not in found(int8(INT8, features=features))


def half(by_precision, features):
    run = Run(environment=Environment(cpu_features=features))
    run.step("half", "cast.half", precision="fp16")
    return run.add("half", 0.0, execution=Execution(runtime="eager", by_precision=by_precision), precision="fp16", size_bytes=2e4)


def test_half_precision_that_is_only_stored_is_told():
    assert numbers(found(half({"fp32": 10}, AVX2))["no-half-hardware"])["Executed"] == "fp32 in 10"


def test_half_precision_with_arithmetic_of_its_own_is_not_blamed():
    assert "no-half-hardware" not in found(half({"fp16": 10}, ("sse4_2", "avx512_fp16")))


def cut(flops=5e8, time=0.0, multiple=1, code="odd-channels"):
    run = Run()
    text = "3 of 4 layers have a number of channels that is no multiple of 8 (conv1: 13); kernels compute whole blocks."
    run.step("cut", "prune.structured", facts=[Fact(title="May slow it", code=code, text=text)], multiple=multiple, ratio=0.3)
    run.step("tuned", "finetune", "cut", epochs=2)
    return run.add("tuned", time, flops=flops, parameters=6e3, nonzero_parameters=6e3, size_bytes=2.4e4, size_coded_bytes=2.4e4)


def test_odd_widths_are_told_with_the_layer_and_cut_again_in_eights():
    advice = found(cut())["odd-channels"]
    assert "(conv1: 13)" in numbers(advice)["Counted by “Cut”"]
    change = only(advice)
    assert [(step.step, step.params.get("multiple")) for step in change.steps] == [("prune.structured", 8), ("finetune", None)]
    assert change.steps[0].params["ratio"] == 0.3


def test_odd_widths_are_no_matter_where_time_fell_as_work_did():
    assert "odd-channels" not in found(cut(time=-0.5))
    assert "odd-channels" not in found(cut(code="depthwise"))


def tiny(time):
    run = Run()
    run.step("small", "distil.soft")
    return run.add("small", time, flops=1e7, parameters=1e3, nonzero_parameters=1e3, size_bytes=4e3, size_coded_bytes=4e3)


def test_a_tiny_model_is_bound_by_calls_and_the_rates_say_so():
    advice = found(tiny(-0.8))["launch-bound"]
    assert question(advice) == "Why is B not faster still?"
    # 1 GFLOP in 1 ms is 1 TFLOP/s; 10 MFLOP in 0.2 ms are 50 GFLOP/s. At A's rate they would take 10 µs.
    assert "about 10.0 µs of its 200 µs" in advice.text
    assert numbers(advice)["FLOPs a second, A and B"] == "1000 GFLOP/s, 50.0 GFLOP/s"
    assert only(advice) == SetParams(node="bench", step="benchmark", values={"batch": 8})


def test_a_small_model_that_is_as_fast_as_it_promised_raises_no_question():
    assert found(tiny(-0.99)) == {}


def fully_connected(flops=2e8, size=4e8, batch=1, time=0.0):
    run = Run()
    run.step("cut", "prune.structured")
    return run.add("cut", time, flops=flops, size_bytes=size, batch=batch)


def test_a_layer_that_reads_each_weight_once_is_bound_by_memory():
    advice = found(fully_connected())["memory-bound"]
    assert numbers(advice)["Operations for each byte of weights"] == "0.5 FLOP/B"
    assert only(advice).values == {"batch": 16}


@pytest.mark.parametrize("more", [{"flops": 1e11}, {"size": 1e6, "flops": 1e6}, {"batch": 64}])
def test_weights_that_are_used_often_or_lie_in_the_cache_are_not_blamed(more):
    assert "memory-bound" not in found(fully_connected(**more))


@pytest.mark.parametrize(("device", "batch", "told"), [("cuda:0", 1, True), ("cuda:0", 64, False), ("cpu", 1, False)])
def test_one_example_is_too_little_for_a_graphics_board(device, batch, told):
    run = Run(device=device)
    run.step("cut", "prune.structured")
    run.add("cut", 0.0, flops=9e8, batch=batch)
    assert ("small-gpu-batch" in found(run)) is told


def test_work_that_fell_by_more_than_time_is_told_where_nothing_else_explains_it():
    run = Run()
    run.step("cut", "prune.structured")
    run.add("cut", -0.2, flops=5e8, size_bytes=2e4)
    assert set(found(run)) == {"flops-not-time"}


@pytest.mark.parametrize(("time", "words"), [(0.2, "The difference is real as far as 5 blocks can tell"), (0.0, "as far as 5 blocks can")])
def test_where_nothing_explains_it_that_is_said(time, words):
    run = Run()
    run.step("cut", "prune.structured")
    run.add("cut", time, flops=9e8, size_bytes=2e4)
    assert words in found(run)["unexplained"].text


# ---- why is it not smaller? -----------------------------------------------------------------------------------------


def test_a_dense_file_keeps_its_zeros_and_the_coded_one_does_not():
    advice = found(pruned())["dense-file"]
    assert question(advice) == "Why is B not smaller?"
    assert numbers(advice)["Coded size"] == "40.0 kB → 10.0 kB (−75 %)"
    assert (only(advice).after, only(advice).steps[0].step) == ("masked", "encode.deep")


def test_a_file_that_shares_values_is_told_with_how_many():
    assert numbers(found(shared())["dense-file"])["Distinct weights"] == "16"


def test_a_file_that_shrank_raises_no_question():
    assert "dense-file" not in found(pruned(size_bytes=2e4))


@pytest.mark.parametrize(("size", "told"), [(1.8e4, True), (1.1e4, False)])
def test_an_int8_file_carries_scales(size, told):
    run = int8(INT8, time=-0.5)
    run.variants[-1]["metrics"]["size_bytes"] = Measurement.exact(size, "B")
    assert ("int8-file" in found(run)) is told


# ---- why is it not greener? -----------------------------------------------------------------------------------------


def metered(time, energy, net=None, watts=10.0):
    run = Run()
    run.variants, run.benchmarks = [], {"bench": []}
    run.add("trained", 0.0, energy=0.0)
    run.step("cut", "prune.structured")
    return run.add("cut", time, energy=energy, net=net, watts=watts, flops=9e8, size_bytes=2e4)


def test_idle_draw_that_outweighs_the_model_is_told_with_its_share():
    advice = found(metered(0.0, 0.0, net=0.3))["idle-floor"]
    assert numbers(advice)["Share of idle draw"] == "70 %"
    assert question(advice) == "Why is B not greener?"


def test_a_model_that_outweighs_the_idle_draw_is_not_told_so():
    assert "idle-floor" not in found(metered(0.0, 0.0, net=0.8))


def test_what_is_saved_above_idle_and_hidden_by_it_is_told():
    run = metered(0.0, 0.0, net=0.7)
    run.variants[-1]["against"]["energy_per_inference_net"] = comparison("energy_per_inference_net", -0.2)
    advice = found(run)["idle-floor"]
    assert advice.title == "The machine's idle draw hides what it saves"
    assert "Above idle it does need less" in advice.text


def test_faster_at_a_higher_power_is_told_in_watts():
    advice = found(metered(-0.3, 0.0, watts=14.0))["more-watts"]
    assert numbers(advice)["Mean power in its blocks"] == "10.0 W → 14.0 W (+40 %)"
    assert "more-watts" not in found(metered(-0.3, 0.0, watts=10.0))


def unclear(key, change, low, high):
    return Comparison(verdict=Verdict.UNCLEAR, change=change, low=low, high=high, text="cannot tell yet")


def test_a_higher_power_is_no_cause_where_energy_fell_along_with_time():
    """A third less time at a fifth more power is a fifth less energy, though so few blocks cannot show it."""
    run = metered(-0.33, -0.2, watts=12.0)
    run.variants[-1]["against"]["energy_per_inference"] = unclear("energy_per_inference", -0.2, -0.5, 0.3)
    assert "more-watts" not in found(run)


def test_where_the_verdict_is_open_the_question_does_not_answer_it():
    run = metered(-0.3, 0.0, watts=14.0)
    run.variants[-1]["against"]["energy_per_inference"] = unclear("energy_per_inference", 0.0, -0.4, 0.5)
    assert question(found(run)["more-watts"]) == "Why is B not shown to be greener?"
    masked = pruned()
    masked.variants[-1]["against"]["latency_p50"] = unclear("latency_p50", 0.0, -0.2, 0.2)
    assert question(found(masked)["zeros"]) == "Why is B not shown to be faster?"


def test_evidence_has_the_change_that_the_table_has():
    """The paired ratio, with the digits that its interval supports; not the quotient of the two means."""
    run = Run()
    run.step("cut", "prune.structured")
    run.add("cut", 0.0, flops=6e8, size_bytes=2e4)
    run.variants[-1]["against"]["latency_p50"] = unclear("latency_p50", -0.096, -0.32, 0.17)
    assert numbers(found(run)["flops-not-time"])["Median latency"] == "1.00 ms → 1.00 ms (−10 %, cannot tell yet)"


def test_there_is_no_percentage_of_what_may_be_below_zero():
    run = with_interval(metered(0.0, 0.0, net=0.3), "energy_per_inference_net", 0.05)
    baseline = run.variants[0]["metrics"]
    for value, low, high in ((-0.003, -0.004, -0.002), (0.001, -0.001, 0.003)):
        baseline["energy_per_inference_net"] = Measurement(value=value, low=low, high=high, unit="J", n=5)
        assert "%" not in numbers(found(run)["idle-floor"])["Energy per inference, net of idle"]


@pytest.mark.parametrize(("net", "half"), [(0.0, 0.4), (0.05, 0.3), (0.4, 0.2)])
def test_a_share_of_idle_that_may_be_anything_is_no_cause(net, half):
    """100 ± 40 %, 95 ± 30 %; 60 ± 20 % is not most of it beyond doubt."""
    for run in (metered(0.0, 0.0, net=net), metered(-0.5, -0.5, net=net)):
        joules = run.variants[-1]["metrics"]["energy_per_inference"].value
        known = run.variants[-1]["metrics"]["energy_per_inference_net"]
        ends = {"low": known.value - half * joules, "high": known.value + half * joules}
        run.variants[-1]["metrics"]["energy_per_inference_net"] = known.model_copy(update=ends)
        assert not {"idle-floor", "power-floor"} & set(found(run))


def test_energy_that_fell_raises_no_question():
    assert not {"idle-floor", "more-watts", "energy-follows-time"} & set(found(metered(-0.5, -0.5, net=0.2)))
    assert "energy-follows-time" in found(metered(0.0, 0.0))


def with_interval(run, key, half, place=-1):
    measured = run.variants[place]["metrics"]
    known = measured[key]
    measured[key] = known.model_copy(update={"low": known.value - half * 0.01, "high": known.value + half * 0.01})
    return run


@pytest.mark.parametrize("net", [-0.06, -0.24, -1.0])
def test_a_share_of_idle_above_the_whole_is_no_evidence(net):
    """Net of idle below zero: the idle windows were busier than the blocks, or the meter cannot tell."""
    assert "idle-floor" not in found(metered(0.0, 0.0, net=net))
    assert "power-floor" not in found(metered(-0.5, -0.5, net=net))


def test_a_share_of_idle_is_told_with_its_interval_and_not_where_that_is_as_wide_as_itself():
    told = found(with_interval(metered(0.0, 0.0, net=0.3), "energy_per_inference_net", 0.05))["idle-floor"]
    assert numbers(told)["Share of idle draw"] == "70 % (65 to 75 %)"
    assert "idle-floor" not in found(with_interval(metered(0.0, 0.0, net=0.3), "energy_per_inference_net", 0.4))


@pytest.mark.parametrize(("half", "told"), [(0.45, True), (0.55, False)])
@pytest.mark.parametrize("place", [0, 1])
def test_energy_that_is_known_by_half_only_is_no_ground_for_advice(half, told, place):
    run = with_interval(metered(0.0, 0.0, net=0.3), "energy_per_inference", half, place)
    assert bool({"idle-floor", "energy-follows-time"} & set(found(run))) is told


def test_idle_draw_that_is_most_of_a_greener_model_is_told_as_information():
    advice = found(metered(-0.5, -0.5, net=0.2))["power-floor"]
    assert advice.tone is Tone.INFO
    assert numbers(advice)["Share of idle draw"] == "80 %"
    assert question(advice) == "Why is B not greener still?"
    assert "power-floor" not in found(metered(-0.5, -0.5, net=0.8))


def test_modelled_energy_says_what_would_give_a_measurement():
    locked = SourceReport(
        key="rapl", title="RAPL", state=SourceState.PERMISSION, provenance=Provenance.COUNTER, reason="only root may read it.",
        remedy="Copy this rule.", commands=("sudo cp 99.rules /etc",),
    )  # fmt: skip
    absent = SourceReport(key="nvml", title="NVML", state=SourceState.ABSENT, provenance=Provenance.COUNTER, remedy="Install a driver.")
    run = pruned()
    run.more["sources"] = (absent, locked)
    advice = found(run, "")["energy-modelled"]
    assert advice.remedy == "Copy this rule. (sudo cp 99.rules /etc)"
    assert advice.evidence[0].provenance is Provenance.MODELLED
    assert "energy-modelled" not in found(metered(0.0, 0.0), "")


# ---- what keeps the run from telling --------------------------------------------------------------------------------


def test_variants_of_two_runtimes_are_not_to_be_compared():
    run = Run()
    run.add("trained", 0.0, bench="second", runtime="eager")
    advice = found(run, "")["runtimes"]
    assert numbers(advice) == {"onnxruntime": "A", "eager": "B"}
    assert only(advice) == SetParams(node="second", step="benchmark", values={"runtime": "onnxruntime"})
    assert "runtimes" not in found(pruned(), "")


@pytest.mark.parametrize(("threads", "told"), [(8, True), (4, False)])
def test_more_threads_than_cores_wait_for_each_other(threads, told):
    run = Run(environment=Environment(cores_physical=4))
    run.step("cut", "prune.structured")
    run.add("cut", 0.0, threads=threads)
    advice = found(run, "").get("threads")
    assert (advice is not None) is told
    if advice:
        assert only(advice).values == {"threads": 4}


@pytest.mark.parametrize(("half", "told"), [(0.06, True), (0.004, False)])
def test_a_wide_interval_asks_for_the_lab(half, told):
    run = Run()
    run.step("cut", "prune.structured")
    run.add("cut", 0.02, half=half)
    advice = found(run, "").get("wide-interval")
    assert (advice is not None) is told
    if advice:
        assert only(advice) == UseProtocol(protocol="lab")
        assert numbers(advice)["B against A"] == "−4 to +8 %, 5 blocks"


def test_a_wide_interval_is_laid_to_a_processor_of_two_speeds_where_there_was_one():
    speeds = Remark(kind="warning", code="speeds", text="For 37 to 85 % of the time calls of A and B took 1.6 times as long as else.")
    run = Run(warnings=(speeds,))
    run.step("cut", "prune.structured")
    run.add("cut", 0.02, half=0.06)
    assert numbers(found(run, "")["wide-interval"])["Told by the run"] == speeds.text.rstrip(".")


def test_the_lab_cannot_be_asked_for_twice():
    run = Run(protocol=LAB)
    run.step("cut", "prune.structured")
    run.add("cut", 0.02, half=0.06)
    assert not found(run, "")["wide-interval"].proposals


def test_too_few_test_examples_are_counted_and_more_are_offered():
    unclear = Comparison(verdict=Verdict.UNCLEAR, change=-0.01, low=-0.03, high=0.01, text="cannot tell yet")
    limit = Remark(kind="limit", code="examples", text="Accuracy rests on 360 test examples.")
    run = Run(warnings=(limit,))
    run.step("cut", "prune.structured")
    run.add("cut", -0.5, accuracy=unclear)
    advice = found(run, "")["few-examples"]
    assert numbers(advice)["Test examples"] == "360"
    assert only(advice) == SetParams(node="digits", step="data.digits", values={"test_share": 0.3})  # 540 of 1797, as the linter says
    assert "few-examples" not in found(pruned(), "")


@pytest.mark.parametrize(("load", "protocol", "told"), [(1.6, None, True), (0.3, None, False), (1.6, LAB, False)])
def test_a_quick_look_on_a_busy_machine_is_told(load, protocol, told):
    run = Run(environment=Environment(cores_logical=2, load_1min=load), **({"protocol": protocol} if protocol else {}))
    assert ("busy" in found(run, "")) is told


def test_a_cut_that_was_not_trained_since_gets_fine_tuning_behind_it():
    run = Run(warnings=(Remark(kind="limit", code="cut", variant="B", text="“Cut” was not followed by training."),))
    run.step("cut", "prune.structured")
    note = "Batch-norm statistics are still those of the whole network: fine-tune, or connect data to this step."
    run.add("cut", -0.5, flops=5e8, size_bytes=2e4, notes=(note,))
    advice = found(run)["not-trained-since"]
    assert numbers(advice)["Noted by “Cut”"] == "Batch-norm statistics are still those of the whole network"
    change = only(advice)
    assert isinstance(change, InsertAfter)
    assert (change.after, change.new.step, change.data) == ("cut", "finetune", "digits")
    assert "not-trained-since" not in found(cut())


# ---- all together ---------------------------------------------------------------------------------------------------


def test_a_variant_that_did_what_it_promised_hears_nothing():
    run = metered(-0.5, -0.5)
    run.variants[-1]["metrics"]["flops"] = Measurement.exact(5e8, "FLOP")
    assert found(run) == {}


def test_the_most_important_comes_first_and_the_list_ends():
    every = diagnose(pruned().result())
    mine = [advice.weight for advice in every if advice.variant == "B"]
    assert mine == sorted(mine, reverse=True)
    assert len(mine) <= MOST


def test_a_run_without_measured_variants_has_nothing_to_explain():
    run = Run()
    run.variants.clear()
    assert diagnose(run.result()) == ()


def test_models_at_their_own_batch_sizes_are_explained_by_examples_a_second():
    """A call of 64 examples takes longer than one of 16: that is no reason to ask why a model is not faster."""
    base = at_batch("A", 0, {"flops": 1e9, "throughput": 100.0, "latency_p50": 0.16}, batch=16)
    quick = at_batch("B", 1, {"flops": 1e8, "throughput": 900.0, "latency_p50": 0.07}, batch=64)
    case = Case(None, quick, base)
    assert case.timing == "throughput"
    assert case.time_ratio() == pytest.approx(1 / 9)
    assert case.time_verdict() is Verdict.LOWER
    assert case.changed_time().words == "Throughput"
    together = replace(case, variant=quick.model_copy(update={"scenario": Scenario.SINGLE_STREAM, "batch": 8}))
    assert together.changed_time().words == "Median latency of one call of 8 examples"


def at_batch(letter, index, metrics, batch):
    found = {key: Measurement(value=value, unit=BY_KEY[key].unit) for key, value in metrics.items()}
    against = {"throughput": Comparison(verdict=Verdict.HIGHER, change=8.0)} if index else {}
    return VariantResult(letter=letter, node=letter, name=letter, metrics=found, against=against, batch=batch, scenario=Scenario.OFFLINE)
