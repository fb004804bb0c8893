"""One piece of advice: a line to open, and below it the text, the numbers with their marks, and a button for each change."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from greenbench.core.advice import Advice, Proposal, Tone, question
from greenbench.gui.controls import Button, GivingText, Icon, ProvenanceMark, Text, row
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.theme import Theme

Why = Callable[[Proposal], str]
"""Why a proposal cannot be carried out now; "" where it can."""

_TONES = {Tone.WARNING: ("warning", "warning"), Tone.INFO: ("lightbulb-filament", "muted")}


class _Line(QPushButton):
    """Enter does what Space does: outside a dialog Qt gives a button Space alone."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)


class AdviceRow(QWidget):
    """`opened` carries whether it is open now; `tried` the proposal whose button was pressed."""

    opened = Signal(bool)
    tried = Signal(object)

    def __init__(self, theme: Theme, advice: Advice, place: int = -1, why_not: Why = lambda proposal: "") -> None:
        """`place` is that of the variant it speaks of, for its mark; −1: of none."""
        super().__init__()
        self._theme, self.advice, self._place, self._why_not = theme, advice, place, why_not
        self.buttons: list[tuple[Proposal, Button]] = []
        self.head = self._make_head()
        self.body = self._make_body()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.body)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())
        self._dress()
        self.set_open(False)
        self.offer()

    # ---- parts ------------------------------------------------------------------------------------------------

    def _make_head(self) -> QPushButton:
        """The whole line is the button; Tab reaches it, Space and Enter open it."""
        head = _Line()
        head.setProperty("kind", "advice")
        head.setFixedHeight(36)
        head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        head.setCheckable(True)
        head.setAutoDefault(False)
        head.toggled.connect(self.set_open)
        asked, name = question(self.advice), self.advice.title
        head.setAccessibleName(asked if asked == name else f"{asked} {name}")
        icon_name, tone = _TONES[self.advice.tone]
        self._caret = Icon(self._theme, "caret-right", "muted", 12)
        self._mark = QLabel()
        self._mark.setFixedSize(16, 16)
        self._asked = Text(asked, 13, 600)
        self._cause = GivingText(13, 400, "second")
        self._cause.say("" if asked == name else name)
        inside = row(self._caret, self._mark, self._asked, self._cause, spacing=8, margins=(10, 0, 10, 0))
        inside.setStretch(3, 1)
        if self._place < 0:
            inside.replaceWidget(self._mark, sign := Icon(self._theme, icon_name, tone, 16))
            self._mark.deleteLater()
            self._mark = sign
        head.setLayout(inside)
        for widget in (self._caret, self._mark, self._asked, self._cause):
            widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return head

    def _make_body(self) -> QFrame:
        body = QFrame()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(54, 4, 16, 12)
        layout.setSpacing(8)
        self._texts = [Text(self.advice.text, 13, 400, "second", wrap=True)]
        layout.addWidget(self._texts[0])
        if self.advice.evidence:
            layout.addLayout(self._numbers())
        if self.advice.remedy:
            self._texts.append(Text(self.advice.remedy, 13, 400, "", wrap=True))
            layout.addWidget(self._texts[-1])
        for words in self._texts:
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = self._buttons()
        if line:
            layout.addLayout(row(*line, 0, spacing=8))
        return body

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for number, each in enumerate(self.advice.evidence):
            words = Text(each.words, 12, 400, "muted")
            shown = Text(each.number, 12, 600, wrap=True)
            where = f"Stands in: {each.where}" if each.where else ""
            for widget in (words, shown):
                widget.setToolTip(where)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(ProvenanceMark(self._theme, each.provenance), number, 0, top)
            grid.addWidget(words, number, 1, top)
            grid.addWidget(shown, number, 2)
            self._texts.append(shown)
        grid.setColumnStretch(2, 1)
        return grid

    def _buttons(self) -> list[QWidget]:
        for proposal in self.advice.proposals:
            button = Button(self._theme, proposal.title, "magic-wand")
            button.setProperty("dense", True)
            button.clicked.connect(partial(self._try, proposal))
            self.buttons.append((proposal, button))
        made: list[QWidget] = [button for _, button in self.buttons]
        if "“Export model…”" not in self.advice.remedy and self.advice.remedy.startswith(("sudo ", "echo ")):
            copy = Button(self._theme, "Copy the command", "copy")
            copy.setProperty("dense", True)
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.advice.remedy))
            made.append(copy)
        return made

    def _try(self, proposal: Proposal, _checked: bool = False) -> None:
        self.tried.emit(proposal)

    # ---- doing ------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.head.isChecked()

    def set_open(self, wanted: bool) -> None:
        """Shows or hides what is below the line."""
        changed = self.body.isVisibleTo(self) != wanted
        self.head.setChecked(wanted)
        self.body.setVisible(wanted)
        self._caret.set("caret-down" if wanted else "caret-right")
        self._fit()
        if changed:
            self.opened.emit(wanted)

    def offer(self) -> None:
        """Enables the changes that are possible now; the others say why they are not."""
        for proposal, button in self.buttons:
            why = self._why_not(proposal)
            button.setEnabled(not why)
            button.setToolTip(why or "One step: Undo takes it back")

    def _dress(self) -> None:
        if self._place >= 0:
            self._mark.setPixmap(variant_pixmap(self._theme.variant(self._place), 11, 16, self.devicePixelRatioF()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Keeps the room for every line of the sentences: a page that scrolls would squeeze them."""
        for words in self._texts:
            if words.width() > 0:
                words.setMinimumHeight(max(words.heightForWidth(words.width()), 0))
