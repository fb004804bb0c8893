"""The list of steps at the left: searched, grouped, dragged onto the canvas or added with Enter."""

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.catalog import Catalog
from greenbench.core.errors import UnknownStepError
from greenbench.core.ports import PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.gui.controls import Icon, Text, row
from greenbench.gui.editor.drawing import write
from greenbench.gui.icons import paint_icon
from greenbench.gui.theme import Theme, font

MIME = "application/x-greenbench-step"
_SPEC = Qt.ItemDataRole.UserRole
_COUNT = Qt.ItemDataRole.UserRole + 1
_MANY = 6  # from so many steps on, a group is told apart by what they give


def step_mime(spec: StepSpec) -> QMimeData:
    """What is carried when a step is dragged: its key."""
    data = QMimeData()
    data.setData(MIME, QByteArray(spec.key.encode()))
    return data


def dragged_step(data: QMimeData, catalog: Catalog) -> StepSpec | None:
    """The step that is being dragged in, if it is one."""
    if not data.hasFormat(MIME):
        return None
    try:
        return catalog[bytes(data.data(MIME).data()).decode(errors="replace")]
    except UnknownStepError:
        return None


class _Tree(QTreeWidget):
    """Carries the step under the hand. `entered` comes with Enter: what a style calls "activated" may be a single click."""

    entered = Signal(QTreeWidgetItem)

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        spec = items[0].data(0, _SPEC) if items else None
        return step_mime(spec) if spec is not None else QMimeData()

    def drawBranches(self, painter: QPainter, rect: object, index: QModelIndex | QPersistentModelIndex) -> None:
        """The caret is drawn with the group, in its row."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.entered.emit(self.currentItem())
        else:
            super().keyPressEvent(event)


class _Rows(QStyledItemDelegate):
    """Groups with caret and count, steps with category edge and icon."""

    def __init__(self, theme: Theme, tree: QTreeWidget) -> None:
        super().__init__(tree)
        self._theme, self._tree = theme, tree

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        if index.data(_SPEC) is not None:
            return QSize(120, 28)
        return QSize(120, 24 if index.parent().isValid() else 32)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        rect = QRectF(option.rect)
        rect.setLeft(0)
        rect.setRight(self._tree.viewport().width())
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        spec: StepSpec | None = index.data(_SPEC)
        chosen = bool(state & QStyle.StateFlag.State_Selected) and self._tree.hasFocus()
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if chosen or (hovered and spec is not None):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("selection" if chosen else "hover"))
            painter.drawRoundedRect(rect.adjusted(8, 0, -8, 0), 6, 6)
        if spec is None and index.parent().isValid():
            write(painter, rect.adjusted(21, 2, -10, 0), index.data(), self._theme.color("muted"), (11, 500))
        elif spec is None:
            self._group(painter, rect, index, bool(state & QStyle.StateFlag.State_Open))
        else:
            self._step(painter, rect, spec, hovered)
        painter.restore()

    def _group(self, painter: QPainter, rect: QRectF, index: QModelIndex | QPersistentModelIndex, opened: bool) -> None:
        middle = rect.center().y()
        caret = "caret-down-fill" if opened else "caret-right-fill"
        paint_icon(painter, caret, QRectF(14, middle - 5, 10, 10), self._theme.color("muted"))
        write(painter, rect.adjusted(29, 0, -40, 0), index.data(), self._theme.color("second"), (12, 600))
        write(
            painter,
            rect.adjusted(0, 0, -18, 0),
            str(index.data(_COUNT)),
            self._theme.color("muted"),
            (12, 400),
            Qt.AlignmentFlag.AlignRight,
        )

    def _step(self, painter: QPainter, rect: QRectF, spec: StepSpec, hovered: bool) -> None:
        middle = rect.center().y()
        color = self._theme.group(spec.group)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(21, middle - 7, 3, 14), 1, 1)
        paint_icon(painter, spec.icon, QRectF(33, middle - 8, 16, 16), color)
        write(painter, rect.adjusted(56, 0, -26 if hovered else -10, 0), spec.title, self._theme.color("text"), (13, 400))
        if hovered:
            paint_icon(painter, "dots-six-vertical", QRectF(rect.right() - 26, middle - 7, 14, 14), self._theme.color("muted"))


def _parts(specs: Sequence[StepSpec]) -> list[tuple[str, list[StepSpec]]]:
    """The steps of a group where there are many: compression by its family, others under the kinds of what they give first."""
    if len(specs) >= _MANY and all(spec.group is Group.COMPRESS for spec in specs):
        families = {title: [spec for spec in specs if _family(spec) == title] for title in _FAMILIES.values()}
        return [(title, some) for title, some in families.items() if some]
    kinds = {kind: [spec for spec in specs if spec.outputs and spec.outputs[0].kind is kind] for kind in PortKind}
    named = [(_KINDS[kind], some) for kind, some in kinds.items() if some]
    whole = sum(len(some) for _, some in named) == len(specs)
    return named if whole and len(named) > 1 and len(specs) >= _MANY else [("", list(specs))]


_KINDS = {PortKind.DATASET: "Data", PortKind.MODEL: "Models", PortKind.RESULTS: "Results"}


# The first word of a step's key says to which family it belongs.
_FAMILIES = {"prune": "Prune", "quantize": "Quantize", "share": "Share and code", "": "Change layers"}


def _family(spec: StepSpec) -> str:
    word = spec.key.partition(".")[0]
    return _FAMILIES.get({"cast": "quantize", "encode": "share"}.get(word, word), _FAMILIES[""])


class StepLibrary(QWidget):
    """All steps of a catalogue. `chosen` asks for a step (its key) to be added in the middle of the canvas."""

    chosen = Signal(str)

    def __init__(self, catalog: Catalog, theme: Theme) -> None:
        super().__init__()
        self._catalog, self._theme = catalog, theme
        self.setProperty("role", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(160)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search steps")
        self.field.setFont(font(13))
        self.field.setMinimumHeight(30)
        self.field.setAccessibleName("Search steps")
        self._key = Text("Tab", 11, 400, "muted")
        self._key.setToolTip("On the canvas, Tab opens a search for steps")
        self.field.setTextMargins(20, 0, 26, 0)
        self.field.setLayout(row(Icon(theme, "magnifying-glass", "muted"), 0, self._key, margins=(9, 0, 9, 0)))
        self.tree = _Tree()
        self._build_tree()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        box = QVBoxLayout()
        box.setContentsMargins(12, 0, 12, 0)
        box.addWidget(self.field)
        layout.addLayout(box)
        layout.addWidget(self.tree, 1)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self._fill("")
        forget = theme.observe(self.tree.viewport().update)
        self.destroyed.connect(lambda *_: forget())
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.field.setFocus)

    def _build_tree(self) -> None:
        tree = self.tree
        tree.setHeaderHidden(True)
        tree.setIndentation(0)
        tree.setRootIsDecorated(False)
        tree.setItemDelegate(_Rows(self._theme, tree))
        tree.setDragEnabled(True)
        tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        tree.setMouseTracking(True)
        tree.setExpandsOnDoubleClick(False)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        tree.setAccessibleName("Steps")
        tree.entered.connect(self._activate)
        tree.itemDoubleClicked.connect(self._activate)
        tree.itemClicked.connect(self._toggle)

    def shown(self) -> list[StepSpec]:
        """The steps in the list, in order."""
        return [line.data(0, _SPEC) for line in self._lines()]

    def item(self, key: str) -> QTreeWidgetItem | None:
        """The line of a step, if it is shown."""
        return next((line for line in self._lines() if line.data(0, _SPEC).key == key), None)

    def _lines(self) -> list[QTreeWidgetItem]:
        found = []
        lines = QTreeWidgetItemIterator(self.tree)
        while (line := lines.value()) is not None:
            if line.data(0, _SPEC) is not None:
                found.append(line)
            lines += 1
        return found

    def _fill(self, text: str) -> None:
        self._key.setVisible(not text)
        found = self._catalog.search(text.strip()) if text.strip() else tuple(self._catalog)
        self.tree.clear()
        first: QTreeWidgetItem | None = None
        for group in Group:
            specs = [spec for spec in found if spec.group is group]
            if not specs:
                continue
            head = QTreeWidgetItem(self.tree, [group.title])
            head.setData(0, _COUNT, len(specs))
            head.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            head.setExpanded(True)
            for title, some in _parts(specs):
                if title:
                    QTreeWidgetItem(head, [title]).setFlags(Qt.ItemFlag.ItemIsEnabled)
                for spec in some:
                    line = self._add_line(head, spec)
                    first = first or line
        if not found:
            empty = QTreeWidgetItem(self.tree, ["No step found"])
            empty.setData(0, _COUNT, "")
            empty.setFlags(Qt.ItemFlag.NoItemFlags)
        if text.strip() and first is not None:
            best = self.item(found[0].key)
            self.tree.setCurrentItem(best or first)

    @staticmethod
    def _add_line(head: QTreeWidgetItem, spec: StepSpec) -> QTreeWidgetItem:
        line = QTreeWidgetItem(head, [spec.title])
        line.setData(0, _SPEC, spec)
        line.setToolTip(0, f"{spec.title}\n{spec.summary}")  # the title may be cut off
        line.setData(0, Qt.ItemDataRole.AccessibleDescriptionRole, spec.summary)
        return line

    def _activate(self, item: QTreeWidgetItem) -> None:
        spec: StepSpec | None = item.data(0, _SPEC)
        if spec is not None:
            self.chosen.emit(spec.key)

    def _toggle(self, item: QTreeWidgetItem) -> None:
        if item.data(0, _SPEC) is None and item.parent() is None:
            item.setExpanded(not item.isExpanded())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search field, Down goes to the list and Enter adds the best match."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Down:
                self.tree.setFocus(Qt.FocusReason.OtherFocusReason)
                current = self.tree.currentItem()
                if (current is None or current.data(0, _SPEC) is None) and self._lines():
                    self.tree.setCurrentItem(self._lines()[0])
                return True
            current = self.tree.currentItem()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current is not None:
                self._activate(current)
                return True
            if event.key() == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
        return super().eventFilter(watched, event)
