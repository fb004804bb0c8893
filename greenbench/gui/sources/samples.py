"""A few examples of a data set with their labels: pictures in a grid, sentences and rows of a table as lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.jobs import PreparedNode
from greenbench.core.preview import Preview, Sample
from greenbench.gui.editor.drawing import metrics_of, write
from greenbench.gui.theme import Theme

_SAMPLE = Qt.ItemDataRole.UserRole
_LABEL = 16
_LINES = 2


@dataclass(frozen=True)
class Shown:
    """A data set with what there is to see of it; `folder` has the pictures."""

    data: DatasetArtifact
    preview: Preview
    folder: Path

    @property
    def pictures(self) -> bool:
        return any(sample.image for sample in self.preview.samples)


def shown_of(prepared: PreparedNode) -> Shown | None:
    """What a source gave, if it gave data with a preview that can be read."""
    data = next((given for given in prepared.outputs.values() if isinstance(given, DatasetArtifact)), None)
    if data is None:
        return None
    folder = Path(prepared.folder)
    try:
        preview = Preview.model_validate_json((folder / data.files["preview"]).read_bytes()) if "preview" in data.files else Preview()
    except (OSError, ValidationError):
        preview = Preview()  # the cache was cleared meanwhile: what the artefact says itself still holds
    return Shown(data, preview, folder)


class SampleModel(QAbstractListModel):
    """The examples; their pictures are loaded when they are first drawn."""

    def __init__(self, samples: Sequence[Sample], folder: Path) -> None:
        super().__init__()
        self.samples, self._folder = list(samples), folder
        self._pictures: dict[str, QPixmap] = {}

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.samples)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        sample = self.samples[index.row()]
        if role == _SAMPLE:
            return sample
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{sample.label}, {sample.split}{': ' + sample.text if sample.text else ''}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{sample.label}\n{sample.split}{chr(10) + sample.text if sample.text else ''}"
        return None

    def picture(self, name: str) -> QPixmap:
        """A picture of the artefact's folder; an empty one if it is gone."""
        if name not in self._pictures:
            path = self._folder / name
            self._pictures[name] = QPixmap(str(path)) if path.is_file() else QPixmap()
        return self._pictures[name]

    def show_samples(self, samples: Sequence[Sample]) -> None:
        self.beginResetModel()
        self.samples = list(samples)
        self.endResetModel()


class _Pictures(QStyledItemDelegate):
    """A picture with its label below."""

    def __init__(self, theme: Theme, model: SampleModel, side: int) -> None:
        super().__init__(model)
        self._theme, self._model, self._side = theme, model, side

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self._side, self._side + _LABEL)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        sample: Sample = index.data(_SAMPLE)
        rect = QRectF(option.rect)
        square = QRectF(rect.left(), rect.top(), self._side, self._side)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(self._theme.color("accent" if option.state & QStyle.StateFlag.State_HasFocus else "border"))
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(square.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        picture = self._model.picture(sample.image)
        if not picture.isNull():
            painter.drawPixmap(_fitted(picture, square.adjusted(2, 2, -2, -2)), picture, QRectF(picture.rect()))
        below = QRectF(square.left(), square.bottom() + 1, self._side, _LABEL - 1)
        write(painter, below, sample.label, self._theme.color("second"), (11, 400), Qt.AlignmentFlag.AlignHCenter)
        painter.restore()


def _fitted(picture: QPixmap, room: QRectF) -> QRectF:
    """Where a picture stands in a square: whole, in the middle."""
    size = picture.size().toSizeF().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRectF(room.topLeft(), size)
    place.moveCenter(room.center())
    return place


class _Lines(QStyledItemDelegate):
    """The label, and under it the sentence or the numbers on at most two lines."""

    def __init__(self, theme: Theme, model: SampleModel) -> None:
        super().__init__(model)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, 52)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        sample: Sample = index.data(_SAMPLE)
        rect = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(rect, self._theme.color("selection"))
        head = QRectF(rect.left() + 4, rect.top() + 2, rect.width() - 8, 16)
        split = write(painter, head, sample.split, self._theme.color("muted"), (11, 400), Qt.AlignmentFlag.AlignRight)
        write(painter, head.adjusted(0, 0, -split - 8, 0), sample.label, self._theme.color("text"), (12, 600))
        for number, words in enumerate(_broken(sample.text, rect.width() - 8)):
            line = QRectF(head.left(), head.bottom() + number * 15, head.width(), 15)
            write(painter, line, words, self._theme.color("second"), (12, 400))
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), self._theme.color("border"))
        painter.restore()


def _broken(text: str, width: float) -> list[str]:
    """The words on at most two lines; what is left over stands on the last one, which is elided."""
    measures, words, lines = metrics_of(12, 400), text.split(), [""]
    for number, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if measures.horizontalAdvance(longer) <= width or not lines[-1]:
            lines[-1] = longer
        elif len(lines) < _LINES:
            lines.append(word)
        else:
            lines[-1] = " ".join([lines[-1], *words[number:]])
            break
    return [line for line in lines if line]


def spread(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """At most so many (0: all), evenly from first to last, so that every split and class keeps its share."""
    if not limit or len(samples) <= limit:
        return list(samples)
    return [samples[place * len(samples) // limit] for place in range(limit)]


class SampleView(QListView):
    """Pictures of `side` pixels, or lines where the examples are no pictures; `limit` of them (0: all)."""

    def __init__(self, theme: Theme, shown: Shown, side: int, limit: int = 0) -> None:
        super().__init__()
        self.pictures, self.side = shown.pictures, side
        self.examples = SampleModel(spread(shown.preview.samples, limit), shown.folder)
        self.setModel(self.examples)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Examples")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if self.pictures:
            self.setItemDelegate(_Pictures(theme, self.examples, side))
            self.setFlow(QListView.Flow.LeftToRight)
            self.setWrapping(True)
            self.setSpacing(3)
            self.setResizeMode(QListView.ResizeMode.Adjust)
        else:
            self.setItemDelegate(_Lines(theme, self.examples))
            self.setUniformItemSizes(True)
        forget = theme.observe(self.viewport().update)
        self.destroyed.connect(lambda *_: forget())

    def height_for(self, rows: int, width: int) -> int:
        """The height of so many rows of pictures or lines, fewer where there are not so many examples."""
        if not self.pictures:
            return 52 * min(rows, len(self.examples.samples))
        across = max(1, width // (self.side + 6))
        return min(rows, -(-len(self.examples.samples) // across)) * (self.side + _LABEL + 6) + 6
