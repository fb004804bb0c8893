"""Why is it not greener? From the energy of the same blocks that were timed, gross and net of idle."""

from greenbench.analysis.doctor import proposals
from greenbench.analysis.doctor.case import NOT_LOWER, Case, change_words, quoted
from greenbench.core.advice import Advice, Evidence, Tone
from greenbench.core.measurement import Measurement, Provenance, SourceReport, SourceState
from greenbench.core.run import RunResult, VariantResult, Verdict

_GROSS, _NET = "energy_per_inference", "energy_per_inference_net"
_FLOOR, _MORE_WATTS = 0.5, 1.05
_WIDEST = 0.5  # half an interval over its number: beyond that a number is no evidence for anything
_WIDEST_SHARE = 0.25  # half an interval of a share of the whole
_NOT_FALLEN = 0.95  # of the baseline's energy


def unmeasured(result: RunResult) -> Advice | None:
    """No joule was read: what would give a measurement here."""
    provenance = result.energy_provenance
    if not result.measured or provenance.measured:
        return None
    modelled = provenance is Provenance.MODELLED
    evidence = [Evidence(words="Energy", number=provenance.meaning, where="energy_per_inference of all", provenance=provenance)]
    blocked = blocking(result.sources)
    evidence += [Evidence(words=s.title, number=s.reason.rstrip(".") or s.state.value, where="sources", provenance=s.provenance)
                 for s in blocked[:3]]  # fmt: skip
    text = (
        "Watts were estimated from how busy the processor was: such numbers follow time, and may be wrong by half. They are shown, and "
        "never compared."
    )
    return Advice(
        code="energy-modelled" if modelled else "energy-missing", weight=60, asks="greener", tone=Tone.WARNING,
        title="Energy is modelled, so nothing can be called greener" if modelled else "Energy was not measured",
        text=text if modelled else "No power source could be read.",
        evidence=tuple(evidence), remedy=remedy(result.sources),
    )  # fmt: skip


def blocking(sources: tuple[SourceReport, ...]) -> list[SourceReport]:
    """The sources that would measure and cannot be read, those that need but a permission first."""
    order = (SourceState.PERMISSION, SourceState.SILENT, SourceState.STANDBY, SourceState.ABSENT)
    found = [s for s in sources if s.state in order and s.remedy]
    return sorted(found, key=lambda source: order.index(source.state))


def remedy(sources: tuple[SourceReport, ...]) -> str:
    """What to do for a measurement, as the nearest source says it."""
    found = blocking(sources)
    if not found:
        return "Measure with an external meter; see Power sources."
    commands = f" ({'; '.join(found[0].commands)})" if found[0].commands else ""
    return f"{found[0].remedy}{commands}"


def idle_floor(case: Case) -> Advice | None:
    """Most of its joules are drawn by a machine that would be on anyway, or so many that they hide what it saves above that."""
    found, fell = idle_share(case.variant), case.verdict(_NET) is Verdict.LOWER
    if found is None or found.value is None:
        return None
    share, outweighs = found.value, _most(found)
    if not outweighs and not fell:
        return None
    tail = " Above idle it does need less; the machine's own draw hides it." if fell else ""
    evidence = [_share_evidence(case, found), case.changed(_GROSS), case.changed(_NET)]
    return Advice(
        code="idle-floor", weight=58, asks="greener", variant=case.letter, node=case.variant.benchmark,
        title="The machine's idle draw outweighs the model" if outweighs else "The machine's idle draw hides what it saves",
        text=f"{share * 100:.0f} % of each joule keeps the machine on, whatever it computes. A lighter model saves only in the rest.{tail} "
        "What helps is to do more in the time the machine is on: larger batches, or another machine.",
        evidence=tuple(evidence), proposals=proposals.larger_batch(case, max(8, 4 * case.variant.batch)),
    )  # fmt: skip


def power_floor(case: Case) -> Advice | None:
    """It is greener; and of what it still takes the machine draws most while it does nothing. Good to know, nothing to mend."""
    found = idle_share(case.variant)
    if case.verdict(_GROSS) is not Verdict.LOWER or found is None or found.value is None or not _most(found):
        return None
    return Advice(
        code="power-floor", weight=18, asks="greener still", variant=case.letter, node=case.variant.benchmark,
        title="Most of what it takes keeps the machine on",
        text=f"It needs less than {case.baseline.letter}, and {found.value * 100:.0f} % of each joule it still takes is idle draw. A "
        "lighter model saves in the rest alone; larger batches do more in the time the machine is on.",
        evidence=(_share_evidence(case, found), case.changed(_GROSS), case.changed(_NET)),
        proposals=proposals.larger_batch(case, max(8, 4 * case.variant.batch)),
    )  # fmt: skip


def _share_evidence(case: Case, share: Measurement) -> Evidence:
    number = f"{(share.value or 0.0) * 100:.0f} %"
    if share.low is not None and share.high is not None and share.low < share.high:
        number += f" ({share.low * 100:.0f} to {share.high * 100:.0f} %)"
    return Evidence(words="Share of idle draw", number=number, where=f"{_NET} / {_GROSS} of {case.letter}", provenance=share.provenance)


def idle_share(variant: VariantResult) -> Measurement | None:
    """The share of a variant's energy that the idle machine draws, with what the net energy's interval leaves of it; None where it is
    no evidence: above 100 %, where the idle windows were busier than the blocks, or known no better than by half or by a quarter of the
    whole."""
    gross, net = variant.metrics.get(_GROSS), variant.metrics.get(_NET)
    if gross is None or not gross.value or net is None or net.value is None or net.value < 0:
        return None
    share, provenance = 1 - net.value / gross.value, _provenance(variant)
    if net.low is None or net.high is None:
        return Measurement(value=share, unit="1", provenance=provenance)
    if (net.high - net.low) / 2 > min(_WIDEST * share, _WIDEST_SHARE) * gross.value:
        return None
    low, high = (min(max(1 - end / gross.value, 0.0), 1.0) for end in (net.high, net.low))
    return Measurement(value=share, low=low, high=high, unit="1", provenance=provenance)


def _most(share: Measurement) -> bool:
    """Whether it is more than half beyond doubt."""
    return (share.value or 0.0) > _FLOOR if share.low is None else share.low > _FLOOR


def _known(variant: VariantResult) -> bool:
    """Whether the interval of its energy is narrow enough to advise by."""
    energy = variant.metrics.get(_GROSS)
    if energy is None or not energy.value or energy.low is None or energy.high is None:
        return True
    return (energy.high - energy.low) / 2 <= _WIDEST * energy.value


def _provenance(variant: VariantResult) -> Provenance:
    return Provenance.least([variant.metrics[key].provenance for key in (_GROSS, _NET) if key in variant.metrics])


def more_watts(case: Case) -> Advice | None:
    """Faster, at a higher power: the product stays. Where energy fell along with time, power did not keep it up."""
    mine, other, energy = _watts(case.variant), _watts(case.baseline), case.ratio(_GROSS)
    if case.time_verdict() is not Verdict.LOWER or mine is None or other is None or mine < _MORE_WATTS * other:
        return None
    if energy is None or energy < _NOT_FALLEN:
        return None
    watts = Evidence(
        words="Mean power in its blocks",
        number=f"{quoted(other, 'W')} → {quoted(mine, 'W')} ({change_words(mine / other)})",
        where=f"blocks of {case.baseline.letter} and {case.letter}",
        provenance=_provenance(case.variant),
    )
    return Advice(
        code="more-watts", weight=56, asks="greener", variant=case.letter, node=case.variant.node,
        title="It is faster at a higher power",
        text="It keeps more of the chip busy, so it ends sooner and draws more while it runs. Energy is the product of both.",
        evidence=(watts, case.changed_time(), case.changed(_GROSS)),
    )  # fmt: skip


def _watts(variant: VariantResult) -> float | None:
    blocks = [block for block in variant.blocks if block.energy_j is not None]
    seconds = sum(block.t1_ns - block.t0_ns for block in blocks) / 1e9
    return sum(block.energy_j or 0.0 for block in blocks) / seconds if seconds else None


def same_time(case: Case) -> Advice | None:
    """Not faster, at the same power."""
    settled = (Verdict.SAME, Verdict.HIGHER)
    if case.time_verdict() not in settled or case.verdict(_GROSS) not in settled:
        return None
    return Advice(
        code="energy-follows-time", weight=20, asks="greener", variant=case.letter, node=case.variant.node,
        title="Its energy follows its time",
        text="It does not end sooner and draws about as many watts. What makes it faster makes it greener.",
        evidence=(case.verdict_evidence(case.timing), case.verdict_evidence(_GROSS)),
    )  # fmt: skip


def causes(case: Case) -> list[Advice]:
    """What explains the variant's energy; nothing where none was measured, or not well enough. Where it needs less, what keeps it from
    needing less still."""
    if not case.own or not (_known(case.variant) and _known(case.baseline)):
        return []
    if case.verdict(_GROSS) not in NOT_LOWER:
        return [advice] if (advice := power_floor(case)) is not None else []
    asks = "shown greener" if case.verdict(_GROSS) is Verdict.UNCLEAR else "greener"
    found = [advice for rule in (idle_floor, more_watts, same_time) if (advice := rule(case)) is not None]
    return [advice.model_copy(update={"asks": asks}) for advice in found]
