"""Results to report on: made by hand from closed forms, so that what a report says of them is known beforehand."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import pytest

from greenbench.analysis.charges import served
from greenbench.analysis.energy_metrics import (
    accuracy_per_joule,
    energy_delay_product,
    flops_per_joule,
    inferences_per_joule,
    wh_per_1000,
)
from greenbench.analysis.spending import spending
from greenbench.core.charge import Charge, ChargeKind, Spending
from greenbench.core.measurement import Channel, Domain, Measurement, Provenance, SourceReport, SourceState, WindowKind
from greenbench.core.run import (
    LAB,
    QUICK,
    Block,
    CarbonFactor,
    Comparison,
    Environment,
    Failure,
    LineageStep,
    NodeResult,
    NodeState,
    Plan,
    PlannedNode,
    PowerTrace,
    Remark,
    RunResult,
    RunState,
    Source,
    VariantResult,
    Verdict,
    letter,
)
from greenbench.core.traced import BlockTrace, Phase
from greenbench.report.writers.pdf import to_pdf

START_NS = 5_000_000_000_000
NO_SENSOR = "this virtual machine shows no energy counter"


def latency_quantiles(median_s: float, spread: float = 0.08) -> tuple[float, ...]:
    """101 quantiles of a log-normal latency."""
    ends = [0.002, *(q / 100 for q in range(1, 100)), 0.9995]
    return tuple(median_s * math.exp(spread * NormalDist().inv_cdf(q) * (1 + max(0.0, q - 0.8) * 3)) for q in ends)


def around(value: float, relative: float, unit: str, provenance: Provenance = Provenance.COUNTER, n: int = 5) -> Measurement:
    return Measurement(value=value, low=value * (1 - relative), high=value * (1 + relative), n=n, unit=unit, provenance=provenance)


def ratio(change: float, half: float, margin: float = 0.01) -> Comparison:
    """A comparison by the rule of the house: within before less, then excludes zero, else unclear."""
    low, high = change - half, change + half
    if -margin <= low and high <= margin:
        return Comparison(verdict=Verdict.SAME, change=change, low=low, high=high, text="no difference within ±1 %")
    if high < 0 or low > 0:
        verdict = Verdict.LOWER if high < 0 else Verdict.HIGHER
        return Comparison(verdict=verdict, change=change, low=low, high=high, good=high < 0, text="differs")
    return Comparison(verdict=Verdict.UNCLEAR, change=change, low=low, high=high, text="cannot tell yet")


def points(change: float, half: float) -> Comparison:
    found = ratio(change, half, 0.005)
    return found.model_copy(update={"good": None if found.good is None else change > 0})


@dataclass
class Case:
    """One variant to be made: its name and what is true of it, against the first one."""

    name: str
    latency: float
    accuracy: float | None = 0.95
    size: int = 400_000
    energy: float | None = None
    precision: str = "fp32"
    steps: tuple[str, ...] = ()
    failure: Failure | None = None
    half: float = 0.012


@dataclass
class Maker:
    """Makes a whole result of some cases."""

    cases: list[Case]
    title: str = "Seven ways to make a small residual network lighter"
    provenance: Provenance = Provenance.COUNTER
    lab: bool = False
    examples: int = 450
    change: dict[str, Any] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 5 if self.lab else 3

    def variant(self, index: int, case: Case) -> VariantResult:
        lineage = tuple(LineageStep(node=_id(step), title=step, step="step") for step in ("Network", "Train", *case.steps))
        first = self.cases[0]
        common: dict[str, Any] = {
            "letter": letter(index), "node": lineage[-1].node, "name": case.name, "lineage": lineage, "benchmark": "benchmark",
            "runtime": "ONNX Runtime", "precision": case.precision, "threads": 1,
        }  # fmt: skip
        if case.failure:
            return VariantResult(**common, state=NodeState.FAILED, failure=case.failure)
        flops = round(20_400_000 * case.latency / first.latency)
        metrics = {
            "latency_p50": around(case.latency, 0.011, "s"),
            "latency_p95": around(case.latency * 1.17, 0.03, "s"),
            "throughput": around(1 / case.latency, 0.011, "1/s"),
            "size_bytes": Measurement.exact(case.size, "B"),
            "size_coded_bytes": Measurement.exact(case.size * 0.91, "B"),
            "parameters": Measurement.exact(case.size // 4),
            "nonzero_parameters": Measurement.exact(case.size // 5),
            "flops": Measurement.exact(flops, "FLOP"),
            "peak_memory": Measurement(value=92_000_000.0 + index, unit="B"),
        }
        against = {}
        if index:
            against["latency_p50"] = ratio(case.latency / first.latency - 1, case.half)
        if case.accuracy is None:
            metrics["accuracy"] = Measurement.missing("1", "random data has no true labels")
        else:
            half = 1.96 * math.sqrt(case.accuracy * (1 - case.accuracy) / self.examples)
            metrics["accuracy"] = Measurement(
                value=case.accuracy, low=case.accuracy - half, high=min(case.accuracy + half, 1.0), n=self.examples, unit="1"
            )
            if index and first.accuracy is not None:
                against["accuracy"] = points(case.accuracy - first.accuracy, 0.35 * half)
        self._energy(metrics, against, case, index)
        blocks = tuple(
            Block(
                index=k,
                t0_ns=START_NS + round((8 + k * len(self.cases) + index) * 1e9),
                t1_ns=START_NS + round((8.9 + k * len(self.cases) + index) * 1e9),
                calls=int(1 / case.latency),
                median_s=case.latency,
            )
            for k in range(self.rounds)
        )  # fmt: skip
        return VariantResult(
            **common,
            metrics=metrics,
            against=against,
            latency_quantiles_s=latency_quantiles(case.latency, 0.05 + 0.01 * (index % 5)),
            blocks=blocks,
        )

    def _energy(self, metrics: dict[str, Measurement], against: dict[str, Comparison], case: Case, index: int) -> None:
        if case.energy is None:
            for key, unit in (("energy_per_inference", "J"), ("energy_per_inference_net", "J"), ("co2e_per_inference", "g")):
                metrics[key] = Measurement.missing(unit, NO_SENSOR)
            return
        wide = 0.5 if self.provenance is Provenance.MODELLED else 0.012
        metrics["energy_per_inference"] = around(case.energy, wide, "J", self.provenance)
        metrics["energy_per_inference_net"] = around(case.energy * 0.74, wide, "J", self.provenance)
        metrics["co2e_per_inference"] = around(case.energy * 1.3e-4, wide, "g", Provenance.MODELLED)
        joules = metrics["energy_per_inference"]
        metrics["inferences_per_joule"] = inferences_per_joule(joules)
        metrics["wh_per_1000"] = wh_per_1000(joules)
        metrics["flops_per_joule"] = flops_per_joule(joules, metrics["flops"])
        metrics["energy_delay_product"] = energy_delay_product([case.energy] * 5, [case.latency] * 5, joules, wide)
        metrics["accuracy_per_joule"] = accuracy_per_joule(metrics["accuracy"], joules)
        first = self.cases[0].energy
        if index and first:
            modelled = self.provenance is Provenance.MODELLED
            not_compared = Comparison(verdict=Verdict.NOT_COMPARED, reason="modelled energy is not compared", text="not compared")
            against["energy_per_inference"] = not_compared if modelled else ratio(case.energy / first - 1, case.half)

    def make(self) -> RunResult:
        variants = tuple(self.variant(index, case) for index, case in enumerate(self.cases))
        plan = self.plan()
        nodes = tuple(
            NodeResult(
                node=node.id, title=node.title, step=node.step, seconds=3.5,
                state=NodeState.CACHED if node.id == "train" else NodeState.DONE,
                energy=Measurement(value=412.0, unit="J", provenance=self.provenance) if self.cases[0].energy else None,
            )
            for node in plan.nodes
        )  # fmt: skip
        whole: dict[str, Any] = {
            "run_id": "7d1f9c40", "title": self.title, "state": RunState.FINISHED, "started": "2026-11-22T14:03:00+00:00",
            "started_ns": START_NS, "seconds": 97.0, "plan": plan, "environment": MACHINE, "sources": self.sources(),
            "variants": variants, "nodes": nodes, "data": f"Digits 32 × 32, {self.examples} test images",
            "warnings": (
                Remark(kind="warning", text="stopped by the cap of blocks, not by the rule: interval ±1.1 %", variant="C"),
                Remark(kind="deviation", text="The cool-down was cut at 120 s twice."),
                Remark(kind="limit", text="A virtual machine: its neighbours are not seen."),
            ),
            "carbon": CarbonFactor(region="Germany", intensity_g_per_kwh=380.0, year="2023", source="codecarbon"),
        }  # fmt: skip
        if self.cases[0].energy:
            whole["idle_before"] = around(3.42, 0.01, "W", self.provenance)
            whole["idle_after"] = around(3.47, 0.01, "W", self.provenance)
            whole["traces"] = (self.trace(),)
            whole["phases"] = self.phases()
            whole["block_trace"] = self.block_trace(variants[0])
            whole["ledger"] = self.ledger(plan, variants)
            whole["spent"] = self.spent(whole["ledger"])
        return RunResult(**{**whole, **self.change})

    def trace(self) -> PowerTrace:
        times = tuple(k * 0.25 for k in range(4 * (11 + self.rounds * len(self.cases))))
        end = 8 + self.rounds * len(self.cases)
        mean = [3.4 if not 8 <= t < end else 14 + 0.5 * math.sin(t) - (9 if t % 1 > 0.9 else 0) for t in times]
        return PowerTrace(
            channel="cpu", title="CPU package and memory", provenance=self.provenance, t_s=times,
            low_w=tuple(w - 0.3 for w in mean), high_w=tuple(w + 0.6 for w in mean),
        )  # fmt: skip

    def phases(self) -> tuple[Phase, ...]:
        """Four seconds of training, two of idle, two of warm-up; after the blocks idle again."""
        end = 8.0 + self.rounds * len(self.cases)
        kinds = ((WindowKind.STEP, "Train", 0.0, 4.0), (WindowKind.IDLE, "idle before", 4.0, 6.0), (WindowKind.WARM_UP, "warm", 6.0, 8.0))
        return tuple(
            Phase(kind=kind, label=label, t0_s=begin, t1_s=stop)
            for kind, label, begin, stop in (*kinds, (WindowKind.IDLE, "idle after", end, end + 2))
        )

    def block_trace(self, variant: VariantResult) -> BlockTrace:
        """The first block of the baseline: 14 W for 0.9 s above 3.4 W, in spans of 30 ms."""
        watts = tuple(14.0 if 6 <= k < 36 else 3.4 for k in range(42))
        return BlockTrace(
            variant="A", block=0, begin_s=-0.18, step_s=0.03, power_w=watts, seconds=0.9, energy_j=12.6, idle_j=3.06,
            examples=variant.blocks[0].calls, provenance=self.provenance,
        )  # fmt: skip

    def ledger(self, plan: Plan, variants: tuple[VariantResult, ...]) -> tuple[Charge, ...]:
        """The data 0.9 J, training 412 J from the cache, each other step 21 J, measuring 300 J, between the steps 6 J; ± 2 %."""

        def line(kind: ChargeKind, node: str, title: str, joules: float, **more: Any) -> Charge:
            given = {"variants": served(plan, variants, node), "digest": node, **more}
            return Charge(
                kind=kind, node=node, title=title, seconds=joules / 14, energy=around(joules, wide, "J", self.provenance), **given
            )

        wide = 0.5 if self.provenance is Provenance.MODELLED else 0.02
        found = [line(ChargeKind.DATA, "digits", "Digits", 0.9)]
        for node in plan.nodes:
            if node.id == "train":
                found.append(line(ChargeKind.TRAINING, node.id, "Train", 412.0, cached=True, flop=5.2e9, trainings=1))
            elif node.id not in ("digits", "network", "benchmark"):
                found.append(line(ChargeKind.COMPRESSION, node.id, node.title, 21.0))
        found.append(line(ChargeKind.BLOCKS, "benchmark", "Timed blocks", 300.0, variants=()))
        return (*found, line(ChargeKind.OVERHEAD, "", "Between the steps", 6.0, digest=""))

    def spent(self, lines: tuple[Charge, ...]) -> tuple[Spending, ...]:
        """Four runs of this pipeline, three of them with a training."""
        return (spending("pipeline", [lines, lines, [line.model_copy(update={"cached": False}) for line in lines], lines]),)

    def sources(self) -> tuple[SourceReport, ...]:
        absent = SourceReport(
            key="rapl", title="RAPL energy counters", state=SourceState.ABSENT, provenance=Provenance.COUNTER, reason=NO_SENSOR,
            remedy="run on the host, or add a wall meter",
        )  # fmt: skip
        if self.cases[0].energy is None:
            return (absent,)
        title, covers = {
            Provenance.MODELLED: ("Load model, 65 W processor", "the processor, estimated from its load"),
            Provenance.COUNTER: ("RAPL package and memory", "CPU package and memory"),
        }[self.provenance]
        channel = Channel(
            key="cpu", title=title, domain=Domain.PACKAGE, provenance=self.provenance, covers=covers, refresh_s=0.1, error=0.02
        )
        used = SourceReport(
            key="used", title=title, state=SourceState.IN_USE, provenance=self.provenance, channels=(channel,), covers=covers, refresh_s=0.1
        )
        return (used, absent) if self.provenance is Provenance.MODELLED else (used,)

    def plan(self) -> Plan:
        nodes = [
            PlannedNode(id="digits", step="data.digits", version=1, title="Digits", params={}, digest="d1"),
            PlannedNode(id="network", step="model.library", version=1, title="Network", params={}, digest="m1"),
            _planned("Train", {"model": ("network",), "data": ("digits",)}),
        ]
        ends = []
        for case in self.cases:
            before = "train"
            for step in case.steps:
                if _id(step) not in [node.id for node in nodes]:
                    nodes.append(_planned(step, {"model": (before,), "data": ("digits",)}))
                before = _id(step)
            ends.append(before)
        nodes.append(_planned("Benchmark", {"models": tuple(ends), "data": ("digits",)}))
        return Plan(title=self.title, nodes=tuple(nodes), protocol=LAB if self.lab else QUICK, digest="5c88e6049d17b3a2fe605c1d94b07a38")


def _id(title: str) -> str:
    return title.lower()


def _planned(title: str, inputs: dict[str, tuple[str, ...]]) -> PlannedNode:
    sources = {port: tuple(Source(node=node, output="model") for node in nodes) for port, nodes in inputs.items()}
    return PlannedNode(
        id=_id(title), step="benchmark" if title == "Benchmark" else "step", version=1, title=title, params={}, inputs=sources, digest="n"
    )


MACHINE = Environment(
    cpu="Intel Xeon E5-2680 v4", cores_physical=2, cores_logical=2, memory_bytes=8 * 2**30, system="Debian 12, Linux 6.1", virtual="KVM",
    load_1min=0.4, libraries={"onnxruntime": "1.32.0", "torch": "2.14.1"}, greenbench="0.1",
)  # fmt: skip


def quick_cases(energy: bool) -> list[Case]:
    """The quick start: the teacher, five ways to compress it, a student and its control."""
    joule = 0.0143 if energy else None

    def of(share: float) -> float | None:
        return joule * share if joule else None

    return [
        Case("Teacher, fp32", 1.18e-3, 0.971, 1_120_000, of(1.0)),
        Case("Prune 90 % of weights", 1.181e-3, 0.964, 1_120_000, of(1.004), steps=("Prune weights", "Fine-tune 1"), half=0.006),
        Case("Prune 50 % of channels", 0.52e-3, 0.960, 301_000, of(0.46), steps=("Prune channels", "Fine-tune 2")),
        Case("int8 static", 0.61e-3, 0.969, 298_000, of(0.51), "int8", ("int8",)),
        Case("Shared weights, 4 bit", 1.19e-3, 0.967, 1_120_000, of(1.01), steps=("Share 4 bit",), half=0.02),
        Case("Distilled student", 0.21e-3, 0.9511, 112_000, of(0.19), steps=("Distil",)),
        Case("Student without teacher", 0.211e-3, 0.9378, 112_000, of(0.192), steps=("Train alone",)),
    ]


@pytest.fixture(scope="session")
def quick_start() -> RunResult:
    """Seven variants on a machine without sensors: energy is modelled."""
    return Maker(quick_cases(True), provenance=Provenance.MODELLED).make()


@pytest.fixture(scope="session")
def measured() -> RunResult:
    """The same in the lab protocol with an energy counter and 10,000 test images."""
    return Maker(quick_cases(True), lab=True, examples=10_000).make()


@pytest.fixture(scope="session")
def no_energy() -> RunResult:
    return Maker(quick_cases(False)).make()


def many_cases() -> list[Case]:
    """24 variants: names without spaces, in three scripts, with every sign that a typesetter might read; the last one failed."""
    stem = "resnet18_cifar10_prune_structured_l1_group_0{}_finetune_e020_lr0.01"
    names = [stem.format(20 + 5 * k) + ("_quantise_int8_static_qdq_entropy_perchannel" if k % 2 else "") for k in range(13)]
    names += ["学生モデル ResNet-8 蒸留 T = 4", "نموذج مضغوط ٥٠٪ مع التقطير", "pneumonoultramicroscopicsilicovolcanoconiosisdetector"]
    names += ["*bold* $x^2$ #let _u_ @ref <tag> \\ [x] ~ // `raw`", "int8 static, percentile 99.99", "Weight sharing 5 bit", "int8 dynamic"]
    names += ["ResNet-8, no teacher", "Dynamic range, 512 images"]
    cases = [Case("ResNet-18, fp32", 4.312e-3, 0.946, 44_700_000)]
    for k, name in enumerate(names):
        cases.append(Case(name, 4.312e-3 * (0.1 + 0.047 * k), 0.946 - 0.0025 * ((k * 7) % 11), 1_150_000 * (k + 1), steps=(f"Step {k}",)))
    failed = Failure(
        kind="export", message="Export stopped: ONNX Runtime has no CPU kernel for 2:4 sparse weights.", remedy="Drop the 2:4 step."
    )
    cases.append(Case("resnet18_cifar10_sparse_2to4_magnitude_quantise_int8_static", 1.0, failure=failed, steps=("2:4 sparse",)))
    return cases


@pytest.fixture(scope="session")
def many() -> RunResult:
    """24 variants with long names, one failed, no energy at all."""
    return Maker(
        many_cases(), title="Compression sweep on the gate camera model, autumn series, second attempt", lab=True, examples=10_000
    ).make()


@pytest.fixture(scope="session")
def maker() -> type[Maker]:
    return Maker


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    return Case


@pytest.fixture(scope="session")
def measured_pdf(measured: RunResult) -> bytes:
    return to_pdf(measured)
