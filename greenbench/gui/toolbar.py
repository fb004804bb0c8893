"""The toolbar: run and stop, device and protocol, undo and redo, the sensors, the report; and the thin line of progress below it."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.gui.advice.lamp import LintLamp
from greenbench.gui.controls import Button, IconButton, ProvenanceMark, Segments, Text, line
from greenbench.gui.device_menu import DeviceMenu
from greenbench.gui.run_control import Phase
from greenbench.gui.theme import Theme

_NARROW = 1380


class SensorBadge(QPushButton):
    """Which power source is in use, and how direct it is: "Measured  RAPL package" or "Modelled  from load"."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._mark = ProvenanceMark(theme)
        self._word = Text("No sensor yet", 13, 600)
        self._detail = Text("", 13, 400, "muted")
        self._layout = layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 12, 0)
        layout.setSpacing(7)
        for widget in (self._mark, self._word, self._detail):
            widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(widget)
        self.setToolTip("Power sources: what is read, what is not, and why")
        self.setFixedHeight(32)

    def sizeHint(self) -> QSize:
        return self._layout.sizeHint().expandedTo(QSize(120, 32))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_sources(self, reports: Sequence[SourceReport]) -> None:
        """Says what makes up the total, by the ledger's own rule: a wall meter in place of the counters inside it."""
        from greenbench.gui.sensors.rows import counted  # brings NumPy, which the first paint does not wait for

        used = [report for report in reports if report.state is SourceState.IN_USE]
        total = [channel for channel in counted(reports) if channel.provenance.measured]
        if total:
            titles = [channel.title for channel in total]
            self._say(Provenance.least([channel.provenance for channel in total]), "Measured", ", ".join(titles[:2]))
        elif used:
            self._say(Provenance.MODELLED, "Modelled", "watts from load, ± 50 %")
        else:
            self._say(Provenance.UNAVAILABLE, "No power reading", "see why")

    def _say(self, provenance: Provenance, word: str, detail: str) -> None:
        self._mark.set(provenance)
        self._word.setText(word)
        self._word.set_tone("warning" if provenance is Provenance.MODELLED else "")
        self._detail.setText(detail if len(detail) < 34 else detail[:32] + "…")
        self.setAccessibleName(f"{word}, {detail}")
        self.updateGeometry()


class ProgressLine(QWidget):
    """Two pixels under the toolbar that fill while a run goes on."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._share: float | None = None
        self.setFixedHeight(2)

    def show_share(self, share: float | None) -> None:
        self._share = share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 1, self.width(), 1), self._theme.color("border"))
        if self._share is not None:
            painter.fillRect(QRectF(0, 0, self.width() * self._share, 2), self._theme.color("accent"))
        painter.end()


class Toolbar(QFrame):
    """Buttons that only tell what was pressed."""

    run = Signal()
    stop = Signal()
    undo = Signal()
    redo = Signal()
    report = Signal()
    sensors = Signal()
    protocol_chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._run = Button(theme, "Run", "play-fill", "primary")
        self._stop = Button(theme, "Stop", "stop-fill", token="danger")
        self.lamp = LintLamp(theme)
        self.device = DeviceMenu(theme)
        self.protocol = Segments([("quick", "Quick"), ("lab", "Lab")], height=32)
        self.protocol.setToolTip("Quick: a look, not for publication. Lab: idle windows, more and longer blocks, cool-down.")
        self._undo = IconButton(theme, "arrow-u-up-left", "Undo")
        self._redo = IconButton(theme, "arrow-u-up-right", "Redo")
        self.badge = SensorBadge(theme)
        self._report = Button(theme, "Create report", "file-pdf")
        self._device_word = Text("Device", 13, 400, "muted")
        self._lay_out(theme)
        for button, signal in (
            (self._run, self.run), (self._stop, self.stop), (self._undo, self.undo), (self._redo, self.redo),
            (self._report, self.report), (self.badge, self.sensors),
        ):  # fmt: skip
            button.clicked.connect(signal)
        self.protocol.chosen.connect(self.protocol_chosen)
        self.show_phase(Phase.READY, has_result=False)

    def _lay_out(self, theme: Theme) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        upright = [line(upright=True) for _ in range(2)]
        for separator in upright:
            separator.setFixedHeight(20)
        for button in (self._run, self._stop, self._report):
            button.setFixedHeight(32)
        device = (upright[0], self._device_word, self.device, self.protocol)
        first = (self._run, self._stop, self.lamp, *device, upright[1], self._undo, self._redo)
        for widget in first:
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.badge)
        layout.addWidget(self._report)

    def show_phase(self, phase: Phase, has_result: bool) -> None:
        """Enables what makes sense now."""
        ready = phase is Phase.READY
        self._run.setEnabled(ready)
        self._run.setText({Phase.READY: "Run", Phase.STARTING: "Starting"}.get(phase, "Running" if phase is Phase.RUNNING else "Run"))
        self._stop.setEnabled(phase in (Phase.STARTING, Phase.RUNNING))
        self._stop.setText("Stopping" if phase is Phase.STOPPING else "Stop")
        self.device.setEnabled(ready)
        self.protocol.setEnabled(ready)
        self._report.setEnabled(ready and has_result)

    def name_report(self, run: str) -> None:
        """Says of which run the report would be."""
        self._report.setToolTip(f"A PDF of the run of {run}" if run else "There are no results of this pipeline yet")

    def show_undo(self, can_undo: bool, undo: str, can_redo: bool, redo: str) -> None:
        self._undo.setEnabled(can_undo)
        self._redo.setEnabled(can_redo)
        self._undo.setToolTip(f"Undo: {undo}" if can_undo else "Nothing to undo")
        self._redo.setToolTip(f"Redo: {redo}" if can_redo else "Nothing to redo")

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = self.width() < _NARROW
        self._report.setText("Report" if narrow else "Create report")
        self._device_word.setVisible(not narrow)
        super().resizeEvent(event)
