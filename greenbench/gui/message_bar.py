"""Calm words under the toolbar: what went wrong and what to do, or a question that can wait. Never a modal box."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError, PlanError
from greenbench.gui.controls import Button, Icon, IconButton, Text
from greenbench.gui.theme import Theme

_SHOWN = 3
_LOOK = {"failure": ("warning-octagon-fill", "danger"), "warning": ("warning", "warning"), "notice": ("info", "accent")}


class Message(QFrame):
    """One message with its remedy and buttons; it stays until it is closed or replaced."""

    def __init__(self, theme: Theme, kind: str, message: str, remedy: str, buttons: Sequence[tuple[str, Callable[[], object]]]) -> None:
        super().__init__()
        self.setProperty("role", kind)
        self.message, self.remedy, self.left = message, remedy, False
        self.problem = False  # of a plan: it goes when the pipeline is mended
        name, tone = _LOOK[kind]
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(Icon(theme, name, tone))
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Text(message, 13, 500, wrap=True))
        if remedy:
            words.addWidget(Text(remedy, 12, 400, "second", wrap=True))
        row.addLayout(words, 1)
        for title, action in buttons:
            button = Button(theme, title)
            button.setProperty("dense", True)
            button.clicked.connect(partial(self._act, action))
            row.addWidget(button)
        close = IconButton(theme, "x", "Close this message")
        close.clicked.connect(self.leave)
        row.addWidget(close)

    def _act(self, action: Callable[[], object], _checked: bool = False) -> None:
        self.leave()
        action()

    def leave(self) -> None:
        self.left = True
        self.hide()
        self.deleteLater()


class MessageBar(QWidget):
    """Messages one under the other, the newest at the bottom; a repeated one replaces the first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 12, 8)
        self._layout.setSpacing(6)
        self.hide()

    @property
    def messages(self) -> list[Message]:
        found = self.findChildren(Message, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return [message for message in found if not message.left]

    def show_error(self, error: GreenBenchError, show_node: Callable[[str], object] | None = None) -> None:
        """Shows what happened and the remedy; every problem of a plan by itself, with a way to its node."""
        if isinstance(error, PlanError):
            self.clear_problems()
            for problem in error.problems[:_SHOWN]:
                buttons = [("Show the node", partial(show_node, problem.node))] if problem.node and show_node else []
                self.say("failure", problem.message, problem.remedy, buttons).problem = True
            if len(error.problems) > _SHOWN:
                self.say("failure", f"And {len(error.problems) - _SHOWN} more problems.", "Mend these first.").problem = True
        else:
            self.say("failure", error.message, error.remedy)

    def say(self, kind: str, message: str, remedy: str = "", buttons: Sequence[tuple[str, Callable[[], object]]] = ()) -> Message:
        """Shows a message: kind "failure", "warning" or "notice"."""
        for old in self.messages:
            if old.message == message:
                old.leave()
        while len(self.messages) > _SHOWN:
            self.messages[0].leave()
        card = Message(self._theme, kind, message, remedy, buttons)
        card.destroyed.connect(self._settle)
        self._layout.addWidget(card)
        self.show()
        return card

    def take_away(self, words: str) -> None:
        """Takes the message with these words away, if it is still there."""
        for message in self.messages:
            if message.message == words:
                message.leave()

    def clear_problems(self) -> None:
        """Takes away what was said of a plan; other messages stay."""
        for message in self.messages:
            if message.problem:
                message.leave()

    def clear(self) -> None:
        for message in self.messages:
            message.leave()

    def _settle(self) -> None:
        self.setVisible(bool(self.messages))
