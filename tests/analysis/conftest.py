"""Runs to judge: a baseline A and variants with given changes, made from verdicts as the engine makes them."""

import pytest

from greenbench.analysis.compare import baseline, compare_ratio, not_compared
from greenbench.analysis.intervals import Interval
from greenbench.core.measurement import Channel, Domain, Measurement, Provenance, SourceReport, SourceState
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Comparison, Failure, NodeState, Plan, RunResult, RunState, Scenario, VariantResult, Verdict, letter

COVERS = "processor package and memory"


def accuracy_change(change, low, high):
    verdict = Verdict.LOWER if high < 0 else Verdict.HIGHER if low > 0 else Verdict.UNCLEAR
    verdict = Verdict.SAME if low >= -0.005 and high <= 0.005 else verdict
    return Comparison(verdict=verdict, change=change, low=low, high=high)


def ratio_change(key, change, half=0.002):
    return compare_ratio(BY_KEY[key], Interval(1 + change, 1 + change - half, 1 + change + half, 5))


class Runs:
    """Builds results; `energy` is "counter", "modelled", or "" for none."""

    def __init__(self, energy="counter"):
        self.provenance = Provenance(energy) if energy else None

    def variant(self, name, index, energy=None, time=None, accuracy=None, half=0.002, runtime="ONNX Runtime", accuracy_reason="",
                rate=None, batch=1):  # fmt: skip
        against = {}
        if index == 0:
            against = {key: baseline() for key in ("energy_per_inference", "latency_p50", "accuracy")}
        if time is not None:
            against["latency_p50"] = ratio_change("latency_p50", time, half)
        if energy is not None and self.provenance is Provenance.COUNTER:
            against["energy_per_inference"] = ratio_change("energy_per_inference", energy, half)
        elif index and self.provenance is Provenance.MODELLED:
            against["energy_per_inference"] = not_compared("modelled from load")
        if accuracy is not None:
            against["accuracy"] = accuracy_change(*accuracy)
        joules = Measurement.missing("J", "no power source was found")
        if self.provenance:
            joules = Measurement(value=8e-3, low=7e-3, high=9e-3, n=5, unit="J", provenance=self.provenance)
        right = Measurement.missing("1", accuracy_reason) if accuracy_reason else Measurement(value=0.95, n=360, unit="1")
        metrics = {"latency_p50": Measurement(value=1e-3, unit="s", n=5), "energy_per_inference": joules, "accuracy": right}
        if rate is not None:
            against["throughput"] = ratio_change("throughput", rate, half)
            against["latency_p50"] = not_compared("a call has 64 examples, one of A 16: compare the throughput", "other batch size")
        more = {} if batch == 1 else {"batch": batch, "scenario": Scenario.OFFLINE}
        metrics["throughput"] = Measurement(value=1000.0 * (1 + (rate or 0.0)), unit="1/s", n=5)
        return VariantResult(
            **more,
            letter=letter(index),
            node=f"n{index}",
            name=name,
            runtime=runtime,
            precision="fp32",
            benchmark="bench",
            metrics=metrics,
            against=against,
        )

    def failed(self, name, index, message="Out of memory."):
        return VariantResult(
            letter=letter(index), node=f"n{index}", name=name, state=NodeState.FAILED, benchmark="bench",
            failure=Failure(kind="memory", message=message),
        )  # fmt: skip

    def result(self, *variants, state=RunState.FINISHED, **more):
        sources = ()
        if self.provenance is Provenance.COUNTER:
            channel = Channel(key="rapl", title="RAPL", domain=Domain.PACKAGE, provenance=self.provenance, covers=COVERS, refresh_s=0.001)
            sources = (SourceReport(key="rapl", title="RAPL", state=SourceState.IN_USE, provenance=self.provenance, channels=(channel,)),)
        elif self.provenance is Provenance.MODELLED:
            sources = (
                SourceReport(key="nvml", title="NVML", state=SourceState.ABSENT, provenance=Provenance.COUNTER, reason="no NVIDIA driver"),
                SourceReport(
                    key="rapl", title="RAPL", state=SourceState.PERMISSION, provenance=Provenance.COUNTER, reason="only root may read it."
                ),
            )
        return RunResult(
            run_id="r1", title="Test", state=state, started="2026-11-22T12:00:00+00:00", plan=Plan(title="Test", nodes=()),
            variants=variants, sources=sources, **more,
        )  # fmt: skip


@pytest.fixture(scope="session")
def runs():
    return Runs
