"""Actions as data: an id, words, an icon, keys, a menu and what to do. Menus, buttons, keys and "Find an action" all read the same list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from greenbench.gui.icons import icon
from greenbench.gui.theme import Theme


@dataclass(frozen=True)
class Action:
    """One thing a user can do. `menu` is where it stands ("File"; "" nowhere); `group` separates it by a line from others;
    `aliases` are other words under which people look for it. `checked` makes it a switch."""

    id: str
    title: str
    handler: Callable[[], object]
    icon: str = ""
    keys: str = ""
    menu: str = ""
    group: int = 0
    aliases: str = ""
    checked: bool | None = None


class ActionSet:
    """The QActions of a window, made from a list of `Action`s."""

    def __init__(self, window: QWidget, theme: Theme, actions: Iterable[Action]) -> None:
        self._theme = theme
        self._actions: dict[str, tuple[Action, QAction]] = {}
        for action in actions:
            made = QAction(action.title, window)
            made.setShortcuts([QKeySequence(keys) for keys in action.keys.split(" or ")] if action.keys else [])
            if action.checked is not None:
                made.setCheckable(True)
                made.setChecked(action.checked)
            made.triggered.connect(lambda _=False, handler=action.handler: handler())
            window.addAction(made)
            self._actions[action.id] = (action, made)
        self.dress()

    def __iter__(self) -> Iterator[tuple[Action, QAction]]:
        return iter(self._actions.values())

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id][1]

    def enable(self, id: str, enabled: bool) -> None:
        self._actions[id][1].setEnabled(enabled)

    def dress(self) -> None:
        """Takes the icons in the colours of the theme."""
        for action, made in self:
            if action.icon:
                made.setIcon(icon(self._theme, action.icon))

    def fill(self, bar: QMenuBar, submenus: dict[str, list[QMenu]] | None = None) -> dict[str, QMenu]:
        """Builds the menus in the order in which the actions name them, a line between groups; `submenus` follow at the end of
        the first group of their menu. Returns the menus by name."""
        menus: dict[str, QMenu] = {}
        last: dict[str, int] = {}
        for action, made in self:
            if not action.menu:
                continue
            menu = menus.get(action.menu)
            if menu is None:
                menu = menus[action.menu] = bar.addMenu(f"&{action.menu}")  # Alt and the first letter opens it
            if last.get(action.menu, action.group) != action.group:
                if last[action.menu] == 0:
                    self._attach(menu, (submenus or {}).get(action.menu, []))
                menu.addSeparator()
            last[action.menu] = action.group
            menu.addAction(made)
        return menus

    @staticmethod
    def _attach(menu: QMenu, submenus: list[QMenu]) -> None:
        for submenu in submenus:
            menu.addMenu(submenu)

    def search(self, text: str) -> list[tuple[Action, QAction]]:
        """The enabled actions that match all words; matches at the start of the title first."""
        words = text.lower().split()
        found = []
        for action, made in self:
            whole = f"{action.title} {action.aliases} {action.menu}".lower()
            if made.isEnabled() and all(word in whole for word in words):
                found.append((0 if action.title.lower().startswith(text.lower()) else 1, action, made))
        return [(action, made) for _, action, made in sorted(found, key=lambda item: item[0])]
