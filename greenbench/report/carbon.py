"""Carbon: what a billion inferences, making and the whole run come to in grams of CO2e, and under which assumptions."""

from greenbench.analysis.break_even import told_of
from greenbench.analysis.emissions import Emissions, Equivalent, emissions, equivalents
from greenbench.core.carbon import JOULES_PER_KWH, grams
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import NO_READING, Scale, approximate, half_share, number, quote, rounded, scale, significant
from greenbench.core.run import CarbonFactor, RunResult, Verdict
from greenbench.report.labels import listed
from greenbench.report.making import runs_words, several
from greenbench.report.parts import Section, TextTable

_BILLION = 1e9
_ENERGY = "energy_per_inference"
_OTHER_GRIDS = (50.0, 700.0)  # a clean one and a dirty one
_WORTH_SAYING = 0.01  # of an equivalent: below, it says nothing to anybody


def section(result: RunResult, pick: str | None) -> Section | None:
    """Two tables: joules and grams, and what was assumed; None where no energy was read or no factor is known."""
    found = emissions(result)
    if found is None or not any(each.energy.value is not None for each in found.variants):
        return None
    shown = [letter for letter in ("A", told_of(result, pick)) if letter and any(v.letter == letter for v in found.variants)]
    letters = list(dict.fromkeys(shown)) or [found.variants[0].letter]
    told = equivalent_words(found)
    return Section(
        "carbon",
        "Carbon",
        finding(result, found, letters),
        tables=(emitted(result, found, letters), assumed(found)),
        text=(told,) if told else (),
    )


def finding(result: RunResult, found: Emissions, letters: list[str]) -> str:
    """A billion inferences with the baseline and with the pick, by rule, and whether the one is shown to be less; of modelled energy only
    the one, for it compares nothing."""
    per = [(letter, found.of(letter)) for letter in letters if found.of(letter).energy.value is not None]
    if not per:
        return "The energy of an inference has no reading, so neither has its carbon."
    first = per[0][1]
    shown = scale("g", [first.per_billion.value])
    amounts = [(letter, rounded(each.per_billion, shown, 2)) for letter, each in per]
    if first.energy.provenance is Provenance.MODELLED:
        letter, amount = amounts[0]
        return f"A billion inferences cost ≈ {amount} {shown.unit} CO₂e with {letter}: from energy that is modelled, ± 50 %."
    costs = listed([f"≈ {amount} {shown.unit} CO₂e with {letter}" for letter, amount in amounts])
    return f"A billion inferences cost {costs}, at the factor assumed here{_open(result, [letter for letter, _ in per])}."


def _open(result: RunResult, letters: list[str]) -> str:
    """That the two amounts do not differ beyond doubt, as the comparison of their energies has it; "" where they do."""
    if len(letters) < 2:
        return ""
    compared = next((v.against.get(_ENERGY) for v in result.variants if v.letter == letters[1]), None)
    match compared.verdict if compared else Verdict.NOT_COMPARED:
        case Verdict.LOWER | Verdict.HIGHER:
            return ""
        case Verdict.SAME:
            return "; their energies do not differ as far as was measured"
        case Verdict.UNCLEAR:
            return "; which is less cannot be told yet"
        case _:
            return "; the two are not compared"


def emitted(result: RunResult, found: Emissions, letters: list[str]) -> TextTable:
    """Energy in kWh and grams of each: a billion inferences, a year at the user's rate, making, the run, all runs of the pipeline."""
    lines: list[tuple[str, Measurement, Measurement]] = []
    for letter in letters:
        each = found.of(letter)
        lines.append((f"{letter}, 1 billion inferences", _times(each.energy, _BILLION), each.per_billion))
    for letter in letters:
        each = found.of(letter)
        yearly = each.per_year
        lines.append((f"{letter}, a year at {approximate(found.per_day)} a day", _times(each.energy, found.per_day * 365.25), yearly))
    for letter in letters:
        each = found.of(letter)
        if letter != "A" and each.making_energy.value:
            lines.append((f"Making {letter}, once", each.making_energy, each.making))
    lines.append(("This run, all in", found.session_energy, found.session))
    for spent in several(result):
        if spent.scope == "pipeline":
            lines.append((runs_words(spent).capitalize(), spent.energy, grams(spent.energy, found.carbon)))
    rows = tuple((title, _kwh(energy), _grams(mass)) for title, energy, mass in lines if energy.value is not None)
    notes = ["Least: a part of the run has no reading."] if found.at_least else []
    if any(half_share(mass) for _, energy, mass in lines if energy.value is not None):
        notes.append("± is what the energy leaves open (95 %), at the factor as it stands.")
    notes += ["Energy is that of the machine; CO₂e includes what the building adds (PUE)."] if found.carbon.pue != 1 else []
    note = " ".join(notes)
    return TextTable(("", "energy", "CO₂e"), rows, "lrr", note, weights=(2.6, 1.3, 1.3))


def _times(energy: Measurement, factor: float) -> Measurement:
    if energy.value is None:
        return energy
    ends = {name: None if end is None else end * factor for name, end in (("low", energy.low), ("high", energy.high))}
    return energy.model_copy(update={"value": energy.value * factor, **ends})


def _kwh(energy: Measurement) -> str:
    """ "17.17 kWh ◉" and below it "[17.02, 17.32]", "≈ 84 mWh ◌": the digits that the interval of the energy supports."""
    wh = _times(energy, 1000 / JOULES_PER_KWH).model_copy(update={"unit": "Wh"})
    text = _printed(wh, scale("Wh", [wh.value]))
    found = quote(wh, scale("Wh", [wh.value]))
    return f"{text}\n[{found.low}, {found.high}]" if found.interval else text


def _grams(mass: Measurement) -> str:
    """ "≈ 12 g ◌" and below it what the energy leaves open of it, "± 1.2 %"."""
    text, half = _printed(mass, scale("g", [mass.value])), half_share(mass)
    return f"{text}\n{half}" if half else text


def _printed(measurement: Measurement, shown: Scale) -> str:
    """The digits that the interval supports; of what was not measured two at most: what is assumed is not known better."""
    if measurement.value is None:
        return NO_READING
    modelled = measurement.provenance is Provenance.MODELLED
    text = rounded(measurement, shown, 2) if modelled else quote(measurement, shown).text
    return f"{'≈ ' if modelled else ''}{text} {shown.unit} {quote(measurement).mark}"


def assumed(found: Emissions) -> TextTable:
    """The assumptions, and what another grid would make of it."""
    carbon = found.carbon
    grid = ", ".join(filter(None, (carbon.region, carbon.year)))
    rows = (
        ("Grid intensity", f"{significant(carbon.intensity_g_per_kwh, 3)} g CO₂e/kWh, {grid}"),
        ("Source", carbon.source or "given by hand"),
        ("Building (PUE)", f"{number(carbon.pue, 2)}{': the machine alone' if carbon.pue == 1 else ''}"),
        ("Not counted", "making and scrapping the hardware, network"),
        ("If the grid differs", differs(carbon)),
    )
    return TextTable(("Assumption", "used here"), rows, "ll", weights=(1.0, 2.4))


def differs(carbon: CarbonFactor) -> str:
    """ "50 g/kWh: × 0.13. 700 g/kWh: × 1.8."."""
    factors = [f"{grid:.0f} g/kWh: × {significant(grid / carbon.intensity_g_per_kwh, 2)}" for grid in _OTHER_GRIDS]
    return ". ".join(factors) + "."


def equivalent_words(found: Emissions) -> str:
    """What the whole run was as much as, with who says so; "" where no energy was read."""
    if found.session_energy.value is None:
        return ""
    worth = [each for each in equivalents(found.session_energy.value, found.carbon) if each.amount >= _WORTH_SAYING]
    if not worth:
        return ""
    rough = "about " if found.session_energy.provenance is Provenance.MODELLED else ""
    said = " or ".join(filter(None, (", ".join(_amount(each) for each in worth[:-1]), _amount(worth[-1]))))
    sources = "; ".join(f"{each.what.split(' ')[0]}: {each.source}" for each in worth if each.year)
    building = f", with what the building adds (PUE {number(found.carbon.pue, 2)})," if found.carbon.pue != 1 else ""
    return f"The whole run took{building} {rough}as much as {said}.{f' ({sources}.)' if sources else ''}"


def _amount(each: Equivalent) -> str:
    """ "3.2 hours of a 10 W lamp", "12 minutes of a 10 W lamp"."""
    if each.what.startswith("hours") and each.amount < 1:
        return f"{approximate(each.amount * 60)} minutes{each.what.removeprefix('hours')}"
    return f"{approximate(each.amount)} {each.what}"
