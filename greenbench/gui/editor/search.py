"""Search-to-add: a small list of steps where the mouse is, filtered as one types; Enter adds, Escape leaves."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.catalog import Catalog
from greenbench.core.step import StepSpec
from greenbench.gui.controls import Icon, Text, line
from greenbench.gui.editor.drawing import write
from greenbench.gui.icons import paint_icon
from greenbench.gui.theme import Theme, font

_WIDTH, _ROW, _MOST_ROWS = 288, 40, 7
_ITEM = Qt.ItemDataRole.UserRole


class Offer:
    """One line of the list: what is chosen, its icon and words."""

    def __init__(self, value: object, icon: str, color: str, title: str, text: str) -> None:
        self.value, self.icon, self.color, self.title, self.text = value, icon, color, title, text


class _Rows(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(_WIDTH - 12, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        offer: Offer = index.data(_ITEM)
        rect = QRectF(option.rect)
        state = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(self._theme.color("selection" if chosen else "hover"))
            painter.drawRoundedRect(rect, 5, 5)
        paint_icon(painter, offer.icon, QRectF(rect.left() + 9, rect.center().y() - 8, 16, 16), self._theme.color(offer.color))
        right = 34 if chosen else 8
        write(
            painter,
            QRectF(rect.left() + 36, rect.top() + 3, rect.width() - 36 - right, 18),
            offer.title,
            self._theme.color("text"),
            (13, 500),
        )
        write(painter, QRectF(rect.left() + 36, rect.top() + 20, rect.width() - 36 - right, 16), offer.text, self._theme.color("muted"))
        if chosen:
            paint_icon(painter, "key-return", QRectF(rect.right() - 26, rect.center().y() - 8, 16, 16), self._theme.color("muted"))
        painter.restore()


class SearchPopup(QFrame):
    """A field over a list. `chosen` carries the value of the offer that was picked, `closed` comes when it goes away."""

    chosen = Signal(object)
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._over = theme, parent
        self._find: Callable[[str], Sequence[Offer]] = lambda text: ()
        self.setProperty("role", "card")
        self.setFixedWidth(_WIDTH)
        self.field = QLineEdit()
        self.field.setFont(font(13))
        self.field.setFrame(False)
        self.field.setStyleSheet("border: none; background: transparent;")
        self.field.setAccessibleName("Search")
        self.list = QListWidget()
        self.list.setItemDelegate(_Rows(theme, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setStyleSheet("background: transparent; border: none;")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Steps found")
        self.empty = Text("", 12, 400, "muted", wrap=True)
        self.empty.setContentsMargins(12, 4, 12, 8)
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 8, 6)
        head.setSpacing(6)
        head.addWidget(Icon(theme, "magnifying-glass", "muted"))
        head.addWidget(self.field)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(line())
        box = QVBoxLayout()
        box.setContentsMargins(5, 5, 5, 0)
        box.addWidget(self.list)
        whole.addLayout(box)
        whole.addWidget(self.empty)
        hint = Text("↑↓ choose   Enter add   Esc close", 11, 400, "muted")
        hint.setContentsMargins(12, 4, 12, 7)
        whole.addWidget(hint)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda item: self._choose(item))
        self.hide()

    def open(self, at: QPoint, find: Callable[[str], Sequence[Offer]], prompt: str) -> None:
        """Shows the list near `at` (pixels of the parent); `find` gives the offers for a text."""
        self._find = find
        self._at = at
        self.field.setPlaceholderText(prompt)
        self.field.clear()
        self._fill("")
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def offers(self) -> list[Offer]:
        return [self.list.item(row).data(_ITEM) for row in range(self.list.count())]

    def _fill(self, text: str) -> None:
        self.list.clear()
        for offer in self._find(text.strip()):
            item = QListWidgetItem(self.list)
            item.setData(_ITEM, offer)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{offer.title}: {offer.text}")
        count = self.list.count()
        self.list.setCurrentRow(0 if count else -1)
        self.list.setFixedHeight(min(count, _MOST_ROWS) * _ROW + (2 if count else 0))
        self.list.setVisible(count > 0)
        self.empty.setText(f'No step is called "{text}".' if text else "No step fits here.")
        self.empty.setVisible(count == 0)
        self.adjustSize()
        self._place()

    def _place(self) -> None:
        room = self._over.size()
        x = min(max(self._at.x(), 4), max(room.width() - self.width() - 4, 4))
        y = min(max(self._at.y(), 4), max(room.height() - self.height() - 4, 4))
        self.move(x, y)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and not self.list.underMouse():
            self.close_popup()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event.key())
        return super().eventFilter(watched, event)

    def _key(self, key: int) -> bool:
        row = self.list.currentRow()
        match key:
            case Qt.Key.Key_Down:
                self.list.setCurrentRow(min(row + 1, self.list.count() - 1))
            case Qt.Key.Key_Up:
                self.list.setCurrentRow(max(row - 1, 0))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._choose(self.list.currentItem())
            case Qt.Key.Key_Escape:
                self.close_popup()
            case Qt.Key.Key_Tab:
                pass
            case _:
                return False
        return True

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            offer: Offer = item.data(_ITEM)
            self.close_popup()
            self.chosen.emit(offer.value)

    def close_popup(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()


def step_offers(catalog: Catalog, text: str, fits: Callable[[StepSpec], bool]) -> list[Offer]:
    """The steps that match a text and fit, best first."""
    found = catalog.search(text) if text else tuple(catalog)
    return [Offer(spec, spec.icon, f"group_{spec.group.value}", spec.title, spec.summary) for spec in found if fits(spec)]
