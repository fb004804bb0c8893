"""A card of the results page: a title with a few muted words, its controls on the right, and what it shows."""

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractSpinBox, QFrame, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from greenbench.gui.controls import Choice, GivingText, Text, row
from greenbench.gui.theme import font

HEIGHT = 330
_WIDEST = 170


class Card(QFrame):
    """`body` takes what the card shows, from top to bottom."""

    def __init__(self, title: str, note: str = "", controls: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(HEIGHT)
        self.note = GivingText(12, 400, "muted")
        self.note.say(note)
        self.note.setMinimumWidth(20)  # it gives way first
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(14, 10, 12, 10)
        self.body.setSpacing(6)
        head = row(Text(title, 13, 600), self.note, 0, *controls)
        head.addStrut(28)  # titles stand at one height, with controls beside them or without
        self.body.addLayout(head)


def choice(name: str, face: QFont | None = None) -> Choice:
    """A combo box as low as the head of a card; `name` is what a screen reader says."""
    box = Choice()
    box.setFont(face or font(12))
    box.setFixedHeight(26)
    box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
    box.setMaximumWidth(_WIDEST)
    box.setAccessibleName(name)
    return box


def dense(box: QAbstractSpinBox, name: str) -> None:
    """Makes a number field as low as the card's other controls; `name` is what a screen reader says."""
    box.setFont(font(12))
    box.setFixedHeight(28)
    box.setMaximumWidth(_WIDEST - 40)
    box.setAccessibleName(name)
    box.setKeyboardTracking(False)
    # The style sheet's padding does not reach the text of a number field.
    if edit := box.findChild(QLineEdit):
        edit.setTextMargins(6, 0, 0, 0)
