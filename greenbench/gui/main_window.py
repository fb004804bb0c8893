"""The window: menu row, toolbar, pages with their panels, status bar; and how they hear of each other.

start page ──chosen──▶ files, session                  sources ──▶ badge, start page
session ──changes──▶ editor, inspector, title          bridge ──events──▶ editor, inspector, live dock, status
control ──phase────▶ toolbar, tab, status              control ──result──▶ results page
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QMainWindow, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from greenbench.core import messages, places
from greenbench.core.catalog import Catalog
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Provenance, SourceReport
from greenbench.core.run import RunResult
from greenbench.gui.actions import ActionSet
from greenbench.gui.advice.doors import AdviceDoors
from greenbench.gui.audit.doors import AuditDoors
from greenbench.gui.autosave import Autosave
from greenbench.gui.comparing.doors import CompareDoors
from greenbench.gui.controls import Button
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.editor.view import EditorView
from greenbench.gui.energy import SpanEnergy
from greenbench.gui.files import Files
from greenbench.gui.find import Finder
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.history import HistoryPage
from greenbench.gui.inside.page import InsidePage
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.joining.doors import JoinDoors
from greenbench.gui.library import StepLibrary
from greenbench.gui.look import Look
from greenbench.gui.menu_row import MenuRow
from greenbench.gui.message_bar import MessageBar
from greenbench.gui.model_doors import INSIDE_PAGE, ModelDoors, open_cache
from greenbench.gui.panels import Panels
from greenbench.gui.results.export import FORMATS, Exporter
from greenbench.gui.results.panel import ResultsPage
from greenbench.gui.run_bridge import RunBridge, Runner
from greenbench.gui.run_control import RunControl
from greenbench.gui.sensors.doors import SensorDoors
from greenbench.gui.sensors.popup import SensorPanel
from greenbench.gui.session import Session
from greenbench.gui.settings import Settings
from greenbench.gui.sources.intake import Intake
from greenbench.gui.start.doors import StartDoors
from greenbench.gui.status_strip import StatusStrip
from greenbench.gui.theme import Theme
from greenbench.gui.toolbar import ProgressLine, Toolbar
from greenbench.gui.window_actions import recent_menu, sample_menu, window_actions
from greenbench.gui.wiring import Wiring

if TYPE_CHECKING:
    from greenbench.gui.live.dock import LiveDock

_HISTORY = 200
_EDITING = ("cut", "copy", "paste", "duplicate", "delete", "mute", "all", "arrange", "frame")
_PAGES = (
    (0, "Pipeline", "tree-structure"),
    (1, "Results", "chart-bar-horizontal"),
    (INSIDE_PAGE, "Look inside", "stack"),
    (2, "History", "clock-counter-clockwise"),
)


@dataclass
class Parts:
    """What the window is made of; `app.run` builds it and hands it on."""

    theme: Theme
    look: Look
    settings: Settings
    session: Session
    runner: Runner
    bridge: RunBridge
    control: RunControl
    files: Files
    exporter: Exporter
    jobs: JobBridge


def _runtimes(catalog: Catalog) -> dict[str, str]:
    """The words for runtimes, as the benchmark's own form has them."""
    field = catalog["benchmark"].field("runtime") if "benchmark" in catalog else None
    return {str(key): words for key, words in field.choices} if field else {}


class MainWindow(QMainWindow):
    """`painted` comes once, after the first paint: what is slow to load waits for it."""

    painted = Signal()

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts
        self.awaits_paint = True
        self._closing = False
        self.sources: tuple[SourceReport, ...] = ()
        self.live: LiveDock | None = None
        theme, session = parts.theme, parts.session
        self.board = RunBoard(lambda: session.pipeline)
        self.editor = EditorView(session, theme, self.board)
        self.intake = Intake(session, theme, parts.jobs, lambda: parts.control.conditions)
        self.intake.window = self
        self.inspector = Inspector(session, theme, self.board, self.intake)
        self.library = StepLibrary(session.catalog, theme)
        self.results = ResultsPage(theme, parts.exporter, _runtimes(session.catalog), parts.settings)
        self.history = HistoryPage(theme)
        self.inside = InsidePage(theme, parts.jobs, open_cache)
        self.models = ModelDoors(self)
        self.audits = AuditDoors(self)
        self.comparisons = CompareDoors(self)
        self.joining = JoinDoors(self)
        self.pages = QStackedWidget()
        self.panels = Panels(theme, self.library, self._middle(), self.inspector)
        self.menu_row = MenuRow(theme)
        self.toolbar = Toolbar(theme)
        self.progress = ProgressLine(theme)
        self.start = StartDoors(self)
        self.sensors = SensorPanel(self, theme)
        self.sensor_page = SensorDoors(self)
        self.messages = MessageBar(theme)
        self.status = StatusStrip(theme, parts.control, self.energy_of)
        self.autosave = Autosave(session, places.home() / "autosave")
        self._lay_out()
        self.actions_ = ActionSet(self, theme, window_actions(self))
        menus = self.actions_.fill(self.menu_row.menus, {"File": [sample_menu(self), recent_menu(self)]})
        menus["Edit"].addSeparator()
        menus["Edit"].addActions([self.editor.commands.by_id[id] for id in _EDITING])
        self.finder = Finder(self, theme, self.actions_, session.catalog, self._add_step)
        self.editor.set_reduce_motion(self.actions_["reduce-motion"].isChecked())
        self.wiring = Wiring(self)
        self.advice = AdviceDoors(self)
        self.resize(1440, 900)
        self.setMinimumSize(1000, 620)

    # ---- layout -----------------------------------------------------------------------------------------------

    def _middle(self) -> QWidget:
        for page in (self.editor, self.results, self.history, self.inside):
            self.pages.addWidget(page)
        tabs = QFrame()
        tabs.setProperty("role", "tabs")
        tabs.setFixedHeight(36)
        row = QHBoxLayout(tabs)
        row.setContentsMargins(10, 0, 8, 0)
        row.setSpacing(2)
        self.tabs = QButtonGroup(tabs)
        for index, title, icon_name in _PAGES:
            tab: QPushButton = Button(self.parts.theme, title, icon_name, "tab")
            tab.setCheckable(True)
            self.tabs.addButton(tab, index)
            row.addWidget(tab)
        self.tabs.idClicked.connect(self.show_page)
        self.tabs.button(0).setChecked(True)
        row.addStretch(1)
        row.addWidget(self.editor.tools)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(tabs)
        column.addWidget(self.pages, 1)
        return middle

    def _lay_out(self) -> None:
        central = QWidget()
        central.setProperty("role", "page")
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.menu_row, self.toolbar, self.progress, self.messages):
            column.addWidget(widget)
        column.addWidget(self.panels, 1)
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.column = column

    def show_page(self, page: int) -> None:
        """0 pipeline, 1 results, 2 history, 3 look inside."""
        self.start.leave()
        self.sensor_page.leave()
        self.tabs.button(page).setChecked(True)
        self.pages.setCurrentIndex(page)
        self.editor.shown = page == 0
        self.editor.offer_commands()
        self.editor.tools.setVisible(page == 0)
        self.panels.show_page(page)
        self.messages.turn_to(str(page))
        if page == 2:
            self._load_history()
            self.history.list.setFocus()

    def swap_pages(self, page: QWidget, *, shown: bool) -> None:
        """Shows a page in place of toolbar, progress and panels, or them in its place. What goes, goes first, the panels before all: two
        that are seen together for a moment share the room, and the pipeline would be framed for that."""
        if not shown:
            page.hide()
        mine = (self.panels, self.progress, self.toolbar)
        for widget in mine if shown else reversed(mine):
            widget.setVisible(not shown)
        if shown:
            page.show()
        self.messages.turn_to(page.accessibleName() if shown else str(self.pages.currentIndex()))
        self.wiring.show_title()

    def finish(self) -> None:
        """Adds what needs pyqtgraph, after the first paint; the meter starts here too."""
        from greenbench.gui.live.dock import LiveDock

        self.live = LiveDock(self.parts.theme, self.energy_of)
        self.live.collapse_asked.connect(lambda: self.panels.toggle("live"))
        self.parts.bridge.received.connect(self.live.on_event)
        self.panels.put_live(self.live)
        self.parts.bridge.start()

    # ---- doing ------------------------------------------------------------------------------------------------

    def energy_of(self, t0_ns: int, t1_ns: int) -> SpanEnergy:
        """The joules of a span, from the runner's ledger."""
        ledger = self.parts.runner.ledger
        if ledger is None:
            return SpanEnergy(None, Provenance.UNAVAILABLE, "The meter is not there yet.")
        found = ledger.window(t0_ns, t1_ns)
        return SpanEnergy(found.energy_j, found.provenance, found.reason)

    def find_anything(self) -> None:
        self.finder.ask(self.menu_row.field)

    def show_sensors(self) -> None:
        self.sensors.ask(self.toolbar.badge, self.sources)

    def on_sources(self, event: messages.Sources) -> None:
        self.sources = event.reports
        self.toolbar.badge.show_sources(event.reports)

    def _add_step(self, key: str) -> None:
        self.show_page(0)
        self.editor.add_step(key)

    def show_node(self, id: str) -> None:
        """Brings a node into view, selected."""
        self.show_page(0)
        if id in self.parts.session.pipeline.nodes:
            self.editor.select_nodes([id])

    def export(self, suffix: str) -> None:
        """Asks where to write the shown results, and writes them on a thread."""
        result = self.results.result
        if result is None:
            self.messages.say("notice", "There are no results to export yet.", "Press Run first, or open a run from the history.")
            return
        folder = Path(self.parts.settings.text("folder", str(Path.home())))
        name = "".join(c if c.isalnum() or c in " -_" else "-" for c in result.title).strip() or "results"
        path = self.parts.files.questions.file_to_save(str(folder / f"{name}.{suffix}"), f"{FORMATS[suffix]} (*.{suffix})", "Export")
        if path:
            self.parts.settings.set_text("folder", str(path.parent))
            self.results.export(path if path.suffix == f".{suffix}" else path.with_name(f"{path.name}.{suffix}"))

    def open_run(self, run_id: str) -> None:
        """Shows a run of the history."""
        try:
            result = self.parts.runner.store.result(run_id)
        except GreenBenchError as error:
            self.messages.show_error(error)
            return
        self.show_result(result)
        self.show_page(1)

    def show_result(self, result: RunResult) -> None:
        whose = self.wiring.shown_run.whose(result)
        self.results.show_result(result, whose)
        self.inside.show_run(result, whose)
        self.wiring.offer_exports()

    def _load_history(self) -> None:
        if self.parts.runner.ledger is None:
            return  # the store is not open yet; a moment later it is
        try:
            runs = self.parts.runner.store.runs(_HISTORY)
        except GreenBenchError as error:
            self.messages.show_error(error)
            return
        self.history.show_runs(runs)

    # ---- opening and closing ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.awaits_paint:
            self.awaits_paint = False
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks about a run under way, then about unsaved changes; with a run, closes as soon as it has stopped."""
        control = self.parts.control
        if control.busy:
            if not self._closing and not (self.parts.files.questions.stop_run() and self.parts.files.may_go_on()):
                event.ignore()
                return
            self._closing = True
            control.stop()
            if control.busy:
                event.ignore()
                return
        elif not self._closing and not self.parts.files.may_go_on():
            event.ignore()
            return
        self._shut()
        event.accept()

    def _shut(self) -> None:
        self.panels.remember(self.parts.settings)
        self.parts.settings.set_state("window/geometry", self.saveGeometry())
        self.parts.settings.sync()
        self.autosave.stop()
        self.parts.bridge.stop()
        self.inside.close_jobs()
        self.intake.close()
        self.advice.close()
        self.sensor_page.stop()
        self.status.stop()
        if self.live:
            self.live.stop()
        self.parts.session.close()

    @property
    def closing(self) -> bool:
        return self._closing
