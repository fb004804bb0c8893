"""The dialog "Add external meter": what it is, where it is, and its settings from the same field descriptions as any form."""

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from greenbench.core import places
from greenbench.core.errors import GreenBenchError, ParameterError
from greenbench.core.external import PARAMS, ExternalKind, add_meter, described
from greenbench.core.params import FieldSpec, field_specs
from greenbench.core.run import Failure
from greenbench.gui.controls import Button, Segments, Text, row
from greenbench.gui.forms.form import FormRow
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.sensors.room import needed, room_on_screen, show_whole
from greenbench.gui.theme import Theme, font

_WIDTH, _FORM_LEAST = 520, 72
_SIDE = 20
_EXAMPLES = {ExternalKind.SHELLY: "192.168.1.40", ExternalKind.TASMOTA: "192.168.1.40", ExternalKind.SCPI: "TCPIP::192.168.1.50::INSTR"}


class ExternalDialog(QDialog):
    """`added` carries the key of the meter's line of power and its title, once it is kept."""

    added = Signal(str, str)

    def __init__(self, parent: QWidget | None, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: dict[str, Any] = {}
        self.rows: dict[str, FormRow] = {}
        self.setWindowTitle("Add external meter")
        self.setFixedWidth(_WIDTH)
        self.kind = Segments([(kind, words) for kind, words in _kinds()], ExternalKind.SHELLY, height=32)
        self.kind.chosen.connect(lambda _: self._take_kind())
        self.address, self.title = QLineEdit(), QLineEdit()
        self.title.setPlaceholderText("Optional, as it shall be called in tables and reports")
        self._help = Text("", 12, 400, "muted", wrap=True)
        self.failure = FailureCard(theme)
        self.more = QPushButton()
        self.go = Button(theme, "Add", "plus", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.keep)
        self._form = QWidget()
        self._area = QScrollArea()
        self._lay_out(theme)
        self._take_kind()
        for field in (self.address, self.title):
            field.textChanged.connect(lambda _: self._changed())
        self.address.setFocus()

    def _lay_out(self, theme: Theme) -> None:
        for field, name in ((self.address, "Address"), (self.title, "Name")):
            field.setFont(font(13))
            field.setAccessibleName(name)
        leave = Button(theme, "Cancel")
        leave.clicked.connect(self.reject)
        self.more.setProperty("kind", "quiet")
        self.more.setFont(font(12, 500))
        self.more.setCheckable(True)
        self.more.toggled.connect(lambda _: self._show_rows())
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE, 18, _SIDE, 18)
        layout.setSpacing(10)
        what = (
            "A wall plug or lab meter sees the whole system, power supply included. "
            "What it reads becomes the total where blocks last 100 of its refreshes."
        )
        layout.addWidget(Text(what, 12, 400, "second", wrap=True))
        layout.addLayout(row(self.kind, 0))
        for word, *widgets in (("Address", self.address, self._help), ("Name", self.title)):
            layout.addWidget(Text(word, 13, 500))
            for widget in widgets:
                layout.addWidget(widget)
        layout.addWidget(self._area, 1)
        layout.addWidget(self.failure)
        layout.addLayout(row(self.more, 0, leave, self.go))

    # ---- what is asked ----------------------------------------------------------------------------------------

    @property
    def specs(self) -> tuple[FieldSpec, ...]:
        return field_specs(PARAMS[self.kind.value()])

    def _take_kind(self) -> None:
        """The settings of the chosen kind, at their defaults."""
        kind = self.kind.value()
        self._values = {spec.name: spec.default for spec in self.specs}
        self.address.setPlaceholderText(_EXAMPLES[kind])
        self._help.setText(kind.address_help)
        self.failure.hide()
        form = QWidget()
        form.setProperty("role", "clear")
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        self.rows = {}
        for spec in sorted(self.specs, key=lambda spec: spec.advanced):
            line = FormRow(spec, self._theme)
            line.given.connect(lambda value, name=spec.name: self._give(name, value))
            line.reset_wanted.connect(lambda name=spec.name, default=spec.default: self._give(name, default))
            self.rows[spec.name] = line
            column.addWidget(line)
        column.addStretch(1)
        self._form = form
        self._area.setWidget(form)
        for name, line in self.rows.items():
            line.show_value(self._values[name])
        self.more.setChecked(False)
        self._show_rows()
        self._mind()

    def _give(self, name: str, value: Any) -> None:
        """Takes a value; one that is not possible says so under its field and is not kept."""
        line = self.rows[name]
        try:
            PARAMS[self.kind.value()].checked({**self._values, name: value})
        except ParameterError as error:
            line.show_error(error)
        else:
            self._values[name] = value
            line.show_value(value)
        self._show_rows()
        self._changed()

    def _show_rows(self) -> None:
        wanted = self.more.isChecked()
        hidden = 0
        for spec in self.specs:
            matters = spec.visible(self._values)
            self.rows[spec.name].setVisible(matters and (wanted or not spec.advanced))
            hidden += matters and spec.advanced
        self.more.setText("Fewer settings" if wanted else f"More: {hidden} setting{'s' if hidden != 1 else ''}")
        self.more.setVisible(bool(hidden))
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """The settings get the room they need, and scroll where the screen has less: what was refused and the buttons stay in sight."""
        column = self._form.layout()
        if column is None:
            return
        column.activate()
        margins = self.contentsMargins().left() + 2 * _SIDE + 16  # a scroll bar may come
        form = max(column.totalHeightForWidth(_WIDTH - margins), self._form.sizeHint().height()) + 2
        self._area.setFixedHeight(0)
        self._area.setFixedHeight(min(form, max(room_on_screen(self) - needed(self), _FORM_LEAST)))
        show_whole(self, shrink=True)

    def _changed(self) -> None:
        """What was refused is no longer what stands there."""
        if not self.failure.isHidden():
            self.failure.hide()
            QTimer.singleShot(0, self, self._fit)
        self._mind()

    def _mind(self) -> None:
        bad = any(line.bad for line in self.rows.values())
        self.go.setEnabled(bool(self.address.text().strip()) and not bad)

    # ---- keeping ----------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keeps the meter, or says what is wrong with it."""
        try:
            meter = described(self.kind.value(), self.address.text(), self.title.text(), self._values)
            kept = add_meter(places.home(), meter)
        except GreenBenchError as error:
            self.failure.show_failure(Failure(kind="", message=error.message, remedy=error.remedy), "This meter cannot be added")
            QTimer.singleShot(0, self, self._fit)
            return
        self.added.emit(kept.channel, kept.title)
        self.accept()


def _kinds() -> list[tuple[ExternalKind, str]]:
    """In the order of how common they are, in words short enough to stand side by side."""
    return [(kind, kind.words) for kind in ExternalKind]
