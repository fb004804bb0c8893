"""What the window needs to look at a user's own models and data, joined once and handed to the forms."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from greenbench.core import places
from greenbench.core.errors import GreenBenchError, PlanError, Problem
from greenbench.core.step import Group
from greenbench.core.trust import TrustRequest
from greenbench.engine.cache import Cache
from greenbench.engine.plan import Conditions
from greenbench.engine.sources import known_in
from greenbench.engine.trust import TrustBook
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.session import Session
from greenbench.gui.sources.fits import FitWatch
from greenbench.gui.sources.inspecting import FileLooks
from greenbench.gui.sources.reading import SourceReader
from greenbench.gui.sources.trust import TrustDesk
from greenbench.gui.theme import Theme

READING = "The sources are being read."


class Intake(QObject):
    """`reader` reads sources, `files` looks at model files, `trust` asks, `fits` compares. `close` ends what is under way.
    `refused` carries why the sources cannot be read; `told` what came of it: kind of message, sentence, remedy."""

    refused = Signal(object)  # GreenBenchError
    told = Signal(str, str, str)

    def __init__(self, session: Session, theme: Theme, jobs: JobBridge, conditions: Callable[[], Conditions]) -> None:
        super().__init__()
        self._session = session
        self.window: QWidget | None = None
        cache, book = Cache(places.home() / "cache"), TrustBook(places.home())
        self.jobs = jobs
        self.reader = SourceReader(session, jobs, conditions, cache)
        self.files = FileLooks(jobs, book.allowed)
        self.trust = TrustDesk(theme, book, lambda: self.window)
        self.fits = FitWatch(session, conditions, known_in(cache))
        self.reader.changed.connect(self.fits.look_soon)

    def asked_of(self, id: str) -> tuple[TrustRequest, ...]:
        """The files a node names that run code when they are loaded, answered or not."""
        pipeline = self._session.pipeline
        node, spec = pipeline.nodes[id], pipeline.spec(id)
        if spec.trust is None:
            return ()
        try:
            return tuple(spec.trust(spec.params.checked(node.params, node.title)))
        except GreenBenchError:
            return ()  # what is wrong with the settings is told in the form

    def check(self) -> None:
        """Reads every source and says whether models and data go together, as far as that can be told before a run."""
        try:
            self.reader.read_all(self._checked)
        except GreenBenchError as error:
            self.refused.emit(error)
            return
        waits = "It begins when the run is over." if self.jobs.held else "What was read before is taken from the cache."
        self.told.emit("notice", READING, waits)

    def _checked(self, failures: list[Problem]) -> None:
        self.told.emit("", READING, "")
        self.fits.look()
        if failures:
            self.refused.emit(PlanError(failures))
        elif not self.fits.found:
            pipeline = self._session.pipeline
            measures = any(pipeline.spec(id).group is Group.MEASURE for id, node in pipeline.nodes.items() if not node.muted)
            remedy = "Press Run to measure." if measures else "There is no Benchmark, so a run would measure nothing: add one."
            self.told.emit("notice", "The sources are read, and they go together.", remedy)

    def close(self) -> None:
        self.fits.stop()
        self.jobs.close()
