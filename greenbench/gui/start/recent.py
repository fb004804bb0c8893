"""The files of last time on the start page, each with what its last run found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from greenbench.core.run import RunState
from greenbench.gui.controls import Button, Text, line, row
from greenbench.gui.history import when
from greenbench.gui.start.painted import PaintedRow
from greenbench.gui.theme import Theme

_MOST = 6
_ENDED = {RunState.FAILED: "with failures", RunState.CANCELLED: "stopped", RunState.LOST: "broke off"}


@dataclass(frozen=True)
class RecentFile:
    """A file, the title inside it, and a line about its last run."""

    path: Path
    title: str
    detail: str


def last_result(title: str, runs: Sequence[Any] | None) -> str:
    """ "yesterday 14:41 · 76 % less energy" from the store's summaries, newest first; None: the store is not open yet."""
    if runs is None:
        return ""
    run = next((run for run in runs if run.title == title and run.state not in (RunState.RUNNING, RunState.PLANNED)), None)
    if run is None:
        return "Not run yet"
    variants = f"{run.variants} variant{'s' * (run.variants != 1)}" if run.variants else ""
    return " · ".join(part for part in (when(run.started), _ENDED.get(run.state, ""), run.headline or variants) if part)


class RecentCard(QFrame):
    """`wanted` carries the file to open."""

    wanted = Signal(object)
    cleared = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._theme = theme
        clear = Button(theme, "Clear", kind="link")
        clear.clicked.connect(self.cleared)
        self._rows = QWidget()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(18, 14, 18, 12)
        self._layout.setSpacing(6)
        self._layout.addLayout(row(Text("Recent", 14, 600), 0, clear))
        self._layout.addWidget(self._rows)
        self.files: list[RecentFile] = []
        self.hide()

    def show_files(self, files: Sequence[RecentFile]) -> None:
        """Shows the newest; without any the card is not there."""
        self.files = list(files[:_MOST])
        rows = QWidget()
        inside = QVBoxLayout(rows)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        for file in self.files:
            inside.addWidget(line())
            button = PaintedRow(self._theme, "tree-structure", file.title, file.detail or file.path.name)
            button.setToolTip("\n".join(part for part in (str(file.path), file.detail) if part))
            button.clicked.connect(lambda _=False, path=file.path: self.wanted.emit(path))
            inside.addWidget(button)
        self._layout.replaceWidget(self._rows, rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows = rows
        self.setVisible(bool(self.files))
