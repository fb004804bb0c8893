"""A run of one variant in a real store, joined from its own raw data, whose digest is right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.core.run import Environment, Plan, PlannedNode, RunResult, RunState, Source
from greenbench.engine.audit.replay import Replay
from greenbench.engine.raw_data import digest
from greenbench.store import Store

S = 10**9
RUN = "feed01feed01"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "runs") as opened:
        yield opened


@pytest.fixture
def kept(store: Store) -> RunResult:
    """Ten watts all the time, three blocks of one second with 100 calls each."""
    model = PlannedNode(id="net", step="train", version=1, title="Net", params={}, digest="n")
    inputs = {"models": (Source(node="net", output="model"),)}
    bench = PlannedNode(
        id="bench", step="benchmark", version=1, title="Bench", params={"region": "WORLD", "pue": 1.0}, inputs=inputs, digest="b"
    )
    plan = Plan(title="One network", nodes=(model, bench))
    channel = Channel(key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="CPU", refresh_s=0.1)
    source = SourceReport(key="cpu", title="CPU", state=SourceState.IN_USE, provenance=channel.provenance, channels=(channel,))
    store.begin_run(RUN, plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
    readings = [Sample(channel="cpu", t_ns=t * S // 10, energy_j=float(t), power_w=10.0) for t in range(101)]
    store.add_samples(RUN, readings)
    for number in range(3):
        start = (2 + 2 * number) * S
        window = Window(kind=WindowKind.BLOCK, label="A", t0_ns=start, t1_ns=start + S, node="bench", variant="A", block=number, calls=100)
        store.add_window(RUN, window, [0.01] * 100)
    ready = messages.VariantReady(
        node="bench", variant="A", source="net", name="Net", runtime="onnxruntime", precision="fp32", batch=1, threads=1, size_bytes=10,
        parameters=3, nonzero_parameters=3,
    )  # fmt: skip
    for word in (ready, messages.VariantMeasured(node="bench", variant="A", correct="1101")):
        store.add_word(RUN, word.model_dump_json())
    bare = RunResult(
        run_id=RUN,
        title=plan.title,
        state=RunState.FINISHED,
        started="2026-11-22T12:00:00+01:00",
        seconds=10.0,
        plan=plan,
        sources=(source,),
    )
    joined = Replay(store, bare).result.model_copy(update={"raw_digest": digest(store, RUN, 0)})
    store.finish_run(RUN, RunState.FINISHED, joined)
    return joined
