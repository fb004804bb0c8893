"""From the window to the sensors page and back: who opens it, what it hears, and what is done when it asks."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from greenbench.core import places
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import SourceReport
from greenbench.core.messages import Sources

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow
    from greenbench.gui.sensors.calibrate_dialog import CalibrateDialog
    from greenbench.gui.sensors.external_dialog import ExternalDialog
    from greenbench.gui.sensors.page import SensorsPage


class SensorDoors:
    """The page is made when it is first asked for, so that the window's first paint waits for nothing of it."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.page: SensorsPage | None = None
        self.external: ExternalDialog | None = None
        self.calibration: CalibrateDialog | None = None
        self._from_start = False
        self._wanted = ""  # the row to select as soon as it is there
        window.menu_row.sensors.clicked.connect(self.show)
        window.menu_row.sensors.closed.connect(self.close)
        window.sensors.page_asked.connect(self.show)
        window.parts.bridge.sources.connect(self._sources)

    @property
    def shown(self) -> bool:
        return self.page is not None and not self.page.isHidden()

    def show(self) -> None:
        """Shows the page in place of the pipeline or the start page."""
        window = self._window
        if self.shown:
            return
        self._from_start = window.start.shown
        if window.start.page is not None:
            window.start.page.hide()  # and not `leave`: a canvas that is shown for a moment frames its pipeline for that moment's size
        page = self._page()
        self._swap(sensors=True)
        self._tell(window.sources)
        page.table.setFocus()

    def leave(self) -> None:
        """Back to the window's pages; nothing if the page is not shown."""
        if self.shown:
            self._swap(sensors=False)
            self._window.editor.canvas.setFocus()

    def step_aside(self) -> None:
        """Makes room for the start page, which hides everything else itself."""
        if self.page is not None:
            self.page.hide()

    def go_back(self) -> None:
        """Back to where the page was opened from."""
        if self.shown and self._from_start:
            self._window.start.show()
        elif self.shown:
            self.leave()

    def close(self) -> None:
        """Back, and the tab goes."""
        self.go_back()
        self._window.menu_row.sensors.hide()

    def _page(self) -> "SensorsPage":
        if self.page is None:
            from greenbench.gui.sensors.page import SensorsPage

            window = self._window
            self.page = page = SensorsPage(window.parts.theme, lambda: window.live.record if window.live else None)
            page.again_asked.connect(self.look_again)
            page.add_asked.connect(self.add_meter)
            page.remove_asked.connect(self.remove_meter)
            page.calibrate_asked.connect(self.calibrate)
            page.copied.connect(lambda: window.messages.say("notice", "The commands are on the clipboard."))
            escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), page)
            escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            escape.activated.connect(self.go_back)
            window.column.insertWidget(window.column.indexOf(window.panels), page, 1)
        return self.page

    def _swap(self, *, sensors: bool) -> None:
        window = self._window
        window.swap_pages(self._page(), shown=sensors)
        window.menu_row.show_sensors(sensors)

    # ---- what it hears and asks for ---------------------------------------------------------------------------

    def _sources(self, event: Sources) -> None:
        if self.page is not None:
            self._tell(event.reports)

    def _tell(self, reports: tuple[SourceReport, ...]) -> None:
        from greenbench.core.external import load_meters
        from greenbench.engine.calibrations import CalibrationBook
        from greenbench.gui.sensors.rows import channels_of

        page = self._page()
        meters = {meter.channel: f"{meter.kind.words}, {meter.address}" for meter in load_meters(places.home())[0]}
        page.show_sources(reports, CalibrationBook(places.home()).fitting(channels_of(reports))[0], meters)
        if any(row.key == self._wanted for row in page.table.rows):
            page.table.select(self._wanted)
            self._wanted = ""

    def look_again(self) -> None:
        """Asks the meter to look for its sources anew."""
        self._window.parts.runner.look_again()
        if self.page is not None:
            self.page.show_searching()

    def add_meter(self) -> None:
        """Asks for a meter outside the machine, and keeps it."""
        from greenbench.gui.sensors.external_dialog import ExternalDialog

        self.external = dialog = ExternalDialog(self._window, self._window.parts.theme)
        dialog.added.connect(self._added)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _added(self, key: str, title: str) -> None:
        self._wanted = key
        self.look_again()
        self._window.messages.say("notice", f"{title} is added.", "It is asked now; its line in the table says whether it answers.")

    def remove_meter(self, key: str) -> None:
        """Takes a meter of the user's own out of the list; says how to bring it back."""
        from greenbench.core.external import ExternalMeter, add_meter, remove_meter

        try:
            gone = remove_meter(places.home(), key)
        except GreenBenchError as error:
            self._window.messages.show_error(error)
            return
        self.look_again()

        def undo(meter: ExternalMeter = gone) -> None:
            add_meter(places.home(), meter)
            self.look_again()

        self._window.messages.say("notice", f"{gone.title} is removed.", "", [("Undo", undo)])

    def calibrate(self, key: str = "") -> None:
        """Opens the guided sweep for a meter; refused while a run is under way."""
        from greenbench.gui.sensors.calibrate_dialog import CalibrateDialog

        window = self._window
        if window.parts.control.busy:
            window.messages.say("notice", "A run is under way: its load would be taken for the sweep's.", "Calibrate when it is over.")
            return
        self.calibration = dialog = CalibrateDialog(window, window.parts.theme, window.parts.runner)
        dialog.kept.connect(lambda: self._tell(window.sources))
        dialog.finished.connect(dialog.deleteLater)
        dialog.offer(window.sources, key)

    def stop(self) -> None:
        """The window is going."""
        if self.calibration is not None and self.calibration.isVisible():
            self.calibration.give_up()
