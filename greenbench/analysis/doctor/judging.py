"""What keeps this run from telling: too few examples or blocks, a busy machine, unlike runtimes, too many threads, a cut left unhealed."""

from greenbench.analysis.doctor import proposals
from greenbench.analysis.doctor.case import Case, named
from greenbench.core.advice import Advice, Evidence, Proposal, Tone
from greenbench.core.quote import change_decimals, count, ends
from greenbench.core.run import Remark, RunResult, Verdict

_BUSY = 0.5
_BATCH_NORM = "Batch-norm statistics"


def runtimes(result: RunResult, found: list[Case]) -> Advice | None:
    """Two benchmarks in different runtimes: a ratio between their numbers would credit the runtime to compression."""
    used = {v.benchmark: v for v in reversed(result.measured) if v.runtime}
    keys = list(dict.fromkeys(v.runtime for v in result.measured if v.runtime))
    if len(keys) < 2:
        return None
    first = next(v for v in result.measured if v.runtime)
    other = next(v for v in used.values() if v.runtime != first.runtime)
    groups = [(key, [v.letter for v in result.measured if v.runtime == key]) for key in keys]
    return Advice(
        code="runtimes", weight=92, asks="judge", tone=Tone.WARNING, node=other.benchmark,
        title="Variants ran in different runtimes",
        text="A change of runtime alone can be worth a factor of three. Compare only variants of one runtime with each other.",
        evidence=tuple(Evidence(words=key, number=named(letters), where="runtime of each variant") for key, letters in groups),
        proposals=proposals.benchmark_set(result, other, "Run both in the same runtime", runtime=first.runtime),
    )  # fmt: skip


def threads(result: RunResult, found: list[Case]) -> Advice | None:
    """More threads than physical cores: they wait for each other."""
    cores = result.environment.cores_physical
    over = [v for v in result.measured if cores and v.threads > cores]
    if not over or not cores:
        return None
    return Advice(
        code="threads", weight=82, asks="faster", tone=Tone.WARNING, node=over[0].benchmark,
        title="There are more threads than cores",
        text="Threads that share a core wait for each other, and a layer ends with its last thread. Latency rises and scatters.",
        evidence=(
            Evidence(words="Threads of each model", number=str(over[0].threads), where=f"threads of {over[0].letter}"),
            Evidence(words="Physical cores", number=str(cores), where="environment.cores_physical"),
        ),
        proposals=proposals.benchmark_set(result, over[0], f"Use {cores} thread{'s' if cores > 1 else ''}", threads=cores),
    )  # fmt: skip


def blocks(result: RunResult, found: list[Case]) -> Advice | None:
    """Intervals of latency, or of throughput, that hold both "no change" and a difference that matters."""
    unclear = [case for case in found if case.time_verdict() is Verdict.UNCLEAR]
    if not unclear:
        return None
    evidence = []
    for case in unclear[:4]:
        against = case.against(case.timing)
        if against is not None and against.low is not None and against.high is not None:
            decimals = change_decimals(against.change or 0.0, against.low, against.high)
            low, high = ends(against.low * 100, against.high * 100, decimals, signs=True)
            span = f"{low} to {high} %, {len(case.variant.blocks)} blocks"
            evidence.append(
                Evidence(words=f"{case.letter} against {case.baseline.letter}", number=span, where=f"{case.timing} of {case.letter}")
            )
    evidence += _told(result, "speeds")
    quick = result.plan.protocol.name == "quick"
    what = "throughput" if unclear[0].timing == "throughput" else "latency"
    return Advice(
        code="wide-interval", weight=50, asks="judge",
        title=f"The blocks do not settle the {what} of {named(case.letter for case in unclear)}",
        text="Its interval holds no change at all and a difference that would matter. More and longer blocks make it narrower.",
        evidence=tuple(evidence), remedy="" if quick else "Close other programs and run again.",
        proposals=(proposals.LAB,) if quick else (),
    )  # fmt: skip


def examples(result: RunResult, found: list[Case]) -> Advice | None:
    """Too few test examples for the differences that are there."""
    unclear = [case for case in found if case.verdict("accuracy") is Verdict.UNCLEAR]
    limit = _remark(result, "examples")
    if not unclear or limit is None:
        return None
    n = max(case.variant.metrics["accuracy"].n for case in unclear if "accuracy" in case.variant.metrics)
    who = named(case.letter for case in unclear)
    return Advice(
        code="few-examples", weight=45, asks="judge", node=unclear[0].data_node(),
        title=f"The test set is too small to tell the accuracy of {who} from {unclear[0].baseline.letter}'s",
        text=limit.text,
        evidence=(Evidence(words="Test examples", number=count(n), where="accuracy, n"), *(
            case.verdict_evidence("accuracy").model_copy(update={"words": f"Accuracy of {case.letter}"}) for case in unclear[:3]
        )),
        remedy="" if (more := _more_examples(unclear[0], n)) else "Judge on more examples.", proposals=more,
    )  # fmt: skip


def _more_examples(case: Case, examples: int) -> tuple[Proposal, ...]:
    """A larger share for testing, where the source cuts it off itself."""
    node = case.planned(case.data_node())
    return proposals.more_testing(node.id, node.step, node.params, examples) if node else ()


def busy(result: RunResult, found: list[Case]) -> Advice | None:
    """Other programs worked while a short protocol measured."""
    if result.plan.protocol.name != "quick":
        return None
    cores, load, evidence = result.environment.cores_logical, result.environment.load_1min, _told(result, "load")
    heavy = cores is not None and load is not None and load > _BUSY * cores
    if not evidence and not heavy:
        return None
    if heavy and load is not None:
        evidence.append(Evidence(words="Load before the run", number=f"{load:.1f} on {cores} cores", where="environment.load_1min"))
    return Advice(
        code="busy", weight=55, asks="judge", tone=Tone.WARNING,
        title="Other programs worked while it measured",
        text="A quick look on a busy machine measures the others too: medians rise, and intervals widen.",
        evidence=tuple(evidence), remedy="Close other programs and run again.", proposals=(proposals.LAB,),
    )  # fmt: skip


def unhealed(case: Case) -> Advice | None:
    """Channels went, and nothing was trained since: its accuracy is that of a wound, not of the method."""
    limit = next((r for r in case.result.warnings if r.code == "cut" and r.variant == case.letter), None)
    step = case.did("prune.structured")
    if limit is None or step is None:
        return None
    stale = [note for note in case.variant.notes if note.startswith(_BATCH_NORM)]
    evidence = [case.verdict_evidence("accuracy")] if case.against("accuracy") else []
    evidence += [
        Evidence(words=f"Noted by “{step.title}”", number=note.partition(":")[0], where=f"notes of {case.letter}") for note in stale
    ]
    return Advice(
        code="not-trained-since", weight=87, asks="judge", tone=Tone.WARNING, variant=case.letter, node=step.node,
        title=f"{case.letter} lost channels and was not trained since",
        text=limit.text, evidence=tuple(evidence), proposals=proposals.fine_tune_after(case, step),
    )  # fmt: skip


def _told(result: RunResult, code: str) -> list[Evidence]:
    """A warning of the run as evidence."""
    remark = _remark(result, code)
    return [Evidence(words="Told by the run", number=remark.text.rstrip("."), where="warnings")] if remark else []


def _remark(result: RunResult, code: str) -> Remark | None:
    return next((remark for remark in result.warnings if remark.code == code), None)


RULES = (runtimes, threads, blocks, examples, busy)
