"""What came of an export: the proof in plain words, the files with their sizes, and the ways to them."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from greenbench.core.jobs import Exported
from greenbench.gui.controls import Button, Icon, Text, line, row
from greenbench.gui.exporting.words import files_words, proof_where, proof_words
from greenbench.gui.theme import Theme


class Outcome(QWidget):
    """Shows an `Exported`."""

    another = Signal()
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.exported: Exported | None = None
        self.title = Text("", 14, 600)
        self.proof, self.where = Text("", 13, 400, wrap=True), Text("", 12, 400, "muted", wrap=True)
        self._files = QWidget()
        proof = QFrame()
        proof.setProperty("role", "notice")
        inside = QVBoxLayout(proof)
        inside.setContentsMargins(14, 12, 14, 12)
        inside.setSpacing(4)
        inside.addLayout(row(Icon(theme, "shield-check", "accent"), Text("Proved", 13, 600), 0))
        inside.addWidget(self.proof)
        inside.addWidget(self.where)
        folder = Button(theme, "Open folder", "folder-open")
        folder.clicked.connect(lambda: self._open(""))
        self.card = Button(theme, "Open model card", "file-text")
        self.card.clicked.connect(lambda: self._open(self.exported.card if self.exported else ""))
        another = Button(theme, "Another format…")
        another.clicked.connect(self.another)
        self.close_button = Button(theme, "Close", kind="primary")
        self.close_button.clicked.connect(self.closed)
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(row(Icon(theme, "check-circle", "success", 18), self.title, 0))
        layout.addWidget(proof)
        layout.addWidget(self._files)
        layout.addStretch(1)
        layout.addLayout(row(folder, self.card, another, 0, self.close_button))

    def show_exported(self, exported: Exported, name: str) -> None:
        """`name`: what the model is called."""
        self.exported = exported
        self.title.setText(f"{name} is exported")
        self.proof.setText(proof_words(exported.proof))
        self.where.setText(proof_where(exported.proof))
        self.card.setVisible(bool(exported.card))
        self._show_files(exported)
        self.close_button.setFocus()

    def _show_files(self, exported: Exported) -> None:
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        grid.setVerticalSpacing(4)
        place = Text(exported.folder, 12, 400, "muted", wrap=True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(place, 0, 0, 1, 2)
        grid.addWidget(line(), 1, 0, 1, 2)
        for number, (name, size) in enumerate(files_words(exported)):
            grid.addWidget(Text(name, 13, 500), number + 2, 0)
            grid.addWidget(Text(size, 13, 500), number + 2, 1, Qt.AlignmentFlag.AlignRight)
        self._column.replaceWidget(self._files, fresh)
        self._files.hide()
        self._files.deleteLater()
        self._files = fresh

    def _open(self, name: str) -> None:
        if self.exported is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.exported.folder) / name)))
