"""The live dock: three plots on one time axis, following the run or held still, with crosshair and the joules of a dragged span.

One plot is drawn a tick, so that keys and clicks are answered in between; a whole picture comes five times a second. While a
timed block is open it comes once a second: the instrument must not disturb the measurement.
"""

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QSplitter, QVBoxLayout

from greenbench.core import quote
from greenbench.core.measurement import Provenance
from greenbench.gui.controls import Button, Choice, Icon, IconButton, Text, row
from greenbench.gui.energy import EnergyOf
from greenbench.gui.live import curves
from greenbench.gui.live.layers import Chip, Span
from greenbench.gui.live.plot import LivePlot
from greenbench.gui.live.record import LiveRecord
from greenbench.gui.theme import Theme, font

FRAME_MS = 40
PICTURE_S, CALM_S = 0.2, 1.0
_RANGES = ((60.0, "Last 1 min"), (120.0, "Last 2 min"), (360.0, "Last 6 min"), (1800.0, "Last 30 min"), (0.0, "Whole run"))


class LiveDock(QFrame):
    """Takes events through `on_event`; asks `energy_of(t0_ns, t1_ns)` for the joules of a span."""

    collapse_asked = Signal()

    def __init__(self, theme: Theme, energy_of: EnergyOf | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._theme, self._energy_of, self._now = theme, energy_of, now
        self.record = LiveRecord()
        self._dirty = True
        self._following = True
        self._held: tuple[float, float] | None = None
        self._cross: float | None = None
        self._drawn_at = -1e9
        self._due: list[int] = []  # the plots of this picture that are still to be drawn
        self.frames = 0
        self.power = LivePlot(theme, "Power", "W", from_zero=True)
        self.latency = LivePlot(theme, "Latency", "ms", from_zero=True)
        self.learning = LivePlot(theme, "Accuracy", "%", from_zero=False, right_axis=True)
        self.plots = (self.power, self.latency, self.learning)
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        forget = theme.observe(self._redraw)
        self.destroyed.connect(lambda *_: forget())

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 2)
        layout.setSpacing(2)
        layout.addLayout(self._head())
        self._splitter = QSplitter()
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for plot in self.plots:
            plot.setMinimumWidth(200)
            plot.hovered.connect(partial(self._hover, plot))
            plot.dragged.connect(self._drag)
            plot.zoomed.connect(self._zoom)
            self._splitter.addWidget(plot)
        self._splitter.setSizes([1000, 1000, 1000])
        layout.addWidget(self._splitter, 1)

    def _head(self) -> QHBoxLayout:
        self._pill = QPushButton("Following")
        self._pill.setProperty("kind", "pill")
        self._pill.setFont(font(12, 500))
        self._pill.clicked.connect(lambda: self.set_following(not self._following))
        self._pause = Button(self._theme, "Pause", "pause", "quiet")
        self._pause.clicked.connect(lambda: self.set_following(not self._following))
        self._range = Choice()
        self._range.setFont(font(12))
        self._range.setFixedHeight(26)
        for seconds, words in _RANGES:
            self._range.addItem(words, seconds)
        self._range.setCurrentIndex(1)
        self._range.currentIndexChanged.connect(lambda _: self.set_following(True))
        self._notice = QFrame()
        self._notice.setProperty("role", "notice")
        self._notice.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        calm = Text("Measuring: the view refreshes once a second", 12, 500, "accent")
        self._notice.setLayout(row(Icon(self._theme, "snowflake", "accent", 14), calm, spacing=6, margins=(8, 3, 10, 3)))
        self._notice.hide()
        self.collapse = IconButton(self._theme, "caret-down", "Hide the live plots")
        self.collapse.clicked.connect(self.collapse_asked)
        caption = Text("time in the run, min:s", 12, 400, "muted")
        title = Text("Live", 13, 600)
        return row(
            title, self._pill, caption, 8, self._notice, 0, self._pause, self._range, self.collapse, spacing=8, margins=(16, 0, 10, 0)
        )

    # ---- events ---------------------------------------------------------------------------------------------

    def on_event(self, event: object) -> None:
        """Takes one event; the picture follows with the next frame."""
        runs = self.record.runs
        if self.record.take(event):
            self._dirty = True
        if self.record.runs != runs:
            self.set_following(True)
            for plot in self.plots:
                plot.overlay.span = None
        self._notice.setVisible(self.record.measuring)

    def forget_run(self) -> None:
        """Another pipeline is open: the curves of an earlier run would have no name."""
        self.record.forget_run()
        self.set_following(True)
        for plot in self.plots:
            plot.overlay.span = None

    def _tick(self) -> None:
        """Draws the next plot of a picture, or begins a new picture when it is time."""
        if not self.isVisible():
            return
        if not self._due:
            now = self._now()
            if not self._dirty or now - self._drawn_at < (CALM_S if self.record.measuring else PICTURE_S):
                return
            self._drawn_at = now
            self._begin()
        self._draw(self._due.pop(0))
        if not self._due:
            self._show_cross()

    # ---- what is looked at ----------------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        return self._following

    def set_following(self, following: bool) -> None:
        """Lets the picture move with the run, or holds it where it is."""
        self._held = None if following else self.span_shown()
        self._following = following
        self._pill.setText("Following" if following else "Paused")
        self._pause.setText("Pause" if following else "Follow")
        self._dirty = True

    def span_shown(self) -> tuple[float, float]:
        """The absolute seconds at the left and right edge."""
        if self._held:
            return self._held
        record = self.record
        origin = record.origin or 0.0
        newest = max(record.newest, origin + 1)
        wanted = float(self._range.currentData())
        if wanted == 0.0:
            return origin, max(newest, origin + 10)
        if not record.runs or newest - origin >= wanted:
            return newest - wanted, newest
        # A young run fills the picture from the left, with a quarter of the range free before it.
        end = max(newest, min(origin + wanted, newest + wanted * 0.25))
        return min(origin, end - 10), end

    def _zoom(self, around: float, factor: float) -> None:
        start, end = self.span_shown()
        origin = self.record.origin or 0.0
        middle = around + origin
        width = min(max((end - start) * factor, 1.0), 24 * 3600.0)
        left = middle - (middle - start) / (end - start) * width
        self.set_following(False)
        self._held = (left, left + width)
        self._redraw()

    # ---- drawing --------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """One span for all plots of a picture: they share their time axis."""
        self._dirty = False
        self.frames += 1
        self._span = self.span_shown()
        self._due = list(range(len(self.plots)))

    def _redraw(self) -> None:
        """The whole picture at once."""
        self._begin()
        while self._due:
            self._draw(self._due.pop(0))
        self._show_cross()

    def _draw(self, index: int) -> None:
        record, plot = self.record, self.plots[index]
        start, end = self._span
        origin = record.origin or 0.0
        make = (curves.power, curves.latency, curves.learning)[index]
        picture = make(record, self._theme, curves.View(start, end, origin, plot.columns))
        under = plot.underlay
        under.phases, under.origin, under.now, under.hatched = record.phases, origin, record.newest, picture.hatched
        under.gaps = picture.gaps
        plot.overlay.word = picture.word
        plot.legend.show_entries(picture.entries)
        if picture.title:
            plot.title.setText(picture.title[0])
            plot.unit.setText(picture.title[1])
        plot.draw(picture.curves, start - origin, end - origin)

    def _hover(self, plot: LivePlot, second: float | None) -> None:
        self._cross = second
        self._show_cross()

    def _show_cross(self) -> None:
        origin = self.record.origin or 0.0
        makers = (curves.power_chips, curves.latency_chips, curves.learning_chips)
        for plot, make in zip(self.plots, makers, strict=True):
            chips: list[Chip] = [] if self._cross is None else make(self.record, self._theme, self._cross + origin)
            plot.overlay.cross, plot.overlay.chips = self._cross, chips
            plot.overlay.update()

    def _drag(self, start: float, end: float, finished: bool) -> None:
        span: Span | None = Span(start, end)
        if end - start < 0.05:
            span = None
        elif finished or self._energy_of:
            span = self._with_energy(start, end)
        for plot in self.plots:
            plot.overlay.span = Span(start, end) if span and plot is not self.power else span
            plot.overlay.update()

    def _with_energy(self, start: float, end: float) -> Span:
        origin = self.record.origin or 0.0
        seconds = end - start
        if self._energy_of is None:
            return Span(start, end, f"{seconds:.1f} s")
        found = self._energy_of(round((start + origin) * 1e9), round((end + origin) * 1e9))
        if found.energy_j is None:
            return Span(start, end, f"No reading for these {seconds:.1f} s", found.reason[:48])
        shown = quote.scale("J", [found.energy_j])
        about = "≈ " if found.provenance is Provenance.MODELLED else ""
        joules = f"{about}{quote.significant(found.energy_j * shown.factor, 3)} {shown.unit} in {seconds:.1f} s"
        return Span(start, end, joules, f"mean {about}{found.energy_j / seconds:.1f} W")

    def stop(self) -> None:
        """Ends the timer; the dock is not drawn any more."""
        self._timer.stop()
