"""The lamp beside Run: how many things there are to know before a run, and the list of them under it. It never hinders one."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.advice import Advice, Proposal, Tone
from greenbench.gui.advice.row import AdviceRow, Why
from greenbench.gui.controls import Button, Icon, Text, line, row
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme

_WIDTH, _TALLEST = 520, 520


class LintLamp(Button):
    """Shows the number of things; hidden while there are none. Amber where one of them is a warning."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "", "lightbulb-filament", "lamp", "muted")
        self.setFixedHeight(32)
        self.show_advice(())

    def show_advice(self, found: tuple[Advice, ...]) -> None:
        warned = sum(advice.tone is Tone.WARNING for advice in found)
        self.setVisible(bool(found))
        self.setText(str(len(found)))
        self._token = "warning" if warned else "second"
        self._dress()
        restyle(self, tone="warning" if warned else "")
        words = "1 thing" if len(found) == 1 else f"{len(found)} things"
        tail = f", {warned} of them {'a warning' if warned == 1 else 'warnings'}" if warned else ""
        self.setToolTip(f"{words} to know before you run{tail}")
        self.setAccessibleName(self.toolTip())


class LintPanel(QFrame):
    """The popup under the lamp. `tried` carries a proposal, `shown_node` the node where something can be mended."""

    tried = Signal(object)
    shown_node = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme, why_not: Why) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "popup")
        self._theme, self._why_not = theme, why_not
        self.rows: list[AdviceRow] = []
        self.setFixedWidth(_WIDTH)
        self._body = QWidget()
        self._body.setProperty("role", "clear")
        self._inside = QVBoxLayout(self._body)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(self._body)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 12, 1, 6)
        layout.setSpacing(6)
        head = row(Icon(theme, "lightbulb-filament", "warning"), Text("Before you run", 14, 600), 0, margins=(15, 0, 15, 0))
        layout.addLayout(head)
        layout.addLayout(row(Text("None of this hinders a run; it would weaken what its numbers say.", 12, 400, "muted"), 0,
                             margins=(15, 0, 15, 0)))  # fmt: skip
        layout.addWidget(self._area)

    def ask(self, anchor: QWidget, found: tuple[Advice, ...]) -> None:
        """Opens under the lamp, with the first thing open."""
        self.show_advice(found)
        place = anchor.mapToGlobal(QPoint(0, anchor.height() + 4))
        screen = anchor.screen().availableGeometry()
        self.move(max(screen.left(), min(place.x(), screen.right() - self.width())), place.y())
        self.show()
        if self.rows:
            self.rows[0].set_open(True)
            self.rows[0].head.setFocus(Qt.FocusReason.PopupFocusReason)
        self._grow()

    def show_advice(self, found: tuple[Advice, ...]) -> None:
        """What holds now; lines that were open stay open."""
        open_before = {each.advice.code + each.advice.node for each in self.rows if each.is_open}
        while self._inside.count():
            item = self._inside.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        for advice in found:
            above = line()
            self._inside.addWidget(above)
            made = AdviceRow(self._theme, advice, -1, self._why_not)
            made.tried.connect(self._take)
            self._inside.addWidget(made)
            self.rows.append(made)
            for widget in (above, made):
                widget.show()  # what is not shown yet has no height
            made.set_open(advice.code + advice.node in open_before)
            made.opened.connect(lambda _open: self._grow())
        self._inside.addStretch(1)
        self._grow()

    def _take(self, proposal: Proposal) -> None:
        self.hide()
        self.tried.emit(proposal)

    def _grow(self) -> None:
        """As tall as its lines, up to a limit; a line that was just closed needs less at once."""
        for each in self.rows:
            if (layout := each.layout()) is not None:
                layout.activate()
            each.updateGeometry()
        self._inside.activate()
        needed = self._inside.totalHeightForWidth(_WIDTH - 2)
        self._area.setFixedHeight(min(needed if needed > 0 else self._body.sizeHint().height(), _TALLEST))
        self.adjustSize()
