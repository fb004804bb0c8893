"""A run: what was planned, under which protocol, on which machine, and what came out. All of it is data."""

from enum import StrEnum
from typing import Any

from greenbench.core.advice import Advice
from greenbench.core.artifact import Artifact, Fact, ResultsArtifact
from greenbench.core.calibration import Calibration
from greenbench.core.charge import Charge, Spending
from greenbench.core.claim import ClaimResult
from greenbench.core.joined import JoinedLog
from greenbench.core.measurement import Measurement, Provenance, SourceReport, SourceState
from greenbench.core.metrics import QUALITY
from greenbench.core.protocol import LAB as LAB  # a protocol is read as a part of its run
from greenbench.core.protocol import PROTOCOLS as PROTOCOLS
from greenbench.core.protocol import QUICK as QUICK
from greenbench.core.protocol import Protocol as Protocol
from greenbench.core.timed import BatchTried as BatchTried
from greenbench.core.timed import Block as Block
from greenbench.core.timed import Conditions as Conditions
from greenbench.core.timed import Percentile as Percentile
from greenbench.core.timed import Scenario as Scenario
from greenbench.core.timed import Served as Served
from greenbench.core.timed import TwoSpeeds as TwoSpeeds
from greenbench.core.traced import BlockTrace, Phase
from greenbench.core.value import Value


class RunState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class NodeState(StrEnum):
    """`SKIPPED`: something it needs failed. `MUTED`: the user left it out."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    MUTED = "muted"
    CANCELLED = "cancelled"


class Source(Value):
    """Where an input of a planned node comes from."""

    node: str
    output: str


class PlannedNode(Value):
    """One node of a plan. `digest` names everything its output depends on: step and version, parameters, the digests of
    its inputs, seed, library versions.

    A node that a step asked to have repeated over seeds stands once more for each further seed: `of` is then the id of the node in the
    pipeline, `repeat` counts from 1. `seed` None is that of the plan."""

    id: str
    step: str
    version: int
    title: str
    params: dict[str, Any]
    inputs: dict[str, tuple[Source, ...]] = {}
    digest: str
    cacheable: bool = True
    seed: int | None = None
    repeat: int = 0
    of: str = ""

    @property
    def shown_title(self) -> str:
        """The title with the seed, where the node is a repetition."""
        return f"{self.title}, seed {self.seed}" if self.repeat else self.title


class Plan(Value):
    """An experiment, complete in itself: no path of this machine but those the user typed as parameters.

    `affinity` are the logical cores that measuring keeps to (empty: all). `trusted` are the hashes of files that may run code.
    """

    title: str
    description: str = ""
    nodes: tuple[PlannedNode, ...]
    muted: tuple[str, ...] = ()
    device: str = "cpu"
    threads: int = 1
    affinity: tuple[int, ...] = ()
    seed: int = 0
    protocol: Protocol = QUICK
    use_cache: bool = True
    trusted: tuple[str, ...] = ()
    digest: str = ""

    def node(self, id: str) -> PlannedNode:
        return next(node for node in self.nodes if node.id == id)

    def base(self, id: str) -> str:
        """The node of the pipeline behind a planned one: itself, unless it is a repetition over seeds."""
        return next((node.of or node.id for node in self.nodes if node.id == id), id)

    def repeats(self, id: str) -> tuple[PlannedNode, ...]:
        """A node of the pipeline and its repetitions, in the order of their seeds."""
        return tuple(node for node in self.nodes if id in (node.id, node.of))

    def lineage(self, id: str) -> tuple["LineageStep", ...]:
        """The steps a model went through, first to last, `id` included. At a node with several models (a student and
        its teacher) the first port in the step's own order is followed."""
        steps: list[LineageStep] = []
        current: str | None = id
        while current:
            node = self.node(current)
            steps.append(LineageStep(node=node.id, title=node.title, step=node.step))
            sources = [s for port, many in node.inputs.items() for s in many if port in ("model", "student")]
            current = sources[0].node if sources else None
        return tuple(reversed(steps))


class LineageStep(Value):
    node: str
    title: str
    step: str


class Failure(Value):
    """Why a node or a variant has no result: a kind in few words, the sentence, the remedy, and the end of its log."""

    kind: str
    message: str
    remedy: str = ""
    log: str = ""


class Environment(Value):
    """The machine as it was. Empty or None: it does not say. `cpu_features` are names of greenbench.core.processor."""

    cpu: str = ""
    cpu_features: tuple[str, ...] = ()
    cores_physical: int | None = None
    cores_logical: int | None = None
    memory_bytes: int | None = None
    system: str = ""
    hostname: str = ""
    governor: str = ""
    turbo: str = ""
    virtual: str = ""
    gpus: tuple[str, ...] = ()
    driver: str = ""
    on_battery: bool | None = None
    load_1min: float | None = None
    temperature_c: float | None = None
    frequency_hz: float | None = None
    libraries: dict[str, str] = {}
    greenbench: str = ""


class CarbonFactor(Value):
    """What turns kWh into grams: an assumption, kept with the result."""

    region: str
    intensity_g_per_kwh: float
    year: str = ""
    source: str = ""
    pue: float = 1.0


class Verdict(StrEnum):
    """What a comparison with the baseline may say."""

    BASELINE = "baseline"
    LOWER = "lower"
    HIGHER = "higher"
    SAME = "same"
    UNCLEAR = "cannot tell yet"
    NOT_COMPARED = "not compared"


class Comparison(Value):
    """A variant against the baseline in one metric.

    `change` is relative (−0.12: 12 % less), from the paired ratio; for accuracy it is a difference of fractions.
    `good` is None where neither direction is better or none is established. `text` is the verdict in plain words. `margin`: of "no
    difference", within how much, in the unit of `change`.
    `p_value` is that of no change, taken alone; `p_adjusted` the same among the `together` comparisons that were judged at once
    (Holm 1979), which `verdict`, `low` and `high` rest on.
    """

    verdict: Verdict
    change: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    together: int = 1
    good: bool | None = None
    margin: float | None = None
    text: str = ""
    reason: str = ""


class Execution(Value):
    """What really ran, as far as the runtime says. None: it does not.

    `precision` is that of the heavy operators (convolutions, matrix products); `by_precision` how many of them execute in which.
    `fallbacks` are those that run in a higher precision than the file promised, `qdq` the quantise/dequantise pairs left around
    operators after optimisation; `kernels` the kinds of operators with their counts, most first. `load_s` reading the file,
    `compile_s` building or compiling before the first answer, `first_s` the first answer. `device` and `version` in words.
    """

    runtime: str
    version: str = ""
    device: str = "cpu"
    precision: str = "fp32"
    by_precision: dict[str, int] = {}
    fallbacks: int | None = None
    qdq: int | None = None
    kernels: tuple[tuple[str, int], ...] = ()
    load_s: float | None = None
    compile_s: float | None = None
    first_s: float | None = None
    threads: int = 1
    affinity: tuple[int, ...] = ()
    converted: str = ""


class VariantResult(Value):
    """One model at one benchmark. `latency_quantiles_s` has 101 entries, 0 % to 100 %, over all timed calls. `two_speeds`: something slowed
    the processor now and then while it was timed."""

    letter: str
    node: str
    name: str
    lineage: tuple[LineageStep, ...] = ()
    state: NodeState = NodeState.DONE
    failure: Failure | None = None
    benchmark: str = ""
    runtime: str = ""
    precision: str = ""
    batch: int = 1
    threads: int = 1
    metrics: dict[str, Measurement] = {}
    against: dict[str, Comparison] = {}
    latency_quantiles_s: tuple[float, ...] = ()
    percentiles: tuple[Percentile, ...] = ()
    scenario: Scenario = Scenario.SINGLE_STREAM
    batches: tuple[BatchTried, ...] = ()
    served: Served | None = None
    blocks: tuple[Block, ...] = ()
    two_speeds: TwoSpeeds | None = None
    notes: tuple[str, ...] = ()
    execution: Execution | None = None

    @property
    def timing(self) -> str:
        """The key of the metric that its speed is judged by: examples a second where each model runs at its own batch size."""
        return "throughput" if self.scenario is Scenario.OFFLINE else "latency_p50"


class NodeResult(Value):
    """What a node did. `energy` is what it cost when it was computed, also if it came from the cache this time."""

    node: str
    title: str
    step: str
    digest: str = ""
    state: NodeState
    seconds: float | None = None
    energy: Measurement | None = None
    headline: str = ""
    facts: tuple[Fact, ...] = ()
    outputs: dict[str, Artifact] = {}
    failure: Failure | None = None


class Remark(Value):
    """Something a reader must know: kind "warning", "deviation" (from the protocol) or "limit". `code` is what it is about, for programs:
    "clock", "load", "speeds", "thermal", "battery", "throttle", "idle", "gap", "cap", "edges", "bootstrap", "digest" (the raw data is
    not what it was); of limits "process", "virtual", "examples", "quick", "cut" (channels went and nothing was trained since); "" for all
    else."""

    kind: str
    text: str
    variant: str = ""
    code: str = ""


class PowerTrace(Value):
    """Watts of one channel over the run, thinned for drawing: seconds since the start, min and max in each bin. `counted`: it is a part
    of the machine's total."""

    channel: str
    title: str
    provenance: Provenance
    t_s: tuple[float, ...]
    low_w: tuple[float, ...]
    high_w: tuple[float, ...]
    counted: bool = False


class RunResult(Value):
    """Everything that is known of a finished (or broken-off) run; what results.json holds.

    `started_ns` is the monotonic moment that `traces` count their seconds from: it places blocks on them; 0: not known. The lines of
    `ledger` add up to `energy_total`; `spent` is what this and earlier runs took together. `raw_digest`: SHA-256 of the samples, windows,
    calls and answers that all numbers are made of; "" where they could not be kept. `arithmetic`: by which rules they were made
    (`greenbench.engine.results.ARITHMETIC`); 0: from before that was kept.
    """

    format: str = "greenbench results"
    version: int = 1
    run_id: str
    title: str
    description: str = ""
    state: RunState
    started: str
    started_ns: int = 0
    seconds: float = 0.0
    plan: Plan
    environment: Environment = Environment()
    sources: tuple[SourceReport, ...] = ()
    idle_before: Measurement | None = None
    idle_after: Measurement | None = None
    variants: tuple[VariantResult, ...] = ()
    nodes: tuple[NodeResult, ...] = ()
    warnings: tuple[Remark, ...] = ()
    lint: tuple[Advice, ...] = ()
    data: str = ""
    energy_total: Measurement | None = None
    ledger: tuple[Charge, ...] = ()
    spent: tuple[Spending, ...] = ()
    carbon: CarbonFactor | None = None
    traces: tuple[PowerTrace, ...] = ()
    benchmark_traces: tuple[PowerTrace, ...] = ()
    phases: tuple[Phase, ...] = ()
    block_trace: BlockTrace | None = None
    raw_digest: str = ""
    arithmetic: int = 0
    joined: tuple[JoinedLog, ...] = ()
    calibration: Calibration | None = None

    @property
    def baseline(self) -> VariantResult | None:
        """Variant A, the first link into the benchmark, if it was measured."""
        return next((v for v in self.variants if v.letter == "A" and v.state is NodeState.DONE), None)

    @property
    def measured(self) -> tuple[VariantResult, ...]:
        return tuple(variant for variant in self.variants if variant.failure is None and variant.metrics)

    @property
    def timing(self) -> str:
        """The key of the metric that speed is judged by in the baseline's benchmark."""
        first = self.baseline or next(iter(self.measured), None)
        return first.timing if first else "latency_p50"

    @property
    def quality(self) -> str:
        """The key of the metric that judges the answers of this run: the one that has a value, else one that could have had."""
        asked = [(key, v.metrics[key]) for key in QUALITY for v in self.measured if key in v.metrics]
        return next((key for key, m in asked if m.value is not None), asked[0][0] if asked else QUALITY[0])

    @property
    def claims(self) -> tuple[tuple[str, ClaimResult], ...]:
        """Every claim that was judged, with the title of the node that judged it."""
        given = [(node.title, artifact) for node in self.nodes for artifact in node.outputs.values()]
        return tuple((title, each.claim) for title, each in given if isinstance(each, ResultsArtifact) and each.claim is not None)

    @property
    def energy_provenance(self) -> Provenance:
        """The least direct provenance among the variants' energies; unavailable if none has one."""
        found = [v.metrics["energy_per_inference"].provenance for v in self.measured if "energy_per_inference" in v.metrics]
        return Provenance.least(found)

    @property
    def energy_recorded(self) -> bool:
        """Whether the joules that were counted are those of a recording, played back in place of a meter."""
        used = [channel for source in self.sources if source.state is SourceState.IN_USE for channel in source.channels]
        return any(channel.recorded and channel.counted and channel.provenance.measured for channel in used)


def letter(index: int) -> str:
    """A … Z, then AA …: the key of the index-th variant."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
