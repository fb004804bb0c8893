"""Making and break-even: what each step took, for which variant, and after how many inferences that is earned back."""

from greenbench.analysis import charges
from greenbench.analysis.break_even import BreakEven, PayBack, break_even, break_evens, saving_words, time_words, told_of
from greenbench.analysis.charges import Account, Sum, account, add
from greenbench.core.charge import Charge, ChargeKind, Spending
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import (
    NO_READING,
    Scale,
    approximate,
    duration,
    interval_decimals,
    number,
    quote,
    rounded,
    scale,
    significant,
    significant_decimals,
)
from greenbench.core.run import RunResult
from greenbench.report.labels import listed, plural, short_labels
from greenbench.report.parts import Figure, Section, TextTable

_MOST_LINES = 12
_CACHED = "¹"
_MAKING_WEIGHTS = (3.3, 1.7, 1.7, 0.9)
_KWH = 3.6e6


def section(result: RunResult, pick: str | None) -> Section | None:
    """The ledger as it looks for the pick (else the variant that pays back first, else the first), with its break-even; None where not
    one joule of the run was read."""
    whole = add(charges.ledger(result))
    if whole.energy.value is None or not whole.lines:
        return None
    letter = told_of(result, pick)
    if letter is None:
        return Section(
            "making", "Energy ledger", f"The whole run took {energy_words(whole)}.", tables=(run_table(result),), text=edh(result)
        )
    found = break_even(result, letter)
    figures = _figure(result, found)
    every = break_evens(result)
    tables = [ledger_table(result, letter)]
    if any(each.verdict is not PayBack.NOT_CLAIMED for each in every):
        tables.append(break_even_table(result, every))
    title = "Making and break-even" if found.verdict is not PayBack.BASELINE else "Energy ledger"
    return Section("making", title, finding(result, found), figures, tuple(tables), text=edh(result))


def finding(result: RunResult, found: BreakEven) -> str:
    """What making took and when that is earned back, by rule."""
    spent = charges.making(result, found.letter)
    if found.verdict is PayBack.BASELINE:
        return f"The whole run took {energy_words(add(charges.ledger(result)))}."
    if not spent.lines:
        made = f"{found.letter} took no step that A does not need"
    elif spent.energy.value is None:
        made = f"What making {found.letter} took has no reading"
    else:
        made = f"Making {found.letter} took {energy_words(spent)}"
    match found.verdict:
        case PayBack.PAYS if found.inferences is not None and found.inferences.value is not None:
            least = "at least " if found.at_least else ""
            count = approximate(found.inferences.value)
            return f"{made}; it saves {saving_words(found.saving)} on every inference and breaks even at {least}{count} inferences."
        case PayBack.AT_ONCE:
            return f"{made}; it saves {saving_words(found.saving)} on every inference, from the first."
        case PayBack.NEVER:
            return f"{made}; it never pays back: an inference takes no less energy than with A."
        case _:
            return f"{made}; {found.text}."


def making_sentence(result: RunResult, letter: str) -> str:
    """What making one variant took and when that is earned back; "" where none of its joules was read."""
    read = charges.making(result, letter).energy.value is not None
    return finding(result, break_even(result, letter)) if read and charges.ledger(result) else ""


def energy_words(spent: Sum) -> str:
    """ "264 kJ, 0.073 kWh", with "≈" where it is modelled and "at least" where a part has no reading."""
    energy = spent.energy
    if energy.value is None:
        return NO_READING
    shown = scale("J", [energy.value])
    least = "at least " if spent.at_least else ""
    words = f"{least}{_rounded(energy, shown)}"
    in_kwh = Scale("kWh", 1 / _KWH)
    return f"{words}, {rounded(energy, in_kwh, 2)} kWh" if energy.value >= 0.001 * _KWH else words


def edh(result: RunResult) -> tuple[str, ...]:
    """E·D·H of this run, of all runs of its pipeline and since the program was started: trainings, their FLOP and their joules."""
    trained = [line for line in charges.ledger(result) if line.trainings]
    if not trained:
        return ()
    count = sum(line.trainings for line in trained)
    parts = [f"in this run {_trained(count, sum(line.flop or 0.0 for line in trained), add(trained).energy)}"]
    for spent in several(result):
        parts.append(f"in {runs_words(spent)} {_trained(spent.experiments, spent.flop, spent.training)}")
    distilled = any(line.kind is ChargeKind.DISTILLATION for line in trained)
    what = "training and distillation" if distilled else "the training"
    return (f"What {what} cost, every experiment counted (E·D·H): {'; '.join(parts)}.",)


def several(result: RunResult) -> tuple[Spending, ...]:
    """What more than one run took together; what was run since the start only where that is not the same."""
    found = [spent for spent in result.spent if spent.runs > 1]
    same = len({(spent.runs, spent.energy.value, spent.experiments) for spent in found}) == 1
    return tuple(found[:1] if same else found)


def _trained(count: int, flop: float, energy: Measurement) -> str:
    words = [plural(count, "training")]
    if flop:
        words.append(flop_words(flop))
    if energy.value is not None:
        words.append(_rounded(energy, scale("J", [energy.value])))
    return listed(words)


def _rounded(energy: Measurement, shown: Scale) -> str:
    """Three digits of a measured energy, two of a modelled one, and no more than its interval supports: "264 kJ", "≈ 21 J"."""
    modelled = energy.provenance is Provenance.MODELLED
    return f"{'≈ ' if modelled else ''}{rounded(energy, shown, 2 if modelled else 3)} {shown.unit}"


def flop_words(flop: float) -> str:
    """ "12.3 TFLOP"."""
    for unit, size in (("EFLOP", 1e18), ("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9), ("MFLOP", 1e6)):
        if flop >= size:
            return f"{significant(flop / size, 3)} {unit}"
    return f"{significant(flop, 3)} FLOP"


class _Lines:
    """Rows of a ledger, in one unit of energy."""

    def __init__(self, several: list[Charge]) -> None:
        # The unit of a thirtieth of the whole: its parts read well in it, and the whole does not grow too long.
        self.shown = scale("J", [(add(several).energy.value or 0.0) / 30])
        self.rows: list[tuple[str, ...]] = []
        self.strong: list[int] = []

    def add(self, title: str, spent: Sum, *, strong: bool = False) -> None:
        if strong:
            self.strong.append(len(self.rows))
        least = "at least " if spent.at_least else ""
        self.rows.append((title, duration(spent.seconds) if spent.seconds else NO_READING, *_value(spent.energy, self.shown, least)))

    def table(self, head: str, note: str) -> TextTable:
        columns = (head, "time", f"energy {self.shown.unit}", "±")
        return TextTable(columns, tuple(self.rows), "lrrr", note, weights=_MAKING_WEIGHTS, strong=tuple(self.strong))


def _value(energy: Measurement, shown: Scale, least: str = "") -> tuple[str, str]:
    """A line's energy with its mark, and how far it may be off, with the digits that supports."""
    if energy.value is None:
        return NO_READING, ""
    half = 0.0 if energy.low is None or energy.high is None else (energy.high - energy.low) / 2 * shown.factor
    value = energy.value * shown.factor
    decimals = interval_decimals(half, value) if half else significant_decimals(value, 3)
    rough = "≈ " if energy.provenance is Provenance.MODELLED else ""
    return f"{least}{rough}{number(value, decimals)} {energy.provenance.mark}", number(half, decimals) if half else ""


def ledger_table(result: RunResult, letter: str) -> TextTable:
    """The ledger as it looks for one variant: line by line what it and the baseline need, the rest by groups. Raises KeyError."""
    found = account(result, letter)
    rows = _Lines(list(found.lines))
    for line in _most(found.baseline):
        rows.add(_title(line), add([line]))
    if found.making:
        for line in _most(found.making):
            rows.add(_title(line), add([line]))
        rows.add(f"Making {letter}, without A" if found.baseline else f"Making {letter}", add(found.making), strong=True)
    elif found.baseline:
        rows.add(f"Making {letter}", add(found.baseline), strong=True)
    _groups(rows, result, found)
    return rows.table(f"Energy ledger of {letter}", _note(result, found.lines))


def run_table(result: RunResult) -> TextTable:
    """The ledger of a run in which nothing was measured: its lines."""
    lines = list(charges.ledger(result))
    rows = _Lines(lines)
    for line in _most(tuple(lines)):
        rows.add(_title(line), add([line]))
    rows.add("This run, all in", add(lines), strong=True)
    return rows.table("Energy ledger", _note(result, tuple(lines)))


def _title(line: Charge) -> str:
    return f"{line.title}{_CACHED if line.cached else ''}"


def _most(lines: tuple[Charge, ...]) -> list[Charge]:
    """The lines, in their order; of very many those that took most, and the rest as one."""
    if len(lines) <= _MOST_LINES:
        return list(lines)
    largest = sorted(lines, key=lambda line: -(line.energy.value or 0.0))[: _MOST_LINES - 1]
    rest = [line for line in lines if line not in largest]
    spent = add(rest)
    others = rest[0].model_copy(update={"title": f"{len(rest)} smaller steps", "energy": spent.energy, "seconds": spent.seconds})
    return [*(line for line in lines if line in largest), others]


def _groups(rows: _Lines, result: RunResult, found: Account) -> None:
    """Measuring, the other variants, what came to nothing, what lies between, and all of it; then earlier runs."""
    if found.measuring:
        many = len([v for v in result.variants if v.failure is None]) > 1
        rows.add("Measuring all variants" if many else "Measuring", add(found.measuring))
    if found.others:
        of_others = {letter for line in found.others for letter in line.variants} - {"A", found.letter}
        letters = [variant.letter for variant in result.variants if variant.letter in of_others]
        rows.add(f"Making {listed(letters)}" if 0 < len(letters) <= 6 else "Making the others", add(found.others))
    if found.discarded:
        rows.add("Failed, or used by no variant", add(found.discarded))
    if found.overhead:
        rows.add("Between the steps", add(found.overhead))
    rows.add("This run, all in", add(found.lines), strong=True)
    for spent in several(result):
        rows.add(runs_words(spent).capitalize(), Sum(spent.energy, spent.seconds, ("",) * spent.missing, spent.runs))


def runs_words(spent: Spending) -> str:
    """ "both runs of this pipeline", "all four runs since the start"."""
    where = {"pipeline": "of this pipeline", "session": "since the start"}[spent.scope]
    which = {1: "the one run", 2: "both runs"}.get(spent.runs, f"all {plural(spent.runs, 'run')}")
    return f"{which} {where}"


def _note(result: RunResult, lines: tuple[Charge, ...]) -> str:
    """What the table's signs mean, as far as they occur in it."""
    words = []
    if any(line.cached for line in lines):
        words.append(f"{_CACHED} From the cache; what it took at first is still charged.")
    words.append("Gross of idle. A sum carries the least direct mark of its parts; ±: what the meter leaves open, 95 %.")
    if missing := add(lines).missing:
        words.append(f"No reading for {listed([f'“{title}”' for title in dict.fromkeys(missing)])}: sums are the least.")
    return " ".join(words)


def break_even_table(result: RunResult, several: tuple[BreakEven, ...]) -> TextTable:
    """Each variant's making, saving and break-even."""
    names = dict(zip([v.letter for v in result.variants], short_labels([v.name for v in result.variants]), strict=True))
    made = scale("J", [each.making.value for each in several])
    saved = scale("J", [each.saving.value for each in several])
    rate = approximate(several[0].per_day)
    rows = tuple(
        (each.letter, names[each.letter], _value(each.making, made)[0], *_saved(each.saving, saved), *_after(each)) for each in several
    )
    energies = (f"making {made.unit}", f"saves {saved.unit}")
    head = ("", "Variant", *energies, "95 % interval", "pays back after", "95 % interval", f"at {rate} a day")
    note = (
        "Making: beyond what A needs. Saves: energy per inference of A minus that of the variant, gross, by their paired ratio. "
        "Intervals of the quotient: MOVER-R (Fieller's, for lopsided errors)."
    )
    reasons = dict.fromkeys(each.reason for each in several if each.verdict is PayBack.NOT_CLAIMED)
    note += "".join(f" Not claimed: {reason}." for reason in reasons)
    return TextTable(head, rows, "llrrlrll", note, tuple(each.letter for each in several))


def _saved(saving: Measurement, shown: Scale) -> tuple[str, str]:
    quoted = quote(saving, shown)
    return quoted.text, f"[{quoted.low}, {quoted.high}]" if quoted.interval else ""


def _after(each: BreakEven) -> tuple[str, str, str]:
    words = {
        PayBack.AT_ONCE: "at once",
        PayBack.NEVER: "never",
        PayBack.UNCLEAR: "cannot tell yet",
        PayBack.NOT_CLAIMED: "not claimed",
        PayBack.BASELINE: "",
    }
    if each.verdict is not PayBack.PAYS or each.inferences is None or each.days is None:
        return words.get(each.verdict, ""), "", ""
    least = "at least " if each.at_least else ""
    low, high = each.inferences.low, each.inferences.high
    interval = f"[{approximate(low)}, {approximate(high)}]" if low is not None and high is not None else ""
    return f"{least}{approximate(each.inferences.value or 0.0)}", interval, time_words(each.days.value or 0.0)


def _figure(result: RunResult, found: BreakEven) -> tuple[Figure, ...]:
    """The crossing, where there is one."""
    if found.verdict is not PayBack.PAYS or found.inferences is None or found.inferences.value is None:
        return ()
    number_of = found.inferences
    between = ""
    if number_of.low is not None and number_of.high is not None:
        between = f", 95 % interval {approximate(number_of.low)} to {approximate(number_of.high)}"
    other = beside(result, found.letter)
    also = f" {other.letter} pays back after {approximate(other.inferences.value or 0.0)}." if other and other.inferences else ""
    count = approximate(number_of.value or 0.0)
    caption = f"Break-even of {found.letter}: {count} inferences{between}.{also} Band: 95 % interval."
    alt = f"Energy of making and using A and {found.letter}: the lines cross at {count} inferences{between}."
    letters = ("A", found.letter, *((other.letter,) if other else ()))
    return (Figure("break_even", letters, caption, alt, 84.0, "break-even"),)


def beside(result: RunResult, letter: str) -> BreakEven | None:
    """One more variant to draw: of the others that pay back the one that does so first."""
    others = [e for e in break_evens(result) if e.letter != letter and e.verdict is PayBack.PAYS and e.inferences and e.inferences.value]
    return min(others, key=lambda each: each.inferences.value if each.inferences and each.inferences.value else 0.0, default=None)
