"""The results of a run as a whole, whatever became of it."""

from greenbench.analysis.charges import add
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement, SourceReport, Window, WindowKind
from greenbench.core.run import CarbonFactor, PlannedNode, Remark, RunResult, VariantResult, letter
from greenbench.engine.judging import datasets
from greenbench.engine.limits import limits
from greenbench.engine.recorder import Recorder
from greenbench.engine.results import charging, tracing
from greenbench.engine.results.disturbances import disturbances
from greenbench.engine.results.remarks import protocol_remarks
from greenbench.engine.results.stood_aside import aside_remarks
from greenbench.engine.results.variants import BenchmarkResults
from greenbench.meters import carbon

# The rules by which numbers are made of raw data. Raised by one with every change after which the same raw data gives another number or
# interval; an audit then knows the rules' differences from those of the data. A test holds some numbers of the present rules.
ARITHMETIC = 3


def assemble(recorder: Recorder, sources: tuple[SourceReport, ...], started_iso: str) -> RunResult:
    """The results of a run, whatever its state: what was measured is there."""
    plan = recorder.plan
    benchmarks = [node for node in plan.nodes if node.step == "benchmark"]
    variants: list[VariantResult] = []
    idles: list[Window] = []
    factor: CarbonFactor | None = None
    warnings = list(recorder.warnings)
    for node in benchmarks:
        factor, problem = _carbon(node)
        if problem:
            warnings.append(Remark(kind="warning", text=problem))
        benchmark = BenchmarkResults(recorder, node, factor)
        found = benchmark.variants()
        warnings += benchmark.remarks
        variants.extend(_relabelled(found, len(variants)))
        idles += recorder.windows_by(WindowKind.IDLE, node.id).get("", [])
    powers = [recorder.ledger.idle_power_w(window) for window in idles]
    lines = charging.ledger(recorder, variants)
    before, after = (powers[0], powers[-1]) if len(powers) > 1 else (None, None)
    moved = disturbances(variants, recorder.environment, before, after)
    ended = recorder.ended_ns or recorder.started_ns
    told = recorder.ledger.told(sources)
    aside = aside_remarks(told) if variants else []
    result = RunResult(
        run_id=recorder.run_id,
        title=plan.title,
        description=plan.description,
        state=recorder.state,
        started=started_iso,
        started_ns=recorder.started_ns,
        seconds=max(ended - recorder.started_ns, 0) / 1e9,
        plan=plan,
        environment=recorder.environment,
        sources=told,
        idle_before=powers[0] if powers else None,
        idle_after=powers[-1] if len(powers) > 1 else None,
        variants=tuple(variants),
        nodes=tuple(recorder.nodes[node.id] for node in plan.nodes if node.id in recorder.nodes),
        warnings=(*warnings, *protocol_remarks(recorder, variants), *moved, *aside, *limits(recorder, variants)),
        lint=recorder.told,
        data=_data(recorder, benchmarks),
        energy_total=add(lines).energy if lines else Measurement.missing("J", "the run did not begin"),
        ledger=lines,
        carbon=factor,
        traces=tracing.traces(recorder),
        benchmark_traces=tracing.benchmark_traces(recorder),
        phases=tracing.phases(recorder),
        arithmetic=ARITHMETIC,
    )
    return result.model_copy(update={"block_trace": tracing.block_trace(recorder, result)})


def _relabelled(variants: list[VariantResult], offset: int) -> list[VariantResult]:
    """Letters are unique in a run: a second benchmark goes on where the first ended, and keeps its own baseline."""
    return [v.model_copy(update={"letter": letter(offset + i)}) if offset else v for i, v in enumerate(variants)]


def _carbon(node: PlannedNode) -> tuple[CarbonFactor | None, str]:
    try:
        return carbon.factor(node.params["region"], node.params["pue"]), ""
    except GreenBenchError as error:
        return None, str(error)


def _data(recorder: Recorder, benchmarks: list[PlannedNode]) -> str:
    """ "Digits, 360 test images" in words."""
    for node in benchmarks:
        for artifact in datasets(recorder, node):
            test = artifact.splits.get("test")
            return f"{artifact.name}, {test.examples} test examples" if test else artifact.name
    return ""
