"""The card of the energy ledger: where the joules of a run went, as a bar and line by line."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import RunResult
from greenbench.gui.controls import Button, ProvenanceMark, Text, row
from greenbench.gui.results.card import Card
from greenbench.gui.results.joules import cell_words, with_half
from greenbench.gui.results.ledger_dialog import LedgerDialog
from greenbench.gui.results.stack_bar import Part, StackBar
from greenbench.gui.theme import Theme


@dataclass(frozen=True)
class Group:
    """Lines of one purpose: their title, colour token, and the kinds they are of."""

    title: str
    color: str
    kinds: tuple[ChargeKind, ...]


GROUPS = (
    Group("Data and models", "group_sources", (ChargeKind.DATA, ChargeKind.MODEL)),
    Group("Training", "group_train", (ChargeKind.TRAINING,)),
    Group("Compression", "group_compress", (ChargeKind.COMPRESSION, ChargeKind.CALIBRATION)),
    Group("Distillation", "group_distil", (ChargeKind.DISTILLATION,)),
    Group("Search", "port_data", (ChargeKind.SEARCH,)),
    Group("Measuring", "group_measure", tuple(kind for kind in ChargeKind if kind.measuring)),
    Group("Between the steps", "group_report", (ChargeKind.OVERHEAD,)),
)


@dataclass(frozen=True)
class GroupSum:
    """A group of this run: its lines, its joules (None: no reading), its share of what has a reading."""

    group: Group
    lines: tuple[Charge, ...]
    energy: Measurement
    share: float | None
    missing: int = 0

    @property
    def energy_j(self) -> float | None:
        return self.energy.value


def sums(lines: Sequence[Charge]) -> list[GroupSum]:
    """The groups that have lines, in the order of the work."""
    # NumPy comes in with this: not before there is something to add.
    from greenbench.analysis.charges import add

    total = sum(line.energy.value or 0.0 for line in lines)
    found = []
    for group in GROUPS:
        mine = tuple(line for line in lines if line.kind in group.kinds)
        if not mine:
            continue
        energy = add(mine)
        share = energy.energy.value / total if energy.energy.value is not None and total else None
        found.append(GroupSum(group, mine, energy.energy, share, len(energy.missing)))
    return found


class LedgerCard(Card):
    """The groups of a run, and a door to every line."""

    def __init__(self, theme: Theme) -> None:
        self.every = Button(theme, "Every line…", "list-bullets", "quiet")
        super().__init__("Where the joules went", "", [self.every])
        self._theme = theme
        self._result: RunResult | None = None
        self.lines: tuple[Charge, ...] = ()
        self.mark, self.total = ProvenanceMark(theme), Text("", 12, 600)
        self.bar = StackBar(theme)
        self._rows = QWidget()
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.words = Text("", 12, 400, "muted", wrap=True)
        self.body.addLayout(row(Text("This run, with what was reused", 12, 600), 0, self.mark, self.total, spacing=6))
        self.body.addWidget(self.bar)
        self.body.addWidget(self._rows)
        self.body.addWidget(self.words)
        self.body.addStretch(1)
        self.every.clicked.connect(self._open)

    def show_result(self, result: RunResult) -> None:
        # SciPy comes in with this: not before there is something to judge.
        from greenbench.analysis.charges import add, ledger

        self._result, self.lines = result, ledger(result)
        whole = add(self.lines)
        found = sums(self.lines)
        self.every.setVisible(bool(self.lines))
        self.mark.set(whole.energy.provenance if self.lines else Provenance.UNAVAILABLE)
        quoted = quote.quote(whole.energy if self.lines else Measurement.missing("J", "Nothing was run."))
        words = with_half(whole.energy, quote.scale("J", [whole.energy.value])) if self.lines else quoted.full
        self.total.setText(f"at least {words}" if whole.at_least else words)
        self.total.setToolTip(quoted.reason)
        scale = quote.scale("J", [each.energy_j for each in found if each.energy_j])
        self.bar.show_parts([_part(each, scale) for each in found if each.energy_j])
        self.bar.setVisible(bool(self.bar.parts))
        self._fill(found, scale)
        self.words.setText(ledger_words(result, self.lines, quoted.reason))
        self.words.setVisible(bool(self.words.text()))

    def _fill(self, found: Sequence[GroupSum], scale: quote.Scale) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        right = Qt.AlignmentFlag.AlignRight
        heads = ("", scale.unit, "±", "share", "time")
        for column, words in enumerate(heads):
            self._grid.addWidget(Text(words, 11, 400, "muted"), 0, column, right if column else Qt.AlignmentFlag.AlignLeft)
        for place, each in enumerate(found, start=1):
            joules, half = cell_words(each.energy, scale)
            share = quote.NO_READING if each.share is None else f"{quote.significant(each.share * 100, 2)} %"
            seconds = sum(line.seconds or 0.0 for line in each.lines)
            cells = (Text(each.group.title, 12), Text(joules, 12, 600), Text(half, 12, 400, "second"), Text(share, 12, 400, "second"))
            for column, cell in enumerate((*cells, Text(quote.duration(seconds), 12, 400, "second"))):
                cell.setToolTip("\n".join(_named(line) for line in each.lines))
                self._grid.addWidget(cell, place, column, right if column else Qt.AlignmentFlag.AlignLeft)

    def _open(self) -> None:
        if self._result is not None:
            LedgerDialog(self.window(), self._theme, self.lines, self._result.spent).open()


def _part(each: GroupSum, scale: quote.Scale) -> Part:
    hint = f"{each.group.title}: " + ", ".join(line.title for line in each.lines)
    return Part(each.energy_j or 0.0, each.group.title, each.group.color, hint)


def _named(line: Charge) -> str:
    energy = quote.quote(line.energy)
    return f"{line.title}: {energy.full}{' (from the cache, at its first cost)' if line.cached else ''}"


def reach_words(lines: Sequence[Charge]) -> str:
    """What the sum is of where some lines were read at the wall and others inside the machine: "" where they are of one kind."""
    kinds = {line.energy.provenance for line in lines if line.energy.value is not None}
    if Provenance.EXTERNAL not in kinds or len(kinds) == 1:
        return ""
    return "Partly the whole system at a wall meter, partly the chips alone: the sum is of unlike readings and carries the weaker mark."


def ledger_words(result: RunResult, lines: Sequence[Charge], reason: str) -> str:
    """What a reader must know of the sum: what has no reading, what was reused, and what earlier runs took."""
    words = []
    missing = [line for line in lines if line.energy.value is None]
    if missing and len(missing) == len(lines):
        words.append(reason)
    elif missing:
        words.append(f"{len(missing)} of {len(lines)} lines have no reading.")
    mixed = reach_words(lines)
    if mixed:
        words.append(mixed)
    cached = sum(line.cached for line in lines)
    if cached:
        words.append(
            f"{cached} {'line was' if cached == 1 else 'lines were'} reused and {'keeps' if cached == 1 else 'keep'} the first cost."
        )
    # NumPy comes in with this: not before there is something to tell.
    from greenbench.report.making import runs_words

    for spent in result.spent:
        if spent.runs > 1 and spent.energy.value is not None:
            words.append(f"{runs_words(spent).capitalize()}: {quote.quote(spent.energy).full} {spent.energy.provenance.mark}.")
    return " ".join(word for word in words if word)
