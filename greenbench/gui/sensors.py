"""The power sources, as the badge shows them on a click: each with its state, what it covers, and the remedy ready to copy."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.measurement import SourceReport, SourceState
from greenbench.gui.controls import Button, Icon, ProvenanceMark, Text, line, row
from greenbench.gui.theme import Theme, font

STATES = {
    SourceState.IN_USE: ("check-circle", "success", "In use"),
    SourceState.STANDBY: ("pause-circle", "muted", "Standby"),
    SourceState.PERMISSION: ("lock-simple", "warning", "Needs permission"),
    SourceState.ABSENT: ("prohibit", "muted", "Not present"),
    SourceState.SILENT: ("warning-octagon-fill", "danger", "No answer"),
}


class SensorPanel(QFrame):
    """A popup under the badge."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "popup")
        self._theme = theme
        self.setFixedWidth(460)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(16, 14, 16, 14)
        self._outer.setSpacing(8)

    def ask(self, anchor: QWidget, reports: Sequence[SourceReport]) -> None:
        """Opens under a widget with these sources."""
        while self._outer.count():
            item = self._outer.takeAt(0)
            widget = item.widget() if item else None
            if widget:
                widget.deleteLater()
        self._outer.addWidget(Text("Power sources", 14, 600))
        if not reports:
            self._outer.addWidget(Text("The meter has not answered yet.", 12, 400, "muted"))
        body = QWidget()
        body.setProperty("role", "clear")
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 8, 0)
        inside.setSpacing(8)
        for report in reports:
            inside.addWidget(line())
            self._add(inside, report)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body.setFixedWidth(420)
        area.setFixedHeight(min(body.sizeHint().height() + 4, 460))
        self._outer.addWidget(area)
        self.adjustSize()
        place = anchor.mapToGlobal(anchor.rect().bottomRight())
        self.move(place.x() - self.width(), place.y() + 4)
        self.show()

    def _add(self, layout: QVBoxLayout, report: SourceReport) -> None:
        name, tone, word = STATES[report.state]
        mark = ProvenanceMark(self._theme, report.provenance)
        title = Text(report.title, 13, 600)
        layout.addLayout(row(mark, title, 0, Icon(self._theme, name, tone, 14), Text(word, 12, 500, tone), spacing=6))
        details = [report.covers, *(f"{channel.title}: {channel.covers}" for channel in report.channels if channel.covers)]
        for text, shade in [*((detail, "second") for detail in details if detail), (report.reason, "second"), (report.remedy, "")]:
            if text:
                layout.addWidget(Text(text, 12, 400, shade, wrap=True))
        for command in report.commands:
            words = Text(command, 11, 400, "second", wrap=True)
            words.setFont(font(11, mono=True))
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(words)
        if report.commands:
            copy = Button(self._theme, "Copy the commands" if len(report.commands) > 1 else "Copy the command", "copy")
            copy.setProperty("dense", True)
            copy.clicked.connect(partial(QGuiApplication.clipboard().setText, "\n".join(report.commands)))
            layout.addLayout(row(copy, 0))
