"""Fields for words: a line, several lines, the path of a file or a folder."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QSignalBlocker, QStringListModel, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QTextOption
from PySide6.QtWidgets import QCompleter, QFileDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from greenbench.core.params import FieldKind, FieldSpec
from greenbench.gui.controls import IconButton
from greenbench.gui.forms.field import Field
from greenbench.gui.forms.typed import typed_value
from greenbench.gui.settings import Settings
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font

_FEWEST_LINES, _MOST_LINES = 2, 8
_CHOSEN_IN = "folder/sources"  # where the last file or folder was chosen


class TextField(Field):
    """Free text, with suggestions as one types."""

    wide = True

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.line = self._line()
        self.line.setFont(font(13))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.line)
        if spec.suggestions:
            completer = QCompleter(QStringListModel(list(spec.suggestions), self.line), self.line)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            self.line.setCompleter(completer)
            completer.activated.connect(self._typed)
        self.line.textEdited.connect(self._typed)

    def _line(self) -> QLineEdit:
        return QLineEdit()

    @property
    def control(self) -> QWidget:
        return self.line

    def _typed(self, text: str) -> None:
        self.given.emit(typed_value(self.spec, text))

    def show_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if self.line.text().strip() != text:
            self.line.setText(text)

    def set_bad(self, bad: bool) -> None:
        restyle(self.line, bad=bad)


class LinesField(Field):
    """Text of several lines: as high as what stands in it, up to eight; Tab leaves it."""

    wide = True

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        self.box = QPlainTextEdit()
        self.box.setFont(font(12))
        self.box.setTabChangesFocus(True)
        self.box.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.box.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        self.box.textChanged.connect(self._typed)
        self._fit()

    @property
    def control(self) -> QWidget:
        return self.box

    def _typed(self) -> None:
        self._fit()
        self.given.emit(self.box.toPlainText())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()  # other lines break now

    def _fit(self) -> None:
        lines = min(max(round(self.box.document().size().height()), _FEWEST_LINES), _MOST_LINES)
        self.box.setFixedHeight(lines * self.box.fontMetrics().lineSpacing() + 24)

    def show_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if self.box.toPlainText() != text:
            with QSignalBlocker(self.box):
                self.box.setPlainText(text)
            self._fit()

    def set_bad(self, bad: bool) -> None:
        if bool(self.box.property("bad")) != bad:
            restyle(self.box, bad=bad)


class _PathLine(QLineEdit):
    """Takes a file or folder that is dropped on it as its path."""

    dropped = Signal(str)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_path(event.mimeData()):
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped_path(event.mimeData())
        if path:
            event.acceptProposedAction()
            self.dropped.emit(path)
        else:
            super().dropEvent(event)


def _dropped_path(data: QMimeData) -> str:
    return data.urls()[0].toLocalFile() if len(data.urls()) == 1 else ""


class PathField(TextField):
    """A folder or a file: typed, dropped, or chosen in the system's dialog."""

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__(spec, theme)
        folder = spec.kind is FieldKind.FOLDER
        self.browse = IconButton(theme, "folder-open", "Choose a folder…" if folder else "Choose a file…")
        self.browse.clicked.connect(self._browse)
        self.line.setPlaceholderText("No folder chosen" if folder else "No file chosen")
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.browse)
        assert isinstance(self.line, _PathLine)
        self.line.dropped.connect(self._take)

    def _line(self) -> QLineEdit:
        return _PathLine()

    def _take(self, path: str) -> None:
        self.line.setText(path)
        self.given.emit(path)

    def _browse(self) -> None:
        settings = Settings()  # of the window: one file, whoever opens it
        start = self.line.text() or settings.text(_CHOSEN_IN, str(Path.home()))
        if self.spec.kind is FieldKind.FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, self.spec.title, start)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, self.spec.title, start)
        if chosen:
            settings.set_text(_CHOSEN_IN, str(Path(chosen).parent))
            self._take(chosen)
