"""The editor's actions with their keys, as data: the same list makes shortcuts, context menus and the shell's Edit menu."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from greenbench.gui.icons import icon
from greenbench.gui.theme import Theme

NODES, LINKS, CANVAS = "nodes", "links", "canvas"


@dataclass(frozen=True)
class EditorAction:
    """`where` says in which context menus it stands: on nodes, on links, on the empty canvas; `gap`: a line before it."""

    id: str
    title: str
    keys: tuple[str, ...]
    handler: Callable[[], None]
    icon: str = ""
    where: tuple[str, ...] = ()
    gap: bool = False


class EditorActions:
    """The QActions of an editor by id. They act while the focus is within it."""

    def __init__(self, owner: QWidget, theme: Theme, actions: tuple[EditorAction, ...]) -> None:
        self._theme = theme
        self._data = actions
        self.by_id: dict[str, QAction] = {}
        for entry in actions:
            action = QAction(entry.title, owner)
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _=False, handler=entry.handler: handler())
            owner.addAction(action)
            self.by_id[entry.id] = action

    def menu(self, parent: QWidget, where: str) -> QMenu:
        """A context menu with what may be done there."""
        menu = QMenu(parent)
        for entry in self._data:
            if where in entry.where:
                if entry.gap and not menu.isEmpty():
                    menu.addSeparator()
                action = self.by_id[entry.id]
                if entry.icon:
                    action.setIcon(icon(self._theme, entry.icon))
                menu.addAction(action)
        return menu

    def enable(self, ids: tuple[str, ...], enabled: bool) -> None:
        for id in ids:
            self.by_id[id].setEnabled(enabled)
