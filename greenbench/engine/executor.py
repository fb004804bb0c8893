"""Runs a plan node by node: takes plan, catalogue, cache and clock, and hands out events; knows no process and no pipe.

A failed node stops only what it feeds. A node with a `many` input goes on with what arrived.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenbench.core import messages
from greenbench.core.artifact import Artifact
from greenbench.core.catalog import Catalog
from greenbench.core.errors import Cancelled, GreenBenchError
from greenbench.core.measurement import Window, WindowKind
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, RunState
from greenbench.core.step import Group, Inputs, Stored
from greenbench.engine.block_energies import BlockEnergies
from greenbench.engine.cache import Cache, CacheRecord
from greenbench.engine.disk import disk_full
from greenbench.engine.memory import short_of_memory
from greenbench.engine.parts import Parts
from greenbench.engine.preflight import mismatches

Emit = Callable[[messages.Event], None]


@dataclass
class World:
    """What an execution needs of its surroundings: where artefacts lie, what time it is, who listens, whether to stop, and what the
    meter says of timed blocks."""

    catalog: Catalog
    cache: Cache
    clock: Callable[[], int]
    emit: Emit
    stopped: Callable[[], bool]
    energies: BlockEnergies = field(default_factory=BlockEnergies)


class NodeContext:
    """The StepContext of one node; see greenbench.core.step. The benchmark, which is the engine's own, also uses `plan`,
    `planned`, `failures` and `world`."""

    def __init__(self, world: World, plan: Plan, planned: PlannedNode, folder: Path, failures: dict[str, Failure]) -> None:
        self.world, self.plan, self.planned, self.folder = world, plan, planned, folder
        self.failures = failures
        self.node, self.title = planned.id, planned.title
        self.seed = plan.seed if planned.seed is None else planned.seed
        self.device, self.threads = plan.device, plan.threads
        self.trusted = frozenset(plan.trusted)
        self.parts = Parts(planned, world.clock, world.emit)
        self._started_ns = world.clock()
        self._shown = (-1.0, "")

    def check(self) -> None:
        if self.world.stopped():
            raise Cancelled

    def progress(self, fraction: float, text: str = "") -> None:
        fraction = min(max(fraction, 0.0), 1.0)
        self.parts.at(text)
        if abs(fraction - self._shown[0]) < 0.002 and text == self._shown[1]:
            return  # a node may report each batch; the window needs no more than 500 steps
        self._shown = (fraction, text)
        spent = (self.world.clock() - self._started_ns) / 1e9
        remaining = spent * (1 - fraction) / fraction if fraction >= 0.02 and spent > 0.5 else None
        self.world.emit(messages.Progress(node=self.node, fraction=fraction, text=text, remaining_s=remaining))

    def metric(self, name: str, value: float, variant: str = "") -> None:
        t_ns = self.world.clock()
        self.world.emit(messages.Metric(node=self.node, name=name, value=value, t_ns=t_ns, variant=variant))

    def log(self, text: str, level: str = "info") -> None:
        self.world.emit(messages.Log(text=text, level=level, node=self.node))


@dataclass
class _Done:
    """What has come out so far."""

    records: dict[str, CacheRecord] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)


def execute(plan: Plan, world: World) -> RunState:
    """Runs all nodes of a plan in order, sources first, emitting events; returns how it ended.

    Once the sources have been read, models and data are followed through the rest: if something does not go together, nothing of
    it is computed.
    """
    done = _Done()
    sources = [node for node in plan.nodes if world.catalog[node.step].group is Group.SOURCES]
    rest = [node for node in plan.nodes if node not in sources]
    for planned in [*sources, *rest]:
        if world.stopped():
            return RunState.CANCELLED
        if rest and planned is rest[0] and _refused(plan, rest, world, done):
            return RunState.FAILED
        missing = _missing(world, planned, done)
        if missing is not None:
            done.failures[planned.id] = missing
            _say_failed(world, planned, missing, NodeState.SKIPPED)
            continue
        record = world.cache.get(planned.digest) if plan.use_cache and planned.cacheable else None
        if record is not None:
            done.records[planned.id] = record
            _say_finished(world, planned, record, cached=True)
            continue
        try:
            record = _compute(plan, planned, world, done)
        except Cancelled:
            _say_failed(world, planned, Failure(kind="Stopped", message="Stopped by the user."), NodeState.CANCELLED)
            return RunState.CANCELLED
        except Exception as error:  # noqa: BLE001 - the door of a node: whatever goes wrong inside becomes its failure
            done.failures[planned.id] = failure = explain(error, planned.title)
            _say_failed(world, planned, failure, NodeState.FAILED)
            continue
        done.records[planned.id] = record
        _say_finished(world, planned, record, cached=False)
    return RunState.FAILED if done.failures else RunState.FINISHED


def _refused(plan: Plan, rest: list[PlannedNode], world: World, done: _Done) -> bool:
    """Whether models and data do not go together; then every node that would need computing has been told why."""

    def known(node: PlannedNode) -> Mapping[str, Artifact] | None:
        record = done.records.get(node.id)
        return record.outputs if record else None

    found = mismatches(plan.nodes, world.catalog, plan.device, known)
    if not found:
        return False
    told = {problem.node: Failure(kind="Does not fit", message=problem.message, remedy=problem.remedy) for problem in reversed(found)}
    first = found[0]
    for node in rest:
        failure = told.get(node.id)
        state = NodeState.FAILED if failure else NodeState.SKIPPED
        waits = Failure(kind="Not run", message=f'"{node.title}" was not run, because something else does not fit: {first.message}')
        _say_failed(world, node, failure or waits, state)
    return True


def _missing(world: World, planned: PlannedNode, done: _Done) -> Failure | None:
    """Why a node cannot start: an input it needs has failed."""
    for port in world.catalog[planned.step].inputs:
        sources = planned.inputs.get(port.name, ())
        failed = [source.node for source in sources if source.node in done.failures]
        if failed and (not port.many or len(failed) == len(sources)):
            return Failure(kind="Input failed", message=f'"{planned.title}" was not run: what feeds it failed.')
    return None


def _compute(plan: Plan, planned: PlannedNode, world: World, done: _Done) -> CacheRecord:
    started = world.clock()
    world.emit(messages.NodeStarted(node=planned.id, t_ns=started))
    folder = world.cache.begin()
    window = Window(kind=WindowKind.STEP, label=planned.title, t0_ns=started, node=planned.id)
    world.emit(messages.WindowOpened(window=window))
    spec = world.catalog[planned.step]
    context = NodeContext(world, plan, planned, folder, done.failures)
    try:
        params = spec.params.checked(planned.params, planned.title)
        outcome = spec.load()(_inputs(plan, planned, world.cache, done), params, context)
        lacking = [port.name for port in spec.outputs if port.name not in outcome.outputs]
        if lacking:
            raise RuntimeError(f"step {spec.key} gave no output {lacking}")
        seconds = (world.clock() - started) / 1e9
        # What came of some of the inputs is not what will come of all, and has the same digest.
        whole = not any(source.node in done.failures for many in planned.inputs.values() for source in many)
        if planned.cacheable and whole:
            return world.cache.commit(planned.digest, folder, outcome, seconds)
        return CacheRecord(outputs=dict(outcome.outputs), facts=outcome.facts, headline=outcome.headline, seconds=seconds)
    finally:
        if folder.exists():
            world.cache.abandon(folder)
        context.parts.close()
        world.emit(messages.WindowClosed(window=window.model_copy(update={"t1_ns": world.clock()})))


def _inputs(plan: Plan, planned: PlannedNode, cache: Cache, done: _Done) -> Inputs:
    arrived: dict[str, tuple[Stored, ...]] = {}
    for port, sources in planned.inputs.items():
        stored = []
        for source in sources:
            if source.node in done.failures:
                continue
            giver = plan.node(source.node)
            artifact = done.records[source.node].outputs[source.output]
            stored.append(Stored(artifact, cache.path(giver.digest), giver.id, giver.title, giver.repeat))
        arrived[port] = tuple(stored)
    return Inputs(arrived)


def _say_finished(world: World, planned: PlannedNode, record: CacheRecord, *, cached: bool) -> None:
    world.emit(
        messages.NodeFinished(
            node=planned.id,
            digest=planned.digest,
            cached=cached,
            t_ns=world.clock(),
            seconds=record.seconds,
            headline=record.headline,
            facts=record.facts,
            outputs=record.outputs,
        )
    )


def _say_failed(world: World, planned: PlannedNode, failure: Failure, state: NodeState) -> None:
    world.emit(messages.NodeFailed(node=planned.id, t_ns=world.clock(), state=state, failure=failure))


def explain(error: BaseException, title: str) -> Failure:
    """The failure a user reads, from whatever a step raised."""
    log = "".join(traceback.format_exception(error))[-8000:]
    text = str(error)
    if isinstance(error, GreenBenchError):
        message = error.message if error.message.startswith(f'"{title}"') else f'"{title}": {error.message}'
        return Failure(kind=_words(type(error).__name__), message=message, remedy=error.remedy, log=log)
    if short_of_memory(error):
        return Failure(
            kind="Out of memory",
            message=f'"{title}" needs more memory than there is.',
            remedy="Use a smaller batch, a smaller model or smaller images, or close other programs.",
            log=log,
        )
    if disk_full(error):
        return Failure(
            kind="Disk full",
            message=f'"{title}" could not be written: the disk is full.',
            remedy="Make room, or clear the cache; what is finished stays and is not run again.",
            log=log,
        )
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return Failure(
        kind=_words(type(error).__name__),
        message=f'"{title}" stopped with an error it did not expect: {first}',
        remedy="The log of this node has the details.",
        log=log,
    )


def _words(name: str) -> str:
    """ "PruningRatioError" as "Pruning ratio"."""
    spaced = "".join(f" {c.lower()}" if c.isupper() and index else c for index, c in enumerate(name.removesuffix("Error")))
    return spaced or "Error"
