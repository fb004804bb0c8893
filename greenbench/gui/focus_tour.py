"""F6 goes round the parts of the window: Tab alone cannot, for on the canvas it opens search-to-add."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow


def next_panel(window: "MainWindow") -> None:
    """Moves the focus to the first control of the next part that is shown."""
    stops = [
        window.menu_row.field, window.toolbar, window.library.field, window.pages.currentWidget(), window.inspector, window.live,
        *((page.table, page.detail) if (page := window.sensor_page.page) is not None else ()),
    ]  # fmt: skip
    seen = [stop for stop in stops if stop is not None and stop.isVisible()]
    now = window.focusWidget()
    here = next((place for place, stop in enumerate(seen) if now is not None and (stop is now or stop.isAncestorOf(now))), -1)
    target = seen[(here + 1) % len(seen)]
    target = window.editor.canvas if target is window.editor else target
    _first(target).setFocus(Qt.FocusReason.TabFocusReason)


def _first(target: QWidget) -> QWidget:
    """What takes the focus in a part: itself, or the first control inside that can be reached by Tab."""
    inside = [target, *target.findChildren(QWidget)]
    taking = (widget for widget in inside if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return next(taking, target)
