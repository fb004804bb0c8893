"""Results are what clock and meter say, joined: known watts and known calls give known joules, and a hole stays a hole."""

import numpy as np
import pytest

from greenbench.analysis.compare import compare_accuracy
from greenbench.core import messages
from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, Window, WindowKind
from greenbench.core.run import Plan, PlannedNode, Protocol, RunState, Served, Source, Verdict
from greenbench.engine.recorder import Recorder
from greenbench.engine.results import assemble
from greenbench.engine.results.remarks import _width
from greenbench.engine.results.scenarios import _words as scenario_words
from greenbench.meters.carbon import factor
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000
PROTOCOL = Protocol(name="quick", idle_s=2, warm_up_s=1, block_s=1, min_blocks=3, max_blocks=6, target=0.05)
IDLE_W, BUSY_W = 5.0, 20.0
START = 100 * S


class NoStore:
    """A store that keeps nothing."""

    def __getattr__(self, name):
        return lambda *arguments: None


def channel(provenance=Provenance.COUNTER, error=0.0, refresh_s=0.001):
    return Channel(key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=provenance, covers="CPU", refresh_s=refresh_s, error=error)


def plan():
    def node(id, step, **inputs):
        sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
        params = {"region": "WORLD", "pue": 1.5} if step == "benchmark" else {}
        return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params=params, inputs=sources, digest=id)

    nodes = (node("a", "train"), node("b", "prune", model=("a",)), node("bench", "benchmark", models=("a", "b")))
    return Plan(title="Test", nodes=nodes, protocol=PROTOCOL)


class Timeline:
    """Plays a benchmark: 2 s idle, blocks of 1 s in turn, 2 s idle, with a counter that runs at the power of the moment."""

    def __init__(self, provenance=Provenance.COUNTER, calls=None, correct=None, hole=None, rate=10):
        self.rate = rate  # readings a second
        self.ledger = EnergyLedger([channel(provenance)])
        self.recorder = Recorder("run", plan(), NoStore(), self.ledger, lambda text: None)
        self.calls = calls or {"A": 100, "B": 200}
        self.say(messages.RunStarted(run_id="run", t_ns=START, plan=plan()))
        for key, node in (("A", "a"), ("B", "b")):
            self.say(self.ready(key, node))
        self.now = START
        self.window(WindowKind.IDLE, "", 2)
        for number, order in enumerate(("AB", "BA", "AB")):
            for key in order:
                self.window(WindowKind.BLOCK, key, 1, number)
        self.window(WindowKind.IDLE, "", 2)
        for key, bits in (correct or {"A": "1" * 95 + "0" * 5, "B": "1" * 95 + "0" * 5}).items():
            self.say(messages.VariantMeasured(node="bench", variant=key, correct=bits, peak_memory_bytes=10))
        self.say(messages.RunFinished(run_id="run", state=RunState.FINISHED, t_ns=self.now))
        self.meter(hole)

    def say(self, event):
        self.recorder.on_event(event)

    @staticmethod
    def ready(key, node):
        return messages.VariantReady(
            node="bench", variant=key, source=node, name=node.capitalize(), runtime="onnxruntime", precision="fp32", batch=1, threads=1,
            size_bytes=1000, parameters=100, nonzero_parameters=50,
        )  # fmt: skip

    def window(self, kind, key, seconds, number=0):
        end = self.now + seconds * S
        calls = self.calls[key] if key else 0
        made = Window(kind=kind, label=key, t0_ns=self.now, t1_ns=end, node="bench", variant=key, block=number, calls=calls)
        self.say(messages.WindowClosed(window=made, latencies_s=(1.0 / calls,) * calls if calls else ()))
        self.now = end

    def meter(self, hole):
        joules = 0.0
        rate = self.rate
        for place in range(START // (S // rate) - rate, self.now // (S // rate) + rate + 1):
            t_ns = place * S // rate
            busy = START + 2 * S < t_ns <= self.now - 2 * S
            joules += (BUSY_W if busy else IDLE_W) / rate
            if hole and hole[0] <= t_ns < hole[1]:
                self.ledger.add([Sample(channel="cpu", t_ns=t_ns, reason="the counter is gone")])
            else:
                self.ledger.add([Sample(channel="cpu", t_ns=t_ns, energy_j=joules, power_w=BUSY_W if busy else IDLE_W)])

    def result(self):
        return assemble(self.recorder, (), "2026-01-01T00:00:00+00:00")


def metric(result, letter, key):
    return next(v for v in result.variants if v.letter == letter).metrics[key]


def test_joules_are_watts_times_time_over_calls():
    result = Timeline().result()
    assert metric(result, "A", "energy_per_inference").value == pytest.approx(BUSY_W / 100, rel=1e-6)
    assert metric(result, "B", "energy_per_inference").value == pytest.approx(BUSY_W / 200, rel=1e-6)
    assert metric(result, "A", "energy_per_inference").provenance is Provenance.COUNTER


def test_net_energy_is_less_the_idle_power_and_both_idles_are_told():
    result = Timeline().result()
    assert result.idle_before.value == pytest.approx(IDLE_W, rel=1e-6)
    assert result.idle_after.value == pytest.approx(IDLE_W, rel=1e-6)
    assert metric(result, "A", "energy_per_inference_net").value == pytest.approx((BUSY_W - IDLE_W) / 100, rel=1e-6)


def test_carbon_is_joules_times_pue_times_intensity_and_always_an_assumption():
    result = Timeline().result()
    grams = BUSY_W / 100 / 3.6e6 * 1.5 * factor("WORLD").intensity_g_per_kwh
    assert metric(result, "A", "co2e_per_inference").value == pytest.approx(grams, rel=1e-6)
    assert metric(result, "A", "co2e_per_inference").provenance is Provenance.MODELLED
    assert result.carbon.source
    assert result.carbon.year


def test_half_the_time_is_half_the_latency_and_energy_with_a_verdict():
    b = Timeline().result().variants[1]
    assert b.metrics["latency_p50"].value == pytest.approx(1 / 200)
    assert b.against["latency_p50"].verdict is Verdict.LOWER
    assert b.against["latency_p50"].change == pytest.approx(-0.5, abs=1e-6)
    assert b.against["energy_per_inference"].change == pytest.approx(-0.5, abs=1e-6)
    assert b.metrics["throughput"].value == pytest.approx(200)


def test_equal_variants_are_called_no_different():
    b = Timeline(calls={"A": 100, "B": 100}, rate=100).result().variants[1]
    assert b.against["latency_p50"].verdict is Verdict.SAME
    assert b.against["energy_per_inference"].verdict is Verdict.SAME


def test_modelled_energy_is_shown_but_never_compared():
    b = Timeline(Provenance.MODELLED).result().variants[1]
    assert b.metrics["energy_per_inference"].provenance is Provenance.MODELLED
    assert b.against["energy_per_inference"].verdict is Verdict.NOT_COMPARED
    assert b.against["latency_p50"].verdict is Verdict.LOWER


def test_a_load_models_net_of_idle_is_as_uncertain_as_its_gross_energy():
    """Nothing above idle and ± 50 % of all of it: an interval from 0 to 0 would claim to know."""
    timeline = Timeline(Provenance.MODELLED)
    timeline.ledger.declare([channel(Provenance.MODELLED, error=0.5)])
    for place, window in enumerate(timeline.recorder.windows):
        if window.kind is WindowKind.IDLE:  # inside the blocks: the same watts
            timeline.recorder.windows[place] = window.model_copy(update={"t0_ns": START + 3 * S, "t1_ns": START + 5 * S})
    gross, net = (metric(timeline.result(), "A", key) for key in ("energy_per_inference", "energy_per_inference_net"))
    assert net.value == pytest.approx(0.0, abs=1e-9)
    assert net.high >= 0.5 * gross.value
    assert net.low <= -0.5 * gross.value


def test_net_energy_has_the_edges_of_gross_and_of_the_idle_power_and_only_its_own_share_of_the_gain():
    timeline = Timeline(rate=100)
    timeline.ledger.declare([channel(error=0.02, refresh_s=0.1)])
    net = metric(timeline.result(), "A", "energy_per_inference_net")
    ends_j = 0.1 / 2 * 2 * BUSY_W  # half a refresh interval at the power of the block, at both ends
    idle_j = 0.1 / 2 * 2 * IDLE_W / 2  # of an idle window of two seconds, for one
    assert (net.high - net.value) * 100 == pytest.approx(ends_j + idle_j + 0.02 * (BUSY_W - IDLE_W), rel=0.1)


def test_a_block_keeps_what_the_meter_leaves_open_of_it():
    timeline = Timeline(rate=100)
    timeline.ledger.declare([channel(error=0.02, refresh_s=0.1)])
    block = timeline.result().variants[1].blocks[1]
    assert block.edge_j == pytest.approx(0.1 * BUSY_W, rel=0.05)  # of the gain nothing


def test_a_block_without_reading_is_left_out_and_none_is_made_up():
    result = Timeline(hole=(START + int(2.2 * S), START + int(2.9 * S))).result()
    a = result.variants[0]
    assert [block.energy_j is None for block in a.blocks] == [True, False, False]
    assert a.metrics["energy_per_inference"].n == 2
    assert a.metrics["energy_per_inference"].value == pytest.approx(BUSY_W / 100, rel=1e-6)


def test_without_any_reading_there_is_a_reason_and_no_zero():
    result = Timeline(hole=(0, START + 60 * S)).result()
    for key in ("energy_per_inference", "energy_per_inference_net", "co2e_per_inference"):
        found = metric(result, "A", key)
        assert found.value is None
        assert found.reason
    assert result.energy_provenance is Provenance.UNAVAILABLE


def test_accuracy_is_compared_on_the_same_examples():
    worse = "1" * 60 + "0" * 40
    b = Timeline(correct={"A": "1" * 95 + "0" * 5, "B": worse}).result().variants[1]
    assert b.metrics["accuracy"].value == pytest.approx(0.6)
    assert b.against["accuracy"].verdict is Verdict.LOWER
    assert b.against["accuracy"].change == pytest.approx(-0.35)


class Scored(Timeline):
    """A run whose data is a regression in °C; each variant has an error for every test example."""

    def __init__(self, scores, task="regression", metric="mean_absolute_error", reason=""):
        self.scores, self.metric, self.reason = scores, metric, reason
        super().__init__(correct={"A": "", "B": ""})
        data = DatasetArtifact(
            kind="table", name="Rooms", input=InputSpec(shape=(4,)), task=task, classes=(), unit="°C",
            splits={"test": SplitInfo(examples=200, digest="d")},
        )  # fmt: skip
        nodes = (*plan().nodes[:2], PlannedNode(id="data", step="data.table", version=1, title="Data", params={}, digest="data"))
        bench = plan().nodes[2].model_copy(update={"inputs": {**plan().nodes[2].inputs, "data": (Source(node="data", output="data"),)}})
        self.recorder.plan = plan().model_copy(update={"nodes": (*nodes, bench)})
        finished = messages.NodeFinished(node="data", digest="data", cached=False, t_ns=self.now, seconds=1.0, outputs={"data": data})
        self.say(messages.NodeStarted(node="data", t_ns=self.now))
        self.say(finished)
        for key in "AB":
            self.say(
                messages.VariantMeasured(
                    node="bench", variant=key, metric=self.metric, scores=tuple(scores[key]), reason=reason, peak_memory_bytes=1
                )
            )


def test_an_error_has_the_targets_unit_its_interval_and_a_verdict():
    errors = np.random.default_rng(0).gamma(2.0, 1.0, 200)
    a, b = Scored({"A": errors, "B": 1.5 * errors}).result().variants
    found = a.metrics["mean_absolute_error"]
    assert (found.value, found.unit, found.n) == (pytest.approx(errors.mean()), "°C", 200)
    assert found.low < found.value < found.high
    assert (b.against["mean_absolute_error"].verdict, b.against["mean_absolute_error"].good) == (Verdict.HIGHER, False)
    assert b.against["mean_absolute_error"].change == pytest.approx(0.5)
    assert "accuracy" not in a.metrics


def test_an_answer_that_is_no_number_leaves_no_mean():
    _a, b = Scored({"A": [1.0, 2.0], "B": [1.0, np.inf]}).result().variants
    assert b.metrics["mean_absolute_error"].value is None
    assert "not a number for 1 of 2" in b.metrics["mean_absolute_error"].reason
    assert "mean_absolute_error" not in b.against


def test_what_could_not_be_judged_says_why_under_its_tasks_metric():
    result = Scored({"A": [], "B": []}, reason="not measured: this data has no truth for regression").result()
    assert result.quality == "mean_absolute_error"
    assert result.variants[0].metrics["mean_absolute_error"].reason.startswith("not measured")


def test_a_failed_variant_keeps_its_letter_and_the_others_their_numbers():
    timeline = Timeline()
    failure = messages.Failure(kind="Step", message='"B" cannot be measured.')
    timeline.say(messages.VariantFailed(node="bench", variant="B", source="b", name="B", failure=failure))
    result = timeline.result()
    assert [(v.letter, v.failure is None) for v in result.variants] == [("A", True), ("B", False)]
    assert any("B failed" in remark.text for remark in result.warnings)


def test_lineage_names_the_steps_a_variant_went_through():
    assert [step.title for step in Timeline().result().variants[1].lineage] == ["A", "B"]


def test_latency_quantiles_run_from_least_to_most():
    quantiles = Timeline().result().variants[0].latency_quantiles_s
    assert len(quantiles) == 101
    assert np.all(np.diff(quantiles) >= 0)


def test_blocks_that_end_before_the_interval_is_narrow_are_told_in_one_sentence():
    timeline = Timeline()
    timeline.recorder.plan = plan().model_copy(update={"protocol": PROTOCOL.model_copy(update={"max_blocks": 3, "target": 0.001})})
    for key, calls in timeline.recorder.latencies.items():
        timeline.recorder.latencies[key] = tuple(value * (1 + 0.1 * key[2]) for value in calls)
    told = [remark.text for remark in timeline.result().warnings if "cap" in remark.text]
    assert len(told) == 1
    assert told[0].startswith("A and B stopped by the cap of 3 blocks")
    assert "more than the 0.1 % aimed at" in told[0]


def test_a_width_is_never_told_as_the_one_aimed_at():
    assert [_width(width, 0.05) for width in (0.0502, 0.052, 0.19, 0.0500000001)] == ["5.02", "5.2", "19", "just over 5"]


def test_a_seed_is_a_limit_only_where_something_was_trained():
    def first(timeline):
        return next(remark.text for remark in timeline.result().warnings if remark.kind == "limit")

    assert first(Timeline()).startswith("One machine, one training seed")
    bought = Timeline()
    nodes = (bought.recorder.plan.nodes[0].model_copy(update={"step": "model.file"}), *bought.recorder.plan.nodes[1:])
    bought.recorder.plan = bought.recorder.plan.model_copy(update={"nodes": nodes})
    assert first(bought) == "One machine: on another, the variants may come in another order."


def test_the_difference_that_cannot_be_told_comes_from_the_paired_interval():
    def told(**correct):
        return [remark.text for remark in Timeline(correct=correct).result().warnings if "told apart" in remark.text]

    a = "1" * 90 + "0" * 10
    b = "1" * 80 + "0" * 10 + "1" * 5 + "0" * 5
    half = compare_accuracy(b, a)
    points = f"{(half.high - half.low) / 2 * 100:.2g}"
    assert told(A=a, B=b) == [
        f"Accuracy rests on 100 test examples: differences under about {points} points cannot be told apart"
        ", by how this run's variants answered them."
    ]
    many = "1" * 9000 + "0" * 1000
    assert told(A=many, B=many) == []


def test_a_size_that_was_counted_after_the_blocks_is_in_the_results_and_compared():
    timeline = Timeline(correct={})
    for key, size in (("A", 900), ("B", 300)):
        timeline.say(messages.VariantMeasured(node="bench", variant=key, correct="1", size_coded_bytes=size))
    result = timeline.result()
    assert metric(result, "A", "size_coded_bytes").value == 900
    assert metric(result, "B", "size_coded_bytes").value == 300
    other = next(v for v in result.variants if v.letter == "B")
    assert other.against["size_coded_bytes"].change == pytest.approx(-2 / 3)


def test_a_size_that_was_not_counted_says_why():
    assert metric(Timeline().result(), "A", "size_coded_bytes").reason == "not counted for this format"
    timeline = Timeline(correct={})
    timeline.recorder.measured.clear()
    assert metric(timeline.result(), "A", "size_coded_bytes").reason == "the run ended before it was counted"


def test_energy_aware_numbers_go_with_the_energy_they_are_made_of():
    a, b = Timeline().result().variants
    joules = b.metrics["energy_per_inference"].value
    assert b.metrics["inferences_per_joule"].value == pytest.approx(1 / joules)
    assert b.metrics["wh_per_1000"].value == pytest.approx(joules * 1000 / 3600)
    assert b.metrics["energy_delay_product"].value == pytest.approx(joules / 200)
    assert b.metrics["accuracy_per_joule"].value == pytest.approx(0.95 / joules)
    assert b.metrics["flops_per_joule"].reason == "not counted for this format"
    half = b.against["energy_per_inference"].change
    assert half == pytest.approx(-0.5)
    assert b.against["wh_per_1000"].change == pytest.approx(half)
    assert b.against["inferences_per_joule"].change == pytest.approx(1.0)
    assert b.against["energy_delay_product"].change == pytest.approx(0.5 * 0.5 - 1)
    assert b.against["accuracy_per_joule"].change == pytest.approx(1.0)
    assert b.against["inferences_per_joule"].good is True
    assert "flops_per_joule" not in b.against
    assert a.against["wh_per_1000"].verdict is Verdict.BASELINE


def test_modelled_energy_aware_numbers_are_shown_and_not_compared():
    _, b = Timeline(Provenance.MODELLED).result().variants
    for key in ("inferences_per_joule", "wh_per_1000", "energy_delay_product", "accuracy_per_joule"):
        assert b.metrics[key].provenance is Provenance.MODELLED
        assert b.against[key].verdict is Verdict.NOT_COMPARED


def test_the_ledger_adds_up_to_the_energy_of_the_run():
    result = Timeline().result()
    assert result.energy_total.value == pytest.approx(sum(line.energy.value for line in result.ledger))
    assert result.energy_total.value == pytest.approx(4 * IDLE_W + 6 * BUSY_W, rel=1e-6)


def test_one_block_is_kept_closely_and_its_area_is_its_joules():
    """Of the pick or the baseline, here A: on 100 examples nothing can be recommended. 20 W for 1 s, read every 0.1 s."""
    trace = Timeline().result().block_trace
    assert trace.variant == "A"
    inside = [w for k, w in enumerate(trace.power_w) if 0 <= trace.begin_s + (k + 0.5) * trace.step_s <= trace.seconds]
    assert sum(inside) * trace.step_s == pytest.approx(trace.energy_j, rel=1e-6)
    assert (trace.energy_j, trace.idle_j) == (pytest.approx(BUSY_W), pytest.approx(IDLE_W))
    assert trace.examples == 100


def test_phases_are_placed_on_the_clock_of_the_traces():
    first, last = Timeline().result().phases
    assert (first.kind, first.t0_s, first.t1_s) == (WindowKind.IDLE, 0.0, 2.0)
    assert (last.t0_s, last.t1_s) == (8.0, 10.0)


def test_several_variants_are_judged_together_and_say_how_many():
    timeline = Timeline()
    for key in "CD":
        timeline.say(timeline.ready(key, "b"))
        for (node, letter, number), values in list(timeline.recorder.latencies.items()):
            if letter == "B":
                timeline.recorder.latencies[(node, key, number)] = tuple(value * (1 + 0.01 * number) for value in values)
        for window in timeline.recorder.windows_by(WindowKind.BLOCK, "bench")["B"]:
            timeline.recorder.windows.append(window.model_copy(update={"variant": key}))
    found = {v.letter: v.against["latency_p50"] for v in timeline.result().variants[1:]}
    assert {c.together for c in found.values()} == {3}
    assert all(c.p_adjusted >= c.p_value for c in found.values())
    assert all((c.verdict in (Verdict.LOWER, Verdict.HIGHER)) == (c.p_adjusted <= 0.05) for c in found.values())


def test_rounds_of_one_process_are_one_observation_of_where_it_lies_in_memory():
    """Four processes of two rounds each: within a process the ratio is steady, between them it moves by 2 %."""
    timeline = Timeline()
    timeline.recorder.windows = [w for w in timeline.recorder.windows if w.kind is not WindowKind.BLOCK]
    timeline.recorder.latencies.clear()
    layout = [1.0, 1.02, 0.98, 1.01]
    for number in range(8):
        for key in "AB":
            window = Window(
                kind=WindowKind.BLOCK, label=key, t0_ns=START + (2 + number) * S, t1_ns=START + (3 + number) * S, node="bench", variant=key,
                block=number, calls=50, process=number // 2,
            )  # fmt: skip
            slow = layout[number // 2] if key == "B" else 1.0
            timeline.say(messages.WindowClosed(window=window, latencies_s=(0.01 * slow * (1 + 1e-5 * number),) * 50))
    b = timeline.result().variants[1].against["latency_p50"]
    logs = np.log(layout)
    half = 3.182446305284263 * logs.std(ddof=1) / 2  # Student's t with three degrees of freedom over four processes
    assert b.low == pytest.approx(np.exp(logs.mean() - half) - 1, rel=1e-3)
    assert b.verdict is Verdict.UNCLEAR


def test_models_that_are_too_slow_to_start_again_say_what_that_leaves_open():
    timeline = Timeline()
    assert not [r for r in timeline.result().warnings if r.code == "process"]
    timeline.recorder.plan = plan().model_copy(update={"protocol": PROTOCOL.model_copy(update={"restart_rounds": 1})})
    assert [r.text.split(":")[0] for r in timeline.result().warnings if r.code == "process"] == ["Each model ran in one process"]


def test_the_processes_that_each_model_had_are_told_as_they_were():
    timeline = Timeline()
    timeline.recorder.plan = plan().model_copy(update={"protocol": PROTOCOL.model_copy(update={"restart_rounds": 1})})
    windows = timeline.recorder.windows
    for place, window in enumerate(windows):
        if window.kind is WindowKind.BLOCK:
            windows[place] = window.model_copy(update={"process": min(window.block, 1) if window.variant == "A" else window.block})
    (told,) = [r.text for r in timeline.result().warnings if r.code == "process"]
    assert told.startswith("A ran in two processes: where it happens to lie in memory")


def test_energy_that_still_scatters_at_the_cap_is_told_beside_latency():
    timeline = Timeline()
    timeline.recorder.plan = plan().model_copy(update={"protocol": PROTOCOL.model_copy(update={"max_blocks": 3})})
    windows = timeline.recorder.windows
    for place, window in enumerate(windows):
        if window.kind is WindowKind.BLOCK and window.variant == "A":
            windows[place] = window.model_copy(update={"calls": 100 + 20 * window.block})
    told = [remark.text for remark in timeline.result().warnings if remark.code == "cap"]
    assert len(told) == 1
    assert told[0].startswith("A stopped by the cap of 3 blocks: energy interval")


def test_percentiles_of_the_calls_are_there_with_their_intervals():
    found = Timeline().result().variants[0].percentiles
    assert [p.q for p in found] == [0.5, 0.9, 0.95, 0.99]
    assert not found[1].supported
    assert found[1].n == 300


def server(bound_s, rate=100.0, calls=None):
    timeline = Timeline(calls=calls)
    params = {"region": "WORLD", "pue": 1.5, "scenario": "server", "rate": rate, "bound_s": bound_s}
    nodes = (*timeline.recorder.plan.nodes[:2], timeline.recorder.plan.nodes[2].model_copy(update={"params": params}))
    timeline.recorder.plan = timeline.recorder.plan.model_copy(update={"nodes": nodes})
    return timeline.result().variants[0]


def test_a_server_is_valid_invalid_or_cannot_tell_by_what_its_late_queries_show_of_their_share():
    # 300 queries of 10 ms each. Of n late ones out of n the share is over 0.01^(1/n), of none out of n under 1 − 0.01^(1/n).
    assert server(bound_s=0.005).served.valid is False
    assert server(bound_s=0.005).served.text == "not valid: 300 of 300 were late, so with 99 % confidence more than 98 % are; 1 % may be"
    assert server(bound_s=0.005).served.late_low == pytest.approx(0.01 ** (1 / 300))
    assert server(bound_s=0.02).served.valid is None
    few = "cannot tell yet: none was late, but 300 queries are too few; 459 without a late one would do"
    assert server(bound_s=0.02).served.text == few
    enough = server(bound_s=0.02, calls={"A": 310, "B": 310}).served
    assert enough.valid is True
    assert enough.late_high == pytest.approx(1 - 0.01 ** (1 / 930))
    assert enough.text == "valid: 0 of 930 were late, so with 99 % confidence at most 0.50 % are; 1 % may be"
    assert server(bound_s=0.02).scenario == "server"
    assert Timeline().result().variants[0].served is None


@pytest.mark.parametrize(
    ("held", "broken", "words"),
    [
        (118.0, 142.0, "it bears between 120 and 140 a second: the one held, the other did not, each tried for 3 s"),
        (0.0, 4.2, "no rate that was tried keeps it, down to 4.2 a second, each tried for 3 s"),
        (900.0, None, "it bears at least 900 a second, the highest rate tried, each tried for 3 s"),
    ],
)
def test_a_highest_rate_says_how_coarse_the_search_was(held, broken, words):
    served = Served(rate=10.0, bound_s=0.1, queries=900, late=0, late_high=0.005, valid=True, highest_rate=held, lowest_broken=broken)
    assert scenario_words(served).endswith(f"; 1 % may be; {words}")


def offline(sizes):
    """The played benchmark in the Offline scenario, each model at its own batch size."""
    timeline = Timeline()
    nodes = timeline.recorder.plan.nodes
    bench = nodes[2].model_copy(update={"params": {**nodes[2].params, "scenario": "offline"}})
    timeline.recorder.plan = timeline.recorder.plan.model_copy(update={"nodes": (*nodes[:2], bench)})
    for (key, node), batch in zip((("A", "a"), ("B", "b")), sizes, strict=True):
        timeline.say(Timeline.ready(key, node).model_copy(update={"batch": batch}))
    return timeline.result()


def test_calls_of_different_numbers_of_examples_are_shown_and_not_compared():
    # A: 100 calls of 4 in a second, B: 200 calls of 16.
    result = offline((4, 16))
    b = result.variants[1]
    for key in ("latency_p50", "latency_p95"):
        assert b.metrics[key].value == pytest.approx(0.005)
        assert b.against[key].verdict is Verdict.NOT_COMPARED
        assert b.against[key].text == "not compared: other batch size"
        assert b.against[key].reason.startswith("a call has 16 examples, one of A 4")
    assert b.against["throughput"].verdict is Verdict.HIGHER
    assert b.against["throughput"].change == pytest.approx(7.0)
    assert result.timing == "throughput"
    (limit,) = [r.text for r in result.warnings if r.text.startswith("Batch")]
    assert limit.startswith("Batches 4 and 16 only")
    alike = offline((4, 4)).variants[1]
    assert alike.against["latency_p50"].verdict is Verdict.LOWER


def test_energy_times_delay_is_of_one_example_at_any_batch_size():
    # Twenty watts, 100 calls a second of 4 examples: 50 mJ and 2.5 ms for each.
    found = offline((4, 16)).variants[0].metrics["energy_delay_product"]
    assert found.value == pytest.approx(BUSY_W / 400 / 400, rel=1e-6)
    compared = offline((4, 16)).variants[1].against["energy_delay_product"]
    assert compared.change == pytest.approx(1 / 64 - 1, rel=1e-6)
