"""Every line of a run's energy ledger: what was done, for whom, how long it took, and its joules; below them what all runs took."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge, Spending
from greenbench.gui.controls import Button, Text, row
from greenbench.gui.icons import icon
from greenbench.gui.results.joules import cell_words, with_half
from greenbench.gui.theme import Theme, font

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TIME, _ENERGY, _HALF, _MARK, _STATE = range(3, 8)
_WIDTHS = {1: 150, 2: 90, _TIME: 90, _ENERGY: 96, _HALF: 70, _MARK: 36, _STATE: 150}
_NUMBERS = (_TIME, _ENERGY, _HALF)


class LedgerDialog(QDialog):
    """Open it with `open`; Escape closes it."""

    def __init__(self, parent: QWidget, theme: Theme, lines: Sequence[Charge], spent: Sequence[Spending] = ()) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Energy ledger")
        self.resize(960, 600)
        self._scale = quote.scale("J", [line.energy.value for line in lines])
        self.table = self._table()
        for line in lines:
            self.table.addTopLevelItem(_item(theme, line, self._scale))
        self._add_total(lines)
        close = Button(theme, "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(Text("Where every joule of this run went", 16, 600))
        note = "Each joule stands on one line; the lines add up to the run. Joules are gross of idle, of all counted channels."
        layout.addWidget(Text(note, 12, 400, "muted", wrap=True))
        layout.addWidget(self.table, 1)
        self.spent = Text(spent_words(spent), 12, 400, "second", wrap=True)
        self.spent.setToolTip("Cost of an example × data × experiments: each that was run counts (Schwartz 2019, Green AI, 3)")
        self.spent.setVisible(bool(spent))
        layout.addWidget(self.spent)
        layout.addLayout(row(0, close))

    def _table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setObjectName("history")
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setHeaderLabels(["What", "On what", "For", "Time", f"Energy, {self._scale.unit}", "±", "", ""])
        head = table.header()
        head.setFont(font(12, 600))
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setStretchLastSection(False)
        head.setMinimumSectionSize(30)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            table.setColumnWidth(column, width)
        for column in _NUMBERS:
            table.headerItem().setTextAlignment(column, _RIGHT)
        return table

    def _add_total(self, lines: Sequence[Charge]) -> None:
        # NumPy comes in with this: not before there is something to add.
        from greenbench.analysis.charges import add

        whole = add(lines)
        joules, half = cell_words(whole.energy, self._scale)
        least = "≥ " if whole.at_least else ""
        cells = ["All lines", "", "", quote.duration(whole.seconds), f"{least}{joules}", half, whole.energy.provenance.mark, ""]
        item = QTreeWidgetItem(cells)
        for column in range(len(cells)):
            item.setFont(column, font(12, 600))
        for column in _NUMBERS:
            item.setTextAlignment(column, _RIGHT)
        if whole.missing:
            item.setToolTip(_ENERGY, f"{len(whole.missing)} of {len(lines)} lines have no reading.")
        self.table.addTopLevelItem(item)


def spent_words(spent: Sequence[Spending]) -> str:
    """What several runs took: "All three runs of this pipeline (E·D·H): 12 trainings, 3.40 TFLOP of work, 12.0 kJ in all."."""
    from greenbench.report.making import flop_words, runs_words  # NumPy comes in with this

    said = []
    for each in spent:
        runs = runs_words(each).capitalize()
        trainings = "no training" if not each.experiments else "1 training" if each.experiments == 1 else f"{each.experiments} trainings"
        parts = [trainings, f"{flop_words(each.flop)} of work" if each.flop else ""]
        least = "at least " if each.missing else ""
        if each.energy.value is not None:
            words = with_half(each.energy, quote.scale("J", [each.energy.value]))
            parts.append(f"{least}{words} in all {each.energy.provenance.mark}")
        if each.training.value is not None and each.experiments:
            parts.append(f"{least}{with_half(each.training, quote.scale('J', [each.training.value]))} of it in training")
        said.append(f"{runs} (E·D·H): {', '.join(part for part in parts if part)}.")
    return "\n".join(said)


def _item(theme: Theme, line: Charge, scale: quote.Scale) -> QTreeWidgetItem:
    energy = quote.quote(line.energy)
    joules, half = cell_words(line.energy, scale)
    state = "from the cache" if line.cached else "came to nothing" if line.failed else ""
    seconds = quote.duration(line.seconds) if line.seconds is not None else ""
    title = f"{line.title}, repeat {line.repeat}" if line.repeat else line.title
    item = QTreeWidgetItem([title, line.kind.value, ", ".join(line.variants), seconds, joules, half, energy.mark, state])
    for column in _NUMBERS:
        item.setTextAlignment(column, _RIGHT)
    item.setFont(_ENERGY, font(12, 600))
    item.setToolTip(0, title)
    item.setToolTip(_ENERGY, energy.reason or f"{energy.full}, {energy.interval} {energy.unit}".replace(",  ", ", "))
    item.setToolTip(_MARK, line.energy.provenance.meaning)
    if line.cached:
        item.setToolTip(_STATE, "Reused: time and joules are what it took at first.")
        item.setIcon(_STATE, icon(theme, "archive-box", "muted"))
    elif line.failed:
        item.setIcon(_STATE, icon(theme, "prohibit", "muted"))
        item.setToolTip(_STATE, "It failed or was stopped: its joules were spent all the same.")
    return item
