"""The start page itself: the quick start on top, two ways in, the samples on their shelves; sensors and recent files beside them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from greenbench.gui.controls import Button, Icon, Segments, Text, row
from greenbench.gui.start.card import SampleCard
from greenbench.gui.start.gallery import Sample
from greenbench.gui.start.miniature import Miniature
from greenbench.gui.start.painted import PaintedRow
from greenbench.gui.start.recent import RecentCard
from greenbench.gui.start.sensing import SensorCard
from greenbench.gui.theme import Theme

_SHELVES = (("", "All"), ("compress", "Compress"), ("distil", "Distil"), ("papers", "Papers"))
_ASIDE, _NARROW_ASIDE, _GAP = 358, 336, 12
_THREE, _WIDE = 800, 1200
_WIDEST = 1560


class QuickStart(QFrame):
    """The one click to a first result. `wanted` says whether to run it at once."""

    wanted = Signal(bool)

    def __init__(self, theme: Theme, sample: Sample) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.run = Button(theme, "Open and run", "play-fill", "primary")
        self.look = Button(theme, "Open only")
        self.run.clicked.connect(lambda: self.wanted.emit(True))
        self.look.clicked.connect(lambda: self.wanted.emit(False))
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(Text(sample.title, 16, 600))
        words.addWidget(Text(sample.description, 13, 400, "second", wrap=True))
        self.took = Text("", 12, 400, "muted")
        self._time = QWidget()
        self._time.setLayout(row(Icon(theme, "clock", "muted", 14), self.took, 8, spacing=6))
        self.show_time(f"About {sample.minutes}" if sample.minutes else "")
        models = Text(f"{sample.variants} models compared", 12, 400, "muted")
        words.addLayout(row(self._time, Icon(theme, "stack", "muted", 14), models, 0, spacing=6))
        words.addStretch(1)
        words.addLayout(row(self.run, self.look, 0))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(24)
        layout.addLayout(words, 5)
        self.picture = Miniature(theme, sample)
        self.picture.setMinimumSize(220, 140)
        layout.addWidget(self.picture, 4)

    def show_time(self, words: str) -> None:
        """How long it takes, in words; where it has run before, how long it took here."""
        self.took.setText(words)
        self._time.setVisible(bool(words))


class StartPage(QScrollArea):
    """`sample_wanted` carries a file and its budget; `quick_start` whether to run; `file_wanted` a recent file."""

    sample_wanted = Signal(object, str)
    quick_wanted = Signal(bool)
    new_wanted = Signal()
    open_wanted = Signal()

    def __init__(self, theme: Theme, quick: Sample | None) -> None:
        super().__init__()
        self._theme = theme
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Start")
        self.cards: list[SampleCard] = []
        self.sensors, self.recent = SensorCard(theme), RecentCard(theme)
        self.quick = QuickStart(theme, quick) if quick is not None else None
        self.empty = PaintedRow(theme, "flow-arrow", "Empty pipeline", "Join the steps yourself", framed=True)
        self.open = PaintedRow(theme, "folder-open", "Open…", "A pipeline of yours", framed=True)
        self.shelves = Segments(_SHELVES, "", height=32)
        self.count = Text("", 13, 400, "muted")
        self._samples = QWidget()
        self._grid = QGridLayout(self._samples)
        self._columns = 3
        self._body = QWidget()
        self._body.setProperty("role", "page")
        self._lay_out()
        self.setWidget(self._body)
        self.empty.clicked.connect(self.new_wanted)
        self.open.clicked.connect(self.open_wanted)
        self.shelves.chosen.connect(lambda _: self._arrange())
        if self.quick is not None:
            self.quick.wanted.connect(self.quick_wanted)

    def _lay_out(self) -> None:
        main = QVBoxLayout()
        main.setSpacing(16)
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addWidget(Text("Start", 24, 600))
        head.addWidget(Text("Run a sample, open a pipeline, or join one yourself.", 14, 400, "second"))
        main.addLayout(head)
        if self.quick is not None:
            main.addWidget(self.quick)
        main.addLayout(row(self.empty, self.open, spacing=_GAP))
        main.addLayout(row(Text("Samples", 16, 600), self.count, 0, self.shelves, spacing=10))
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        main.addWidget(self._samples)
        main.addStretch(1)
        self._aside = QWidget()
        side = QVBoxLayout(self._aside)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(16)
        for widget in (self.sensors, self.recent):
            side.addWidget(widget)
        side.addStretch(1)
        self._across = QHBoxLayout(self._body)
        self._across.setSpacing(28)
        self._across.addLayout(main, 1)
        self._across.addWidget(self._aside, 0)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        """Puts the cards of these files on the page."""
        for card in self.cards:
            card.deleteLater()
        self.cards = [SampleCard(self._theme, sample) for sample in samples]
        for card in self.cards:
            card.wanted.connect(self.sample_wanted)
        self._arrange()

    def shown(self) -> list[SampleCard]:
        """The cards of the chosen shelf."""
        shelf = self.shelves.value()
        return [card for card in self.cards if card.sample.is_of(shelf)]

    def _arrange(self) -> None:
        shown = self.shown()
        for card in self.cards:
            self._grid.removeWidget(card)
            if card not in shown:
                card.hide()
        for place, card in enumerate(shown):
            self._grid.addWidget(card, place // self._columns, place % self._columns)
            card.show()
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < self._columns else 0)
        self.count.setText(str(len(shown)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        wide = width >= _WIDE
        self._aside.setFixedWidth(_ASIDE if width >= 1400 else _NARROW_ASIDE)
        side = max((width - _WIDEST) // 2, 68 if width >= 1400 else 40 if wide else 20)
        self._across.setContentsMargins(side, 32 if wide else 20, side, 24)
        room = width - 2 * side - 28 - self._aside.width()
        columns = 3 if room >= _THREE else 2 if room >= 480 else 1
        if columns != self._columns:
            self._columns = columns
            self._arrange()
