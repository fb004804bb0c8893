"""The panel beside the table: what is the matter with the selected source, the remedy ready to copy, what contains what."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.calibration import Calibration
from greenbench.core.measurement import SourceState
from greenbench.gui.controls import Button, GivingText, Icon, IconButton, Text, line, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.sensors.nesting import NestView
from greenbench.gui.sensors.rows import SensorRow
from greenbench.gui.sensors.table import Reading
from greenbench.gui.sensors.words import NO_ADMINISTRATOR, calibration_words, facts, what_changes, where_from, why
from greenbench.gui.theme import Theme, font

_SOFT = {"success": "pill-success", "warning": "pill-warning", "danger": "pill-danger", "muted": "pill-muted"}


class CodeBox(QFrame):
    """Commands as they are typed, whole lines wrapped and none cut off, with a button that copies them."""

    def __init__(self, theme: Theme, commands: Sequence[str]) -> None:
        super().__init__()
        self.setProperty("role", "sunken")
        self.commands = "\n".join(commands)
        self._words = QPlainTextEdit(self.commands)
        self._words.setReadOnly(True)
        self._words.setFrameShape(QFrame.Shape.NoFrame)
        self._words.setProperty("role", "code")
        self._words.setFont(font(11, mono=True))
        self._words.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._words.setTabChangesFocus(True)
        for policy in (self._words.setVerticalScrollBarPolicy, self._words.setHorizontalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._words.setAccessibleName("Commands")
        self.copy_button = IconButton(theme, "copy", "Copy the commands", "muted", 14)
        self.copy_button.clicked.connect(self.copy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(0)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)

    def copy(self) -> None:
        """Puts the commands on the clipboard."""
        QGuiApplication.clipboard().setText(self.commands)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        lines, block = 0, self._words.document().begin()
        while block.isValid():
            self._words.blockBoundingRect(block)  # wraps it, which else waits until it is drawn
            lines += block.layout().lineCount()
            block = block.next()
        self._words.setFixedHeight(14 + lines * (self._words.fontMetrics().lineSpacing() + 1))


class DetailPanel(QScrollArea):
    """`again_asked`: look for the sources once more; `calibrate_asked` and `remove_asked` carry the key of an external meter."""

    again_asked = Signal()
    copied = Signal()
    add_asked = Signal()
    calibrate_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[object, ...] = ()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Selected source")
        self.nests = NestView(theme)
        self._body = QWidget()
        self._body.setProperty("role", "surface")
        self._layout = QVBoxLayout(self._body)
        self._layout.setContentsMargins(14, 16, 14, 18)
        self._layout.setSpacing(8)
        self._head = QWidget()
        self._layout.addWidget(self._head)
        self._nested, self._changing = self._section(), self._section()
        key = GivingText(11, 400, "muted")
        key.say("filled = added to the total")
        self._nested[1].addLayout(row(Text("What contains what", 12, 600), 0, key))
        self._nested[1].addWidget(self.nests)
        self.changes = Text("", 12, 400, "second", wrap=True)
        self._changing[1].addWidget(Text("What changes", 12, 600))
        self._changing[1].addWidget(self.changes)
        self._layout.addStretch(1)
        self.setWidget(self._body)

    def _section(self) -> tuple[QWidget, QVBoxLayout]:
        """A part of the panel under a line."""
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(line())
        self._layout.addWidget(part)
        return part, column

    def show_row(self, rows: Sequence[SensorRow], key: str, calibration: Calibration | None) -> None:
        """Shows the row of that key; where it is as it was, nothing is built anew."""
        shown = (tuple(rows), key, calibration)
        if shown == self._shown:
            return
        self._shown = shown
        self.nests.show_rows(rows, key)
        chosen = next((row for row in rows if row.key == key), None)
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        if chosen is not None:
            self._fill(column, chosen, calibration)
            self.changes.setText(what_changes(chosen, rows))
        else:
            column.addWidget(Text("The meter has not answered yet.", 13, 400, "muted"))
            self.changes.setText("")
        self._nested[0].setVisible(any(row.channel is not None for row in rows))
        self._changing[0].setVisible(chosen is not None)
        self._layout.replaceWidget(self._head, head)
        self._head.hide()
        self._head.deleteLater()
        self._head = head
        self._fit()

    def show_now(self, now: Mapping[str, Reading]) -> None:
        self.nests.show_now(now)

    def _fill(self, column: QVBoxLayout, chosen: SensorRow, calibration: Calibration | None) -> None:
        column.addLayout(self._title(chosen))
        column.addWidget(Text(where_from(chosen), 12, 400, "muted", wrap=True))
        if words := why(chosen):
            column.addWidget(self._prose(words, 13, "text"))
        if chosen.channel is not None:
            column.addLayout(self._facts(chosen))
        report = chosen.report
        if report.remedy:
            column.addSpacing(4)
            column.addWidget(Text("Remedy", 12, 600))
            column.addWidget(self._prose(report.remedy, 12, "second"))
        self._buttons(column, chosen)
        if chosen.external:
            self._external(column, chosen, calibration)

    def _title(self, chosen: SensorRow) -> QHBoxLayout:
        state = chosen.state
        pill = QFrame()
        pill.setProperty("role", _SOFT[state.tone])
        pill.setLayout(
            row(Icon(self._theme, state.icon, state.tone, 14), Text(state.word, 12, 600, state.tone), spacing=5, margins=(9, 0, 10, 0))
        )
        pill.setFixedHeight(24)
        title = Text(chosen.title, 14, 600, wrap=True)
        found = row(title, spacing=8)
        found.setStretch(0, 1)
        found.addWidget(pill, 0, Qt.AlignmentFlag.AlignTop)
        return found

    def _facts(self, chosen: SensorRow) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        for place, (word, value) in enumerate(facts(chosen)):
            grid.addWidget(Text(word, 12, 400, "muted"), place, 0)
            grid.addWidget(Text(value, 12, 500), place, 1, Qt.AlignmentFlag.AlignRight)
        return grid

    def _buttons(self, column: QVBoxLayout, chosen: SensorRow) -> None:
        report = chosen.report
        mends = report.state is not SourceState.IN_USE
        again = Button(self._theme, "Test again", "arrows-clockwise")
        again.clicked.connect(self.again_asked)
        if chosen.act == "fold":
            return
        if chosen.act == "add":
            add = Button(self._theme, "Add external meter…", "plus", "primary")
            add.clicked.connect(self.add_asked)
            column.addLayout(row(add, 0))
        elif report.commands and mends:
            box = CodeBox(self._theme, report.commands)
            column.addWidget(box)
            copy = Button(self._theme, "Copy commands" if len(report.commands) > 1 else "Copy command", "copy", "primary")
            copy.clicked.connect(box.copy)
            copy.clicked.connect(self.copied)
            column.addLayout(row(copy, again, 0))
            if any("sudo" in command for command in report.commands):
                column.addWidget(Text(NO_ADMINISTRATOR, 12, 400, "muted", wrap=True))
        elif mends:
            column.addLayout(row(again, 0))

    def _external(self, column: QVBoxLayout, chosen: SensorRow, calibration: Calibration | None) -> None:
        """What can be done with a meter of the user's own."""
        if chosen.channel is not None and calibration is not None and calibration.external == chosen.key:
            column.addSpacing(4)
            column.addWidget(Text(f"Calibrated {calibration.date[:10]}", 12, 600))
            column.addWidget(Text(calibration.equation, 12, 500, "second", wrap=True))
            column.addWidget(self._prose(calibration_words(calibration), 12, "second"))
        buttons: list[QWidget | int] = []
        if chosen.act == "calibrate":
            calibrate = Button(self._theme, "Calibrate…", "ruler")
            calibrate.clicked.connect(lambda: self.calibrate_asked.emit(chosen.key))
            buttons.append(calibrate)
        if chosen.report.key.startswith("external:"):
            remove = Button(self._theme, "Remove…", "trash")
            remove.clicked.connect(lambda: self.remove_asked.emit(chosen.report.key))
            buttons.append(remove)
        column.addLayout(row(*buttons, 0))

    @staticmethod
    def _prose(words: str, size: float, tone: str) -> Text:
        found = Text(breakable(words), size, 400, tone, wrap=True)
        found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Keeps the room for every line of the sentences: a page that scrolls would squeeze them."""
        margins = self._layout.contentsMargins()
        width = self.viewport().width() - margins.left() - margins.right()
        for words in self._body.findChildren(Text):
            if words.wordWrap() and words.parentWidget() in (self._head, self._changing[0]):
                words.setMinimumHeight(max(words.heightForWidth(max(width, 100)), 0))
