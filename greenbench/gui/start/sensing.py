"""What the sensors say, on the start page: how direct the watts of this machine will be, and what would make them better."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.gui.controls import Button, GivingText, Icon, ProvenanceMark, Text, line, row
from greenbench.gui.sensors.states import STATES
from greenbench.gui.theme import Theme

_MOST = 5
_ORDER = (SourceState.IN_USE, SourceState.PERMISSION, SourceState.SILENT, SourceState.STANDBY, SourceState.ABSENT)


def finding(reports: Sequence[SourceReport]) -> tuple[Provenance, str, str]:
    """The provenance of the watts, and two sentences: what is read, and what that means."""
    if not reports:
        return Provenance.UNAVAILABLE, "The meter is starting.", "It looks for power counters; that takes a moment."
    used = [report for report in reports if report.state is SourceState.IN_USE]
    measured = [report for report in used if report.provenance.measured]
    if measured:
        titles = [channel.title for report in measured for channel in report.channels if channel.counted]
        found = Provenance.least([report.provenance for report in measured])
        return found, "Power is measured on this machine.", f"Read: {', '.join(titles or [report.title for report in measured])}."
    blocked = any(report.state is SourceState.PERMISSION for report in reports)
    why = "A power counter is there, but it may not be read." if blocked else "No readable power counter on this machine."
    if used:
        guess = "Watts are estimated from processor load, with a band of ± 50 %. Fine for a first look; reports say so."
        return Provenance.MODELLED, why, guess
    return Provenance.UNAVAILABLE, why, "Energy will have no reading; size, accuracy and latency are measured."


class SensorCard(QFrame):
    """`all_asked`: every source with its remedy, ready to copy."""

    all_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._theme = theme
        self._mark = ProvenanceMark(theme)
        self.word = Text("", 13, 600)
        self.finding = Text("", 13, 600, wrap=True)
        self.meaning = Text("", 12, 400, "second", wrap=True)
        self.allow = Button(theme, "How to allow reading", "lock-simple")
        self.every = Button(theme, "All sensors", "", "link")
        for button in (self.allow, self.every):
            button.clicked.connect(self.all_asked)
        self._rows = QWidget()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(18, 16, 18, 14)
        self._layout.setSpacing(6)
        self._layout.addLayout(row(Text("Sensors", 14, 600), 0, self._mark, self.word, spacing=6))
        self._layout.addSpacing(4)
        self._layout.addWidget(self.finding)
        self._layout.addWidget(self.meaning)
        self._layout.addWidget(self._rows)
        self._layout.addLayout(row(self.allow, self.every, 0))
        self.show_sources(())

    def show_sources(self, reports: Sequence[SourceReport]) -> None:
        """Says what is in use, and lists the sources that matter most."""
        provenance, first, second = finding(reports)
        self._mark.set(provenance)
        word = "Looking" if not reports else provenance.value.capitalize() if not provenance.measured else "Measured"
        self.word.setText(word)
        self.word.set_tone("warning" if provenance is Provenance.MODELLED else "success" if provenance.measured else "muted")
        self.finding.setText(first)
        self.meaning.setText(second)
        self.allow.setVisible(any(report.state is SourceState.PERMISSION for report in reports))
        self.every.setVisible(bool(reports))
        rows = QWidget()
        inside = QVBoxLayout(rows)
        inside.setContentsMargins(0, 4, 0, 4)
        inside.setSpacing(6)
        for report in sorted(reports, key=lambda report: _ORDER.index(report.state))[:_MOST]:
            state = STATES[report.state]
            inside.addWidget(line())
            title = GivingText(12, 500)
            title.say(report.title)
            title.setAccessibleDescription(f"{report.reason} {report.remedy}".strip())
            inside.addLayout(row(title, 0, Icon(self._theme, state.icon, state.tone, 14), Text(state.word, 12, 400, state.tone), spacing=5))
        self._layout.replaceWidget(self._rows, rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows = rows
        inside.activate()
        rows.setMinimumHeight(inside.sizeHint().height())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Keeps the room for every line of the sentences: a page that scrolls would squeeze them."""
        margins = self._layout.contentsMargins()
        width = self.width() - margins.left() - margins.right()
        for words in (self.finding, self.meaning):
            words.setMinimumHeight(words.heightForWidth(width))
