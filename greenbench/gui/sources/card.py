"""A calm card in the inspector: an icon, a few sentences, and what can be done about it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme

_LOOK = {"failure": ("warning-octagon-fill", "danger"), "warning": ("shield-warning", "warning"), "notice": ("info", "accent")}


def without_owner(message: str, title: str) -> str:
    """A sentence about a node as it reads on the node's own panel: without its name in front."""
    owner = f'"{title}": '
    if not message.startswith(owner):
        return message
    words = message.removeprefix(owner)
    return words[:1].upper() + words[1:]


class Card(QFrame):
    """`kind`: "failure", "warning" or "notice". Empty sentences take no room."""

    def __init__(self, theme: Theme, kind: str, icon: str = "") -> None:
        super().__init__()
        self._theme = theme
        name, tone = _LOOK[kind]
        self.setProperty("role", kind)
        self.icon = Icon(theme, icon or name, tone)
        self.title = Text("", 12, 600, "danger" if kind == "failure" else "", wrap=True)
        self.message = Text("", 12, 400, wrap=True)
        self.more = Text("", 12, 400, "second", wrap=True)
        self.column = QVBoxLayout()
        self.column.setSpacing(4)
        for text in (self.title, self.message, self.more):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            text.hide()
            self.column.addWidget(text)
        whole: QHBoxLayout = row(spacing=8, margins=(12, 10, 12, 10))
        whole.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(self.column, 1)
        self.setLayout(whole)
        self.hide()

    def say(self, title: str, message: str = "", more: str = "") -> None:
        """Shows the sentences."""
        for text, words in ((self.title, title), (self.message, message), (self.more, more)):
            text.setText(breakable(words))
            text.setVisible(bool(words))
        self.setAccessibleName(" ".join(words for words in (title, message, more) if words))
        self.show()

    def offer(self, words: str, icon: str = "") -> Button:
        """A button under the sentences."""
        button = Button(self._theme, words, icon)
        button.setProperty("dense", True)
        self.column.addLayout(row(button, 0, margins=(0, 4, 0, 0)))
        return button
