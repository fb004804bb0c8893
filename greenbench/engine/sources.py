"""Reading the sources of a pipeline without running it: what models and data really are, for a preview and for finding mismatches."""

from collections.abc import Callable
from pathlib import Path

from greenbench.core import messages
from greenbench.core.artifact import Artifact
from greenbench.core.clock import now_ns
from greenbench.core.errors import Problem
from greenbench.core.jobs import PreparedNode, PrepareSources, SourcesPrepared
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Failure, Plan, PlannedNode
from greenbench.core.step import Group
from greenbench.engine.cache import Cache
from greenbench.engine.executor import World, execute
from greenbench.engine.jobs import JobContext, run_job
from greenbench.engine.plan import Conditions, make_plan, problems
from greenbench.engine.preflight import Known


def known_in(cache: Cache) -> Known:
    """What nodes give, as far as it lies in the cache."""

    def known(node: PlannedNode) -> dict[str, Artifact] | None:
        record = cache.get(node.digest) if node.cacheable else None
        return dict(record.outputs) if record else None

    return known


def sources_plan(pipeline: Pipeline, conditions: Conditions, nodes: frozenset[str] = frozenset()) -> Plan:
    """The plan of the sources alone: of all, or of `nodes` and the sources that feed them.

    Raises:
        PlanError: a source is not complete, or wants to run code that is not allowed.
    """
    sources = {id for id, node in pipeline.nodes.items() if pipeline.spec(id).group is Group.SOURCES and not node.muted}
    wanted = set(nodes) & sources if nodes else sources
    wanted |= {id for node in list(wanted) for id in pipeline.upstream(node)} & sources
    part = Pipeline(pipeline.catalog, pipeline.title)
    part.nodes = {id: node for id, node in pipeline.nodes.items() if id in wanted}
    part.links = [link for link in pipeline.links if link.source in wanted and link.target in wanted]
    return make_plan(part, conditions)


def read_sources(
    pipeline: Pipeline,
    conditions: Conditions,
    cache: Cache,
    nodes: frozenset[str] = frozenset(),
    on_progress: Callable[[float, str], None] = lambda fraction, text: None,
    stopped: Callable[[], bool] = lambda: False,
) -> SourcesPrepared:
    """Reads the sources in a process of their own, into the cache, and says what of the whole pipeline does not go together.

    Raises:
        PlanError: a source is not complete.
        Cancelled: `stopped` said so.
    """
    request = PrepareSources(plan=sources_plan(pipeline, conditions, nodes), cache=str(cache.folder))
    done: SourcesPrepared = run_job(request, on_progress, stopped, conditions.threads)
    found = {
        problem.node: Failure(kind="Does not fit", message=problem.message, remedy=problem.remedy)
        for problem in unfit(pipeline, conditions, known_in(cache))
    }
    return done.model_copy(update={"mismatches": found})


def unfit(pipeline: Pipeline, conditions: Conditions, known: Known) -> list[Problem]:
    """What does not go together in the part of a pipeline that is complete; the rest is still being built."""
    part = complete_part(pipeline, conditions)
    if not part.nodes:
        return []
    return [problem for problem in problems(part, conditions, known) if problem.node and problem.trust is None]


def complete_part(pipeline: Pipeline, conditions: Conditions) -> Pipeline:
    """The pipeline without the nodes that cannot run as they stand, and without what follows them."""
    broken = {problem.node for problem in problems(pipeline, conditions) if problem.trust is None and problem.node}
    left = broken.union(*(pipeline.downstream(id) for id in broken))
    part = Pipeline(pipeline.catalog, pipeline.title)
    part.nodes = {id: node for id, node in pipeline.nodes.items() if id not in left}
    part.links = [link for link in pipeline.links if link.source in part.nodes and link.target in part.nodes]
    return part


def prepare(request: PrepareSources, context: JobContext) -> SourcesPrepared:
    """The job: computes the sources of the plan that are not in the cache yet."""
    from greenbench.steps import installed

    plan, cache = request.plan, Cache(Path(request.cache))
    nodes: dict[str, PreparedNode] = {}

    def emit(event: messages.Event) -> None:
        match event:
            case messages.Progress():
                context.progress((len(nodes) + event.fraction) / max(len(plan.nodes), 1), event.text)
            case messages.NodeFinished():
                nodes[event.node] = PreparedNode(
                    node=event.node,
                    title=plan.node(event.node).title,
                    folder=str(cache.path(event.digest)),
                    outputs=event.outputs,
                    facts=event.facts,
                    headline=event.headline,
                )
            case messages.NodeFailed():
                nodes[event.node] = PreparedNode(node=event.node, title=plan.node(event.node).title, failure=event.failure)

    execute(plan, World(installed(), cache, now_ns, emit, lambda: False))
    return SourcesPrepared(nodes=tuple(nodes.values()))
