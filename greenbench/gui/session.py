"""The open document with its undo list: the one way by which the window changes a pipeline.

    session.do(edit)  ->  document.apply(edit)  ->  observers hear the Change
                          the inverse goes on the undo stack

Qt's undo framework is used through exactly one QUndoCommand subclass.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from greenbench.core import document as files
from greenbench.core.catalog import Catalog
from greenbench.core.document import Document
from greenbench.core.edits import Change, ChangeNode, Edit, MoveNodes, Together
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Pipeline


class EditCommand(QUndoCommand):
    """One applied edit and its inverse. Commands with an equal, non-empty `group` become one entry."""

    def __init__(self, session: "Session", edit: Edit, inverse: Edit, group: str) -> None:
        super().__init__(edit.text)
        self._session, self._forward, self._back, self._group = session, edit, inverse, group
        self._applied = True

    def id(self) -> int:
        return zlib.crc32(self._group.encode()) & 0x7FFFFFFF if self._group else -1

    def redo(self) -> None:
        if self._applied:  # QUndoStack.push calls redo for what session.attempt has already applied
            self._applied = False
            return
        with self._reporting():
            self._back = self._session.document.apply(self._forward)

    def undo(self) -> None:
        with self._reporting():
            self._forward = self._session.document.apply(self._back)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except GreenBenchError as error:
            self.setObsolete(True)
            self._session.refused.emit(error)

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditCommand) or other._group != self._group:
            return False
        if _same_target(self._forward, other._forward):
            self._forward = other._forward
        else:
            self._forward = Together((self._forward, other._forward), self._forward.text)
            self._back = Together((other._back, self._back), self._back.text)
        return True


def _same_target(first: Edit, second: Edit) -> bool:
    """Whether the second edit sets everything that the first one set, so that the first can be forgotten."""
    if isinstance(first, ChangeNode) and isinstance(second, ChangeNode):
        return first.node.id == second.node.id
    if isinstance(first, MoveNodes) and isinstance(second, MoveNodes):
        return set(first.positions) == set(second.positions)
    return False


class Session(QObject):
    """The document of the window, its undo stack, and the errors of edits that were refused."""

    changed = Signal(object)  # core.edits.Change
    replaced = Signal()  # another pipeline is open now
    refused = Signal(object)  # GreenBenchError, for the message bar
    state_changed = Signal()  # path, title, or whether there is something to save

    def __init__(self, catalog: Catalog, pipeline: Pipeline | None = None, path: Path | None = None) -> None:
        super().__init__()
        self.catalog = catalog
        self.document = Document(pipeline or Pipeline(catalog), path)
        self.undo_stack = QUndoStack(self)
        self._forget = self.document.observe(self._on_change)

    @property
    def pipeline(self) -> Pipeline:
        return self.document.pipeline

    def do(self, edit: Edit, group: str = "") -> bool:
        """Applies an edit and makes it undoable; a refusal is shown in the message bar. Returns whether it was applied."""
        try:
            self.attempt(edit, group)
        except GreenBenchError as error:
            self.refused.emit(error)
            return False
        return True

    def attempt(self, edit: Edit, group: str = "") -> None:
        """Applies an edit and makes it undoable. Edits in a row with the same `group` are one entry in the undo list.

        Raises:
            GreenBenchError: the edit is refused; nothing has changed.
        """
        inverse = self.document.apply(edit)
        self.undo_stack.push(EditCommand(self, edit, inverse, group))
        self.state_changed.emit()

    def open(self, pipeline: Pipeline, path: Path | None = None, *, saved: bool = False) -> None:
        """Takes another pipeline as the open one. `saved`: there is nothing to lose yet (an unchanged sample)."""
        self.document.replace(pipeline, path)
        if saved:
            self.document.treat_as_saved()
        self.undo_stack.clear()
        self.state_changed.emit()
        self.replaced.emit()

    def read(self, path: Path) -> None:
        """Opens a `.greenbench` file.

        Raises:
            GreenBenchError: the file cannot be read; the open pipeline stays as it is.
        """
        self.open(files.read(path, self.catalog), path)

    def save(self, path: Path | None = None) -> Path:
        """Writes the pipeline to `path` or to its own file.

        Raises:
            FileFormatError: it cannot be written; nothing is lost.
        """
        saved = self.document.save(path)
        self.undo_stack.setClean()
        self.state_changed.emit()
        return saved

    def close(self) -> None:
        """Stops listening to the document, and telling of it: the window is going."""
        self._forget()
        self.undo_stack.blockSignals(True)

    def _on_change(self, change: Change) -> None:
        self.changed.emit(change)
        self.state_changed.emit()
