"""Every joule on one line: a run of known watts is charged to the last joule, cached and failed parts included."""

import math

import pytest

from greenbench.analysis.charges import add
from greenbench.core import messages
from greenbench.core.artifact import TRAINING_WORK, Fact
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Channel, Domain, Measurement, Provenance, Sample, Window, WindowKind
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, RunState, Source, VariantResult
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.charging import ledger
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000
START = 100 * S
WATTS = 10.0


class Costs:
    """A store that knows what the data took at first and keeps nothing."""

    def __getattr__(self, name):
        return lambda *arguments: None

    def node_cost(self, digest):
        return Measurement(value=70.0, low=69.0, high=71.0, unit="J") if digest == "digits" else None


def plan():
    def node(id, step, **inputs):
        sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
        return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params={}, inputs=sources, digest=id)

    return Plan(
        title="Test",
        nodes=(
            node("digits", "data.digits"),
            node("a", "train", data=("digits",)),
            node("b", "prune.structured", model=("a",)),
            node("c", "finetune", model=("b",)),
            node("bench", "benchmark", models=("a", "b"), data=("digits",)),
        ),
    )


class Run:
    """A second of planning, training 10 s, a second, pruning 5 s, a fine-tuning that fails after 3 s, a benchmark of 20 s, a second."""

    def __init__(self, error=0.0, hole=(), rate=10):
        channel = Channel(
            key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="CPU", refresh_s=0.1, error=error
        )
        self.ledger = EnergyLedger([channel])
        self.recorder = Recorder("run", plan(), Costs(), self.ledger, lambda text: None)
        self.now = START
        self.say(messages.RunStarted(run_id="run", t_ns=START, plan=plan()))
        self.say(messages.NodeFinished(node="digits", digest="digits", cached=True, t_ns=START, seconds=4.0))
        self.now += S
        work = (Fact(title=TRAINING_WORK, value=3e9, unit="FLOP"),)
        self.step("a", 10, facts=work)
        self.now += S
        self.step("b", 5)
        self.step("c", 3, fails=True)
        begin = self.now
        self.part(WindowKind.IDLE, "", 2)
        self.part(WindowKind.WARM_UP, "A", 1)
        self.now += S  # loading
        for number in range(3):
            self.part(WindowKind.BLOCK, "A", 2, number)
            self.part(WindowKind.BLOCK, "B", 2, number)
        self.part(WindowKind.IDLE, "", 2)
        self.now = begin + 20 * S
        self.close(WindowKind.STEP, "bench", begin)
        self.say(messages.NodeFinished(node="bench", digest="bench", cached=False, t_ns=self.now, seconds=20.0))
        self.now += S
        self.say(messages.RunFinished(run_id="run", state=RunState.FAILED, t_ns=self.now))
        for key in "AB":
            self.recorder.ready[("bench", key)] = None
        for tick in range(START // (S // rate) - rate, self.now // (S // rate) + rate + 1):
            t_ns = tick * (S // rate)
            gone = bool(hole) and hole[0] <= (t_ns - START) / S < hole[1]
            self.ledger.add([Sample(channel="cpu", t_ns=t_ns, energy_j=None if gone else WATTS * t_ns / S, reason="gone" if gone else "")])

    def say(self, event):
        self.recorder.on_event(event)

    def close(self, kind, node, begin, variant="", number=0):
        window = Window(kind=kind, label=node, t0_ns=begin, t1_ns=self.now, node=node, variant=variant, block=number, calls=10)
        self.say(messages.WindowClosed(window=window))

    def part(self, kind, variant, seconds, number=0):
        begin = self.now
        self.now += seconds * S
        self.close(kind, "bench", begin, variant, number)

    def step(self, node, seconds, facts=(), fails=False):
        self.say(messages.NodeStarted(node=node, t_ns=self.now))
        begin = self.now
        self.now += seconds * S
        self.close(WindowKind.STEP, node, begin)
        if fails:
            failure = Failure(kind="x", message="no")
            self.say(messages.NodeFailed(node=node, t_ns=self.now, state=NodeState.FAILED, failure=failure))
        else:
            self.say(messages.NodeFinished(node=node, digest=node, cached=False, t_ns=self.now, seconds=seconds, facts=facts))

    def lines(self):
        variants = [VariantResult(letter=key, node=node, name=key, benchmark="bench") for key, node in (("A", "a"), ("B", "b"))]
        return ledger(self.recorder, variants)


def by_title(lines):
    return {line.title: line for line in lines}


def test_each_part_has_its_joules():
    found = by_title(Run().lines())
    assert {title: round(line.energy.value, 6) for title, line in found.items()} == {
        "Digits": 70.0,
        "A": 100.0,
        "B": 50.0,
        "C": 30.0,
        "Idle windows": 40.0,
        "Warm-up of A": 10.0,
        "Timed blocks of A": 60.0,
        "Timed blocks of B": 60.0,
        "Bench: loading, converting, waiting": 30.0,
        "Between the steps": 30.0,
    }


def test_the_lines_add_up_to_the_run_and_its_cached_part():
    run = Run(error=0.05)
    lines = run.lines()
    whole = run.ledger.window(START, run.now).measurement()
    assert add(line for line in lines if not line.cached).energy.value == pytest.approx(whole.value)
    assert add(lines).energy.value == pytest.approx(whole.value + 70.0)
    assert add(line for line in lines if not line.cached).seconds == pytest.approx((run.now - START) / S)


def test_the_error_of_what_is_left_is_its_own_share_of_the_gain():
    """5 % of 30 J and what the edges leave open, at most a joule each (10 W, read every 0.1 s); not 5 % of the whole 410 J."""
    rest = by_title(Run(error=0.05).lines())["Between the steps"].energy
    assert 0.05 * 30 <= rest.high - rest.value <= 0.05 * 30 + math.hypot(*[1.0] * 10)


def test_edges_of_several_blocks_add_as_squares_and_their_gain_as_it_is():
    """Three blocks of 20 J: 5 % of 60 J, and of each block the same edge."""
    run = Run(error=0.05)
    (block, *_) = run.recorder.windows_by(WindowKind.BLOCK, "bench")["A"]
    one = run.ledger.window(block.t0_ns, block.t1_ns).measurement()
    edge = one.high - one.value - 0.05 * one.value
    assert edge > 0
    three = by_title(run.lines())["Timed blocks of A"].energy
    assert three.high - three.value == pytest.approx(0.05 * 60 + edge * math.sqrt(3), rel=1e-3)


def test_lines_say_what_they_are_and_for_whom():
    found = by_title(Run().lines())
    assert (found["Digits"].cached, found["Digits"].kind, found["Digits"].variants) == (True, ChargeKind.DATA, ("A", "B"))
    assert (found["A"].variants, found["A"].flop, found["A"].trainings) == (("A", "B"), 3e9, 1)
    assert found["B"].variants == ("B",)
    assert (found["C"].failed, found["C"].variants, found["C"].trainings) == (True, (), 1)
    assert found["Timed blocks of B"].variants == ("B",)
    assert found["Idle windows"].variants == ("A", "B")
    assert found["Between the steps"].kind is ChargeKind.OVERHEAD


def test_a_hole_leaves_its_lines_without_reading_and_no_number_is_made_up():
    found = by_title(Run(hole=(13.0, 15.0)).lines())  # while pruning
    assert found["B"].energy.value is None
    assert found["Between the steps"].energy.value is None
    assert found["A"].energy.value == pytest.approx(100)
    assert add(found.values()).missing == ("B", "Between the steps")


def test_another_kind_of_work_in_a_step_is_charged_apart():
    """Training of 3 s inside the pruning of 5 s; its FLOP go with it."""
    run = Run()
    begin = next(w for w in run.recorder.windows if w.kind is WindowKind.STEP and w.node == "b").t0_ns
    inside = Window(kind=WindowKind.PART, label="training", t0_ns=begin + S, t1_ns=begin + 4 * S, node="b")
    run.say(messages.WindowClosed(window=inside))
    fact = Fact(title=TRAINING_WORK, value=7e9, unit="FLOP")
    run.recorder.nodes["b"] = run.recorder.nodes["b"].model_copy(update={"facts": (fact,)})
    found = by_title(run.lines())
    assert (found["B: training"].energy.value, found["B: training"].flop) == (pytest.approx(30), 7e9)
    assert (found["B: training"].trainings, found["B"].trainings) == (1, 0)
    assert (found["B"].energy.value, found["B"].flop, found["B"].kind) == (pytest.approx(20), None, ChargeKind.COMPRESSION)
    assert found["B: training"].variants == ("B",)


def reused(first):
    """A run that took "b" from the cache, whose cost was 50 J, with the lines of where it was computed."""
    run = Run()
    run.recorder.windows = [w for w in run.recorder.windows if w.node != "b"]
    cost = Measurement(value=50.0, low=49.0, high=51.0, unit="J")
    run.recorder.nodes["b"] = run.recorder.nodes["b"].model_copy(update={"state": NodeState.CACHED, "energy": cost})
    run.recorder.first_lines["b"] = first
    return [line for line in run.lines() if line.node == "b"]


def first_line(kind, joules, **more):
    energy = Measurement(value=joules, low=joules, high=joules, unit="J")
    return Charge(kind=kind, node="b", title="As it was called there", seconds=joules / WATTS, energy=energy, digest="b", **more)


def test_a_cached_step_keeps_the_split_of_its_first_cost():
    """Of a run of before such a training was counted, too: it was one all the same."""
    training, own = reused((first_line(ChargeKind.TRAINING, 30.0), first_line(ChargeKind.COMPRESSION, 20.0)))
    assert (training.title, training.kind, training.energy.value, training.seconds, training.trainings) == (
        "B: training", ChargeKind.TRAINING, 30.0, 3.0, 1,
    )  # fmt: skip
    assert (own.title, own.kind, own.energy.value, own.trainings) == ("B", ChargeKind.COMPRESSION, 20.0, 0)
    assert all(line.cached and line.variants == ("B",) for line in (training, own))


@pytest.mark.parametrize("first", [(), (first_line(ChargeKind.TRAINING, 90.0), first_line(ChargeKind.COMPRESSION, 20.0))])
def test_without_the_split_of_that_cost_a_cached_step_is_one_line(first):
    (line,) = reused(first)
    assert (line.title, line.kind, line.energy.value) == ("B", ChargeKind.COMPRESSION, 50.0)


def test_a_step_that_a_lost_run_left_open_is_charged_until_its_end():
    run = Run()
    windows = [window for window in run.recorder.windows if window.node != "bench"]
    begin = next(w for w in run.recorder.windows if w.kind is WindowKind.STEP and w.node == "bench")
    run.recorder.windows = windows
    run.recorder.open_windows = [begin.model_copy(update={"t1_ns": 0})]
    run.recorder.nodes["bench"] = run.recorder.nodes["bench"].model_copy(update={"state": NodeState.RUNNING})
    found = by_title(run.lines())
    assert found["Bench: loading, converting, waiting"].energy.value == pytest.approx(WATTS * 21)
    assert found["Bench: loading, converting, waiting"].failed
    assert found["Between the steps"].energy.value == pytest.approx(20)
