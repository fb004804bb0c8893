"""Builds the report of a run: every number formatted once, every sentence made by a rule."""

from greenbench.analysis.headline import Headline, headline
from greenbench.core.run import RunResult
from greenbench.report import advice, carbon, cards, columns, first_page, making, power, sections
from greenbench.report import method as method_section
from greenbench.report.labels import LONGEST_IN_SENTENCE, pieces
from greenbench.report.parts import Report, Section
from greenbench.report.trail import traced

ACCURACY_LIMIT = 0.01


def build(result: RunResult, accuracy_limit: float = ACCURACY_LIMIT) -> Report:
    """The report as data.

    `accuracy_limit` is the loss of accuracy the user accepts, as a fraction: 0.01 is one percentage point.
    """
    verdict = headline(result, accuracy_limit)
    table = columns.columns(result)
    rows = columns.rows(result, table, verdict.pick)
    forest, no_forest = first_page.forest(result, table, rows)
    pick = next((row for row in rows if row.pick), None)
    whole = Report(
        title=result.title.strip() or "Untitled",
        title_pieces=tuple(pieces(result.title.strip() or "Untitled")),
        what=first_page.what(result),
        who=first_page.who(result),
        date=result.started,
        run=result.run_id,
        stamps=first_page.stamps(result),
        bold=verdict.bold,
        rest=verdict.rest,
        pick=verdict.pick or "",
        pick_pieces=tuple(pieces(pick.name)) if pick and len(pick.name) > LONGEST_IN_SENTENCE else (),
        keys=first_page.keys(result, table, verdict.pick),
        forest=forest,
        no_forest=no_forest,
        table_caption=columns.caption(result, verdict.pick),
        columns=table,
        shown=columns.shown(result),
        rows=rows,
        sections=_sections(result, verdict, accuracy_limit),
        method=method_section.method(result, verdict.pick),
        covers=first_page.covers(result),
        legend=first_page.legend(),
        limit=accuracy_limit,
        keywords=("energy", "latency", "accuracy", "model compression", "benchmark"),
    )
    return traced(whole, result)


def _sections(result: RunResult, verdict: Headline, accuracy_limit: float) -> tuple[Section, ...]:
    table = columns.columns(result)
    rows = columns.rows(result, table, verdict.pick)
    claimed = cards.claims(result)
    alone = claimed is not None and not result.variants  # then nothing was to be measured
    finding = verdict.findings[0] if verdict.findings else sections.comparison_finding(result)
    found = (
        claimed if alone else sections.comparison(result, table, finding),
        sections.latency(result, table, rows),
        sections.accuracy_and_energy(result, table, rows, accuracy_limit),
        power.section(result),
        making.section(result, verdict.pick),
        carbon.section(result, verdict.pick),
        None if alone else claimed,
        cards.cards(result),
        advice.section(result),
        method_section.section(result),
        sections.pipeline(result, verdict.pick),
    )
    return tuple(section for section in found if section is not None)
