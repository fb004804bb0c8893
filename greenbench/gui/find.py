"""Find an action or a step (Ctrl+K): type, choose with the arrows, Enter."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from greenbench.core.catalog import Catalog
from greenbench.gui.actions import ActionSet
from greenbench.gui.controls import Text, line
from greenbench.gui.icons import icon
from greenbench.gui.theme import Theme, font

_MOST = 12


class Finder(QFrame):
    """A popup over the window. Choosing an action triggers it; choosing a step calls `add_step(key)`."""

    def __init__(self, parent: QWidget, theme: Theme, actions: ActionSet, catalog: Catalog, add_step: Callable[[str], object]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "popup")
        self._theme, self._actions, self._catalog, self._add_step = theme, actions, catalog, add_step
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find an action or a step")
        self.field.setFont(font(14))
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setIconSize(QSize(16, 16))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _: self._choose())
        self._none = Text("Nothing of that name.", 12, 400, "muted")
        self._none.setContentsMargins(10, 4, 10, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.field)
        layout.addWidget(line())
        layout.addWidget(self.list)
        layout.addWidget(self._none)

    def ask(self, anchor: QWidget) -> None:
        """Opens under a widget, empty."""
        self.field.clear()
        self._search("")
        self.setFixedWidth(420)
        place = anchor.mapToGlobal(anchor.rect().bottomRight())
        self.move(place.x() - self.width(), place.y() + 4)
        self.show()
        self.field.setFocus()

    def _search(self, text: str) -> None:
        self.list.clear()
        for action, made in self._actions.search(text)[:_MOST]:
            keys = made.shortcut().toString()
            item = QListWidgetItem(icon(self._theme, action.icon or "caret-right"), action.title + (f"   {keys}" if keys else ""))
            item.setData(Qt.ItemDataRole.UserRole, made.trigger)
            self.list.addItem(item)
        if text.strip():
            for spec in self._catalog.search(text)[: _MOST - min(self.list.count(), _MOST // 2)]:
                item = QListWidgetItem(icon(self._theme, spec.icon, f"group_{spec.group.value}"), f"Add step: {spec.title}")
                item.setToolTip(spec.summary)
                item.setData(Qt.ItemDataRole.UserRole, lambda key=spec.key: self._add_step(key))
                self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self.list.setFixedHeight(min(self.list.count(), _MOST) * 28 + 4)
        self._none.setVisible(self.list.count() == 0)
        self.adjustSize()

    def _choose(self) -> None:
        item = self.list.currentItem()
        self.hide()
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole)()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
        return False
