"""Why variants are not faster, smaller or greener: what the doctor found, as one table; like causes of several variants share a row."""

from collections.abc import Sequence

from greenbench.analysis.doctor import diagnose
from greenbench.core.advice import Advice, question
from greenbench.core.advice import asked as asked_words
from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.report.labels import listed, plural
from greenbench.report.parts import Section, TextTable

_WEIGHTS = (1.5, 3.4, 3.0, 1.9)
_CITED = 3


def section(result: RunResult) -> Section | None:
    """The causes in the order of the variants, then what holds for all of them; none where every variant did what it promised."""
    found = diagnose(result)
    groups = _grouped(found)
    if not groups:
        return None
    rows = tuple(_row(group) for group in groups)
    table = TextTable(("What stands out", "cause", "numbers", "what to try"), rows, "llll", _note(groups), weights=_WEIGHTS)
    finding = f"{plural(len(found), 'cause').capitalize()} found, each with its numbers and what to try."
    if len(groups) < len(found):
        finding += " Like ones of several variants share a row."
    return Section("advice", "Why, and what to try", finding, tables=(table,))


def _grouped(found: Sequence[Advice]) -> list[list[Advice]]:
    """Advice that says the same of several variants, together."""
    groups: dict[tuple[str, str, str], list[Advice]] = {}
    for advice in found:
        key = (advice.code, advice.asks, advice.title if not advice.variant else "")
        groups.setdefault(key, []).append(advice)
    return list(groups.values())


def _row(group: list[Advice]) -> tuple[str, ...]:
    first = group[0]
    tried = list(dict.fromkeys(proposal.title for advice in group for proposal in advice.proposals))
    advised = " ".join(filter(None, (first.remedy, *(_sentence(title) for title in tried)))) or "—"
    asked = question(first) if len(group) == 1 else f"Why are {listed([advice.variant for advice in group])} not {asked_words(first)}?"
    cause = first.text if asked == first.title else f"{first.title}. {first.text}"
    return asked, cause, _numbers(group), advised


def _sentence(title: str) -> str:
    """The words of a button as a sentence: "Cut half of the channels."."""
    plain = title.removeprefix("Try it: ")
    return f"{plain[:1].upper()}{plain[1:]}."


def _numbers(group: list[Advice]) -> str:
    """What is cited; of several variants the first number of each."""
    if len(group) > 1:
        return "; ".join(f"{advice.variant}: {_cited(advice, 2)}" for advice in group)
    return _cited(group[0], _CITED) or "—"


def _cited(advice: Advice, most: int) -> str:
    return "; ".join(f"{each.words}: {each.number}{_mark(each.provenance)}" for each in advice.evidence[:most])


def _mark(provenance: Provenance) -> str:
    """Only where a number was not counted."""
    return "" if provenance in (Provenance.COUNTER, Provenance.UNAVAILABLE) else f" {provenance.mark}"


def _note(groups: list[list[Advice]]) -> str:
    several = any(len(group) > 1 for group in groups)
    shared = " Where several variants share a row, its text is that of the first." if several else ""
    return f"Found by rules in the numbers of this run; “greenbench doctor” prints where each of them stands.{shared}"
