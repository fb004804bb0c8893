"""Why is it not smaller? The file that a runtime loads is dense; zeros and repeated values shrink the coded file only."""

from greenbench.analysis.doctor import proposals
from greenbench.analysis.doctor.case import COMPRESSES, Case, quoted
from greenbench.core.advice import Advice, Evidence, NewStep, Proposal
from greenbench.core.run import LineageStep

_SAME, _CODED_LESS, _DENSE = 0.98, 0.9, 0.98
_INT8_SHARE = 0.35  # a quarter, and what scales and layers in floating point usually add
_PACKED_EXPORT = "“Export model…” in the format “packed” writes the small file and proves that it reads back."


def dense_file(case: Case) -> Advice | None:
    """Zeros, or few different values, written out in full."""
    coded, step = case.ratio("size_coded_bytes"), case.did(*COMPRESSES)
    if step is None or coded is None or coded > _CODED_LESS:
        return None
    alive, all_ = case.value("nonzero_parameters"), case.value("parameters")
    sparse = alive is not None and all_ is not None and alive < _DENSE * all_
    evidence = [case.changed("size_bytes"), case.changed("size_coded_bytes")]
    if sparse:
        evidence.append(case.changed("nonzero_parameters"))
    elif (found := case.fact("Distinct weights")) and found[1].value is not None:
        distinct = Evidence(words="Distinct weights", number=quoted(found[1].value, ""), where=f"card of “{found[0].title}”")
        evidence.append(distinct)
    what = "every zero" if sparse else "every weight, also one that many others share,"
    return Advice(
        code="dense-file", weight=65, asks="smaller", variant=case.letter, node=step.node,
        title="Its file writes every weight out, the coded one does not",
        text=f"The file that the runtime loads keeps four bytes for {what} so that it can compute at once. What was gained shows in the "
        "coded size, in which the model can be stored and sent.",
        evidence=tuple(evidence), remedy=_PACKED_EXPORT, proposals=_encode(case, step),
    )  # fmt: skip


def _encode(case: Case, step: LineageStep) -> tuple[Proposal, ...]:
    """The step that writes the coded file, unless the variant went through it already."""
    if step.step == "encode.deep" or not case.variant.lineage or case.sibling("encode.deep"):
        return ()
    return proposals.branch(case, case.variant.lineage[-1], (NewStep(step="encode.deep", title="Packed file"),), "write the packed file")


def int8_file(case: Case) -> Advice | None:
    """A file of 8-bit weights that is more than a quarter of the fp32 one: scales, zero points, and what stayed in floating point."""
    step, share = case.did("quantize.static", "quantize.dynamic", "quantize.aware", "quantize.openvino", "quantize.weights"), _share(case)
    size, parameters = case.value("size_bytes"), case.value("parameters")
    if step is None or share is None or share <= _INT8_SHARE or not size or not parameters:
        return None
    each = Evidence(words="Bytes for each parameter", number=f"{size / parameters:.2g}", where=f"size_bytes / parameters of {case.letter}")
    return Advice(
        code="int8-file", weight=30, asks="smaller" if share >= _SAME else "even smaller", variant=case.letter, node=step.node,
        title="Its file carries more than 8-bit weights",
        text="Besides one byte for each weight it holds a scale and a zero point for each channel, the graph itself, and every layer that "
        "stayed in floating point. The smaller the network, the more they weigh.",
        evidence=(case.changed("size_bytes"), each),
    )  # fmt: skip


def _share(case: Case) -> float | None:
    return case.ratio("size_bytes")


def causes(case: Case) -> list[Advice]:
    """What explains the size of the variant's file; nothing where it fell, or where no step meant it to."""
    share = _share(case)
    if share is None or case.did(*COMPRESSES) is None:
        return []
    rules = (dense_file, int8_file) if share >= _SAME else (int8_file,)
    return [advice for rule in rules if (advice := rule(case)) is not None][:1]
