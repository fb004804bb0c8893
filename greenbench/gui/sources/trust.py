"""Asks before a file may run code: what it is, what it could do, and by which hash the answer is remembered. Never yes by default."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError, PlanError
from greenbench.core.trust import TrustRequest
from greenbench.engine.trust import TrustBook
from greenbench.gui.controls import Button, Icon, Text, line, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme, font

_SHOWN_HASH = 16
_HIGHEST = 380


class TrustDialog(QDialog):
    """Each file with a plain explanation. Accepted means: these files may run. The focus is on "Do not run"."""

    def __init__(self, parent: QWidget, theme: Theme, asked: Sequence[TrustRequest]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme, self.asked = theme, tuple(asked)
        several = len(self.asked) > 1
        self.setWindowTitle("Files that run code" if several else "A file that runs code")
        self.setFixedWidth(560)
        head = Text(
            f"{len(self.asked)} files run code when they are loaded" if several else "This file runs code when it is loaded", 16, 600
        )
        words = Text(
            "GreenBench cannot look into what that code does. It could read, change or send your files. "
            f"Let {'them' if several else 'it'} run only if you know where {'they come' if several else 'it comes'} from.",
            13, 400, "second", wrap=True,
        )  # fmt: skip
        remembered = Text(
            "Your answer is remembered for exactly this content: a changed file is asked about again.", 12, 400, "muted", wrap=True
        )
        self.refuse = Button(theme, "Do not run")
        self.allow = Button(theme, "Run them" if several else "Run it", "shield-warning")
        self.refuse.setDefault(True)
        self.allow.setAutoDefault(False)
        self.refuse.clicked.connect(self.reject)
        self.allow.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(row(Icon(theme, "shield-warning", "warning", 20), head, 0, spacing=10))
        layout.addWidget(words)
        layout.addWidget(self._files())
        layout.addWidget(remembered)
        layout.addLayout(row(0, self.allow, self.refuse, spacing=8))
        self.refuse.setFocus()

    def _files(self) -> QWidget:
        body = QFrame()
        body.setProperty("role", "card")
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(4)
        for number, request in enumerate(self.asked):
            if number:
                column.addSpacing(4)
                column.addWidget(line())
                column.addSpacing(4)
            column.addLayout(row(Text(Path(request.path).name or request.path, 13, 600, wrap=True), spacing=6))
            column.addWidget(Text(f"A {request.kind}. {request.explanation}", 12, 400, wrap=True))
            column.addWidget(self._mono(breakable(request.path)))
            shown = self._mono(f"sha256 {request.sha256[:_SHOWN_HASH]}…")
            shown.setToolTip(request.sha256)
            column.addWidget(shown)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body.setFixedWidth(508)
        area.setFixedHeight(min(max(body.sizeHint().height(), body.heightForWidth(508)) + 4, _HIGHEST))
        return area

    def _mono(self, words: str) -> Text:
        text = Text(words, 11, 400, "muted", wrap=True)
        text.setFont(font(11, mono=True))
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return text


class TrustDesk(QObject):
    """Puts the question and remembers the answer. `allowed` comes after a yes, `failed` if it cannot be written down."""

    allowed = Signal()
    failed = Signal(object)  # GreenBenchError

    def __init__(self, theme: Theme, book: TrustBook, parent: Callable[[], QWidget | None]) -> None:
        super().__init__()
        self._theme, self.book, self._parent = theme, book, parent
        self.dialog: TrustDialog | None = None

    def open_of(self, asked: Sequence[TrustRequest]) -> tuple[TrustRequest, ...]:
        """Those that are not answered yet, each content once."""
        known = self.book.allowed()
        return tuple({request.sha256: request for request in asked if request.sha256 not in known}.values())

    def ask(self, asked: Sequence[TrustRequest], then: Callable[[], object] = lambda: None) -> bool:
        """Opens the question; `then` follows a yes. False if there is nothing to ask, or a question is open already."""
        left = self.open_of(asked)
        parent = self._parent()
        if not left or self.dialog is not None or parent is None:
            return False
        self.dialog = TrustDialog(parent, self._theme, left)
        self.dialog.finished.connect(lambda answer: self._answered(answer, left, then))
        self.dialog.open()
        return True

    def ask_for(self, error: GreenBenchError, then: Callable[[], object]) -> bool:
        """Asks if permissions alone keep a pipeline from running; False if there is another reason, which must be told."""
        if not isinstance(error, PlanError) or not error.problems:
            return False
        asked = [problem.trust for problem in error.problems]
        if not all(isinstance(request, TrustRequest) for request in asked):
            return False
        return self.ask([request for request in asked if isinstance(request, TrustRequest)], then)

    def _answered(self, answer: int, asked: Sequence[TrustRequest], then: Callable[[], object]) -> None:
        self.dialog = None
        if answer != QDialog.DialogCode.Accepted:
            return
        try:
            self.book.remember(asked)
        except GreenBenchError as error:
            self.failed.emit(error)
            return
        self.allowed.emit()
        QTimer.singleShot(0, self, then)  # when the dialog is gone
