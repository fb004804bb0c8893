"""The card of a sample: its miniature, its title, what it shows in a sentence, how long it takes and what it follows."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy

from greenbench.gui.editor.drawing import metrics_of, type_of, write
from greenbench.gui.icons import paint_icon
from greenbench.gui.start.gallery import Sample
from greenbench.gui.start.miniature import paint_ground, paint_miniature
from greenbench.gui.theme import Theme

_PICTURE, _MARGIN, _HEIGHT = 78.0, 15.0, 204
_LINES = 2


class SampleCard(QAbstractButton):
    """A button that is a card. `wanted` carries the file and the budget under which to open it; with several, a menu asks."""

    wanted = Signal(object, str)

    def __init__(self, theme: Theme, sample: Sample) -> None:
        super().__init__()
        self._theme, self.sample = theme, sample
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(f"Sample {sample.title}")
        self.setAccessibleDescription(sample.sentence)
        self.setToolTip(self._whole())
        self.menu = QMenu(self)
        for budget in sample.budgets:
            self.menu.addAction(budget.words).triggered.connect(lambda _=False, name=budget.name: self.wanted.emit(sample.path, name))
        self.clicked.connect(self._open)
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    def sizeHint(self) -> QSize:
        return QSize(280, _HEIGHT)

    def _whole(self) -> str:
        fetched = f"\n\nDownloads {', '.join(self.sample.downloads)} unless it is there already." if self.sample.downloads else ""
        return f"<qt><b>{_plain(self.sample.title)}</b><br>{_plain(self.sample.description + fetched)}</qt>"

    def _open(self) -> None:
        """One size opens at once; of several one is chosen."""
        if len(self.sample.budgets) <= 1:
            self.wanted.emit(self.sample.path, self.sample.budgets[0].name if self.sample.budgets else "")
        else:
            self.menu.popup(self.mapToGlobal(QPointF(_MARGIN, _PICTURE).toPoint()))

    # ---- drawing ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        marked = self.hasFocus() or self.isDown()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(box, 8, 8)
        painter.fillPath(path, theme.color("surface"))
        painter.save()
        painter.setClipPath(path)
        picture = QRectF(box.left(), box.top(), box.width(), _PICTURE)
        paint_ground(painter, picture, theme)
        painter.restore()
        paint_miniature(painter, picture.adjusted(18, 12, -18, -12), self.sample, theme)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(picture.bottomLeft(), picture.bottomRight())
        painter.setPen(QPen(theme.color("accent" if marked else "faint" if self.underMouse() else "border"), 1.5 if marked else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        self._words(painter, QRectF(_MARGIN, _PICTURE + 10, self.width() - 2 * _MARGIN, self.height() - _PICTURE - 20))
        painter.end()

    def _words(self, painter: QPainter, room: QRectF) -> None:
        theme, sample = self._theme, self.sample
        title = f"{sample.paper}  {sample.title}" if sample.paper and not sample.title.startswith(sample.paper) else sample.title
        write(painter, QRectF(room.left(), room.top(), room.width(), 20), title, theme.color("text"), (13, 600))
        painter.setPen(theme.color("second"))
        paragraph(painter, QRectF(room.left(), room.top() + 23, room.width(), 34), sample.sentence)
        y = room.bottom() - 18
        facts = [("clock", sample.minutes), ("book-open", sample.label)]
        if sample.downloads:
            names = ", ".join(name.partition(" (")[0] for name in sample.downloads)
            self._fact(painter, QRectF(room.left(), y, room.width(), 16), "download-simple", f"Downloads {names}")
            y -= 21
        x = room.left()
        for icon, words in facts:
            if words:
                x += self._fact(painter, QRectF(x, y, room.right() - x, 16), icon, words) + 14

    def _fact(self, painter: QPainter, place: QRectF, icon: str, words: str) -> float:
        muted = self._theme.color("muted")
        paint_icon(painter, icon, QRectF(place.left(), place.center().y() - 7, 14, 14), muted)
        return 20 + write(painter, place.adjusted(20, 0, 0, 0), words, muted, (12, 400))


def paragraph(painter: QPainter, room: QRectF, text: str) -> None:
    """Words over two lines in the pen's colour; what does not fit ends in an ellipsis."""
    letters, measures = type_of(12), metrics_of(12)
    painter.setFont(letters)
    layout = QTextLayout(text, letters)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    y, height = room.top(), 17.0
    for number in range(_LINES):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(room.width())
        words = text[line.textStart() :] if number == _LINES - 1 else text[line.textStart() : line.textStart() + line.textLength()]
        _line(painter, QRectF(room.left(), y, room.width(), height), words, measures)
        y += height
    layout.endLayout()


def _line(painter: QPainter, place: QRectF, words: str, measures: QFontMetricsF) -> None:
    shown = measures.elidedText(words.strip(), Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
