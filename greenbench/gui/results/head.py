"""The row above the results: which run, and what can be done with its table: columns, filter, copy, export."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QWidget

from greenbench.gui.controls import Button, GivingText, Text, row
from greenbench.gui.results.columns import DEFAULT, chosen_from, offers
from greenbench.gui.results.copying import FORMS
from greenbench.gui.results.export import FORMATS
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme

_COLUMNS = "results/columns"
FILTERS = {"failed": "Hide what has no numbers", "beaten": "Hide what the trade-off shows as clearly beaten"}


class StayingMenu(QMenu):
    """A menu of boxes to tick that stays open: several are often ticked one after the other."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        action = self.activeAction()
        if action is not None and action.isCheckable() and action.isEnabled():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self.activeAction()
        if event.key() == Qt.Key.Key_Space and action is not None and action.isCheckable() and action.isEnabled():
            action.trigger()
        else:
            super().keyPressEvent(event)


class ResultsHead(QWidget):
    """`shown` tells that columns or filter changed; `columns` and `hidden` are what is chosen. Columns are remembered."""

    shown = Signal()
    copy_asked = Signal(str)
    export_asked = Signal(str)

    def __init__(self, theme: Theme, settings: Settings | None) -> None:
        super().__init__()
        self._settings = settings
        self.columns = chosen_from(settings.text(_COLUMNS) if settings else "")
        self.hidden: set[str] = set()
        self.title, self.when = Text("", 16, 600), GivingText(12, 400, "muted")
        self.column_button = Button(theme, "Columns", "columns")
        self.filter_button = Button(theme, "Filter", "funnel-simple")
        self.copy_button = Button(theme, "Copy as", "copy")
        self.export_button = Button(theme, "Export", "export")
        self._column_actions: dict[str, QAction] = {}
        self._filter_actions: dict[str, QAction] = {}
        self._fill_columns()
        self._fill_filter()
        self.copy_button.setMenu(self._menu(self.copy_button, FORMS, self.copy_asked.emit))
        exports = {suffix: f"{title} (.{suffix})" for suffix, title in FORMATS.items()}
        self.export_button.setMenu(self._menu(self.export_button, exports, self.export_asked.emit))
        buttons = (self.column_button, self.filter_button, self.copy_button, self.export_button)
        self.setLayout(row(self.title, self.when, 0, *buttons, spacing=8))

    def show_table(self, there: bool) -> None:
        """What belongs to the table is offered where there is one."""
        for button in (self.column_button, self.filter_button, self.copy_button):
            button.setVisible(there)

    def name_against(self, title: str) -> None:
        """The menu calls the column of the bars as the table does."""
        self._column_actions["against"].setText(title)

    def tell_hidden(self, count: int, ways: Collection[str]) -> None:
        """Says on the button how many variants the filter leaves out; `ways` are the filters that can leave out anything."""
        self.filter_button.setText(f"Filter: {count} hidden" if count else "Filter")
        for key, action in self._filter_actions.items():
            action.setEnabled(key in ways or action.isChecked())

    def _fill_columns(self) -> None:
        menu = StayingMenu(self.column_button)
        menu.setToolTipsVisible(True)
        for offer in offers():
            action = menu.addAction(offer.title)
            action.setCheckable(True)
            action.setChecked(offer.key in self.columns)
            action.setToolTip(offer.help)
            action.toggled.connect(self._columns_changed)
            self._column_actions[offer.key] = action
        menu.addSeparator()
        menu.addAction("As at the beginning").triggered.connect(lambda: self.choose_columns(DEFAULT))
        self.column_button.setMenu(menu)

    def choose_columns(self, keys: Collection[str]) -> None:
        """Shows these columns, and no others."""
        for key, action in self._column_actions.items():
            action.blockSignals(True)
            action.setChecked(key in keys)
            action.blockSignals(False)
        self._columns_changed()

    def _columns_changed(self, _checked: bool = False) -> None:
        self.columns = tuple(key for key, action in self._column_actions.items() if action.isChecked())
        if self._settings:
            self._settings.set_text(_COLUMNS, " ".join(self.columns))
        self.shown.emit()

    def _fill_filter(self) -> None:
        menu = StayingMenu(self.filter_button)
        for key, words in FILTERS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.toggled.connect(partial(self._filter, key))
            self._filter_actions[key] = action
        self.filter_button.setMenu(menu)

    def _filter(self, key: str, checked: bool) -> None:
        (self.hidden.add if checked else self.hidden.discard)(key)
        self.shown.emit()

    @staticmethod
    def _menu(button: Button, entries: Mapping[str, str], ask: Callable[[str], None]) -> QMenu:
        menu = QMenu(button)
        for key, words in entries.items():
            menu.addAction(words).triggered.connect(partial(_with, ask, key))
        return menu


def _with(ask: Callable[[str], None], key: str, _checked: bool = False) -> None:
    ask(key)
