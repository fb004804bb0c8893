"""The architectures to which weights may belong, best first, with what would not fit; one press takes one."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from greenbench.core.jobs import Candidate
from greenbench.gui.controls import Button, Icon, Text, line, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme, font

_SHOWN, _KEYS = 4, 12


def in_short(candidate: Candidate) -> str:
    """What would not fit, in few words: "2 missing, 1 of another shape"."""
    parts = (
        (len(candidate.missing), "missing"),
        (len(candidate.unexpected), "unexpected"),
        (len(candidate.reshaped), "of another shape"),
    )
    return ", ".join(f"{number} {word}" for number, word in parts if number)


def in_full(candidate: Candidate) -> list[tuple[str, str]]:
    """Each kind of what would not fit: its heading, and the names one a line, the first twelve of them."""
    kinds = (
        ("The file lacks", candidate.missing),
        ("The file has besides", candidate.unexpected),
        ("Of another shape", candidate.reshaped),
    )
    found = []
    for heading, keys in kinds:
        if keys:
            left = [f"and {len(keys) - _KEYS} more"] if len(keys) > _KEYS else []
            found.append((heading, "\n".join([*map(breakable, keys[:_KEYS]), *left])))
    return found


class CandidateRow(QWidget):
    """One architecture. `used` asks to take it."""

    used = Signal(str)

    def __init__(self, theme: Theme, candidate: Candidate, chosen: bool) -> None:
        super().__init__()
        self.candidate = candidate
        name = Text(breakable(candidate.architecture), 12, 600, wrap=True)
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.use = Button(theme, "Use")
        self.use.setProperty("dense", True)
        self.use.setAccessibleName(f"Use {candidate.architecture}")
        self.use.clicked.connect(lambda: self.used.emit(candidate.architecture))
        head = row(name, spacing=8)
        head.setStretch(0, 1)
        if chosen:
            head.addLayout(row(Icon(theme, "check-circle", "success", 14), Text("In use", 12, 500, "success"), spacing=4))
        else:
            head.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(Text(f"{candidate.matched} of {candidate.total} tensors match", 12, 400, "muted", wrap=True))
        self.details = QWidget()
        self.short = Text(in_short(candidate), 12, 400, "warning", wrap=True)
        self.more = Button(theme, "Which", "caret-right", "quiet", "muted")
        self.more.setAccessibleName(f"Which: {in_short(candidate)}")
        if not candidate.complete:
            self._add_details(column)

    def _add_details(self, column: QVBoxLayout) -> None:
        inside = QVBoxLayout(self.details)
        inside.setContentsMargins(0, 0, 0, 4)
        inside.setSpacing(3)
        for heading, names in in_full(self.candidate):
            inside.addWidget(Text(heading, 12, 500, "second"))
            keys = Text(names, 11, 400, "second", wrap=True)
            keys.setFont(font(11, mono=True))
            keys.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            inside.addWidget(keys)
        self.more.setFont(font(12, 400))
        self.more.setStyleSheet("padding: 0 2px; text-align: left;")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._expand)
        self.details.hide()
        beside = row(self.short, self.more, spacing=4)
        beside.setStretch(0, 1)
        column.addLayout(beside)
        column.addWidget(self.details)

    def _expand(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self.more.set_icon("caret-down" if shown else "caret-right")


class CandidateList(QWidget):
    """The best few; the rest on demand. `used` carries the name of the architecture to take."""

    used = Signal(str)

    def __init__(self, theme: Theme, candidates: Sequence[Candidate], chosen: str) -> None:
        super().__init__()
        self.rows = [CandidateRow(theme, candidate, candidate.architecture == chosen) for candidate in candidates]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.setSizeConstraint(QLayout.SizeConstraint.SetMinimumSize)
        column.addWidget(Text("Architectures that match", 12, 600))
        for number, each in enumerate(self.rows):
            if number:
                column.addWidget(line())
            column.addWidget(each)
            each.used.connect(self.used)
            each.setVisible(number < _SHOWN)
        self.rest = Button(theme, f"Show {len(self.rows) - _SHOWN} more", kind="link")
        self.rest.setVisible(len(self.rows) > _SHOWN)
        self.rest.clicked.connect(self._show_rest)
        column.addWidget(self.rest)

    def _show_rest(self) -> None:
        for each in self.rows:
            each.show()
        self.rest.hide()
