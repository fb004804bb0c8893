"""The runs of the past, newest first: a double click shows the results again; two or more can be compared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout

from greenbench.core import quote
from greenbench.core.measurement import Provenance
from greenbench.core.run import RunState
from greenbench.gui.controls import Button, Text, row
from greenbench.gui.icons import icon
from greenbench.gui.marks import provenance_pixmap
from greenbench.gui.theme import Theme, font

_STATES = {
    RunState.FINISHED: ("check-circle", "success", "Finished"),
    RunState.FAILED: ("warning-octagon-fill", "danger", "With failures"),
    RunState.CANCELLED: ("prohibit", "muted", "Stopped"),
    RunState.LOST: ("warning", "warning", "Broke off"),
    RunState.RUNNING: ("circle-dashed", "accent", "Running"),
    RunState.PLANNED: ("circle-dashed", "muted", "Planned"),
}
_SCENARIOS = {"single-stream": "Single stream", "offline": "Offline", "server": "Server"}
_ENERGY, _FINDING = 7, 8


class HistoryPage(QFrame):
    """A plain list. `opened` carries the id of a run, `compare_asked` those of the chosen ones, in the order of the list."""

    opened = Signal(str)
    compare_asked = Signal(list)
    join_asked = Signal(str)  # the log of a meter, with this run

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "page")
        self.list = QTreeWidget()
        self.list.setObjectName("history")
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setHeaderLabels(["Pipeline", "When", "State", "Took", "Variants", "Protocol", "Scenario", "Energy", "Finding"])
        self.list.header().setFont(font(12, 600))
        self.list.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.list.header().setFixedHeight(36)
        self.list.header().setStretchLastSection(True)
        for column, width in enumerate((210, 140, 116, 96, 72, 76, 108, 104)):
            self.list.setColumnWidth(column, width)
            self.list.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        self.list.itemActivated.connect(lambda item, _: self.opened.emit(item.data(0, Qt.ItemDataRole.UserRole)))
        self._none = Text("No run yet. Press Run to measure the open pipeline; each run is kept here.", 13, 400, "muted")
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 16)
        layout.setSpacing(10)
        self.compare = Button(theme, "Compare runs", "scales")
        self.compare.clicked.connect(lambda: self.compare_asked.emit(self.chosen()))
        self.join = Button(theme, "Join a meter's log…", "link")
        self.join.clicked.connect(lambda: self.join_asked.emit(self.chosen()[0]))
        self.list.itemSelectionChanged.connect(self._offer)
        layout.addLayout(row(Text("History", 20, 600), 0, self.join, self.compare))
        layout.addWidget(self._none)
        layout.addWidget(card, 1)
        self._card = card
        self.show_runs([])

    def chosen(self) -> list[str]:
        """The ids of the chosen runs, newest first."""
        items = (self.list.topLevelItem(place) for place in range(self.list.topLevelItemCount()))
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in items if item is not None and item.isSelected()]

    def _offer(self) -> None:
        count = len(self.chosen())
        self.join.setEnabled(count == 1)
        self.join.setToolTip("" if count == 1 else "Choose one run")
        self.compare.setEnabled(count > 1)
        self.compare.setText(f"Compare {count} runs" if count > 1 else "Compare runs")
        self.compare.setToolTip("" if count > 1 else "Choose two or more runs with Ctrl or Shift")

    def show_runs(self, runs: Sequence[Any]) -> None:
        """Shows the store's summaries of runs."""
        self.list.clear()
        self._none.setVisible(not runs)
        self.compare.setVisible(bool(runs))
        self.join.setVisible(bool(runs))
        self._card.setVisible(bool(runs))
        for run in runs:
            name, tone, word = _STATES[RunState(run.state)]
            took = quote.duration(run.seconds) if run.seconds else ""
            protocol, scenario = run.protocol.capitalize(), _SCENARIOS.get(run.scenario, "")
            energy = run.energy.capitalize()
            item = QTreeWidgetItem([run.title, when(run.started), word, took, str(run.variants), protocol, scenario, energy, run.headline])
            if run.energy:
                provenance = Provenance(run.energy)
                tone = "warning" if provenance is Provenance.MODELLED else "second"
                item.setIcon(_ENERGY, QIcon(provenance_pixmap(provenance, self._theme.color(tone), 14, self.devicePixelRatioF())))
                item.setToolTip(_ENERGY, provenance.meaning)
            item.setIcon(2, icon(self._theme, name, tone))
            item.setData(0, Qt.ItemDataRole.UserRole, run.id)
            item.setFont(0, font(13, 500))
            item.setToolTip(0, f"{run.title}\nRun {run.id}")
            item.setToolTip(_FINDING, run.headline)
            self.list.addTopLevelItem(item)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)


def when(started: str, now: datetime | None = None) -> str:
    """An ISO time as people say it: "today 14:41", "yesterday 09:02", "13 Nov 2026 14:41"."""
    moment = datetime.fromisoformat(started)
    today = (now or datetime.now(moment.tzinfo)).date()
    days = (today - moment.date()).days
    day = {0: "today", 1: "yesterday"}.get(days) or f"{moment.day} {moment:%b %Y}"
    return f"{day} {moment:%H:%M}"
