"""The report as data: every sentence, table and number as it is printed. Writers and figures only lay it out.

A report is frozen and holds strings; what figures need as numbers they read from the result it was made of.
"""

from dataclasses import dataclass, field

from greenbench.core.quote import Quoted, Scale
from greenbench.core.run import RunResult, VariantResult
from greenbench.report.verdicts import Printed


@dataclass(frozen=True)
class Stamp:
    """Words in a frame at the head of the report; `tone` "good" or "bad"."""

    text: str
    tone: str


@dataclass(frozen=True)
class KeyNumber:
    """One of the four numbers of page 1, with two lines below it."""

    title: str
    value: Quoted
    below: str
    baseline: str = ""
    baseline_mark: str = ""


@dataclass(frozen=True)
class Cell:
    """One metric of one variant: the number and what it means against the baseline."""

    value: Quoted
    verdict: Printed


@dataclass(frozen=True)
class Column:
    """A metric with the one unit all its numbers are shown in. `compared`: beside the number stands the verdict.
    `short` is the head of a narrow column."""

    key: str
    title: str
    short: str
    scale: Scale
    compared: bool


@dataclass(frozen=True)
class Row:
    """One variant. `pieces` is the name with places to break it; `label` the short one; a failed row has `failure` instead
    of cells (kind, cause and remedy)."""

    letter: str
    index: int
    name: str
    pieces: tuple[str, ...]
    label: str
    facts: str
    cells: dict[str, Cell]
    pick: bool = False
    baseline: bool = False
    failure: str = ""
    failure_kind: str = "failed"


@dataclass(frozen=True)
class Gap:
    """A number that no variant has: what, why, and what would mend it."""

    title: str
    reason: str


@dataclass(frozen=True)
class Figure:
    """A picture: the name of its drawing, which rows it shows, its caption, and what it says in words for those who do
    not see it. `width_mm` is the width it is drawn for; figures of 84 mm stand in pairs."""

    drawing: str
    letters: tuple[str, ...]
    caption: str
    alt: str
    width_mm: float = 174.0
    name: str = ""


@dataclass(frozen=True)
class TextTable:
    """A table of strings. `align` has "l" or "r" for each column; `note` stands below it. `weights` share the width among the columns
    where they are given. `strong` are the places of the rows that are sums. A line break in a cell begins its second, smaller line."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    note: str = ""
    letters: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    strong: tuple[int, ...] = ()


@dataclass(frozen=True)
class Note:
    """A warning, deviation or limit: `sign` "!", "≠", "×" or "–"."""

    sign: str
    text: str


@dataclass(frozen=True)
class Section:
    """One numbered section: its finding is repeated on page 1."""

    kind: str
    title: str
    finding: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[TextTable, ...] = ()
    gaps: tuple[Gap, ...] = ()
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """How it was measured: pairs of word and fact, the power sources, what executed, what a log of an outside meter says beside it, and
    what a reader must know."""

    machine: tuple[tuple[str, str], ...]
    protocol: tuple[tuple[str, str], ...]
    sensors: TextTable
    warnings: tuple[Note, ...]
    limits: tuple[Note, ...]
    commands: tuple[str, ...]
    identity: tuple[tuple[str, str], ...]
    executed: TextTable
    remedies: tuple[str, ...] = ()
    joined: tuple[TextTable, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that is printed, once. `limit` is the loss of accuracy the user accepts, as a fraction (of an error: how much more).

    `columns` and `rows` cover every metric and variant: PDF, CSV and the window take their strings from here. `shown` names
    the columns of the comparison table.
    """

    title: str
    title_pieces: tuple[str, ...]
    what: tuple[str, ...]
    who: tuple[str, ...]
    date: str
    run: str
    stamps: tuple[Stamp, ...]
    bold: str
    rest: str
    pick: str
    pick_pieces: tuple[str, ...]
    keys: tuple[KeyNumber, ...]
    forest: tuple[Figure, ...]
    no_forest: str
    table_caption: str
    columns: dict[str, Column]
    shown: tuple[str, ...]
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    method: Method
    covers: tuple[tuple[str, str], ...]
    legend: tuple[tuple[str, str, str], ...]
    limit: float = 0.01
    keywords: tuple[str, ...] = field(default=())

    def row(self, letter: str) -> Row:
        return next(row for row in self.rows if row.letter == letter)


def variant(result: RunResult, letter: str) -> VariantResult:
    """The variant with that key."""
    return next(variant for variant in result.variants if variant.letter == letter)
