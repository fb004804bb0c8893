"""The small cards that float over the canvas: what flows through a link, and why a link is refused."""

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from greenbench.core.ports import PortKind
from greenbench.gui.editor.drawing import metrics_of, outline, paint_shadow, port_path, write
from greenbench.gui.icons import paint_icon
from greenbench.gui.theme import Theme

_MOST = 330.0
_MARGIN = 6


class FloatingCard(QWidget):
    """Two lines beside a mark. It takes no mouse and no focus; `title` and `text` are what it says."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._over = theme, parent
        self.title = self.text = ""
        self.refusing = False
        self._kind: PortKind | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def show_flow(self, kind: PortKind, title: str, text: str, at: QPoint) -> None:
        """What flows, with the mark of its kind."""
        self._kind, self.refusing = kind, False
        self._show(title, text, at)

    def show_reason(self, title: str, text: str, at: QPoint) -> None:
        """Why something is refused, in red."""
        self._kind, self.refusing = None, True
        self._show(title, text, at)

    def _show(self, title: str, text: str, at: QPoint) -> None:
        self.title, self.text = title.rstrip("."), text
        widest = max(metrics_of(11, 600).horizontalAdvance(self.title), metrics_of(11).horizontalAdvance(text))
        size = QSize(round(min(widest, _MOST) + 28 + 12 + 2 * _MARGIN), (44 if text else 28) + 2 * _MARGIN)
        room = self._over.size()
        x = at.x() if at.x() + size.width() <= room.width() else at.x() - size.width() - 24
        y = at.y() if at.y() + size.height() <= room.height() else at.y() - size.height() - 24
        self.setGeometry(max(x, 0), max(y, 0), size.width(), size.height())
        self.setAccessibleName(f"{self.title}. {text}")
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        paint_shadow(painter, card, 6, self._theme.dark)
        painter.setBrush(self._theme.color("raised"))
        painter.setPen(outline(self._edge()))
        painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        line = QRectF(card.left() + 28, card.top() + 5, card.width() - 36, 17)
        token = "danger" if self.refusing else "text"
        if self._kind is not None:
            painter.fillPath(port_path(self._kind, QPointF(card.left() + 15, line.center().y()), 9), self._theme.port(self._kind))
        else:
            paint_icon(painter, "prohibit", QRectF(card.left() + 8, line.top() + 1.5, 14, 14), self._theme.color("danger"))
        write(painter, line, self.title, self._theme.color(token), (11, 600))
        write(painter, line.translated(0, 17), self.text, self._theme.color("second" if self.refusing else "muted"))
        painter.end()

    def _edge(self) -> QColor:
        return self._theme.color("danger" if self.refusing else "strong")
