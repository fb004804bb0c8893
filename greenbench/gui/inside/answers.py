"""Where two models answer differently: counts in a sentence, and the test examples with the truth and both answers."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from greenbench.core import quote
from greenbench.core.jobs import AnswerDifference, Differences
from greenbench.gui.controls import Segments, Text, row
from greenbench.gui.icons import paint_icon
from greenbench.gui.inside.subjects import Subject
from greenbench.gui.marks import paint_variant
from greenbench.gui.theme import Theme, font

_CARD, _PICTURE, _MARGIN = QSize(228, 116), 72, 12
_LINE = QSize(460, 116)  # of a text
_Index = QModelIndex | QPersistentModelIndex
ALL, FIRST, SECOND, WRONG = "all", "first", "second", "wrong"


def sentence(found: Differences, letters: tuple[str, str]) -> str:
    """ "A and B give the same answer for 351 of 360 test examples. A alone is right on 5, B alone on 3; both are wrong on 4." """
    first, second = letters
    same = f"{first} and {second} give the same answer for {quote.count(found.agree)} of {quote.count(found.examples)} test examples."
    if not found.only_first and not found.only_second and not found.both_wrong:
        return same
    return (
        f"{same} {first} alone is right on {quote.count(found.only_first)}, {second} alone on {quote.count(found.only_second)}; "
        f"both are wrong on {quote.count(found.both_wrong)}."
    )


def passes(answer: AnswerDifference, which: str) -> bool:
    """Whether an example belongs to what the filter shows; where nothing can be judged, only "all" shows it."""
    match which:
        case "first":
            return bool(answer.first_right) and answer.second_right is False
        case "second":
            return bool(answer.second_right) and answer.first_right is False
        case "wrong":
            return answer.first_right is False and answer.second_right is False
        case _:
            return True


class _Model(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.answers: list[AnswerDifference] = []
        self.pictures: dict[int, QPixmap] = {}
        self.letters = ("A", "B")

    def show(self, answers: list[AnswerDifference]) -> None:
        self.beginResetModel()
        self.answers = answers
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.answers)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        answer = self.answers[index.row()]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            lines = [f"Test example {answer.index}", answer.text, f"Truth: {answer.truth}" if answer.truth else ""]
            lines += [f"{letter}: {said}" for letter, said in zip(self.letters, _said(answer), strict=True)]
            return "\n".join(line for line in lines if line)
        return None


def _said(answer: AnswerDifference) -> tuple[str, str]:
    """Both answers in words: "7, 98 % sure, right"."""
    found = []
    for words, sure, right in (
        (answer.first, answer.first_confidence, answer.first_right),
        (answer.second, answer.second_confidence, answer.second_right),
    ):
        parts = [words, "" if sure is None else f"{sure * 100:.0f} % sure", "" if right is None else "right" if right else "wrong"]
        found.append(", ".join(part for part in parts if part))
    return found[0], found[1]


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: _Model) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.subjects: tuple[Subject, Subject] | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        size = _LINE if self._model.answers[index.row()].text else _CARD
        return QSize(size.width() + _MARGIN, size.height() + _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        answer = self._model.answers[index.row()]
        card = QRectF(option.rect).adjusted(0.5, 0.5, -_MARGIN - 0.5, -_MARGIN - 0.5)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(self._theme.color("accent" if chosen else "border"))
        painter.setBrush(self._theme.color("surface"))
        painter.drawRoundedRect(card, 8, 8)
        inside = card.adjusted(10, 10, -10, -10)
        left = 0.0
        if answer.image:
            left = _PICTURE + 10.0
            self._picture(painter, QRectF(inside.left(), inside.top(), _PICTURE, _PICTURE), answer)
        self._words(painter, inside.adjusted(left, 0, 0, 0), answer)
        painter.restore()

    def _picture(self, painter: QPainter, box: QRectF, answer: AnswerDifference) -> None:
        picture = self._model.pictures.get(answer.index)
        painter.fillRect(box, self._theme.color("sunken"))
        if picture is None or picture.isNull():
            paint_icon(painter, "image-square", QRectF(box.center().x() - 10, box.center().y() - 10, 20, 20), self._theme.color("faint"))
            return
        shown = QRectF(0, 0, *_fitted(picture.width(), picture.height(), _PICTURE))
        shown.moveCenter(box.center())
        # Small pictures are shown pixel by pixel: smoothing would invent what the model never saw.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > _PICTURE)
        painter.drawPixmap(shown, picture, QRectF(picture.rect()))

    def _words(self, painter: QPainter, box: QRectF, answer: AnswerDifference) -> None:
        top = box.top()
        if answer.text:
            text = QRectF(box.left(), top, box.width(), 30)
            painter.setFont(font(12))
            painter.setPen(self._theme.color("text"))
            flags = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(text, flags, _two_lines(answer.text, box.width()))
            top += 34
        head = f"Truth: {answer.truth}" if answer.truth else f"Example {answer.index}"
        self._line(painter, QRectF(box.left(), top, box.width(), 18), head, 12, 600, "text")
        top += 20
        rows = (
            (answer.first, answer.first_confidence, answer.first_right),
            (answer.second, answer.second_confidence, answer.second_right),
        )
        step = 20 if answer.text else 36
        for place, (words, sure, right) in enumerate(rows):
            self._answer(painter, QRectF(box.left(), top + place * step, box.width(), step), place, words, sure, right)

    def _answer(self, painter: QPainter, box: QRectF, place: int, words: str, sure: float | None, right: bool | None) -> None:
        """A mark of the model, its answer with a tick or a cross, and under or after it how sure it was."""
        line = QRectF(box.left(), box.top(), box.width(), 18)
        subject = self.subjects[place] if self.subjects else None
        if subject is not None and subject.index >= 0:
            paint_variant(painter, QPointF(line.left() + 5, line.center().y()), 9, self._theme.variant(subject.index))
        self._line(painter, line.adjusted(14, 0, 0, 0), self._model.letters[place], 11, 500, "muted")
        left = line.left() + 26
        if right is not None:
            name, tone = ("check-bold", "success") if right else ("x-bold", "danger")
            paint_icon(painter, name, QRectF(left, line.center().y() - 6, 12, 12), self._theme.color(tone))
            left += 16
        certain = "" if sure is None else f"{sure * 100:.0f} % sure"
        if box.height() > 30:
            self._line(painter, QRectF(left, line.top(), box.right() - left, 18), words, 12, 500, "text")
            self._line(painter, QRectF(left, line.bottom() - 2, box.right() - left, 16), certain, 11, 400, "muted")
            return
        used = self._line(painter, QRectF(left, line.top(), box.right() - left - 76, 18), words, 12, 500, "text")
        self._line(painter, QRectF(left + used + 8, line.top(), 80, 18), certain, 11, 400, "muted")

    def _line(self, painter: QPainter, box: QRectF, text: str, size: float, weight: int, tone: str) -> float:
        face = font(size, weight)
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
        painter.setFont(face)
        painter.setPen(self._theme.color(tone))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        return QFontMetricsF(face).horizontalAdvance(shown)


def _fitted(width: int, height: int, side: float) -> tuple[float, float]:
    scale = side / max(width, height, 1)
    return width * scale, height * scale


def _two_lines(text: str, width: float) -> str:
    return QFontMetricsF(font(12)).elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, max(width * 1.85, 40))


class AnswersView(QWidget):
    """Shows `Differences`; the filter counts what is shown, the sentence all test examples."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._found: Differences | None = None
        self._model = _Model()
        self._delegate = _Delegate(theme, self._model)
        self.words = Text("", 13, 500, wrap=True)
        self.note = Text("", 12, 400, "muted", wrap=True)
        self._filters = row(spacing=8)
        self.filter = Segments([(ALL, "All")])
        self._filters.addWidget(self.filter)
        self._filters.addStretch(1)
        self.list = QListView()
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setUniformItemSizes(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setProperty("role", "page")
        self.list.setAccessibleName("Test examples that are answered differently")
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._delegate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.words)
        layout.addLayout(self._filters)
        layout.addWidget(self.note)
        layout.addWidget(self.list, 1)
        forget = theme.observe(self.list.viewport().update)
        self.destroyed.connect(lambda *_: forget())

    @property
    def shown(self) -> Sequence[AnswerDifference]:
        return tuple(self._model.answers)

    def show_differences(self, found: Differences, subjects: tuple[Subject, Subject]) -> None:
        """Shows the examples; their pictures are read here, once."""
        letters = subjects[0].short, subjects[1].short
        self._found, self._delegate.subjects, self._model.letters = found, subjects, letters
        pictures = {each.index: QPixmap(str(Path(found.folder) / each.image)) for each in found.shown if each.image}
        self._model.pictures = pictures
        self.words.setText(sentence(found, letters))
        counts = {which: sum(passes(each, which) for each in found.shown) for which in (ALL, FIRST, SECOND, WRONG)}
        titles = {ALL: "All", FIRST: f"Only {letters[0]} right", SECOND: f"Only {letters[1]} right", WRONG: "Both wrong, differently"}
        judged = any(each.first_right is not None for each in found.shown)
        choices = [(which, f"{titles[which]}  {counts[which]}") for which in (titles if judged else (ALL,))]
        fresh = Segments(choices)
        fresh.chosen.connect(self._show)
        self._filters.replaceWidget(self.filter, fresh)
        self.filter.hide()
        self.filter.deleteLater()
        self.filter = fresh
        fresh.setVisible(bool(found.shown))
        self._show(ALL)

    def _show(self, which: object) -> None:
        assert self._found is not None
        shown = [each for each in self._found.shown if passes(each, str(which))]
        self._model.show(shown)
        differing = self._found.examples - self._found.agree
        if not differing:
            self.note.setText("There is nothing to show: every answer is the same.")
        elif not shown:
            self.note.setText("None of the examples shown here is of this kind.")
        elif len(self._found.shown) < differing:
            self.note.setText(f"The {len(self._found.shown)} of {quote.count(differing)} in which the models are surest are shown.")
        else:
            self.note.setText("")
        self.note.setVisible(bool(self.note.text()))
