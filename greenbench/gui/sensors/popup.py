"""The power sources in short, as the badge shows them on a click: each with its state, and the way to the page with the rest."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from greenbench.core.measurement import SourceReport, SourceState
from greenbench.gui.controls import Button, GivingText, Icon, ProvenanceMark, Text, line, row
from greenbench.gui.sensors.states import STATES
from greenbench.gui.theme import Theme

_ORDER = (SourceState.IN_USE, SourceState.PERMISSION, SourceState.SILENT, SourceState.STANDBY)
_WIDTH = 400


class SensorPanel(QFrame):
    """A popup under the badge. `page_asked` leads to the sensors page."""

    page_asked = Signal()

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "popup")
        self._theme = theme
        self.setFixedWidth(_WIDTH)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(16, 14, 16, 12)
        self._outer.setSpacing(8)
        self._body = QWidget()
        self.open_page = Button(theme, "Open sensors page", "arrow-right", "plain")
        self.open_page.setProperty("dense", True)
        self.open_page.clicked.connect(self._go)
        self._outer.addWidget(Text("Power sources", 14, 600))
        self._outer.addWidget(self._body)
        self._outer.addWidget(line())
        self._outer.addLayout(row(Text("Live values, remedies, calibration", 12, 400, "muted"), 0, self.open_page))

    def ask(self, anchor: QWidget, reports: Sequence[SourceReport]) -> None:
        """Opens under a widget with these sources."""
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(7)
        if not reports:
            inside.addWidget(Text("The meter has not answered yet.", 12, 400, "muted"))
        there = [report for report in reports if report.state is not SourceState.ABSENT]
        for report in sorted(there, key=lambda report: _ORDER.index(report.state)):
            inside.addWidget(line())
            inside.addLayout(self._line(report))
        absent = len(reports) - len(there)
        if absent:
            inside.addWidget(line())
            words = f"{absent} kinds of sources are not present on this machine" if absent > 1 else "1 kind of source is not present"
            inside.addWidget(Text(words, 12, 400, "muted"))
        self._outer.replaceWidget(self._body, body)
        self._body.hide()
        self._body.deleteLater()
        self._body = body
        self.adjustSize()
        place = anchor.mapToGlobal(anchor.rect().bottomRight())
        self.move(place.x() - self.width(), place.y() + 4)
        self.show()
        self.open_page.setFocus()

    def _line(self, report: SourceReport) -> QVBoxLayout:
        """A source with its state; those in use with the channels that are read."""
        state = STATES[report.state]
        title = Text(report.title, 13, 500)
        words = " ".join(part for part in (report.reason, report.remedy) if part)
        title.setToolTip(words)
        found = QVBoxLayout()
        found.setSpacing(2)
        mark = ProvenanceMark(self._theme, report.provenance)
        found.addLayout(
            row(mark, title, 0, Icon(self._theme, state.icon, state.tone, 14), Text(state.word, 12, 500, state.tone), spacing=6)
        )
        read = [channel.title for channel in report.channels]
        if read:
            said = GivingText(12, 400, "second")
            said.say(", ".join(read))
            found.addLayout(row(20, said, spacing=0))
        return found

    def _go(self) -> None:
        self.hide()
        self.page_asked.emit()
