"""The dialog "Calibrate": what will happen, with which meter and how long; then the sweep with its scatter; then the line, to keep or not.

FORM ──Start──▶ BUSY (a thread sweeps, a timer shows) ──▶ DONE: keep or discard
  ▲                                                  └──▶ REFUSED: the points, why no line came of them, and "Try again"
  └── Stop, or an error before the first point
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from greenbench.core import places
from greenbench.core.calibration import Calibration, LoadWindow, Pace, SweepProgress
from greenbench.core.errors import Cancelled, GreenBenchError
from greenbench.core.measurement import SourceReport
from greenbench.core.quote import duration
from greenbench.core.run import Failure
from greenbench.engine.calibrating import Pair, Sweep, choose, enough_s, sweep_plan
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.load import Load, cores_allowed
from greenbench.gui.controls import Button, Choice, Segments, Text, row
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.sensors.room import show_whole
from greenbench.gui.sensors.rows import channels_of
from greenbench.gui.sensors.scatter import CalibrationScatter
from greenbench.gui.sensors.words import calibration_words, short_time
from greenbench.gui.theme import Theme, font
from greenbench.meters.pairing import parts, wholes
from greenbench.meters.replay import without_mark

FORM, BUSY, DONE, REFUSED = range(4)
_BEAT_MS = 250
_WHAT = (
    "GreenBench keeps the processor idle, then busier step by step, then idle again, and reads the wall meter beside the counters. "
    "From then on every run is also estimated at the wall. Leave the computer alone meanwhile, and let nothing else hang on the meter."
)


class CalibrateDialog(QDialog):
    """`kept` comes when a calibration was written down. `start_load` makes the load; a scripted one serves in tests."""

    kept = Signal()

    def __init__(self, parent: QWidget | None, theme: Theme, runner: Any, start_load: Callable[[int], Any] = Load) -> None:
        super().__init__(parent)
        self._theme, self._runner, self._start_load = theme, runner, start_load
        self._channels: tuple[Any, ...] = ()
        self._sources: tuple[SourceReport, ...] = ()
        self._heard: queue.SimpleQueue[SweepProgress | Calibration | GreenBenchError | Cancelled] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._windows: list[LoadWindow] = []
        self._stage = FORM
        self.found: Calibration | None = None
        self.setWindowTitle("Calibrate")
        self.setMinimumWidth(560)
        self.scatter = CalibrationScatter(theme)
        self.pages = QStackedWidget()
        for page in (self._form_page(), self._busy_page()):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.addWidget(self.pages)
        self._timer = QTimer(self)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self.drain)

    # ---- parts ------------------------------------------------------------------------------------------------

    def _form_page(self) -> QWidget:
        self.meter = Choice()
        self.meter.setFont(font(13))
        self.meter.setAccessibleName("Wall meter")
        self.meter.currentIndexChanged.connect(lambda _: self._mind())
        self.pace = Segments([(Pace.QUICK, "Quick, 10 s a load"), (Pace.THOROUGH, "Thorough, 60 s a load")], Pace.QUICK, height=32)
        self.pace.chosen.connect(lambda _: self._mind())
        self.against, self.takes = Text("", 12, 400, "second", wrap=True), Text("", 12, 400, "muted", wrap=True)
        self.failure = FailureCard(self._theme)
        self.go = Button(self._theme, "Start", "play-fill", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.start)
        leave = Button(self._theme, "Cancel")
        leave.clicked.connect(self.reject)
        page, column = _page()
        for widget in (Text(_WHAT, 13, 400, "second", wrap=True), Text("Wall meter", 13, 500), self.meter, self.against):
            column.addWidget(widget)
        column.addWidget(Text("How long", 13, 500))
        column.addLayout(row(self.pace, 0))
        column.addWidget(self.takes)
        column.addWidget(self.failure)
        column.addStretch(1)
        column.addLayout(row(0, leave, self.go))
        return page

    def _busy_page(self) -> QWidget:
        """Serves while it goes on and, with other words and buttons, when it is done."""
        self.heading, self.left = Text("", 13, 600), Text("", 12, 400, "muted")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.said = Text("", 13, 400, "second", wrap=True)
        self.said.setMinimumHeight(4 * self.said.fontMetrics().lineSpacing())
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.refusal = FailureCard(self._theme)
        self.halt = Button(self._theme, "Stop", "stop-fill", token="danger")
        self.halt.clicked.connect(self.give_up)
        self.discard = Button(self._theme, "Discard")
        self.discard.clicked.connect(self.reject)
        self.keep_button = Button(self._theme, "Keep", "check", "primary")
        self.keep_button.clicked.connect(self.keep)
        self.leave_button = Button(self._theme, "Close")
        self.leave_button.clicked.connect(self.reject)
        self.again = Button(self._theme, "Try again", "arrow-counter-clockwise", "primary")
        self.again.clicked.connect(self._back)
        page, column = _page()
        column.addLayout(row(self.heading, 0, self.left))
        column.addWidget(self.bar)
        column.addWidget(self.scatter, 1)
        column.addWidget(self.said)
        column.addWidget(self.refusal)
        column.addLayout(row(0, self.halt, self.discard, self.keep_button, self.leave_button, self.again))
        return page

    # ---- the form ---------------------------------------------------------------------------------------------

    def offer(self, sources: tuple[SourceReport, ...], key: str = "") -> None:
        """The meters of the whole machine that are in use, one of them chosen; opens the dialog."""
        self._channels, self._sources = channels_of(sources), sources
        found = wholes(self._channels)
        for channel in found:
            self.meter.addItem(without_mark(channel.title), channel.key)
        keys = [channel.key for channel in found]
        self.meter.setCurrentIndex(keys.index(key) if key in keys else 0 if keys else -1)
        self._mind()
        self.open()
        self.go.setFocus()

    @property
    def seconds(self) -> float:
        return float(self.pace.value().seconds)

    def _pair(self) -> Pair:
        return choose(self._channels, str(self.meter.currentData() or ""), self._sources)

    def _mind(self) -> None:
        """Says what would be paired and how long it takes, or why it cannot be."""
        self.failure.hide()
        try:
            pair = self._pair()
            plan = sweep_plan(pair, self.seconds)
        except GreenBenchError as error:
            self._tell(error)
            self.go.setEnabled(False)
            self.takes.setText("")
            self.against.setText(f"Against: {_titles(parts(self._channels)) or 'no counter'}")
            return
        self.go.setEnabled(True)
        self.against.setText(f"Against: {_titles(pair.counters)}")
        least = enough_s(pair)
        often = short_time(pair.refresh_s)
        hint = "" if self.seconds >= least else f" A look: this meter has a new value every {often}; 100 of them take {duration(least)}."
        self.takes.setText(f"{len(plan.levels)} loads, {duration(plan.total_s)} in all.{hint}")

    def _tell(self, error: GreenBenchError, card: FailureCard | None = None) -> None:
        (card or self.failure).show_failure(Failure(kind="", message=error.message, remedy=error.remedy), "This cannot be calibrated")
        QTimer.singleShot(0, self, self._grow)

    def _grow(self) -> None:
        """Makes the dialog as high as its words need, and keeps it on the screen."""
        show_whole(self)

    # ---- sweeping ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins the sweep on a thread of its own."""
        pair = self._pair()
        plan = sweep_plan(pair, self.seconds)
        self._stop.clear()
        self._windows, self.found = [], None
        self.scatter.show_windows(())
        self._show(BUSY)
        self.said.setText(f"{without_mark(pair.external.title)} against {_titles(pair.counters)}. Leave the computer alone.")
        self._thread = threading.Thread(target=self._sweep, args=(pair, plan), name="calibration", daemon=True)
        self._thread.start()
        self._timer.start()

    def _sweep(self, pair: Pair, plan: Any) -> None:
        """On the thread: everything it has to say goes through the queue."""
        load = self._start_load(cores_allowed())
        try:
            sweep = Sweep(pair, plan, self._runner.ledger, load, busy=lambda: bool(self._runner.running))
            self._heard.put(sweep.run(self._heard.put, self._stop))
        except (GreenBenchError, Cancelled) as end:
            self._heard.put(end)
        finally:
            load.close()

    def drain(self) -> None:
        """Shows what the thread has said since the last beat."""
        fresh = False
        while not self._heard.empty():
            word = self._heard.get_nowait()
            match word:
                case SweepProgress():
                    self._windows += word.fresh
                    fresh = fresh or bool(word.fresh)
                    self.bar.setValue(round(word.fraction * 1000))
                    self.heading.setText(f"Load {word.level + 1} of {word.levels}: {word.words}")
                    self.left.setText(f"{duration(word.remaining_s)} left")
                case Calibration():
                    self._done(word)
                case GreenBenchError():
                    self._end()
                    self._refuse(word)
                case _:
                    self._end()
                    self._show(FORM)
        if fresh and self.found is None:
            self.scatter.show_windows(self._windows)

    def _refuse(self, error: GreenBenchError) -> None:
        """What was seen stays in sight beside the reason; before the first point there is nothing to see but the form."""
        if not self._windows:
            self._show(FORM)
            self._tell(error)
            return
        self.scatter.show_windows(self._windows)
        self.heading.setText("No line came of these points")
        self.said.setText("Each point is a second or more of one load. Nothing was kept.")
        self._show(REFUSED)
        self._tell(error, self.refusal)
        self.again.setFocus()

    def _back(self) -> None:
        """To the form: it may take more time, or another meter."""
        self._show(FORM)
        self._mind()
        self.go.setFocus()

    def _done(self, found: Calibration) -> None:
        self._end()
        self.found = found
        self.scatter.show_windows(self._windows, found)
        self.heading.setText(found.equation)
        self.said.setText(calibration_words(found) + (" It was made from a recording, so it cannot be kept." if found.recorded else ""))
        self._show(DONE)
        self.keep_button.setEnabled(not found.recorded)
        self.keep_button.setFocus()

    def keep(self) -> None:
        """Writes the calibration down; it is applied to runs from now on."""
        if self.found is None:
            return
        try:
            CalibrationBook(places.home()).keep(self.found)
        except GreenBenchError as error:
            self.said.setText(str(error))
            return
        self.kept.emit()
        self.accept()

    def give_up(self) -> None:
        """Ends the sweep and waits until the load is gone."""
        self._stop.set()
        self._end()
        self._show(FORM)

    def _end(self) -> None:
        self._timer.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        while not self._heard.empty():
            self._heard.get_nowait()

    def _show(self, stage: int) -> None:
        self._stage = stage
        self.pages.setCurrentIndex(min(stage, BUSY))
        busy = stage == BUSY
        for widget in (self.bar, self.left, self.halt):
            widget.setVisible(busy)
        for widget in (self.discard, self.keep_button):
            widget.setVisible(stage == DONE)
        for widget in (self.leave_button, self.again):
            widget.setVisible(stage == REFUSED)
        self.refusal.setVisible(stage == REFUSED)
        self.halt.setFocus() if busy else None

    def reject(self) -> None:
        """Esc and the cross also end what is under way."""
        if self._thread is not None:
            self.give_up()
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._thread is not None:
            self.give_up()
        super().closeEvent(event)


def _titles(channels: tuple[Any, ...]) -> str:
    return ", ".join(without_mark(channel.title) for channel in channels)


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(10)
    return page, column
