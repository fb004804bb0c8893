"""New, open, save and recent files, with the question about unsaved changes."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from greenbench.core.document import SUFFIX, read
from greenbench.core.edits import Describe
from greenbench.core.errors import FileFormatError, GreenBenchError
from greenbench.core.pipeline import NAMELESS, Pipeline
from greenbench.core.sample import FULL
from greenbench.gui.session import Session
from greenbench.gui.settings import Settings

_FILTER = f"GreenBench pipelines (*{SUFFIX})"


class Unsaved(Enum):
    """What to do with changes that would be lost."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class Questions:
    """The dialogs that files need; tests give their own answers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.parent = parent

    def file_to_open(self, folder: str) -> Path | None:
        name, _ = QFileDialog.getOpenFileName(self.parent, "Open pipeline", folder, f"{_FILTER};;All files (*)")
        return Path(name) if name else None

    def file_to_save(self, proposal: str, filter: str = _FILTER, title: str = "Save pipeline as") -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self.parent, title, proposal, filter)
        return Path(name) if name else None

    def unsaved(self, title: str) -> Unsaved:
        """Asks what to do with unsaved changes."""
        box = QMessageBox(self.parent)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle("Unsaved changes")
        box.setText(f'"{title}" has changes that are not saved.')
        box.setInformativeText("Save them before going on?")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answer = box.exec()
        return {buttons.Save: Unsaved.SAVE, buttons.Discard: Unsaved.DISCARD}.get(buttons(answer), Unsaved.CANCEL)

    def stop_run(self) -> bool:
        """Asks whether to stop the run in order to close."""
        box = QMessageBox(self.parent)
        box.setWindowTitle("A run is under way")
        box.setText("A run is under way. Stop it and close?")
        box.setInformativeText("What has been measured so far is kept in the history.")
        stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton("Keep running", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        return box.clickedButton() is stop


class Files(QObject):
    """Opens and saves the session's document. What cannot be read or written is told by `failed`; nothing is lost."""

    failed = Signal(object)  # GreenBenchError
    opened = Signal()

    def __init__(self, session: Session, settings: Settings, questions: Questions) -> None:
        super().__init__()
        self._session, self._settings, self.questions = session, settings, questions
        self.may_replace: Callable[[], bool] = lambda: True

    def may_go_on(self) -> bool:
        """Whether the open document may be left: nothing to lose, saved now, or given up knowingly."""
        if not self._session.document.modified:
            return True
        match self.questions.unsaved(self._session.document.title):
            case Unsaved.SAVE:
                return self.save()
            case Unsaved.DISCARD:
                return True
            case _:
                return False

    def new(self) -> None:
        if self.may_replace() and self.may_go_on():
            self._session.open(Pipeline(self._session.catalog))
            self.opened.emit()

    def open(self) -> None:
        start = self._settings.text("folder", str(Path.home()))
        path = self.questions.file_to_open(start) if self.may_replace() else None
        if path:
            self.open_path(path)

    def open_path(self, path: Path) -> bool:
        """Opens a file after asking about unsaved changes. Returns whether it is open now."""
        pipeline = self._read(path)
        if pipeline is None:
            return False
        self._session.open(pipeline, path)
        self._remember(path)
        self.opened.emit()
        return True

    def open_sample(self, path: Path, budget: str = FULL) -> bool:
        """Opens a sample as a new document, with the settings of one of its budgets: saving asks for a place and leaves the sample
        as it is."""
        pipeline = self._read(path, budget)
        if pipeline is None:
            return False
        self._session.open(pipeline, None, saved=True)
        self.opened.emit()
        return True

    def _read(self, path: Path, budget: str = FULL) -> Pipeline | None:
        """The pipeline of a file, if it can be read and the open one may be left for it."""
        if not self.may_replace():
            return None
        try:
            pipeline = read(path, self._session.catalog)
            if budget != FULL:
                pipeline = pipeline.with_budget(budget)
        except GreenBenchError as error:
            self.failed.emit(error)
            return None
        return pipeline if self.may_go_on() else None

    def save(self) -> bool:
        """Saves to the document's own file, or asks for one. Returns whether it is saved."""
        path = self._session.document.path
        return self._save(path) if path else self.save_as()

    def save_as(self) -> bool:
        folder = Path(self._settings.text("folder", str(Path.home())))
        name = "".join(c if c.isalnum() or c in " -_" else "-" for c in self._session.document.title).strip() or "pipeline"
        path = self.questions.file_to_save(str(folder / (name + SUFFIX)))
        return path is not None and self._save(path if path.suffix else path.with_suffix(SUFFIX))

    def _save(self, path: Path) -> bool:
        self._name_after(path)
        try:
            self._session.save(path)
        except FileFormatError as error:
            self.failed.emit(error)
            return False
        self._remember(path)
        return True

    def _name_after(self, path: Path) -> None:
        """A pipeline that nobody has named is called like its file, so that the history tells runs apart; it can be undone."""
        pipeline = self._session.pipeline
        if pipeline.title.strip() in ("", NAMELESS):
            self._session.do(Describe(path.stem, pipeline.description))

    def _remember(self, path: Path) -> None:
        self._settings.add_recent(path)
        self._settings.set_text("folder", str(path.resolve().parent))
