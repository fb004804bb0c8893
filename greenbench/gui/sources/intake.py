"""What the window needs to look at a user's own models and data, joined once and handed to the forms."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from greenbench.core import places
from greenbench.core.errors import GreenBenchError
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


class Intake(QObject):
    """`reader` reads sources, `files` looks at model files, `trust` asks, `fits` compares. `close` ends what is under way."""

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

    def close(self) -> None:
        self.fits.stop()
        self.jobs.close()
