"""Calm words under the toolbar, one message at a time: what went wrong and what to do, or a question that can wait. Never a
modal box."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError, PlanError
from greenbench.gui.controls import Button, Icon, IconButton, Text
from greenbench.gui.theme import Theme

_SHOWN = 3
_LOOK = {"failure": ("warning-octagon-fill", "danger"), "warning": ("warning", "warning"), "notice": ("info", "accent")}


class Message(QFrame):
    """One message with its remedy and buttons; it stays until it is closed or replaced. `gone` comes when it is,
    `next_wanted` when another one is to be read."""

    gone = Signal()
    next_wanted = Signal()

    def __init__(self, theme: Theme, kind: str, message: str, remedy: str, buttons: Sequence[tuple[str, Callable[[], object]]]) -> None:
        super().__init__()
        self.setProperty("role", kind)
        self.message, self.remedy, self.left = message, remedy, False
        self.problem = False  # of a plan: it goes when the pipeline is mended
        self.stays = kind != "notice" or bool(buttons)  # else it goes with the page on which it was said
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
        self.place = Button(theme, "")
        self.place.setProperty("dense", True)
        self.place.setToolTip("Show the next message")
        self.place.clicked.connect(self.next_wanted)
        self.place.hide()
        row.addWidget(self.place)
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
        self.gone.emit()

    def show_place(self, place: int, count: int) -> None:
        """Says which of how many messages this is; alone it says nothing."""
        self.place.setText(f"{place} of {count}")
        self.place.setVisible(count > 1)


class MessageBar(QWidget):
    """The newest message; of several the others are a click away. A repeated one replaces the first, and of the problems of a plan
    the first is read first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 12, 8)
        self._front: Message | None = None
        self._page = ""
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
            self._bring(next(message for message in self.messages if message.problem))
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
        card.hide()
        card.gone.connect(self._settle)
        card.next_wanted.connect(self._next)
        self._layout.addWidget(card)
        self._bring(card)
        return card

    def take_away(self, words: str) -> None:
        """Takes the message with these words away, if it is still there."""
        for message in self.messages:
            if message.message == words:
                message.leave()

    def turn_to(self, page: str) -> None:
        """Another page is in front: what was noticed on the one before is of no use there."""
        if page == self._page:
            return
        self._page = page
        for message in self.messages:
            if not message.stays:
                message.leave()

    def clear_problems(self) -> None:
        """Takes away what was said of a plan; other messages stay."""
        for message in self.messages:
            if message.problem:
                message.leave()

    def clear(self) -> None:
        for message in self.messages:
            message.leave()

    def _next(self) -> None:
        every = self.messages
        self._bring(every[(every.index(self._front) + 1) % len(every)] if self._front in every else every[0])

    def _bring(self, front: Message) -> None:
        """Shows this message and no other."""
        self._front = front
        self._settle()

    def _settle(self) -> None:
        every = self.messages
        if self._front not in every:
            self._front = every[-1] if every else None
        for number, message in enumerate(every, 1):
            message.setVisible(message is self._front)
            message.show_place(number, len(every))
        self.setVisible(bool(every))
