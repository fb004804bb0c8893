"""What a reader of a run must know: warnings, deviations from the protocol and limits, a line each, with the variant they are about."""

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from greenbench.core.run import Remark, RunResult
from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.theme import Theme

_FEW = 3
_SIGNS = {"warning": ("warning", "warning"), "deviation": ("warning-circle", "warning"), "limit": ("info", "muted")}
_ORDER = ("deviation", "warning", "limit")


class Remarks(QWidget):
    """The first lines, and the others behind a link."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._result: RunResult | None = None
        self._lines: list[QWidget] = []
        self.more = Button(theme, "", kind="link")
        self.more.clicked.connect(self._toggle)
        self._open = False
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(4, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self.more)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    @property
    def shown(self) -> list[str]:
        """The texts that can be read now."""
        return [line.property("text") for line in self._lines if not line.isHidden()]

    def show_result(self, result: RunResult) -> None:
        self._result, self._open = result, False
        for line in self._lines:
            self._layout.removeWidget(line)
            line.hide()
            line.deleteLater()
        found = ordered(result.warnings)
        self._lines = [self._line(remark) for remark in found]
        for place, line in enumerate(self._lines):
            self._layout.insertWidget(place, line)
        self._fold()
        self.setVisible(bool(found))

    def _line(self, remark: Remark) -> QWidget:
        line = QWidget()
        line.setProperty("text", remark.text)
        name, tone = _SIGNS.get(remark.kind, _SIGNS["warning"])
        sign = Icon(self._theme, name, tone, 14)
        sign.setToolTip(remark.kind.capitalize())
        parts: list[QWidget | int] = [sign]
        index = self._index(remark.variant)
        if index is not None:
            mark = QLabel()
            mark.setObjectName("variant")
            mark.setProperty("index", index)
            mark.setFixedSize(14, 14)
            named = remark.text.startswith(f"{remark.variant} ")  # the sentence begins with the letter itself
            parts += [mark] if named else [mark, Text(remark.variant, 12, 600)]
        words = Text(remark.text, 12, 400, "second", wrap=True)
        words.setMinimumWidth(100)
        layout = row(*parts, spacing=6)
        layout.addWidget(words, 1)
        line.setLayout(layout)
        self._dress_line(line)
        return line

    def _index(self, letter: str) -> int | None:
        assert self._result is not None
        return next((index for index, v in enumerate(self._result.variants) if letter and v.letter == letter), None)

    def _dress(self) -> None:
        for line in self._lines:
            self._dress_line(line)

    def _dress_line(self, line: QWidget) -> None:
        mark = line.findChild(QLabel, "variant")
        if mark is not None:
            mark.setPixmap(variant_pixmap(self._theme.variant(mark.property("index")), 9, 14, self.devicePixelRatioF()))

    def _toggle(self) -> None:
        self._open = not self._open
        self._fold()

    def _fold(self) -> None:
        for place, line in enumerate(self._lines):
            line.setVisible(self._open or place < _FEW)
        rest = len(self._lines) - _FEW
        self.more.setVisible(rest > 0)
        self.more.setText("Show fewer" if self._open else f"{rest} more")


def ordered(remarks: Sequence[Remark]) -> list[Remark]:
    """Each once: deviations first, limits last."""
    once = list({(remark.kind, remark.variant, remark.text): remark for remark in remarks}.values())
    return sorted(once, key=lambda remark: _ORDER.index(remark.kind) if remark.kind in _ORDER else 1)
