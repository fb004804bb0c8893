"""The report as one HTML page that needs nothing else: the strings of the report model, the figures as SVG, styles inside.

Text that a user typed is escaped wherever it stands; nothing is loaded from elsewhere and nothing runs.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from greenbench.core.palette import LIGHT, VARIANTS_LIGHT
from greenbench.core.quote import NO_READING
from greenbench.core.run import RunResult
from greenbench.report import figures
from greenbench.report.fonts import Typefaces, typefaces
from greenbench.report.model import build
from greenbench.report.parts import Cell, Figure, KeyNumber, Note, Report, Section, TextTable
from greenbench.report.writers.whole_file import write_whole

_STYLE = f"""
body {{ font: 15px/1.45 Inter, system-ui, sans-serif; color: {LIGHT["text"]}; margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem; }}
h1 {{ font-size: 1.9rem; line-height: 1.15; margin: .8rem 0 .4rem; }}
h2 {{ font-size: 1.2rem; border-top: 1px solid; padding-top: .5rem; margin: 2.4rem 0 .2rem; }}
h2 b, .good {{ color: {LIGHT["accent"]}; }} .bad {{ color: {LIGHT["danger"]}; }}
.finding, .verdict {{ font-family: "Libertinus Serif", Georgia, serif; }} .verdict {{ font-size: 1.25rem; }}
.muted, figcaption, small, th {{ color: {LIGHT["muted"]}; }} small {{ font-size: .82em; white-space: nowrap; }}
figcaption, .note {{ font-size: .82rem; }} figure {{ margin: 1rem 0; }} figure svg {{ max-width: 100%; height: auto; }}
.stamp {{ border: 1px solid; border-radius: 3px; padding: 0 .4em; font-size: .75rem; text-transform: uppercase; }}
.keys {{ display: flex; flex-wrap: wrap; gap: 2rem; }} .keys div {{ border-top: 2px solid {LIGHT["accent"]}; min-width: 11rem; }}
.keys b {{ font-size: 1.7rem; }} .scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; margin: .8rem 0; border-top: 1px solid;
  border-bottom: 1px solid; }}
td, th {{ padding: .25rem .6rem; text-align: left; vertical-align: top; border-top: 1px solid {LIGHT["border"]}; }}
th {{ font-weight: 600; border-top: 0; }} .r {{ text-align: right; }} .sum td {{ font-weight: 600; border-top: 1px solid; }}
.pick {{ background: {LIGHT["selection"]}; }} .gap {{ border-left: 3px solid {LIGHT["danger"]}; padding-left: .7rem; }}
pre {{ background: #F1F4F5; padding: .7rem; overflow-x: auto; font-size: .8rem; }}
.key {{ white-space: nowrap; }}
@media print {{ h2 {{ break-after: avoid; }} figure, tr {{ break-inside: avoid; }}
  .scroll {{ overflow: visible; }} table {{ font-size: .7rem; }} }}
"""


def write_html(result: RunResult, path: Path) -> None:
    """Writes the page in UTF-8.

    Raises:
        ReportError: the file cannot be written.
    """
    write_whole(Path(path), to_html(result).encode("utf-8"))


def to_html(result: RunResult) -> str:
    """The text of the page; see `write_html`."""
    report = build(result)
    page = _Page(report, result, typefaces(result.model_dump_json()))
    body = "\n".join(page.parts())
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="GreenBench">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(report.title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


class _Page:
    """One report being written."""

    def __init__(self, report: Report, result: RunResult, faces: Typefaces) -> None:
        self.report, self.result, self.faces = report, result, faces

    def parts(self) -> Iterable[str]:
        """Head, verdict, key numbers, then section by section."""
        report = self.report
        stamps = " ".join(f'<span class="stamp {each.tone}">{escape(each.text)}</span>' for each in report.stamps)
        yield f'<header><b class="good">GreenBench</b> {stamps}</header>\n<h1>{escape(report.title)}</h1>'
        yield f'<p class="muted">{escape(" · ".join(report.what))}<br>{escape(" · ".join(report.who))}</p>'
        yield f'<p class="verdict"><b>{escape(report.bold)}</b> {escape(report.rest)}</p>'
        if report.keys:
            yield f'<div class="keys">{"".join(_key(each) for each in report.keys)}</div>'
        yield from map(self.figure, report.forest)
        yield from (f"<p><b>{escape(title)}.</b> {escape(words)}</p>" for title, words in report.covers)
        yield _legend(report)
        for number, section in enumerate(report.sections, 1):
            yield f"<section>\n<h2><b>{number}</b> {escape(section.title)}</h2>"
            yield f'<p class="finding">{escape(section.finding)}</p>'
            yield from self.section(section)
            yield "</section>"

    def section(self, section: Section) -> Iterable[str]:
        """What stands in a section, in the order of the printed report."""
        for gap in section.gaps:
            yield f'<p class="gap"><b>{escape(gap.title)}</b> {escape(gap.reason)}</p>'
        if section.kind == "comparison":
            yield self.comparison()
        yield from map(self.figure, section.figures)
        yield from map(self.table, section.tables)
        yield from (f'<p class="note">{escape(words)}</p>' for words in section.text)
        if section.kind == "method":
            yield from self.method()
        elif section.kind == "pipeline":
            yield f"<pre>{escape(chr(10).join(self.report.method.commands))}</pre>"
            yield _pairs(self.report.method.identity)

    def figure(self, model: Figure) -> str:
        """A figure with its caption; what it says in words is its label."""
        drawn = figures.draw(model, self.report, self.result, self.faces).decode("utf-8")
        svg = drawn[drawn.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(model.alt)}"', 1)
        return f"<figure>{svg}<figcaption>{escape(model.caption)}</figcaption></figure>"

    def comparison(self) -> str:
        """Every variant with the numbers of the comparison table, their intervals and verdicts."""
        columns = [self.report.columns[key] for key in self.report.shown]
        head = "".join(
            f'<th class="r">{escape(c.title)} {escape(c.scale.unit)}</th>' + ("<th>against A</th>" if c.compared else "") for c in columns
        )
        rows = []
        for row in self.report.rows:
            name = f"{self.key(row.letter)} {escape(row.name)}<br><small>{escape(row.facts)}</small>"
            cells = "".join(_number(row.cells[c.key]) + (_verdict(row.cells[c.key]) if c.compared else "") for c in columns if row.cells)
            if not row.cells:
                width = len(columns) + sum(column.compared for column in columns)
                cells = f'<td colspan="{width}"><b class="bad">× {escape(row.failure_kind)}</b> {escape(row.failure)}</td>'
            rows.append(f"<tr{' class=pick' if row.pick else ''}><td>{name}</td>{cells}</tr>")
        return f'<div class="scroll"><table><tr><th>Variant</th>{head}</tr>{"".join(rows)}</table></div>'

    def key(self, letter: str) -> str:
        """A variant's letter beside a spot of its colour."""
        index = self.report.row(letter).index
        return f'<span class="key"><span style="color:{VARIANTS_LIGHT[index % 8]}">●</span> <b>{escape(letter)}</b></span>'

    def table(self, model: TextTable) -> str:
        """A table of the report; sums are bold, a second line in a cell is small."""
        head = "".join(f"<th{_side(model, x)}>{escape(word)}</th>" for x, word in enumerate(model.head))
        rows = []
        for y, row in enumerate(model.rows):
            cells = []
            for x, words in enumerate(row):
                first, *rest = escape(words).split("\n")
                text = first + "".join(f"<br><small>{line}</small>" for line in rest)
                cells.append(f"<td{_side(model, x)}>{self.key(words) if model.letters and x == 0 else text}</td>")
            rows.append(f"<tr{' class=sum' if y in model.strong else ''}>{''.join(cells)}</tr>")
        note = f'<p class="note muted">{escape(model.note)}</p>' if model.note else ""
        return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>{note}' if model.rows else ""

    def method(self) -> Iterable[str]:
        """Machine, protocol, what executed, sensors, logs of outside meters, warnings and limits."""
        found = self.report.method
        yield _pairs((*found.machine, *found.protocol))
        yield from map(self.table, (found.executed, found.sensors))
        yield from (f'<p class="note">{escape(words)}</p>' for words in found.remedies)
        yield from map(self.table, found.joined)
        yield _notes("Warnings and deviations", found.warnings)
        yield _notes("Limits", found.limits)


def _side(model: TextTable, x: int) -> str:
    return ' class="r"' if model.align[x] == "r" else ""


def _key(number: KeyNumber) -> str:
    value = number.value
    shown = f"{'≈ ' if value.approx else ''}{value.text}"
    unit = f" {value.unit}" if value.text != NO_READING else ""
    base = f"<br>{escape(number.baseline)} {number.baseline_mark}" if number.baseline else ""
    mark = value.mark if value.text != NO_READING else ""
    return (
        f"<div>{escape(number.title)}<br><b>{escape(shown)}</b>{escape(unit)} {mark}<br><small>{escape(number.below)}{base}</small></div>"
    )


def _number(cell: Cell) -> str:
    value = cell.value
    text = f"{'≈ ' if value.approx else ''}{value.text} {value.mark if value.text != NO_READING else ''}".strip()
    interval = f"<br><small>[{escape(value.low)}, {escape(value.high)}]</small>" if value.interval else ""
    return f'<td class="r">{escape(text)}{interval}</td>'


def _verdict(cell: Cell) -> str:
    said = cell.verdict
    detail = f"<br><small>{escape(said.detail)}</small>" if said.detail else ""
    return f'<td class="{said.tone}">{escape(f"{said.sign} {said.text}".strip())}{detail}</td>'


def _legend(report: Report) -> str:
    said = "; ".join(f"{glyph} <b>{escape(word)}</b> {escape(meaning)}".strip() for glyph, word, meaning in report.legend)
    return f'<p class="note">Where a number comes from: {said}.</p>'


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><td class="muted">{escape(word)}</td><td>{escape(words)}</td></tr>' for word, words in rows)
    return f"<table>{lines}</table>" if lines else ""


def _notes(title: str, notes: Sequence[Note]) -> str:
    lines = "".join(f"<li>{escape(note.sign)} {escape(note.text)}</li>" for note in notes)
    return f"<h3>{title}</h3><ul>{lines}</ul>" if lines else ""
