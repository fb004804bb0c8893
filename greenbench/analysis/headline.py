"""The verdict of a run in three sentences, made by rule: what is gained, what it costs in accuracy, what energy means here.

The pick meets the accuracy limit with its whole interval; among those it needs the least energy, or the least time
where energy was not measured (answers most examples a second, where each model runs at its own batch size), and less than the
baseline beyond doubt. Where there is none, that is the first sentence.
Accuracy stands for the metric of the run's task: of a share the loss is in points, of an error in per cent of the baseline's.
"""

import math
from dataclasses import dataclass

from greenbench.analysis.break_even import PayBack, break_even
from greenbench.analysis.compare import margin_text, points, reduction, times
from greenbench.analysis.findings import candidates, findings, in_words, tally
from greenbench.core.measurement import RECORDED_ENERGY, Provenance, SourceState
from greenbench.core.metrics import BY_KEY, Metric
from greenbench.core.quote import percent, quote
from greenbench.core.run import Comparison, NodeState, RunResult, RunState, VariantResult, Verdict
from greenbench.core.timed import call_words

_WORTH_SAYING = 0.2  # a coded file smaller by that share is news where nothing got faster
ACCURACY_LIMIT = 0.01
LONGEST_NAME = 40
_ENERGY, _TIME, _RATE = BY_KEY["energy_per_inference"], BY_KEY["latency_p50"], BY_KEY["throughput"]
# Of what variants are ranked by: the verb for one and for several, what is gained, and of what.
_GAINS = {
    _ENERGY.key: ("needs", "need", "less energy than", "energy"),
    _TIME.key: ("needs", "need", "less time than", "time"),
    _RATE.key: ("answers", "answer", "more examples a second than", "examples a second"),
}


@dataclass(frozen=True)
class Headline:
    """`bold` is the first sentence, `rest` the others; `pick` the letter of the recommended variant or None;
    `findings` are the sentences of the comparison section, the first about what the pick was chosen by."""

    bold: str
    rest: str
    pick: str | None
    findings: tuple[str, ...]


def headline(result: RunResult, accuracy_limit: float = ACCURACY_LIMIT) -> Headline:
    """The sentences for a run. `accuracy_limit` is the loss that is accepted, as a fraction: of accuracy or IoU 0.01 is one point, of
    an error 0.01 is 1 % more.

    Works with whatever there is: failed variants, no energy, no accuracy, one variant, no baseline, a run that broke off.
    """
    chosen = chosen_metric(result)
    pick = find_pick(result, accuracy_limit)
    baseline = result.baseline
    earned = ""
    if baseline is not None and pick is not None:
        bold = _gain(pick, baseline, chosen)
        cost = _quality_cost(pick, BY_KEY[result.quality], accuracy_limit)
        earned = _earned_back(result, pick)
    elif candidates(result):
        bold, cost = _no_pick(result, chosen, accuracy_limit)
    else:
        bold, cost = _nothing_to_compare(result)
    rest = " ".join(text for text in (cost, earned, _energy(result), _state(result)) if text)
    return Headline(bold, rest, pick.letter if pick else None, findings(result, chosen))


def chosen_metric(result: RunResult) -> str:
    """What variants are ranked by: energy if the baseline's was measured and something is compared with it, else speed."""
    measured = result.baseline.metrics.get(_ENERGY.key) if result.baseline else None
    compared = any(_known(variant.against.get(_ENERGY.key)) for variant in candidates(result))
    usable = measured is not None and measured.value is not None and measured.provenance.measured
    return _ENERGY.key if usable and compared else result.timing


def find_pick(result: RunResult, accuracy_limit: float = ACCURACY_LIMIT) -> VariantResult | None:
    """The recommended variant, or None where none is better beyond doubt within the accuracy limit."""
    better = [v for v in _improved(result, chosen_metric(result)) if keeps_accuracy(result, v, accuracy_limit)]
    return better[0] if better else None


def keeps_accuracy(result: RunResult, variant: VariantResult, accuracy_limit: float = ACCURACY_LIMIT) -> bool:
    """Whether no loss above the limit lies in the interval of the difference; true if there were no answers to compare at all, but not
    where the run ended before they were judged."""
    metric = BY_KEY[result.quality]
    if not any(_known(v.against.get(metric.key)) for v in candidates(result)):
        return not _ended_before_judging(result)
    worst = worst_loss(metric, variant.against.get(metric.key))
    return worst is not None and worst <= accuracy_limit


def _ended_before_judging(result: RunResult) -> bool:
    """Whether the benchmark was to judge answers, and did not come to it."""
    baseline = result.baseline
    planned = next((node for node in result.plan.nodes if baseline is not None and node.id == baseline.benchmark), None)
    if planned is not None and not planned.params.get("accuracy", True):
        return False
    ended = next((node.state for node in result.nodes if planned is not None and node.node == planned.id), NodeState.DONE)
    return result.state in (RunState.CANCELLED, RunState.LOST) or ended not in (NodeState.DONE, NodeState.CACHED)


def worst_loss(metric: Metric, difference: Comparison | None) -> float | None:
    """The bad end of the interval of a difference, as a loss: 0.02 is two points of accuracy, or an error 2 % higher; None: unknown."""
    if difference is None:
        return None
    end = difference.low if metric.better == "higher" else difference.high
    return None if end is None else -end if metric.better == "higher" else end


def short_name(variant: VariantResult) -> str:
    """The name as it stands in a sentence; "Variant G" where it is too long for one."""
    return variant.name if 0 < len(variant.name) <= LONGEST_NAME else f"Variant {variant.letter}"


def _known(comparison: Comparison | None) -> bool:
    return comparison is not None and comparison.verdict not in (Verdict.NOT_COMPARED, Verdict.BASELINE)


def _improved(result: RunResult, key: str) -> list[VariantResult]:
    """The variants that are better beyond doubt, the best first."""
    better = Verdict.LOWER if BY_KEY[key].better == "lower" else Verdict.HIGHER
    found = [
        (comparison.change if better is Verdict.LOWER else -comparison.change, index, variant)
        for index, variant in enumerate(candidates(result))
        if (comparison := variant.against.get(key)) and comparison.verdict is better and comparison.change is not None
    ]
    return [variant for _, _, variant in sorted(found, key=lambda entry: entry[:2])]


def _gain(pick: VariantResult, baseline: VariantResult, chosen: str) -> str:
    gain = _amount(pick.against[chosen])
    than = _baseline_words(pick, baseline)
    if chosen == _RATE.key:
        return f"{short_name(pick)} answers {_rate(pick.against[chosen])} {than}."
    if chosen == _TIME.key:
        return f"{short_name(pick)} needs {gain} time per inference than {than}."
    return f"{short_name(pick)} needs {gain} energy per inference than {than}{_time_beside_energy(pick)}"


def _baseline_words(pick: VariantResult, baseline: VariantResult) -> str:
    precision = f"{baseline.precision} " if baseline.precision else ""
    if pick.runtime == baseline.runtime:
        return f"the {precision}baseline in the same runtime"
    return f"the {precision}baseline, which ran in {baseline.runtime} and not in {pick.runtime}: part of this is the runtime's"


def _time_beside_energy(pick: VariantResult) -> str:
    time = pick.against.get(pick.timing)
    if time is None:
        return "."
    if pick.timing == _RATE.key and time.verdict in (Verdict.LOWER, Verdict.HIGHER):
        return f", {'and' if time.verdict is Verdict.HIGHER else 'but'} answers {_rate(time)} it."
    match time.verdict:
        case Verdict.LOWER:
            return f", and {_amount(time)} time."
        case Verdict.HIGHER:
            return f", but {_amount(time)} time."
        case Verdict.SAME:
            return f", in the same time within {margin_text(BY_KEY[pick.timing], time.margin)}."
        case Verdict.UNCLEAR:
            return "; whether it is faster cannot be told yet."
        case _:
            return "."


def _change(comparison: Comparison | None) -> float:
    return comparison.change or 0.0 if comparison else 0.0


def _amount(comparison: Comparison | None) -> str:
    """The change of a mass noun: "86 % less", "12 % more", "2.4 times as much"."""
    change, ends = _change(comparison), _ends(comparison)
    if change >= 1:
        return f"{times(change, *ends)} times as much"
    return f"{percent(change, *ends)} % more" if change > 0 else f"{reduction(change, *ends)} % less"


def _rate(comparison: Comparison) -> str:
    """A change of throughput, up to the baseline: "49 % more examples a second than", "2.4 times as many examples a second as"."""
    change, ends = _change(comparison), _ends(comparison)
    if change >= 1:
        return f"{times(change, *ends)} times as many examples a second as"
    return (
        f"{percent(change, *ends)} % more examples a second than"
        if change > 0
        else f"{reduction(change, *ends)} % fewer examples a second than"
    )


def _ends(comparison: Comparison | None) -> tuple[float | None, float | None]:
    return (comparison.low, comparison.high) if comparison else (None, None)


def limit_words(metric: Metric, limit: float) -> str:
    """The accepted loss: "1 point", "1.5 points", of an error "1 %"."""
    if not metric.fraction:
        return f"{limit * 100:g} %"
    return f"{limit * 100:g} point{'' if limit == 0.01 else 's'}"


def _loss_words(metric: Metric, difference: Comparison | None) -> str:
    """ "costs 0.6 percentage points of accuracy"; of an error "raises the mean absolute error by 3.0 %"."""
    change, ends = _change(difference), _ends(difference)
    if metric.fraction:
        return f"costs {points(change, *ends)} percentage points of {metric.words}"
    return f"raises the {metric.words} by {percent(change, *ends)} %"


def _quality_cost(pick: VariantResult, metric: Metric, limit: float) -> str:
    difference = pick.against.get(metric.key)
    allowed = limit_words(metric, limit)
    match difference.verdict if difference else None:
        case Verdict.LOWER | Verdict.HIGHER if _is_worse(metric, difference):
            return f"It {_loss_words(metric, difference)}: a real loss, within the limit of {allowed}."
        case Verdict.LOWER | Verdict.HIGHER:
            amount = percent(_change(difference), *_ends(difference))
            size = f"{amount} percentage points" if metric.fraction else f"{amount} %"
            return f"Its {metric.words} is {size} {'higher' if metric.better == 'higher' else 'lower'}."
        case Verdict.SAME:
            within = metric.margin if difference is None or difference.margin is None else difference.margin
            margin = f"±{within * 100:g} {'points' if metric.fraction else '%'}"
            return f"Its {metric.words} is the same within {margin}."
        case Verdict.UNCLEAR:
            return f"A loss of {_noun(metric)} of more than {allowed} is excluded; whether there is one cannot be told yet."
    reason = difference.reason if difference and difference.reason else _missing_reason(pick, metric)
    return f"Its {metric.words} was not compared{': ' + reason.rstrip('.') if reason else ''}."


def _is_worse(metric: Metric, difference: Comparison | None) -> bool:
    return difference is not None and difference.verdict is (Verdict.LOWER if metric.better == "higher" else Verdict.HIGHER)


def _noun(metric: Metric) -> str:
    """What is lost: an error that grows is a loss of accuracy in the plain sense of the word."""
    return metric.words if metric.better == "higher" else "accuracy"


def _missing_reason(variant: VariantResult, metric: Metric) -> str:
    found = variant.metrics.get(metric.key)
    return found.reason if found else ""


def _no_pick(result: RunResult, chosen: str, limit: float) -> tuple[str, str]:
    """Bold sentence and accuracy sentence where nothing can be recommended."""
    verb, verbs, gain, noun = _GAINS[chosen]
    improved = _improved(result, chosen)
    if improved:
        metric = BY_KEY[result.quality]
        best = min(improved, key=lambda v: _loss_or_worst(metric, v))  # the one that comes nearest to the limit
        bold = f"No variant is shown to {verbs} {gain} the baseline and to keep within {limit_words(metric, limit)} of its {metric.words}."
        how = _rate(best.against[chosen]) + " it" if chosen == _RATE.key else f"{_amount(best.against[chosen])} {noun}"
        return bold, f"{short_name(best)} {verb} {how}, but {_obstacle(best, metric)}."
    others = candidates(result)
    verdicts = [comparison.verdict for variant in others if (comparison := variant.against.get(chosen))]
    doubtful = len(verdicts) < len(others) or Verdict.UNCLEAR in verdicts or Verdict.NOT_COMPARED in verdicts
    needs = f"is shown to {verbs}" if doubtful else verb
    if len(others) == 1:
        name = short_name(others[0])
        bold = f"{name} {'is not shown to' if doubtful else 'does not'} {verbs} {gain} the baseline."
    else:
        which = "Neither variant" if len(others) == 2 else f"None of the {in_words(len(others))} variants"
        bold = f"{which} {needs} {gain} the baseline."
    return bold, " ".join(filter(None, (_fewer_bytes(result), tally(result, chosen))))


def _fewer_bytes(result: RunResult) -> str:
    """What compression bought where it bought no time: the smallest coded file, and what it cost in answers."""
    found = [(_change(v.against.get("size_coded_bytes")), v) for v in candidates(result) if v.against.get("size_coded_bytes")]
    change, best = min(found, key=lambda pair: pair[0], default=(0.0, None))
    if best is None or change > -_WORTH_SAYING:
        return ""
    metric = BY_KEY[result.quality]
    difference = best.against.get(metric.key)
    cost = f", and {_loss_words(metric, difference)}" if _is_worse(metric, difference) else ""
    return f"{short_name(best)} takes {reduction(change)} % fewer bytes when coded{cost}."


def _loss_or_worst(metric: Metric, variant: VariantResult) -> float:
    """The worst loss that is not excluded; what is not compared comes last."""
    worst = worst_loss(metric, variant.against.get(metric.key))
    return math.inf if worst is None else worst


def _obstacle(variant: VariantResult, metric: Metric) -> str:
    difference = variant.against.get(metric.key)
    worst = worst_loss(metric, difference)
    if difference is None or worst is None:
        reason = _missing_reason(variant, metric).rstrip(".")
        return f"its {metric.words} was not compared{f': {reason}' if reason else ''}"
    most = points(worst) if metric.fraction else f"{percent(worst)} %"
    if _is_worse(metric, difference):
        return f"{_loss_words(metric, difference)}, perhaps {most}"
    found = variant.metrics.get(metric.key)
    tested = f" on {found.n} examples" if found and found.n > 1 else ""
    worse = f"{most} points lower" if metric.fraction else f"{most} higher"
    return f"its {metric.words} may be {worse}: that cannot be told yet{tested}"


def _nothing_to_compare(result: RunResult) -> tuple[str, str]:
    if not result.variants and result.claims:
        return " ".join(claim.sentence for _, claim in result.claims), " ".join(claim.statement for _, claim in result.claims)
    measured, failed = result.measured, [variant for variant in result.variants if variant.failure]
    cause = _sentence(failed[0].failure.message) if failed and failed[0].failure else ""
    if not measured:
        failure = next((node.failure.message for node in result.nodes if node.failure), "")
        return "Nothing was measured.", cause or _sentence(failure)
    if result.baseline is None:
        of_baseline = next((v.failure.message for v in failed if v.letter == "A" and v.failure), "")
        return "The baseline A has no result, so no variant can be compared.", _sentence(of_baseline)
    if failed:
        which = {1: "The other variant", 2: "Both other variants"}.get(len(failed), f"All {in_words(len(failed))} other variants")
        return f"{which} failed, so there is nothing to compare {short_name(result.baseline)} with.", cause
    return f"{short_name(result.baseline)} was measured alone, so there is nothing to compare it with.", _speed(result.baseline)


def _speed(alone: VariantResult) -> str:
    """How fast a variant is that is compared with none."""
    found = quote(alone.metrics.get(alone.timing))
    if found.reason:
        return ""
    if alone.timing == _RATE.key:
        return f"It answers {found.text} examples a second."
    call = call_words([alone.batch])
    return f"Its median latency is {found.full}{f' for {call}' if call else ''}."


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _earned_back(result: RunResult, pick: VariantResult) -> str:
    """After how many inferences making the pick is earned back; "" where that cannot be said."""
    found = break_even(result, pick.letter)
    return f"Making it {found.text}." if found.verdict is PayBack.PAYS else ""


def _energy(result: RunResult) -> str:
    """What the energy covers, or why it is unknown or only modelled."""
    readings = [variant.metrics[_ENERGY.key] for variant in result.measured if _ENERGY.key in variant.metrics]
    if not result.measured:
        return ""
    kinds = {reading.provenance for reading in readings if reading.value is not None}
    if any(kind.measured for kind in kinds):
        return _covered(result)
    if Provenance.MODELLED in kinds:
        return f"Energy was only estimated from load, not measured, so no variant can be called greener{_why_no_meter(result)}."
    reason = next((reading.reason for reading in readings if reading.reason), "")
    return f"Energy was not measured, so no variant can be called greener{': ' + reason.rstrip('.') if reason else ''}."


def _covered(result: RunResult) -> str:
    channels = [
        channel
        for source in result.sources
        if source.state is SourceState.IN_USE
        for channel in source.channels
        if channel.counted and channel.provenance.measured
    ]
    if result.energy_recorded:
        return RECORDED_ENERGY
    covers = list(dict.fromkeys(channel.covers.rstrip(".") for channel in channels if channel.covers))
    if not covers:
        return ""
    covers = [f"the {each}" if each.startswith("whole ") and not each.startswith("whole graphics boards") else each for each in covers]
    joined = covers[0] if len(covers) == 1 else f"{', '.join(covers[:-1])} and {covers[-1]}"
    return f"The energy covers {joined}."


def _why_no_meter(result: RunResult) -> str:
    """The first source that could have measured and did not, those that only lack a permission first, a meter that nobody has last."""
    order = (SourceState.PERMISSION, SourceState.SILENT, SourceState.ABSENT)
    absent = [source for source in result.sources if source.state in order and source.reason]
    first = min(absent, key=lambda source: (order.index(source.state), source.key == "external"), default=None)
    if first is None:
        return ""
    reason = first.reason.rstrip(".")
    if first.key.startswith("external:"):
        return f": {first.title} gave no reading, for {reason}"
    return f": {reason[0].lower() + reason[1:] if reason[1:2].islower() else reason}"


def _state(result: RunResult) -> str:
    match result.state:
        case RunState.CANCELLED:
            return "The run was stopped before its end."
        case RunState.LOST:
            return "The run broke off before its end."
        case _:
            return ""
