"""Why is it not faster? Each rule looks for one cause and cites its number."""

from greenbench.analysis.doctor import proposals
from greenbench.analysis.doctor.case import LIGHTENS, NOT_LOWER, Case, quoted, value
from greenbench.core.advice import Advice, Evidence, Proposal, Tone
from greenbench.core.artifact import Fact
from greenbench.core.metrics import BY_KEY
from greenbench.core.processor import INT8_WORDS, computes_half, multiplies_int8
from greenbench.core.run import LineageStep, VariantResult, Verdict

_STORED_ONLY = ("share.", "quantize.buckets", "quantize.weights", "distil.quantised", "encode.")
_AS_INT8 = ("quantize.static", "quantize.aware", "quantize.dynamic", "quantize.openvino")
_NEAR = 0.9
_SAME = 0.98  # of the multiply-adds: less than 2 % fell
_LESS_WORK, _LAG = 0.67, 1.5  # a third of the work went, and the time fell by far less
_FEW_FLOP_PER_BYTE, _BEYOND_CACHE_BYTES = 4.0, 8e6
_SMALL_GPU_BATCH, _GPU_BATCH = 8, 32


def asked(case: Case) -> str:
    """The question that the variant's latency raises: "faster" ("shown faster" where the blocks do not settle it), "even faster" (less
    than its work promised), or none."""
    verdict, work, time = case.time_verdict(), case.ratio("flops"), case.time_ratio()
    if not case.own:
        return ""
    if verdict in NOT_LOWER:
        return "shown faster" if verdict is Verdict.UNCLEAR else "faster"
    if verdict is Verdict.LOWER and work is not None and time is not None and work <= _LESS_WORK and time > _LAG * work:
        return "even faster"
    return ""


def zeros(case: Case) -> Advice | None:
    """Masks without shrinking: a dense kernel multiplies by zero like by any other number."""
    step = case.did("prune.")
    left = _share_left(case)
    if step is None or left is None or left > 0.9 or (case.ratio("flops") or 0) < _SAME:
        return None
    sparse = "N:M patterns are not executed sparsely here either. " if step.step == "prune.nm" else ""
    sibling = case.sibling("prune.structured")
    evidence = [case.changed("nonzero_parameters"), case.changed("flops")]
    tried: tuple[Proposal, ...] = ()
    if sibling is None:
        tried = proposals.cut_channels(case, case.before(step))
    else:
        evidence.append(_of_sibling(sibling, "whose channels were cut"))
    return Advice(
        code="zeros", weight=95, asks="faster", variant=case.letter, node=step.node, tone=Tone.INFO,
        title="Its weights are zero, but none of them is gone",
        text=f"“{step.title}” set weights to zero and kept the layers as large as before. {sparse}A dense kernel multiplies by zero like "
        "by any other number, so the arithmetic is the same. Only whole channels that go make it less.",
        evidence=tuple(evidence), remedy=_there(sibling, "cuts channels"), proposals=tried,
    )  # fmt: skip


def _there(sibling: Case | None, does: str) -> str:
    """What would be proposed is measured in this run already."""
    return f"{sibling.letter} {does} in this run already." if sibling else ""


def _share_left(case: Case) -> float | None:
    alive, all_ = case.value("nonzero_parameters"), case.value("parameters")
    return None if alive is None or not all_ else alive / all_


def _of_sibling(sibling: Case, which: str) -> Evidence:
    return Evidence(
        words=f"{sibling.letter}, {which}: {BY_KEY[sibling.timing].words}",
        number=sibling.change(sibling.timing) or "—",
        where=f"{sibling.timing} of {sibling.letter}",
    )


def stored_only(case: Case) -> Advice | None:
    """Few values or few bits in the file, computed as full numbers."""
    step = case.did(*_STORED_ONLY)
    ran = case.variant.execution
    if step is None or (case.ratio("flops") or 1) < _SAME or (ran and ran.by_precision.get("int8")):
        return None
    evidence = []
    if (found := case.fact("Distinct weights")) and found[1].before and found[1].value:
        numbers = f"{quoted(found[1].before, '')} → {quoted(found[1].value, '')}"
        evidence.append(Evidence(words="Distinct weights", number=numbers, where=f"card of “{found[0].title}”"))
    if (case.ratio("size_coded_bytes") or 1) < 0.95:
        evidence.append(case.changed("size_coded_bytes"))
    evidence.append(case.changed("flops"))
    sibling = case.sibling("quantize.static")
    if sibling is not None:
        evidence.append(_of_sibling(sibling, "which computes in int8"))
    return Advice(
        code="stored-only", weight=94, asks="faster", variant=case.letter, node=step.node,
        title="It is stored in less, and computed in full",
        text=f"“{step.title}” makes the stored model smaller. Before it runs, every weight becomes a full number again, so it does as many "
        "multiply-adds as before, in the same precision.",
        evidence=tuple(evidence), remedy=_there(sibling, "computes in int8"),
        proposals=() if sibling else proposals.int8(case, case.before(step)),
    )  # fmt: skip


def fallbacks(case: Case) -> Advice | None:
    """Operators that run in a higher precision than the file promised, and quantise/dequantise pairs left between them."""
    step, ran = case.did(*_AS_INT8), case.variant.execution
    if step is None or ran is None or not ran.by_precision:
        return None
    total, int8 = sum(ran.by_precision.values()), ran.by_precision.get("int8", 0)
    pairs = ran.qdq or 0
    if int8 == total and pairs <= max(2, 0.2 * total):  # one pair at the way in and one at the way out is usual
        return None
    evidence = [Evidence(words="Operators in int8", number=f"{int8} of {total}", where=f"execution.by_precision of {case.letter}")]
    if pairs:
        evidence.append(Evidence(words="Quantise/dequantise pairs left", number=str(pairs), where=f"execution.qdq of {case.letter}"))
    return Advice(
        code="fallbacks", weight=90, asks="faster", variant=case.letter, node=step.node, tone=Tone.WARNING,
        title="Part of it does not run in int8",
        text="Where an operator falls back to floating point, numbers are turned into 8 bits and back on its way in and out; that can cost "
        "more than 8 bits save.",
        evidence=tuple(evidence), proposals=_whole_int8(case, int8 == total),
    )  # fmt: skip


def _whole_int8(case: Case, all_int8: bool) -> tuple[Proposal, ...]:
    step = case.did(*_AS_INT8)
    planned = case.planned(step.node) if step else None
    if step and planned and planned.params.get("skip", "none") != "none":
        return proposals.again(case, step, "int8 in every layer", skip="none")
    if step and step.step == "quantize.dynamic":
        return proposals.int8(case, case.before(step))
    if case.variant.runtime == "onnxruntime":
        return proposals.benchmark_set(case.result, case.variant, "Measure all in OpenVINO", runtime="openvino")
    return ()


def no_int8_hardware(case: Case) -> Advice | None:
    """An int8 model on a processor that has no instruction for sums of 8-bit products."""
    step, ran = case.did(*_AS_INT8), case.variant.execution
    features = case.result.environment.cpu_features
    if step is None or ran is None or ran.device != "cpu" or not ran.by_precision.get("int8") or multiplies_int8(features) is not False:
        return None
    return Advice(
        code="no-int8-hardware", weight=88, asks="faster", variant=case.letter, node=step.node,
        title="This processor gains little from int8",
        text=f"It has no {INT8_WORDS}: products of 8 bits are widened and added in several instructions. On a newer processor the same "
        "file may be two to four times as fast; here the gain is a smaller file.",
        evidence=(
            Evidence(words="Processor features", number=", ".join(features), where="environment.cpu_features"),
            Evidence(words="Operators in int8", number=str(ran.by_precision["int8"]), where=f"execution.by_precision of {case.letter}"),
        ),
        proposals=() if case.sibling("prune.structured") else proposals.cut_channels(case, case.before(step)),
    )  # fmt: skip


def no_half_hardware(case: Case) -> Advice | None:
    """Half precision that is stored but not computed in, or computed without arithmetic for it."""
    step, ran = case.did("cast.half"), case.variant.execution
    planned = case.planned(step.node) if step else None
    if step is None or ran is None or ran.device != "cpu" or planned is None:
        return None
    precision = str(planned.params.get("precision", "fp16"))
    stored = bool(ran.by_precision) and not ran.by_precision.get(precision)
    features = case.result.environment.cpu_features
    if not stored and computes_half(features, precision) is not False:
        return None
    why = "the runtime turns it into fp32 before it computes" if stored else f"this processor has no {precision} arithmetic"
    executed = ", ".join(f"{name} in {number}" for name, number in ran.by_precision.items()) or ran.precision
    return Advice(
        code="no-half-hardware", weight=88, asks="faster", variant=case.letter, node=step.node,
        title=f"Nothing here computes in {precision}",
        text=f"The file is half as large, but {why}; the conversion costs a little besides. GPUs gain from half precision.",
        evidence=(
            Evidence(words="Executed", number=executed, where=f"execution.by_precision of {case.letter}"),
            Evidence(words="Processor features", number=", ".join(features) or "not known", where="environment.cpu_features"),
        ),
        proposals=() if case.sibling("quantize.static") else proposals.int8(case, case.before(step)),
    )  # fmt: skip


def odd_channels(case: Case) -> Advice | None:
    """Widths that are no multiple of 8: the rest of a block is computed for nothing."""
    found = case.facts("odd-channels")
    step = case.did("prune.structured")
    if not found or (case.ratio("flops") or 1) >= _SAME:
        return None
    planned = case.planned(step.node) if step else None
    multiple = planned.params.get("multiple", 8) if planned else 8
    tried = proposals.again(case, step, "keep multiples of 8 channels", multiple=8) if step and multiple % 8 else ()
    return Advice(
        code="odd-channels", weight=85, asks=asked(case) or "faster", variant=case.letter, node=found[-1][0].node,
        title="Channels are no multiples of 8",
        text="Kernels work on blocks of 8 or 16 channels. A layer with 13 channels takes as long as one with 16, so part of what was cut "
        "saves nothing.",
        evidence=(_sentence(*found[-1]), case.changed("flops"), case.changed_time()), proposals=tried,
    )  # fmt: skip


def _sentence(step: LineageStep, fact: Fact) -> Evidence:
    """What a step counted, without what follows from it."""
    return Evidence(words=f"Counted by “{step.title}”", number=fact.text.partition(";")[0].rstrip("."), where=f"card of “{step.title}”")


def small_gpu_batch(case: Case) -> Advice | None:
    """One example keeps a graphics processor busy for a part of its width only."""
    on_gpu = not case.result.plan.device.startswith("cpu")
    if not on_gpu or case.variant.batch >= _SMALL_GPU_BATCH:
        return None
    flops, batch = case.value("flops"), case.variant.batch
    evidence = [Evidence(words="Examples in one call", number=str(batch), where=f"batch of {case.letter}")]
    if flops:
        evidence.append(Evidence(words="Work of one call", number=quoted(flops * batch, "FLOP"), where=f"flops of {case.letter} × batch"))
    return Advice(
        code="small-gpu-batch", weight=80, asks=asked(case) or "faster", variant=case.letter, node=case.variant.benchmark,
        title="One call is too little for the graphics board",
        text="A graphics board computes thousands of numbers at once. With so few examples in a call most of it waits, and a lighter model "
        "only makes more of it wait.",
        evidence=tuple(evidence), proposals=proposals.larger_batch(case, _GPU_BATCH),
    )  # fmt: skip


def launch_bound(case: Case) -> Advice | None:
    """What it costs to call layers outweighs the arithmetic: the rate of FLOPs is far below what another variant reached here."""
    work, time = _work(case.variant), case.value("latency_p50")
    best = _fastest(case)
    if work is None or time is None or best is None or (case.ratio("flops") or 1) > _LESS_WORK or _rate(case.variant) > 0.5 * best[0]:
        return None
    alone = work / best[0]
    evidence = [
        case.changed("flops"),
        case.changed_time(),
        Evidence(
            words=f"FLOPs a second, {best[1].letter} and {case.letter}",
            number=f"{quoted(best[0], 'FLOP')}/s, {quoted(_rate(case.variant), 'FLOP')}/s",
            where="flops × batch / latency_p50",
        ),
        *(_sentence(*found) for found in case.facts("small-layers")[-1:]),
    ]
    return Advice(
        code="launch-bound", weight=75, asks=asked(case) or "faster", variant=case.letter, node=case.variant.benchmark,
        title="Calls cost more than its arithmetic",
        text=f"At the rate that {best[1].letter} reaches, the multiply-adds of {case.letter} would take about {quoted(alone, 's')} of its "
        f"{quoted(time, 's')}. The rest is the runtime going from layer to layer, which does not shrink with them.",
        evidence=tuple(evidence), proposals=proposals.larger_batch(case, max(8, 4 * case.variant.batch)),
    )  # fmt: skip


def _fastest(case: Case) -> tuple[float, VariantResult] | None:
    """The highest rate that another variant of this precision reached here; the baseline's where that is near it."""
    rates = [(_rate(v), v) for v in case.others() if v.precision == case.variant.precision]
    best = max(rates, key=lambda pair: pair[0], default=None)
    return next((pair for pair in rates if best and pair[1] is case.baseline and pair[0] > _NEAR * best[0]), best)


def _work(variant: VariantResult) -> float | None:
    """FLOPs of one call."""
    flops = value(variant, "flops")
    return None if not flops else flops * variant.batch


def _rate(variant: VariantResult) -> float:
    """FLOPs a second; 0 where they are not known."""
    work, time = _work(variant), value(variant, "latency_p50")
    return work / time if work and time else 0.0


def memory_bound(case: Case) -> Advice | None:
    """Each weight is read for a few operations only, from beyond the cache (Williams 2009, Roofline: operational intensity)."""
    work, bytes_ = _work(case.variant), case.value("size_bytes")
    if work is None or not bytes_ or bytes_ < _BEYOND_CACHE_BYTES or work / bytes_ >= _FEW_FLOP_PER_BYTE:
        return None
    intensity = Evidence(
        words="Operations for each byte of weights",
        number=f"{work / bytes_:.2g} FLOP/B",
        where=f"flops × batch / size_bytes of {case.letter}",
    )
    tried = proposals.larger_batch(case, 16)
    if not tried and case.did("quantize.") is None:
        tried = proposals.int8(case, case.variant.lineage[-1] if case.variant.lineage else None)
    return Advice(
        code="memory-bound", weight=70, asks=asked(case) or "faster", variant=case.letter, node=case.variant.benchmark,
        title="It waits for its weights, not for its arithmetic",
        text="Its weights are larger than a processor's inner caches and each is used for a few operations before the next must come from "
        "memory. Fewer bytes, or more examples for each reading, help; fewer multiply-adds do not.",
        evidence=(intensity, case.changed("size_bytes")), proposals=tried,
    )  # fmt: skip


def less_than_promised(case: Case) -> Advice | None:
    """FLOPs fell by more than time, and no rule says why: multiply-adds are a promise, time is the result."""
    work, time = case.ratio("flops"), case.time_ratio()
    if work is None or time is None or work > _LESS_WORK or time <= _LAG * work:
        return None
    return Advice(
        code="flops-not-time", weight=40, asks=asked(case) or "faster", variant=case.letter, node=case.variant.node,
        title="Multiply-adds fell by more than time did",
        text="Time goes as well into reading weights, moving activations and calling layers, which counts of multiply-adds do not see "
        "(Ma 2018, ShuffleNet V2, section 2). Look inside shows how long each layer takes.",
        evidence=(case.changed("flops"), case.changed_time(), *(_sentence(*f) for f in case.facts("depthwise")[-1:])),
    )  # fmt: skip


def unexplained(case: Case) -> Advice | None:
    """No cause was found: what was measured stands, as far as so many blocks can tell."""
    verdict = case.time_verdict()
    if verdict not in (Verdict.SAME, Verdict.HIGHER) or case.did(*LIGHTENS) is None:
        return None
    blocks = len(case.variant.blocks)
    what = "The difference is real" if verdict is Verdict.HIGHER else "That there is none to speak of is real"
    return Advice(
        code="unexplained", weight=10, asks="faster", variant=case.letter, node=case.variant.node,
        title="Nothing in this run explains it",
        text=f"{what} as far as {blocks} blocks can tell. Look inside shows how long each layer takes.",
        evidence=(case.verdict_evidence(case.timing), case.changed("flops")),
    )  # fmt: skip


RULES = (
    zeros, stored_only, fallbacks, no_int8_hardware, no_half_hardware, odd_channels, small_gpu_batch, launch_bound, memory_bound,
)  # fmt: skip


def causes(case: Case) -> list[Advice]:
    """What explains the variant's latency; nothing where it did what it promised."""
    question = asked(case)
    if not question:
        return []
    found = [advice for rule in RULES if (advice := rule(case)) is not None]
    if not found:
        found = [advice for rule in (less_than_promised, unexplained) if (advice := rule(case)) is not None][:1]
    return [advice.model_copy(update={"asks": question}) for advice in found]
