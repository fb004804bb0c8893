"""From the start page into the window and back: opens what is chosen there, and tells the page what the window knows."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from greenbench.core.errors import GreenBenchError
from greenbench.core.messages import Sources
from greenbench.core.quote import duration
from greenbench.core.run import RunState
from greenbench.core.sample import FULL
from greenbench.gui.start.gallery import QUICK_START, Sample, files, read_sample
from greenbench.gui.start.page import StartPage
from greenbench.gui.start.recent import RecentFile, last_result

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow

_RUNS = 200


class StartDoors:
    """The page is made when it is first shown; the cards of its samples after the window has been painted."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.page: StartPage | None = None
        self._quick: Sample | None = None
        self._filled = self._asked = False
        window.menu_row.start.clicked.connect(self.show)
        window.menu_row.tab.clicked.connect(lambda: window.show_page(window.pages.currentIndex()))
        window.parts.bridge.sources.connect(self._sources)

    @property
    def shown(self) -> bool:
        return self.page is not None and not self.page.isHidden()

    def show(self) -> None:
        """Shows the start page instead of the open pipeline, which stays as it is."""
        self._window.sensor_page.step_aside()
        page = self._page()
        self._swap(start=True)
        if self.painted:
            self.fill()
        elif not self._asked:
            self._asked = True
            self._window.painted.connect(self.fill)
        self.refresh()
        if page.quick is not None:
            page.quick.run.setFocus()

    def leave(self) -> None:
        """Shows the open pipeline again."""
        if self.shown:
            self._swap(start=False)
            self._window.editor.canvas.setFocus()

    @property
    def painted(self) -> bool:
        return not self._window.awaits_paint

    def fill(self) -> None:
        """Reads the samples, once."""
        if not self._filled:
            self._filled = True
            catalog = self._window.parts.session.catalog
            found = (read_sample(path, catalog) for path in files() if path.stem != QUICK_START)
            self._page().show_samples([sample for sample in found if sample is not None])

    def refresh(self) -> None:
        """The recent files and what became of them; the store may not be open yet."""
        page, window = self._page(), self._window
        runs = None
        if window.parts.runner.ledger is not None:
            try:
                runs = window.parts.runner.store.runs(_RUNS)
            except GreenBenchError:
                runs = None  # the history page says what is wrong with the store
        catalog = window.parts.session.catalog
        recent = []
        for path in window.parts.settings.recent():
            read = read_sample(path, catalog)
            title = read.title if read else path.stem
            recent.append(RecentFile(path, title, last_result(title, runs)))
        page.recent.show_files(recent)
        if page.quick is not None and self._quick is not None:
            title = self._quick.title
            took = next((r.seconds for r in runs or () if r.title == title and r.state is RunState.FINISHED and r.seconds), None)
            if took:
                page.quick.show_time(f"Took {duration(took)} here the last time")

    def _page(self) -> StartPage:
        if self.page is None:
            window = self._window
            path = next((path for path in files() if path.stem == QUICK_START), None)
            self._quick = read_sample(path, window.parts.session.catalog) if path else None
            self.page = page = StartPage(window.parts.theme, self._quick)
            page.quick_wanted.connect(self._open_quick)
            page.sample_wanted.connect(self._open_sample)
            page.new_wanted.connect(window.parts.files.new)
            page.open_wanted.connect(window.parts.files.open)
            page.recent.wanted.connect(lambda path: window.parts.files.open_path(path))
            page.recent.cleared.connect(self._forget_recent)
            page.sensors.all_asked.connect(window.sensor_page.show)
            page.sensors.show_sources(window.sources)
            window.column.insertWidget(window.column.indexOf(window.panels), page, 1)
        return self.page

    def _swap(self, *, start: bool) -> None:
        window, page = self._window, self._page()
        window.swap_pages(page, shown=start)
        window.menu_row.show_start(start)

    def _open_quick(self, run: bool) -> None:
        assert self._quick is not None
        if self._open_sample(self._quick.path, FULL) and run:
            QTimer.singleShot(0, self._window, self._window.parts.control.run)

    def _open_sample(self, path: Path, budget: str) -> bool:
        if not self._window.parts.files.open_sample(path, budget):
            return False
        sample = self._window.parts.session.pipeline.sample
        if sample is not None and budget != FULL:
            count = len(sample.budgets[budget])
            takes = f" The full one takes about {sample.minutes[FULL]:g} min." if FULL in sample.minutes else ""
            words = f"The {budget} form is open: {count} settings differ from those of the full one."
            self._window.messages.say("notice", words, f"It shows how the pipeline works; it is no test of the claim.{takes}")
        return True

    def _forget_recent(self) -> None:
        self._window.parts.settings.clear_recent()
        self.refresh()

    def _sources(self, event: Sources) -> None:
        """The meter has spoken; by then the store is open too."""
        if self.page is not None:
            self.page.sensors.show_sources(event.reports)
            if self.shown:
                QTimer.singleShot(0, self._window, self.refresh)
