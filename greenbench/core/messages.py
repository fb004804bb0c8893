"""What the processes say to each other: one JSON object a line, tagged and versioned; unknown tags are refused.

parent ── StartRun, Cancel, Shutdown ──▶ worker          worker, meter ── events ──▶ parent
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from greenbench.core.artifact import Artifact, Fact
from greenbench.core.errors import WorkerError
from greenbench.core.measurement import Facts, Measurement, Sample, SourceReport, Window
from greenbench.core.run import BatchTried, Environment, Execution, Failure, NodeState, Plan, RunResult, RunState
from greenbench.core.value import Value

WIRE_VERSION = 1


class Message(Value):
    v: int = WIRE_VERSION


class Hello(Message):
    """First word of a process. `t_ns` is its monotonic clock, to check that it is shared."""

    tag: Literal["hello"] = "hello"
    role: str
    pid: int
    t_ns: int
    libraries: dict[str, str] = {}


class Sources(Message):
    """The meter's discovery: every power source with its state; sent at its start and when something changes."""

    tag: Literal["sources"] = "sources"
    reports: tuple[SourceReport, ...]


class Samples(Message):
    tag: Literal["samples"] = "samples"
    samples: tuple[Sample, ...]
    facts: Facts | None = None


class RunStarted(Message):
    tag: Literal["run-started"] = "run-started"
    run_id: str
    t_ns: int
    plan: Plan
    environment: Environment = Environment()


class NodeStarted(Message):
    tag: Literal["node-started"] = "node-started"
    node: str
    t_ns: int


class Progress(Message):
    """`fraction` 0 to 1 of this node; `remaining_s` where it can be estimated."""

    tag: Literal["progress"] = "progress"
    node: str
    fraction: float
    text: str = ""
    remaining_s: float | None = None


class Metric(Message):
    """One value for the live plots: name "loss", "accuracy" (fraction), "batch_s" (a training batch, seconds)."""

    tag: Literal["metric"] = "metric"
    node: str
    name: str
    value: float
    t_ns: int
    variant: str = ""


class Calls(Message):
    """Some timed calls of a benchmark, thinned for the live plot: end times and durations, equally long."""

    tag: Literal["calls"] = "calls"
    node: str
    variant: str
    t_ns: tuple[int, ...]
    latency_s: tuple[float, ...]


class WindowOpened(Message):
    tag: Literal["window-opened"] = "window-opened"
    window: Window


class WindowClosed(Message):
    """`latencies_s` of a block: every call in it."""

    tag: Literal["window-closed"] = "window-closed"
    window: Window
    latencies_s: tuple[float, ...] = ()


class VariantReady(Message):
    """A benchmark has prepared a variant: what will execute. `flops` and sizes are of the file the runtime loads, `batches` the batch
    sizes that the Offline scenario tried."""

    tag: Literal["variant-ready"] = "variant-ready"
    node: str
    variant: str
    source: str
    name: str
    runtime: str
    precision: str
    batch: int
    batches: tuple[BatchTried, ...] = ()
    threads: int
    size_bytes: int
    size_coded_bytes: int | None = None
    parameters: int
    nonzero_parameters: int
    flops: int | None = None
    notes: tuple[str, ...] = ()
    execution: Execution | None = None


class VariantMeasured(Message):
    """How well a variant answers, its memory until its last timed call, and its coded size where `VariantReady` leaves it open.

    `metric` is the task's (greenbench.core.task). For accuracy, `correct` has one character for each test example, "1" right or "0"
    wrong; for other metrics `scores` has one number for each, whose mean is the metric. Both are empty where that was not measured, for
    `reason`. `highest_rate`: queries a second that still met the bound of the Server scenario, 0 if none did; None: not looked for.
    `lowest_broken`: the lowest rate tried that did not meet it."""

    tag: Literal["variant-measured"] = "variant-measured"
    node: str
    variant: str
    metric: str = "accuracy"
    correct: str = ""
    scores: tuple[float, ...] = ()
    reason: str = ""
    highest_rate: float | None = None
    lowest_broken: float | None = None
    peak_memory_bytes: int | None = None
    size_coded_bytes: int | None = None


class VariantFailed(Message):
    tag: Literal["variant-failed"] = "variant-failed"
    node: str
    variant: str
    source: str
    name: str
    failure: Failure


class NodeFinished(Message):
    """`cached`: nothing was computed. `seconds` is what it took when it was computed."""

    tag: Literal["node-finished"] = "node-finished"
    node: str
    digest: str
    cached: bool
    t_ns: int
    seconds: float
    headline: str = ""
    facts: tuple[Fact, ...] = ()
    outputs: dict[str, Artifact] = {}


class NodeFailed(Message):
    """`state` is FAILED, SKIPPED (something it needs failed) or CANCELLED."""

    tag: Literal["node-failed"] = "node-failed"
    node: str
    t_ns: int
    state: NodeState = NodeState.FAILED
    failure: Failure


class Log(Message):
    tag: Literal["log"] = "log"
    text: str
    level: str = "info"
    node: str = ""


class RunFinished(Message):
    """The worker's last word on a run."""

    tag: Literal["run-finished"] = "run-finished"
    run_id: str
    state: RunState
    t_ns: int


class NodeEnergy(Message):
    """From the runner: what a node cost, once the samples of its window are in."""

    tag: Literal["node-energy"] = "node-energy"
    node: str
    energy: Measurement


class MeterState(Message):
    """From the runner: whether the meter process answers. `text` says what is being done if it does not."""

    tag: Literal["meter-state"] = "meter-state"
    alive: bool
    text: str = ""


class ResultsReady(Message):
    """From the runner, after RunFinished: everything joined. The last event of a run."""

    tag: Literal["results-ready"] = "results-ready"
    result: RunResult


class StartRun(Message):
    """`cache` is the folder of artefacts on the worker's machine."""

    tag: Literal["start-run"] = "start-run"
    run_id: str
    plan: Plan
    cache: str


class BlockEnergy(Message):
    """From the runner to the worker: what a timed block cost, once the meter has read beyond its end, so that the stop rule can look at
    it. `energy` is that of the whole window, in J; without a value, its reason. `edge_j` is what the meter leaves open at its ends."""

    tag: Literal["block-energy"] = "block-energy"
    node: str
    variant: str
    block: int
    energy: Measurement
    edge_j: float = 0.0


class Cancel(Message):
    tag: Literal["cancel"] = "cancel"


class LookAgain(Message):
    """From the runner to the meter: look at all power sources anew, at once, and read the list of meters outside the machine again."""

    tag: Literal["look-again"] = "look-again"


class Shutdown(Message):
    tag: Literal["shutdown"] = "shutdown"


Event = (
    Hello
    | Sources
    | Samples
    | RunStarted
    | NodeStarted
    | Progress
    | Metric
    | Calls
    | WindowOpened
    | WindowClosed
    | VariantReady
    | VariantMeasured
    | VariantFailed
    | NodeFinished
    | NodeFailed
    | Log
    | RunFinished
    | NodeEnergy
    | MeterState
    | ResultsReady
)
Command = StartRun | BlockEnergy | Cancel | LookAgain | Shutdown

_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="tag")])
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="tag")])


def encode(message: Message) -> bytes:
    """The message as one line."""
    return message.model_dump_json().encode() + b"\n"


def decode_event(line: bytes) -> Event:
    """The event in a line.

    Raises:
        WorkerError: not a message of this version.
    """
    event: Event = _decode(line, _EVENTS)
    return event


def decode_command(line: bytes) -> Command:
    """The command in a line; raises like `decode_event`."""
    command: Command = _decode(line, _COMMANDS)
    return command


def _decode(line: bytes, adapter: TypeAdapter[Any]) -> Any:
    try:
        message = adapter.validate_json(line)
    except ValidationError as error:
        start = line[:80].decode(errors="replace")
        raise WorkerError(
            f"A process of GreenBench said something that cannot be understood: {start!r}.", str(error.errors()[0]["msg"])
        ) from None
    if message.v != WIRE_VERSION:
        raise WorkerError(f"A process of GreenBench speaks version {message.v}, not {WIRE_VERSION}.", "Install one version only.")
    return message
