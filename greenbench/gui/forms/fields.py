"""A widget for each kind of parameter. The form asks `field_widget(spec)`; which class answers stands in one table.

A field reports what the user gives by `given(value)`: a value of the parameter's own kind, not yet checked against limits.
"""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.errors import ParameterError
from greenbench.core.params import FieldKind, FieldSpec
from greenbench.gui.controls import Choice, Segments, Text
from greenbench.gui.forms.field import Field
from greenbench.gui.forms.text_fields import LinesField, PathField, TextField
from greenbench.gui.forms.typed import shown_value, typed_value
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font

_SLIDER_STEPS, _SLIDER_COUNT = 1000, 500


class TypedField(Field):
    """A number that is typed, with its unit inside, stepped by arrow keys. The wheel scrolls the form and never steps it."""

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self._value: Any = spec.default
        self.line = QLineEdit()
        self.line.setFont(font(13))
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.line.installEventFilter(self)
        unit = "%" if spec.percent else spec.unit
        self._unit = Text(unit, 12, 400, "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 0, Qt.AlignmentFlag.AlignLeft)
        room = self._unit.sizeHint().width() + 5 if unit else 0
        self.line.setTextMargins(0, 0, room, 0)
        self.line.setFixedWidth(max(92, 66 + room))
        inner = QHBoxLayout(self.line)
        inner.setContentsMargins(0, 0, 9, 0)
        inner.addStretch(1)
        inner.addWidget(self._unit)
        self._unit.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.line.textEdited.connect(self._typed)
        self.line.editingFinished.connect(self._settle)

    @property
    def control(self) -> QWidget:
        return self.line

    def _typed(self, text: str) -> None:
        try:
            value = typed_value(self.spec, text)
        except ParameterError as error:
            self.refused.emit(error)
            return
        self._value = value
        self.given.emit(value)

    def _settle(self) -> None:
        """Leaving the field writes the value in its usual form, unless it was refused."""
        if not self.line.property("bad"):
            self.show_value(self._value)

    def show_value(self, value: Any) -> None:
        self._value = value
        text = shown_value(self.spec, value)
        if not self.line.hasFocus() or not self._same(text):
            self.line.setText(text)

    def _same(self, text: str) -> bool:
        """Whether what stands there means the same; then a person who types is left in peace."""
        try:
            return bool(typed_value(self.spec, self.line.text()) == typed_value(self.spec, text))
        except ParameterError:
            return False

    def step(self, by: int) -> None:
        """One step up or down, kept within the limits."""
        spec = self.spec
        size = spec.step or (1 if spec.kind is FieldKind.INTEGER else 0.01 if spec.percent else _tenth(self._value))
        value = self._value + by * size
        if spec.minimum is not None:
            value = max(value, spec.minimum + (size if spec.exclusive_minimum and value <= spec.minimum else 0))
        if spec.maximum is not None:
            value = min(value, spec.maximum - (size if spec.exclusive_maximum and value >= spec.maximum else 0))
        value = int(value) if spec.kind is FieldKind.INTEGER else round(value, 10)
        self._value = value
        self.line.setText(shown_value(spec, value))
        self.given.emit(value)

    def set_bad(self, bad: bool) -> None:
        if bool(self.line.property("bad")) != bad:
            restyle(self.line, bad=bad)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.step(1 if event.key() == Qt.Key.Key_Up else -1)
            return True
        return super().eventFilter(watched, event)


class SliderField(Field):
    """A number between two limits: the typed field, and under the label a slider with its ends."""

    wide = True

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.typed = TypedField(spec, theme)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, self._count())
        self.slider.setAccessibleName(spec.title)
        self.slider.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.slider)
        ends = QHBoxLayout()
        ends.addWidget(Text(spec.format(spec.minimum), 11, 400, "muted"))
        ends.addStretch(1)
        ends.addWidget(Text(spec.format(spec.maximum), 11, 400, "muted"))
        layout.addLayout(ends)
        self.slider.valueChanged.connect(self._slid)
        self.typed.given.connect(self._passed)
        self.typed.refused.connect(self.refused)

    @property
    def control(self) -> QWidget:
        return self.typed

    def _span(self) -> tuple[float, float]:
        return float(self.spec.minimum or 0), float(self.spec.maximum or 0)

    def _count(self) -> int:
        low, high = self._span()
        step = self.spec.step or (1.0 if self.spec.kind is FieldKind.INTEGER else (high - low) / 100)
        return max(1, min(round((high - low) / step), _SLIDER_STEPS))

    def _slid(self, position: int) -> None:
        low, high = self._span()
        size = (high - low) / self._count()
        inside = min(max(position, 1 if self.spec.exclusive_minimum else 0), self._count() - (1 if self.spec.exclusive_maximum else 0))
        value = low + inside * size
        value = round(value) if self.spec.kind is FieldKind.INTEGER else round(value, 6)
        self.typed.show_value(value)
        self.given.emit(value)

    def _passed(self, value: Any) -> None:
        self._place(value)
        self.given.emit(value)

    def _place(self, value: Any) -> None:
        low, high = self._span()
        with QSignalBlocker(self.slider):
            self.slider.setValue(round((float(value) - low) / (high - low) * self._count()))

    def show_value(self, value: Any) -> None:
        self.typed.show_value(value)
        self._place(value)

    def set_bad(self, bad: bool) -> None:
        self.typed.set_bad(bad)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the panel, whatever has the focus; it must not change a setting in passing."""
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class SwitchField(Field):
    """Yes or no."""

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.box = QCheckBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self.box)
        self.box.toggled.connect(lambda on: self.given.emit(on))

    @property
    def control(self) -> QWidget:
        return self.box

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            self.box.setChecked(bool(value))


class SegmentField(Field):
    """A choice among two or three."""

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.segments = Segments(spec.choices, spec.default)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.segments)
        self.segments.chosen.connect(self.given)

    def show_value(self, value: Any) -> None:
        self.segments.set_value(value)


class ComboField(Field):
    """A choice among many."""

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.box = Choice()
        self.box.setFont(font(13))
        self.box.setMinimumWidth(120)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for value, title in spec.choices:
            self.box.addItem(title, value)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        self.box.activated.connect(lambda index: self.given.emit(self.box.itemData(index)))

    @property
    def control(self) -> QWidget:
        return self.box

    def show_value(self, value: Any) -> None:
        values = [choice for choice, _ in self.spec.choices]
        self.box.setCurrentIndex(values.index(value) if value in values else -1)

    def set_bad(self, bad: bool) -> None:
        restyle(self.box, bad=bad)


def _tenth(value: Any) -> float:
    """A step that suits the size of a number: a tenth of its leading digit."""
    from math import floor, log10

    return 10.0 ** (floor(log10(abs(value))) - 1) if value else 0.1


def _number(spec: FieldSpec, theme: Theme) -> Field:
    """With both limits and an even scale between them, a slider; a learning rate from 0 to 10 is better typed."""
    if spec.minimum is None or spec.maximum is None:
        return TypedField(spec, theme)
    counted = spec.kind is FieldKind.INTEGER and spec.maximum - spec.minimum <= _SLIDER_COUNT
    return SliderField(spec, theme) if spec.percent or spec.step or counted else TypedField(spec, theme)


def _choice(spec: FieldSpec, theme: Theme) -> Field:
    short = sum(len(title) for _, title in spec.choices) <= 24
    return SegmentField(spec, theme) if len(spec.choices) <= 3 and short else ComboField(spec, theme)


WIDGETS: dict[FieldKind, Callable[[FieldSpec, Theme], Field]] = {
    FieldKind.INTEGER: _number,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: SwitchField,
    FieldKind.CHOICE: _choice,
    FieldKind.TEXT: TextField,
    FieldKind.LINES: LinesField,
    FieldKind.FOLDER: PathField,
    FieldKind.FILE: PathField,
}


def field_widget(spec: FieldSpec, theme: Theme) -> Field:
    """The widget for a parameter."""
    return WIDGETS[spec.kind](spec, theme)
