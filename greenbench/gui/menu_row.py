"""The top row: mark of the product, menus, the tab of the open document, "Find an action or a step", settings."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QMenuBar, QPushButton, QSizePolicy, QWidget

from greenbench.gui.controls import Icon, IconButton, Text
from greenbench.gui.icons import paint_icon
from greenbench.gui.marks import paint_progress_ring
from greenbench.gui.theme import Theme, font


class Logo(QWidget):
    """A leaf on the accent colour."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(18, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(0, 0, 18, 18), 4, 4)
        painter.fillPath(path, self._theme.color("accent"))
        paint_icon(painter, "leaf", QRectF(3, 3, 12, 12), self._theme.color("on_accent"))
        painter.end()


class RowTab(QAbstractButton):
    """A tab of the menu row: the open one has the surface's colour and an accent on top, the other is a button."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.opened = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(36)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme.observe(self.update)

    def set_opened(self, opened: bool) -> None:
        self.opened = opened
        self.update()

    def paint_ground(self, painter: QPainter) -> QRectF:
        """The tab without its words; returns its rectangle."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box, theme = QRectF(self.rect()), self._theme
        if self.opened:
            painter.fillRect(box, theme.color("surface"))
            painter.fillRect(QRectF(0, 0, box.width(), 2), theme.color("accent"))
            for x in (0.0, box.width() - 1):
                painter.fillRect(QRectF(x, 0, 1, box.height()), theme.color("border"))
        elif self.underMouse():
            painter.fillRect(box, theme.color("hover"))
        if self.hasFocus():
            painter.setPen(theme.color("accent"))
            painter.drawRoundedRect(box.adjusted(3.5, 5.5, -3.5, -4.5), 4, 4)
        return box

    @property
    def ink(self) -> QColor:
        return self._theme.color("text" if self.opened else "second")


class StartTab(RowTab):
    """Leads to the start page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setToolTip("Start page: samples, papers, recent files")
        self.setAccessibleName("Start page")

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(font(13, 600)).horizontalAdvance("Start") + 54, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = self.paint_ground(painter)
        paint_icon(painter, "house", QRectF(14, 10, 16, 16), self.ink)
        painter.setFont(font(13, 600 if self.opened else 500))
        painter.setPen(self.ink)
        painter.drawText(box.adjusted(37, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "Start")
        painter.end()


class SensorsTab(RowTab):
    """Leads to the sensors page once that was opened; its cross closes it."""

    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setToolTip("Power sources: what is read, what is not, and why")
        self.setAccessibleName("Sensors")
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(font(13, 600)).horizontalAdvance("Sensors") + 76, 36)

    def _cross(self) -> QRectF:
        return QRectF(self.width() - 26, 11, 14, 14)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._cross().adjusted(-4, -4, 4, 4).contains(event.position()) and event.button() == Qt.MouseButton.LeftButton:
            self.setDown(False)
            self.closed.emit()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = self.paint_ground(painter)
        paint_icon(painter, "lightning", QRectF(14, 10, 16, 16), self.ink)
        painter.setFont(font(13, 600 if self.opened else 500))
        painter.setPen(self.ink)
        painter.drawText(box.adjusted(37, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "Sensors")
        paint_icon(painter, "x", self._cross().adjusted(1, 1, -1, -1), self._theme.color("muted"))
        painter.end()


class DocumentTab(RowTab):
    """The title of the open pipeline, with a dot while it is not saved and a ring while it runs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.opened = True
        self._title, self._modified, self._share = "", False, -1.0

    def show_title(self, title: str, modified: bool, path: str) -> None:
        self._title, self._modified = title, modified
        self.setToolTip(path or "Not saved in a file yet")
        self.setAccessibleName(f"{title}{', unsaved changes' if modified else ''}")
        self.updateGeometry()
        self.update()

    def show_share(self, share: float | None) -> None:
        self._share = -1.0 if share is None else share
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        words = QFontMetrics(font(13, 600)).horizontalAdvance(self._shown())
        return QSize(words + 32 + (24 if self._share >= 0 else 0) + (14 if self._modified else 0), 36)

    def _shown(self) -> str:
        return QFontMetrics(font(13, 600)).elidedText(self._title, Qt.TextElideMode.ElideRight, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = self.paint_ground(painter)
        x = 16.0
        if self._share >= 0:
            paint_progress_ring(painter, QRectF(x, 10, 16, 16), self._share, self._theme)
            x += 24
        painter.setFont(font(13, 600))
        painter.setPen(self.ink)
        words = self._shown()
        painter.drawText(QRectF(x, 0, box.width() - x, box.height()), Qt.AlignmentFlag.AlignVCenter, words)
        if self._modified:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("muted"))
            right = x + QFontMetrics(font(13, 600)).horizontalAdvance(words)
            painter.drawEllipse(QPointF(right + 10, 18.5), 3, 3)
        painter.end()


class FindField(QPushButton):
    """Looks like a search field, opens the palette of actions and steps."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 4, 0)
        layout.setSpacing(6)
        key = Text("Ctrl K", 11, 500, "muted")
        key.setProperty("role", "key")
        key.setFixedSize(48, 18)
        key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (Icon(theme, "magnifying-glass", "muted", 14), Text("Find an action or a step", 12, 400, "second"), key):
            widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(widget, 1 if widget.property("tone") == "second" else 0)
        self.setFixedSize(250, 26)
        self.setProperty("kind", "field")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Find an action or a step")


class MenuRow(QFrame):
    """36 pixels high, over the full width."""

    find_asked = Signal()
    switch_theme = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "menu-row")
        self.setFixedHeight(37)
        self.menus = QMenuBar()
        self.menus.setFont(font(13))
        self.menus.setNativeMenuBar(False)
        self.menus.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.start = StartTab(theme)
        self.tab = DocumentTab(theme)
        self.sensors = SensorsTab(theme)
        self.field = FindField(theme)
        self.field.clicked.connect(self.find_asked)
        self.light = IconButton(theme, "moon", "Switch between light and dark", "muted")
        self.light.clicked.connect(self.switch_theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(6)
        layout.addWidget(Logo(theme))
        layout.addWidget(self.menus)
        layout.addSpacing(10)
        layout.addWidget(self.start)
        layout.setSpacing(2)
        layout.addWidget(self.tab)
        layout.addWidget(self.sensors)
        layout.addStretch(1)
        layout.addWidget(self.field)
        layout.addSpacing(4)
        layout.addWidget(self.light)

    def show_start(self, start: bool) -> None:
        """Whether the start page is open, or the pipeline."""
        self._open(self.start if start else self.tab)

    def show_sensors(self, sensors: bool) -> None:
        """Whether the sensors page is open, or the pipeline; once it was, its tab stays."""
        if sensors:
            self.sensors.show()
        self._open(self.sensors if sensors else self.tab)

    def _open(self, opened: RowTab) -> None:
        for tab in (self.start, self.tab, self.sensors):
            tab.set_opened(tab is opened)
