"""Chooses a network among all that can be built by name, by what one chooses by: size, work, input, licence."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QDialog, QFrame, QHeaderView, QLineEdit, QTableView, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError
from greenbench.core.quote import count
from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.sources.zoo_table import COLUMNS, ENTRY, ZooModel, ZooRows
from greenbench.gui.table_head import TwoLineHead
from greenbench.gui.theme import Theme, font
from greenbench.steps.model_library import zoo

_CALM_MS = 120
_TO_THE_TABLE = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


class _Table(QTableView):
    """`chosen` comes with Enter or a double click."""

    chosen = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
            return
        super().keyPressEvent(event)


class ZooBrowser(QDialog):
    """`picked` carries the name of the chosen network; Enter chooses, Escape leaves it as it was."""

    picked = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme, current: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Choose a model")
        self.resize(min(1000, parent.width() - 60), min(680, parent.height() - 60))
        self._theme = theme
        self.field = QLineEdit()
        self.field.setFont(font(13))
        self.field.setMinimumHeight(30)
        self.field.setPlaceholderText("Search by name, task or licence; <5M for fewer than 5 million parameters")
        self.field.setAccessibleName("Search models")
        self.field.setTextMargins(20, 0, 0, 0)
        self.field.setLayout(row(Icon(theme, "magnifying-glass", "muted"), 0, margins=(9, 0, 9, 0)))
        self.field.installEventFilter(self)
        self.pretrained = QCheckBox("Pretrained only")
        self.pretrained.setFont(font(13))
        self.entries = ZooModel()
        self._kept = ""  # the selected network while the rows change
        self.table = self._make_table()
        self.said = Text("", 12, 400, "muted", wrap=True)
        self.choose = Button(theme, "Choose", kind="primary")
        self.choose.setDefault(True)
        self.choose.clicked.connect(self._choose)
        leave = Button(theme, "Cancel")
        leave.setAutoDefault(False)
        leave.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        top = row(self.field, self.pretrained, spacing=12)
        top.setStretch(0, 1)
        layout.addLayout(top)
        card = QFrame()
        card.setProperty("role", "card")
        card.setLayout(row(self.table, margins=(1, 1, 1, 1)))
        layout.addWidget(card, 1)
        bottom = row(self.said, leave, self.choose)
        bottom.setStretch(0, 1)
        layout.addLayout(bottom)
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(self.search)
        self.field.textChanged.connect(self._timer.start)
        self.pretrained.toggled.connect(self.search)
        self.search()
        self._select(current)
        self.field.setFocus()

    def _make_table(self) -> _Table:
        table = _Table()
        table.setModel(self.entries)
        table.setItemDelegate(ZooRows(self._theme, self.entries))
        head = TwoLineHead(self._theme, lambda: COLUMNS, sortable=True)
        table.setHorizontalHeader(head)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place, column in enumerate(COLUMNS):
            if column.width:
                head.resizeSection(place, column.width)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setSortIndicatorShown(True)
        table.setSortingEnabled(True)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(32)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setAccessibleName("Models")
        table.chosen.connect(self._choose)
        table.doubleClicked.connect(lambda _: self._choose())
        self.entries.modelAboutToBeReset.connect(self._keep)
        self.entries.modelReset.connect(lambda: self._select(self._kept))
        return table

    @property
    def current(self) -> str:
        """The name of the selected network, "" where none is."""
        index = self.table.currentIndex()
        return str(index.data(ENTRY).name) if index.isValid() else ""

    def search(self) -> None:
        """Shows what matches the words in the field."""
        self._timer.stop()
        words = f"{self.field.text()} pretrained" if self.pretrained.isChecked() else self.field.text()
        try:
            found = zoo.search(words)
        except GreenBenchError as error:
            self.said.setText(str(error))
            self.said.set_tone("danger")
            return
        self.said.set_tone("muted")
        self.entries.show_entries(found)
        everything = len(zoo.zoo())
        if not everything:
            self.said.setText("The list of models is missing from this installation. Any name can still be typed in the form.")
        elif not found:
            self.said.setText(f"None of {count(everything)} models matches. Try fewer words.")
        else:
            self.said.setText(f"{count(len(found))} of {count(everything)} models")

    def _keep(self) -> None:
        self._kept = self.current or self._kept

    def _select(self, name: str) -> None:
        """Marks a network, or the first one where it is not in the list."""
        names = [entry.name for entry in self.entries.entries]
        place = names.index(name) if name in names else 0
        self.choose.setEnabled(bool(names))
        if names:
            self.table.setCurrentIndex(self.entries.index(place, 0))
            self.table.scrollTo(self.entries.index(place, 0), QAbstractItemView.ScrollHint.EnsureVisible)

    def _choose(self) -> None:
        name = self.current
        if name:
            self.picked.emit(name)
            self.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field, the arrows go into the table and Enter chooses what is marked there."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in _TO_THE_TABLE:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)
                self.table.keyPressEvent(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self._timer.isActive():
                    self.search()
                self._choose()
                return True
        return super().eventFilter(watched, event)
