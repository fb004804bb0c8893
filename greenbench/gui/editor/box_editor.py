"""Editing on the node itself: a value in its box, or the title. Enter keeps, Escape leaves; a refused value says its limit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu

from greenbench.core.errors import GreenBenchError
from greenbench.core.params import FieldKind, FieldSpec
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.editing import Editing
from greenbench.gui.editor.items import NodeItem
from greenbench.gui.forms.typed import shown_value, typed_value
from greenbench.gui.style import restyle
from greenbench.gui.theme import font

if TYPE_CHECKING:
    from greenbench.gui.editor.canvas import Canvas


class BoxEditor(QObject):
    """A line of text over a node, or a menu of choices."""

    def __init__(self, canvas: "Canvas", editing: Editing, drawing: Drawing) -> None:
        super().__init__(canvas)
        self._canvas, self._editing, self._drawing = canvas, editing, drawing
        self._keep: Callable[[str], None] | None = None
        self.line = QLineEdit(canvas.viewport())
        self.line.hide()
        self.line.installEventFilter(self)
        self.menu: QMenu | None = None

    def edit_box(self, node: NodeItem, name: str) -> None:
        """Opens one field of a node: choices as a menu, yes or no turns over, all else is typed."""
        field = node.spec.field(name)
        if field is None:
            return
        value = node.node.params.get(name, field.default)
        rect = node.parts.boxes[name].translated(node.pos())
        if field.kind is FieldKind.BOOLEAN:
            self._set(node.id, field, not value)
        elif field.kind is FieldKind.CHOICE:
            self._choices(node, field, value, rect)
        else:
            self._open(rect, shown_value(field, value), 11, lambda typed: self._set(node.id, field, typed_value(field, typed)))

    def edit_title(self, node: NodeItem) -> None:
        title = node.parts.title.adjusted(-6, 3, 4, -3).translated(node.pos())
        self._open(title, node.node.title, 12, lambda typed: self._editing.rename(node.id, typed))

    def edit_selected_title(self) -> None:
        """Opens the title of the one selected node."""
        ids = self._canvas.pipeline_scene.selected_nodes()
        if len(ids) == 1:
            self._canvas.camera.show_node(ids[0])
            self.edit_title(self._canvas.pipeline_scene.nodes[ids[0]])

    def _choices(self, node: NodeItem, field: FieldSpec, value: Any, rect: QRectF) -> None:
        menu = QMenu(self._canvas)
        group = QActionGroup(menu)
        for choice, title in field.choices:
            action = QAction(title, menu, checkable=True, checked=choice == value)
            action.triggered.connect(lambda _=False, chosen=choice: self._set(node.id, field, chosen))
            group.addAction(action)
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._canvas.viewport().mapToGlobal(self._canvas.mapFromScene(rect.bottomLeft()) + QPoint(0, 2)))
        self.menu = menu

    def _set(self, id: str, field: FieldSpec, value: Any) -> None:
        self._editing.set_value(id, field.name, value)

    def _open(self, area: QRectF, text: str, size: float, keep: Callable[[str], None]) -> None:
        zoom = self._canvas.camera.zoom
        shown = self._canvas.mapFromScene(area).boundingRect()
        self._keep = keep
        self.line.setFont(font(max(size * zoom, 11)))
        self.line.setStyleSheet("min-height: 0; padding: 0 5px; border-radius: 4px;")
        self.line.setText(text)
        self.line.setGeometry(shown)
        restyle(self.line, bad=False)
        self.line.show()
        self.line.selectAll()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def commit(self) -> bool:
        """Keeps what was typed; a refusal stays on screen with its reason."""
        if self._keep is None:
            return True
        try:
            self._keep(self.line.text())
        except GreenBenchError as error:
            restyle(self.line, bad=True)
            at = self.line.geometry().bottomLeft() + QPoint(0, 4)
            self._canvas.card.show_reason(error.message, error.remedy, at)
            return False
        self.close_editor()
        return True

    def close_editor(self) -> None:
        """Leaves without keeping."""
        if self._keep is not None:
            self._keep = None
            had_focus = self.line.hasFocus()
            self.line.hide()
            self._canvas.card.hide()
            if had_focus:
                self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self._keep is not None and not self.commit():
            self.close_editor()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
                self.commit()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_editor()
                return True
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # letters belong to the text, not to the actions of the editor
        return super().eventFilter(watched, event)
