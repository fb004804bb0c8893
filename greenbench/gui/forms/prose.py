"""A paragraph in the inspector that takes three lines until it is asked for all of them."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from greenbench.gui.controls import Button, Text
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme, font

_LINES = 3


class Prose(QWidget):
    """Shows "More" only where the words need more than three lines at the present width."""

    def __init__(self, theme: Theme, words: str) -> None:
        super().__init__()
        self.text = Text(breakable(words), 12, 400, "second", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.more = Button(theme, "More", kind="link")
        self.more.setFont(font(12, 500))
        self.more.setCheckable(True)
        self.more.setAccessibleName("More about this step")
        self.more.toggled.connect(self._fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.text)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.more.hide()

    @property
    def folded(self) -> int:
        """The height of three lines."""
        return _LINES * self.text.fontMetrics().lineSpacing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _fold(self, *_: object) -> None:
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        whole = self.text.fontMetrics().boundingRect(QRect(0, 0, self.width(), 100_000), flags, self.text.text()).height()
        self.more.setVisible(whole > self.folded)
        self.more.setText("Less" if self.more.isChecked() else "More")
        self.text.setMaximumHeight(self.folded if whole > self.folded and not self.more.isChecked() else 16_777_215)
