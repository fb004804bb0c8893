"""A card of the results page: a title with a few muted words, its controls on the right, and what it shows."""

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from greenbench.gui.controls import Choice, GivingText, Text, row
from greenbench.gui.theme import font

HEIGHT = 300


class Card(QFrame):
    """`body` takes what the card shows, from top to bottom."""

    def __init__(self, title: str, note: str = "", controls: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(HEIGHT)
        self.note = GivingText(12, 400, "muted")
        self.note.say(note)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(14, 10, 12, 10)
        self.body.setSpacing(6)
        self.body.addLayout(row(Text(title, 13, 600), self.note, 0, *controls))


def choice(name: str, face: QFont | None = None) -> Choice:
    """A combo box as low as the head of a card; `name` is what a screen reader says."""
    box = Choice()
    box.setFont(face or font(12))
    box.setFixedHeight(26)
    box.setAccessibleName(name)
    return box
