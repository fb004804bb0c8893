"""Every line of a run's energy ledger: what was done, for whom, how long it took, and its joules."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge
from greenbench.gui.controls import Button, Text, row
from greenbench.gui.icons import icon
from greenbench.gui.theme import Theme, font

_HEADS = ("What", "On what", "For", "Time", "Energy", "")


class LedgerDialog(QDialog):
    """Open it with `open`; Escape closes it."""

    def __init__(self, parent: QWidget, theme: Theme, lines: Sequence[Charge]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Energy ledger")
        self.resize(820, 520)
        self.table = QTreeWidget()
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setHeaderLabels(list(_HEADS))
        self.table.header().setFont(font(12, 600))
        self.table.header().setStretchLastSection(True)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 150), (2, 110), (3, 90), (4, 130), (5, 150)):
            self.table.setColumnWidth(column, width)
        for line in lines:
            self.table.addTopLevelItem(_item(theme, line))
        close = Button(theme, "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(Text("Where every joule of this run went", 16, 600))
        note = "Each joule stands on one line; the lines add up to the run. Joules are gross of idle, of all counted channels."
        layout.addWidget(Text(note, 12, 400, "muted", wrap=True))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(0, close))


def _item(theme: Theme, line: Charge) -> QTreeWidgetItem:
    energy = quote.quote(line.energy)
    state = "from the cache" if line.cached else "failed" if line.failed else ""
    seconds = quote.duration(line.seconds) if line.seconds is not None else ""
    title = f"{line.title}, repeat {line.repeat}" if line.repeat else line.title
    item = QTreeWidgetItem([title, line.kind.value, ", ".join(line.variants), seconds, f"{energy.full} {energy.mark}", state])
    for column in (3, 4):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setFont(4, font(12, 600))
    item.setToolTip(0, title)
    item.setToolTip(4, energy.reason or f"{energy.interval} {energy.unit}, {line.energy.provenance.meaning}".strip())
    if line.cached:
        item.setToolTip(5, "Reused: time and joules are what it took at first.")
        item.setIcon(5, icon(theme, "archive-box", "muted"))
    elif line.failed:
        item.setIcon(5, icon(theme, "warning-octagon-fill", "danger"))
    return item
