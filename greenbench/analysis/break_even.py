"""When compression has paid for itself: the joules of making a variant against the joules that each of its answers saves.

    whole interval of the saving above zero ─▶ "pays back" after n inferences (at once, where making took nothing that could be read)
    whole interval at or below zero         ─▶ "never pays back"
    the interval holds zero                 ─▶ "cannot tell yet"
    an energy of them is only modelled      ─▶ not claimed, as no comparison of modelled energies is: that of an inference, or that of any
                                               step of the making, such as a cached one of a run without a meter

Both energies are gross of idle, as a socket would see them. What a meter's gain is off by, it is off by in both; in their quotient it
cancels, so it is counted once, in the interval of the making. What it leaves open at the ends of blocks does not cancel: it is in the
interval of the saving (greenbench.analysis.edge_ratio).
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from greenbench.analysis import charges
from greenbench.analysis.charges import Sum
from greenbench.analysis.edge_ratio import MOST_SHARE, edge_share
from greenbench.analysis.intervals import Interval, block_mean
from greenbench.analysis.quotients import quotient
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import approximate, quote, scale, significant
from greenbench.core.run import RunResult, VariantResult

PER_DAY = 10_000.0
_ENERGY = "energy_per_inference"
_MODELLED = "energy is modelled from load, and an estimate claims no saving"
_MAKING_MODELLED = "what making it took is, at least in part, modelled from load, and an estimate claims nothing"


class PayBack(StrEnum):
    """What may be said of a break-even."""

    PAYS = "pays back"
    AT_ONCE = "pays back at once"
    NEVER = "never pays back"
    UNCLEAR = "cannot tell yet"
    NOT_CLAIMED = "not claimed"
    BASELINE = "baseline"


@dataclass(frozen=True)
class BreakEven:
    """A variant's break-even.

    `making` is what it took beyond the baseline, J; `saving` what each inference saves, J, negative where it costs more. `inferences` and
    `days` (at `per_day` inferences a day) are None where there is none; an interval without upper end means that it may be never.
    `at_least`: parts of the making have no reading. `text` says it in words, `reason` why nothing is said.
    """

    letter: str
    verdict: PayBack
    making: Measurement
    saving: Measurement
    per_day: float
    inferences: Measurement | None = None
    days: Measurement | None = None
    at_least: bool = False
    text: str = ""
    reason: str = ""


def per_day(result: RunResult) -> float:
    """The user's inferences a day: the Benchmark step's own setting, else that of the field."""
    for node in result.plan.nodes:
        if node.step == "benchmark" and (rate := node.params.get("per_day")):
            return float(rate)
    return PER_DAY


def break_evens(result: RunResult, rate: float | None = None) -> tuple[BreakEven, ...]:
    """That of every measured variant beside the baseline, in their order."""
    return tuple(break_even(result, v.letter, rate) for v in result.measured if v is not _baseline(result, v))


def break_even(result: RunResult, letter: str, rate: float | None = None) -> BreakEven:
    """When the variant of that letter has paid for its making, at `rate` inferences a day (the user's own without it).

    Raises:
        KeyError: there is no such variant.
    """
    variant = charges.variant_of(result, letter)
    first = _baseline(result, variant)
    spent = charges.making(result, letter)
    rate = rate or per_day(result)
    if first is None or first is variant:
        nothing = Measurement.missing("J", "it is the baseline itself" if first else "the baseline has no result")
        verdict = PayBack.BASELINE if first else PayBack.UNCLEAR
        return BreakEven(letter, verdict, spent.energy, nothing, rate, text=verdict.value, reason=nothing.reason)
    return judge(letter, spent, saving(variant, first), rate)


def told_of(result: RunResult, pick: str | None) -> str | None:
    """The letter of the variant that ledger and break-even tell of where the user chose none: the pick, else the one that pays back first,
    else the first beside the baseline; None where nothing was measured."""
    if pick is not None:
        return pick
    paying = [each for each in break_evens(result) if each.verdict is PayBack.PAYS and each.inferences is not None]
    if paying:
        return min(paying, key=lambda each: (each.inferences.value if each.inferences else None) or 0.0).letter
    others = [v.letter for v in result.measured if v.letter != "A"]
    return others[0] if others else next((v.letter for v in result.measured), None)


def _baseline(result: RunResult, variant: VariantResult) -> VariantResult | None:
    """The measured first variant of the same benchmark."""
    first = charges.baseline_of(result, variant)
    return first if first is not None and first.failure is None else None


def saving(variant: VariantResult, baseline: VariantResult) -> Measurement:
    """Joules that one inference needs less than with the baseline, J.

    From the comparison of the two (the paired ratio, corrected where several variants were compared), so that verdict and break-even never
    disagree. Without one, the mean of the differences of blocks of one round, with Student's t; without blocks that both have a reading
    in, the difference of the two means, their errors taken as independent.
    """
    mine, other = (v.metrics.get(_ENERGY) or Measurement.missing("J", "no energy was read") for v in (variant, baseline))
    if mine.value is None or other.value is None:
        return Measurement.missing("J", mine.reason or other.reason or "no energy was read")
    provenance = Provenance.least([mine.provenance, other.provenance])
    compared = variant.against.get(_ENERGY)
    if compared is not None and compared.change is not None and compared.low is not None and compared.high is not None:
        saved = (compared.change, compared.high, compared.low)
        value, low, high = (-change * joules for change, joules in zip(saved, _scales(baseline, other.value, saved), strict=True))
        return Measurement(value=value, low=low, high=high, n=mine.n, unit="J", provenance=provenance)
    own, base = _by_round(variant), _by_round(baseline)
    rounds = sorted(own.keys() & base.keys())
    if len(rounds) >= 2:
        return _of_rounds([base[index] for index in rounds], [own[index] for index in rounds]).measurement("J", provenance)
    value, n = other.value - mine.value, min(mine.n, other.n)
    if mine.low is None or mine.high is None or other.low is None or other.high is None:
        return Measurement(value=value, n=n, unit="J", provenance=provenance)
    less = math.hypot(other.value - other.low, mine.high - mine.value)
    more = math.hypot(other.high - other.value, mine.value - mine.low)
    return Measurement(value=value, low=value - less, high=value + more, n=n, unit="J", provenance=provenance)


def _scales(baseline: VariantResult, energy_j: float, changes: tuple[float, float, float]) -> tuple[float, float, float]:
    """The joules of the baseline that make a change and its two ends the most cautious: what the meter leaves open of them at the ends of
    blocks is open in the saving as well, and never turns its sign."""
    read = list(_by_round(baseline).values())
    share = min(edge_share([joules for joules, _ in read], [edge for _, edge in read]), MOST_SHARE) if read else 0.0
    least, most = energy_j * (1 - share), energy_j * (1 + share)
    _, for_low, for_high = changes
    return energy_j, least if for_low < 0 else most, most if for_high < 0 else least


def _by_round(variant: VariantResult) -> dict[int, tuple[float, float]]:
    """Joules of one example in each block that has a reading, and what the meter leaves open of them at the ends of the block."""
    read = [b for b in variant.blocks if b.energy_j is not None and b.calls]
    return {b.index: ((b.energy_j or 0.0) / (b.calls * variant.batch), (b.edge_j or 0.0) / (b.calls * variant.batch)) for b in read}


def _of_rounds(base: list[tuple[float, float]], own: list[tuple[float, float]]) -> Interval:
    """The mean difference. The edges of both add up and are not less of more rounds: a meter that lags moves joules from one to the other
    in each of them."""
    found = block_mean([other - mine for (other, _), (mine, _) in zip(base, own, strict=True)])
    low, high = found.ends
    half = math.hypot((high - low) / 2, sum(edge for _, edge in (*base, *own)) / len(base))
    return replace(found, low=found.value - half, high=found.value + half)


def judge(letter: str, spent: Sum, saved: Measurement, rate: float) -> BreakEven:
    """The verdict on a making and a saving for each inference, at `rate` inferences a day."""
    made = spent.energy

    def said(verdict: PayBack, reason: str = "", inferences: Measurement | None = None) -> BreakEven:
        days = None if inferences is None else _scaled(inferences, 1 / rate, "d")
        found = BreakEven(letter, verdict, made, saved, rate, inferences, days, spent.at_least, reason=reason)
        return replace(found, text=words(found))

    if saved.value is None:
        return said(PayBack.UNCLEAR, saved.reason)
    if not saved.provenance.measured:
        return said(PayBack.NOT_CLAIMED, _MODELLED)
    if saved.low is None or saved.high is None:
        return said(PayBack.UNCLEAR, "one block cannot show how much the measurement scatters")
    if saved.high <= 0:
        return said(PayBack.NEVER, "an inference takes no less energy than with the baseline")
    if saved.low <= 0:
        return said(PayBack.UNCLEAR, "whether an inference saves energy is not established")
    if made.value is None:
        return said(PayBack.UNCLEAR, f"what making it took has no reading: {made.reason}")
    if not made.provenance.measured:
        return said(PayBack.NOT_CLAIMED, _MAKING_MODELLED)
    found = quotient(made, saved)
    if made.value == 0 or (made.low is not None and made.low <= 0 and not spent.at_least):
        return said(PayBack.AT_ONCE, "", found)
    return said(PayBack.PAYS, "", found)


def _scaled(measurement: Measurement, factor: float, unit: str) -> Measurement:
    low, high = (None if end is None else end * factor for end in (measurement.low, measurement.high))
    return measurement.model_copy(update={"value": (measurement.value or 0.0) * factor, "low": low, "high": high, "unit": unit})


def words(found: BreakEven) -> str:
    """The break-even as a clause: "pays back after 5.0 million inferences (4.7 to 5.3 million), 500 days at 10 000 a day"."""
    match found.verdict:
        case PayBack.PAYS if found.inferences is not None and found.days is not None:
            least = "at least " if found.at_least else ""
            after = f"pays back after {least}{approximate(found.inferences.value or 0.0)} inferences{_between(found.inferences)}"
            return f"{after}, {time_words(found.days.value or 0.0)}{_days_between(found.days)} at {approximate(found.per_day)} a day"
        case PayBack.AT_ONCE:
            return "pays back at once: making it took no energy that could be read"
        case PayBack.NEVER:
            return f"never pays back: {found.reason}"
        case PayBack.NOT_CLAIMED:
            return f"no pay-back is claimed: {found.reason}"
        case PayBack.UNCLEAR:
            return f"whether it pays back cannot be told: {found.reason}" if found.reason else found.verdict.value
        case _:
            return found.verdict.value


def _between(number: Measurement) -> str:
    """ " (4.7 to 5.3 million)", or "" where there is no interval."""
    if number.low is None or number.high is None or number.low == number.high:
        return ""
    low, high = approximate(number.low), approximate(number.high)
    word = next((word for word in (" million", " billion", " trillion") if low.endswith(word) and high.endswith(word)), "")
    return f" ({low.removesuffix(word)} to {high})"


def _days_between(days: Measurement) -> str:
    """ " (1.3 to 1.5 years)", or "" where there is no interval."""
    if days.low is None or days.high is None or days.low == days.high:
        return ""
    low, high = time_words(days.low), time_words(days.high)
    unit = next((unit for unit in (" years", " days", " hours", " minutes") if low.endswith(unit) and high.endswith(unit)), "")
    return f" ({low.removesuffix(unit)} to {high})" if low != high else ""


def time_words(days: float) -> str:
    """A time in days as a person says it, two significant digits: "40 minutes", "3.5 days", "1.4 years"."""
    for unit, length in (("years", 365.25), ("days", 1.0), ("hours", 1 / 24), ("minutes", 1 / 1440)):
        if days >= length * (2 if unit == "days" else 1):
            return f"{significant(days / length, 2)} {unit}"
    return "less than a minute"


def saving_words(saved: Measurement) -> str:
    """Joules saved on an inference in a sentence, two significant digits: "53 mJ"."""
    if saved.value is None:
        return quote(saved).text
    shown = scale("J", [saved.value])
    return f"{significant(abs(saved.value) * shown.factor, 2)} {shown.unit}"
