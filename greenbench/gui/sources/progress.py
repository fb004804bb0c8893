"""A thin bar with the words of what is being done, and a way to stop it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from greenbench.gui.controls import IconButton, Text, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme


class WorkLine(QWidget):
    """Hidden while nothing is under way. `stopped` asks to break off."""

    stopped = Signal()

    def __init__(self, theme: Theme, words: str) -> None:
        super().__init__()
        self._words = words
        self.text = Text(words, 12, 400, "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(words)
        self.stop = IconButton(theme, "x", "Stop", "muted", 14)
        self.stop.setFixedSize(22, 22)
        self.stop.clicked.connect(self.stopped)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = row(self.text, self.stop)
        head.setStretch(0, 1)
        column.addLayout(head)
        column.addWidget(self.bar)
        self.hide()

    def show_share(self, fraction: float, text: str = "") -> None:
        """How far it is; 0 while that is not known."""
        self.text.setText(breakable(f"{text[:1].upper()}{text[1:]}") if text else self._words)
        self.bar.setRange(0, 100 if fraction > 0 else 0)
        self.bar.setValue(round(fraction * 100))
        self.show()
