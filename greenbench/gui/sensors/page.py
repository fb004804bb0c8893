"""The sensors page: what is read on this machine and what is not, why, and what to do; live, at most four times a second."""

import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from greenbench.core.calibration import Calibration
from greenbench.core.measurement import SourceReport
from greenbench.gui.controls import Button, GivingText, Icon, Text, row
from greenbench.gui.live.record import LiveRecord
from greenbench.gui.sensors.detail import DetailPanel
from greenbench.gui.sensors.plot import LastMinute
from greenbench.gui.sensors.rows import SensorRow, groups, playing, rows, total_words
from greenbench.gui.sensors.states import GROUPS
from greenbench.gui.sensors.table import Reading, SensorTable
from greenbench.gui.theme import Theme

BEAT_MS, CALM_MS = 250, 1_000
_SEARCH_MS = 1_500
_STALE = 5  # refresh intervals after which a value is no longer that of now
_NARROW, _LOW = 1200, 700


class SensorsPage(QFrame):
    """Shows reports and the live record. What a user asks for is only told: `again_asked`, `add_asked`, `calibrate_asked`,
    `remove_asked`, `left` (Esc)."""

    again_asked = Signal()
    add_asked = Signal()
    calibrate_asked = Signal(str)
    remove_asked = Signal(str)
    copied = Signal()

    def __init__(self, theme: Theme, record: Callable[[], LiveRecord | None], now: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self._theme, self._record, self._now = theme, record, now
        self._reports: tuple[SourceReport, ...] = ()
        self._calibration: Calibration | None = None
        self.setProperty("role", "page")
        self.setAccessibleName("Sensors")
        self.add = Button(theme, "Add external meter…", "plus")
        self.again = Button(theme, "Search again", "arrows-clockwise")
        self.calibrate = Button(theme, "Calibrate…", "ruler")
        self.counts: dict[str, Text] = {}
        self.total = GivingText(12, 400, "muted")
        self.table, self.plot, self.detail = SensorTable(theme), LastMinute(theme), DetailPanel(theme)
        self._lay_out()
        for button, signal in ((self.add, self.add_asked), (self.again, self.again_asked)):
            button.clicked.connect(signal)
        self.calibrate.clicked.connect(lambda: self.calibrate_asked.emit(""))
        self.table.chosen.connect(lambda _: self._choose())
        self.table.acted.connect(self._act)
        self.detail.again_asked.connect(self.again_asked)
        self.detail.calibrate_asked.connect(self.calibrate_asked)
        self.detail.remove_asked.connect(self.remove_asked)
        self.detail.copied.connect(self.copied)
        self.detail.add_asked.connect(self.add_asked)
        self._timer = QTimer(self)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self.refresh)

    # ---- layout -----------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Text("Sensors", 20, 600))
        said = GivingText(13, 400, "second")
        said.say("Every power and energy source on this machine, what it covers, and what to do where one is silent.")
        words.addWidget(said)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addLayout(words, 1)
        self.played = QFrame()
        self.played.setProperty("role", "pill-warning")
        self.played.setFixedHeight(24)
        told = Text("A recording is played back, not this machine", 12, 600, "warning")
        self.played.setLayout(row(Icon(self._theme, "film-strip", "warning", 14), told, spacing=6, margins=(9, 0, 10, 0)))
        self.played.hide()
        head.addWidget(self.played)
        for button in (self.calibrate, self.add, self.again):
            button.setFixedHeight(32)
            head.addWidget(button)
        self._summary = QFrame()
        self._summary.setProperty("role", "card")
        self._summary.setFixedHeight(42)
        self._line = QHBoxLayout(self._summary)
        self._line.setContentsMargins(16, 0, 16, 0)
        self._line.setSpacing(6)
        self._counts = QWidget()
        self._line.addWidget(self._counts)
        self._line.addWidget(self.total, 1)
        left = QVBoxLayout()
        left.setSpacing(14)
        left.addWidget(_card(self.table))
        self._drawn = _card(self.plot, top=10)
        left.addWidget(self._drawn, 1)
        self._aside = _card(self.detail)
        across = QHBoxLayout()
        across.setSpacing(14)
        across.addLayout(left, 1)
        across.addWidget(self._aside)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(14)
        for layout in (head, self._summary, across):
            if isinstance(layout, QWidget):
                self._column.addWidget(layout)
            else:
                self._column.addLayout(layout, 1 if layout is across else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow, low = event.size().width() < _NARROW, event.size().height() < _LOW
        side, gap = (16 if narrow else 24), (10 if low else 14)
        self._aside.setFixedWidth(320 if narrow else 360)
        self._column.setContentsMargins(side, gap, side, gap)
        self._column.setSpacing(gap)
        self._drawn.setMinimumHeight(150 if low else 190)

    # ---- what is known ----------------------------------------------------------------------------------------

    def show_sources(
        self, reports: Sequence[SourceReport], calibration: Calibration | None = None, places: Mapping[str, str] | None = None
    ) -> None:
        """What the meter says of its sources, the calibration that would be applied, and what the user's own meters are and where."""
        self._reports, self._calibration = tuple(reports), calibration
        found = rows(self._reports, calibration, places)
        self.table.show_rows(found)
        self._show_counts(found)
        self.played.setVisible(playing(self._reports))
        self.total.say(total_words(self._reports) if reports else "The meter has not answered yet.")
        self._choose()
        self.refresh()

    def _show_counts(self, found: Sequence[SensorRow]) -> None:
        counts = groups(found)
        fresh = QWidget()
        cells: list[QWidget | int] = []
        self.counts = {}
        for name, icon, tone in GROUPS:
            if name in counts:
                self.counts[name] = Text(str(counts[name]), 13, 600)
                cells += [Icon(self._theme, icon, tone, 15), self.counts[name], Text(name, 13, 400, "second"), 14]
        fresh.setLayout(row(*cells, spacing=6))
        self._line.replaceWidget(self._counts, fresh)
        self._counts.hide()
        self._counts.deleteLater()
        self._counts = fresh

    def _choose(self) -> None:
        self.detail.show_row(self.table.rows, self.table.key, self._calibration)
        self.refresh()

    def show_searching(self) -> None:
        """Says that the sources are looked for; if nothing has changed, nothing else would tell."""
        self.again.setText("Searching…")
        self.again.setEnabled(False)
        QTimer.singleShot(_SEARCH_MS, self, self._show_searched)

    def _show_searched(self) -> None:
        self.again.setText("Search again")
        self.again.setEnabled(True)

    def _act(self, key: str, act: str) -> None:
        if act == "calibrate":
            self.calibrate_asked.emit(key)
        elif act == "add":
            self.add_asked.emit()
        else:
            self.detail.verticalScrollBar().setValue(0)
            self.detail.setFocus()

    # ---- live -------------------------------------------------------------------------------------------------

    def readings(self) -> dict[str, Reading]:
        """The watts of each channel now; a value that is too old is none."""
        record, now_s = self._record(), self._now()
        found: dict[str, Reading] = {}
        for each in self.table.rows:
            series = record.power.get(each.key) if record is not None else None
            if record is None or each.channel is None or series is None or not len(series):
                continue
            age_s = now_s - float(series.t[-1])
            if series.last is None:
                found[each.key] = Reading(None, record.why_no_reading.get(each.key, "No reading."))
            elif age_s > _STALE * max(each.refresh_s or 0.0, 0.5):
                found[each.key] = Reading(None, f"No reading for {age_s:.0f} s.")
            else:
                found[each.key] = Reading(series.last)
        return found

    def refresh(self) -> None:
        """Draws the values of this moment, if the page is seen; once a second while a block is timed."""
        if not self.isVisible():
            return
        record, now = self._record(), self.readings()
        self.table.show_now(now)
        self.detail.show_now(now)
        self.plot.show_record(record, self.table.rows, self.table.key, self._now())
        interval = CALM_MS if record is not None and record.measuring else BEAT_MS
        if interval != self._timer.interval():
            self._timer.setInterval(interval)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()


def _card(inside: QWidget, top: int = 1) -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(1, top, 1, 1)
    layout.addWidget(inside)
    return card
