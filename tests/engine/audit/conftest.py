"""A whole benchmark in a store, played by a clock of its own: idle, three rounds of two variants, idle, with a meter beside it."""

import pytest

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.core.run import Environment, Plan, PlannedNode, Protocol, RunState, Source
from greenbench.engine.recorder import Recorder
from greenbench.engine.results import assemble
from greenbench.meters.ledger import EnergyLedger
from greenbench.store import Store

S = 1_000_000_000
START = 100 * S
IDLE_W, BUSY_W = 5.0, 20.0
RUN = "abcdef123456"


def channel(provenance):
    return Channel(key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=provenance, covers="the processor", refresh_s=0.1)


def plan():
    def node(id, step, **inputs):
        sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
        params = {"region": "WORLD", "pue": 1.5} if step == "benchmark" else {}
        return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params=params, inputs=sources, digest=id)

    nodes = (node("a", "train"), node("b", "prune", model=("a",)), node("bench", "benchmark", models=("a", "b")))
    protocol = Protocol(name="quick", idle_s=2, warm_up_s=1, block_s=1, min_blocks=3, max_blocks=6, target=0.05)
    return Plan(title="Two, played", nodes=nodes, protocol=protocol)


class Played:
    """Writes a run into a store as a runner does. `hole` are the seconds since the start between which the meter says nothing, `state` is
    what it says of itself at the end."""

    def __init__(self, store, provenance=Provenance.COUNTER, hole=None, run_id=RUN, state=SourceState.IN_USE):
        source = SourceReport(
            key="cpu", title="CPU", state=state, provenance=provenance, channels=(channel(provenance),), covers="the processor"
        )
        self.sources, self.store, self.run_id = (source,), store, run_id
        self.ledger = EnergyLedger([channel(provenance)])
        # What the meter read before the run is in the ledger, too, and not in the store.
        self.counting, self.joules = provenance is Provenance.COUNTER, 0.0
        self.meter(START - 30 * S, START - S, None)
        store.begin_run(run_id, plan(), Environment(), "2026-11-22T12:00:00+01:00", START)
        store.save_sources(run_id, self.sources)
        self.recorder = Recorder(run_id, plan(), store, self.ledger, pytest.fail)
        self.now = START
        self.say(messages.RunStarted(run_id=run_id, t_ns=START, environment=Environment(), plan=plan()))
        self.now += S  # what a worker takes to come up
        self.work()
        self.say(messages.RunFinished(run_id=run_id, state=RunState.FINISHED, t_ns=self.now))
        self.meter(START - S, self.now + 3 * S, hole)
        self.recorder.charge("a")
        digest = self.recorder.seal()
        self.result = assemble(self.recorder, self.sources, "2026-11-22T12:00:00+01:00").model_copy(update={"raw_digest": digest})
        store.finish_run(run_id, RunState.FINISHED, self.result)

    def say(self, event):
        self.recorder.on_event(event)

    def work(self):
        self.say(messages.NodeStarted(node="a", t_ns=self.now))
        self.window(WindowKind.STEP, "", 3, node="a")
        self.say(messages.NodeFinished(node="a", digest="a", cached=False, t_ns=self.now, seconds=3.0))
        for key, node in (("A", "a"), ("B", "b")):
            self.say(
                messages.VariantReady(
                    node="bench", variant=key, source=node, name=node.capitalize(), runtime="onnxruntime", precision="fp32", batch=1,
                    threads=1, size_bytes=1000, parameters=100, nonzero_parameters=50,
                )
            )  # fmt: skip
        self.window(WindowKind.IDLE, "", 2)
        for number, order in enumerate(("AB", "BA", "AB")):
            for key in order:
                self.window(WindowKind.BLOCK, key, 1, number)
        self.window(WindowKind.IDLE, "", 2)
        for key, wrong in (("A", 5), ("B", 9)):
            self.say(messages.VariantMeasured(node="bench", variant=key, correct="1" * (100 - wrong) + "0" * wrong, peak_memory_bytes=10))

    def window(self, kind, key, seconds, number=0, node="bench"):
        calls = {"A": 100, "B": 150, "": 0}[key]
        made = Window(kind=kind, label=key, t0_ns=self.now, t1_ns=self.now + seconds * S, node=node, variant=key, block=number, calls=calls)
        latencies = tuple((round(S / calls) + 1000 * number + call) / 1e9 for call in range(calls))
        self.say(messages.WindowClosed(window=made, latencies_s=latencies))
        self.now = made.t1_ns

    def meter(self, t0_ns, t1_ns, hole):
        samples = []
        for tenth in range(t0_ns // (S // 10), t1_ns // (S // 10)):
            t_ns = tenth * S // 10 + 12_345_678
            since = (t_ns - START) / S
            watts = (BUSY_W if since > 0 else IDLE_W) + 0.01 * (tenth % 7)
            self.joules += watts * 0.1
            if hole and hole[0] <= since < hole[1]:
                samples.append(Sample(channel="cpu", t_ns=t_ns, reason="the counter is gone"))
            else:
                samples.append(Sample(channel="cpu", t_ns=t_ns, power_w=watts, energy_j=self.joules if self.counting else None))
        self.ledger.add(samples)
        if t0_ns >= START - S:
            self.recorder.on_samples(tuple(samples))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def play(store):
    return lambda **more: Played(store, **more)
