"""The few small widgets that the window, the forms and the results share: text, segments, buttons with themed icons, a message card."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from greenbench.core.measurement import Provenance
from greenbench.gui.icons import icon, icon_pixmap
from greenbench.gui.marks import provenance_pixmap
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font

_GAP = 4  # more room between the icon and the words of a button than Qt leaves


class Text(QLabel):
    """A line of text in a size, weight and tone of the design."""

    def __init__(self, text: str = "", size: float = 13, weight: int = 400, tone: str = "", *, wrap: bool = False) -> None:
        super().__init__(text)
        self.setFont(font(size, weight))
        self.setTextFormat(Qt.TextFormat.PlainText)
        if tone:
            self.setProperty("tone", tone)
        if wrap:
            self.setWordWrap(True)

    def set_tone(self, tone: str) -> None:
        if self.property("tone") != tone:
            restyle(self, tone=tone)


class GivingText(Text):
    """A line that gives way where room is short: what is cut off stands whole in its tooltip."""

    _LEAST = 60

    def __init__(self, size: float = 13, weight: int = 400, tone: str = "") -> None:
        super().__init__("", size, weight, tone)
        self._whole = ""

    def say(self, text: str) -> None:
        self._whole = text
        self._fit()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._LEAST, self.sizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self._whole
        if self.isVisible():  # before that, its width means nothing
            shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        if shown != self.text():
            self.setText(shown)
        self.setToolTip("" if shown == self._whole else self._whole)


class Choice(QComboBox):
    """A combo box that the wheel never turns, focused or not: the page under it scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Themed:
    """Calls `_dress` now and whenever the palette changes, until the widget is gone."""

    def _follow(self, theme: Theme, dress: Callable[[], None]) -> None:
        forget = theme.observe(dress)
        self.destroyed.connect(lambda *_: forget())  # type: ignore[attr-defined]
        dress()


class Icon(QLabel, _Themed):
    """A Phosphor icon as a label; `set` changes its name or colour."""

    def __init__(self, theme: Theme, name: str, token: str = "second", size: float = 16) -> None:
        super().__init__()
        self._theme, self._name, self._token, self._size = theme, name, token, size
        self.setFixedSize(QSize(round(size), round(size)))
        self._follow(theme, self._dress)

    def set(self, name: str, token: str | None = None) -> None:
        if (name, token or self._token) != (self._name, self._token):
            self._name, self._token = name, token or self._token
            self._dress()

    def _dress(self) -> None:
        self.setPixmap(self._picture())

    def _picture(self) -> QPixmap:
        return icon_pixmap(self._name, self._theme.color(self._token), self._size, self.devicePixelRatioF())


class ProvenanceMark(QLabel, _Themed):
    """The mark of where a number comes from, with its meaning as a tooltip."""

    def __init__(self, theme: Theme, provenance: Provenance = Provenance.UNAVAILABLE, size: float = 14) -> None:
        super().__init__()
        self._theme, self._provenance, self._size = theme, provenance, size
        self.setFixedSize(round(size), round(size))
        self._follow(theme, self._dress)

    def set(self, provenance: Provenance) -> None:
        if provenance is not self._provenance:
            self._provenance = provenance
            self._dress()

    def _dress(self) -> None:
        token = "warning" if self._provenance is Provenance.MODELLED else "second"
        self.setPixmap(provenance_pixmap(self._provenance, self._theme.color(token), self._size, self.devicePixelRatioF()))
        self.setToolTip(f"{self._provenance.value.capitalize()}: {self._provenance.meaning}")


class Button(QPushButton, _Themed):
    """A push button with a themed icon. `kind`: primary, plain, quiet, link."""

    def __init__(self, theme: Theme, text: str = "", icon_name: str = "", kind: str = "plain", token: str = "") -> None:
        super().__init__(text)
        self._theme, self._icon_name, self._token = theme, icon_name, token or ("on_accent" if kind == "primary" else "second")
        self.setProperty("kind", kind)
        self.setFont(font(13, 600 if kind == "primary" else 500))
        self.setIconSize(QSize(16 + _GAP, 16))
        self._follow(theme, self._dress)

    def set_icon(self, name: str) -> None:
        self._icon_name = name
        self._dress()

    def _dress(self) -> None:
        if self._icon_name:
            self.setIcon(icon(self._theme, self._icon_name, self._token, gap=_GAP))


class IconButton(QToolButton, _Themed):
    """A square button that shows an icon alone; its words are the tooltip and the accessible name."""

    def __init__(self, theme: Theme, icon_name: str, words: str, token: str = "second", size: int = 16) -> None:
        super().__init__()
        self._theme, self._icon_name, self._token = theme, icon_name, token
        self.setIconSize(QSize(size, size))
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setFixedSize(28, 28)
        self._follow(theme, self._dress)

    def set_icon(self, name: str) -> None:
        self._icon_name = name
        self._dress()

    def _dress(self) -> None:
        self.setIcon(icon(self._theme, self._icon_name, self._token))


class Segments(QFrame):
    """A choice among two or three, all visible. `chosen` carries the value that the user picked."""

    chosen = Signal(object)

    def __init__(self, choices: Sequence[tuple[Any, str]], value: Any = None, *, height: int = 28) -> None:
        super().__init__()
        self.setProperty("role", "segments")
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._values = [value for value, _ in choices]
        for index, (_, title) in enumerate(choices):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setProperty("kind", "segment")
            button.setFont(font(13 if height > 28 else 12, 500))
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.idClicked.connect(lambda index: self.chosen.emit(self._values[index]))
        self.set_value(self._values[0] if value is None and self._values else value)

    def value(self) -> Any:
        index = self._group.checkedId()
        return self._values[index] if index >= 0 else None

    def set_value(self, value: Any) -> None:
        """Shows a value without emitting `chosen`."""
        if value in self._values:
            self._group.button(self._values.index(value)).setChecked(True)


def line(upright: bool = False) -> QFrame:
    """A separator of one pixel."""
    frame = QFrame()
    frame.setProperty("role", "upright" if upright else "line")
    return frame


def row(*items: QWidget | int, spacing: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QHBoxLayout:
    """Widgets side by side; a number above 0 is a space, 0 takes what is left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, QWidget):
            layout.addWidget(item)
        elif item:
            layout.addSpacing(item)
        else:
            layout.addStretch(1)
    return layout
