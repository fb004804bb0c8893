"""Joins advice with the window: what is offered when, and what a press does: one undo, and the canvas shows it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from greenbench.core import places
from greenbench.core.advice import Proposal, UseProtocol
from greenbench.core.errors import GreenBenchError
from greenbench.core.proposing import edit_of, new_nodes
from greenbench.engine.cache import Cache
from greenbench.engine.sources import known_in
from greenbench.gui.advice.lamp import LintPanel
from greenbench.gui.advice.watch import LintWatch

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow

_SETTLED_MS = 300  # nodes that an edit moves glide to their places
_RUNNING = "A run is under way: wait for its end, or stop it."


class AdviceDoors(QObject):
    """The linter's lamp and list, and the doctor's card."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        parts, control = window.parts, window.parts.control
        self.watch = LintWatch(parts.session, lambda: control.conditions, known_in(Cache(places.home() / "cache")), lambda: control.busy)
        control.told = self.watch.told
        self.panel = LintPanel(window, parts.theme, self.why_not)
        self.lamp, self.why = window.toolbar.lamp, window.results.why
        self.why.why_not = self.why_not_of_run
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._show_all)
        self.watch.changed.connect(self.lamp.show_advice)
        self.watch.changed.connect(self._refill)
        self.lamp.clicked.connect(self.open)
        self.panel.tried.connect(self.do)
        self.why.tried.connect(self.do)
        parts.bridge.sources.connect(self.watch.take_sources)
        parts.bridge.samples.connect(self.watch.take_samples)
        control.phase_changed.connect(lambda _phase: self._later())
        window.toolbar.protocol_chosen.connect(lambda _name: self.watch.look_soon())
        for chosen in (window.toolbar.device.device_chosen, window.toolbar.device.threads_chosen, window.toolbar.device.cores_chosen):
            chosen.connect(lambda *_: self.watch.look_soon())
        window.intake.reader.changed.connect(lambda *_: self.watch.look_soon())
        parts.session.changed.connect(lambda _change: self.why.offer())
        parts.session.replaced.connect(self.why.offer)

    def open(self) -> None:
        """The list under the lamp, with the machine looked at anew."""
        if found := self.watch.told():
            self.panel.ask(self.lamp if self.lamp.isVisible() else self._window.toolbar, found)
        else:
            self._window.messages.say("notice", "Nothing here would weaken the numbers of a run.")

    def _refill(self) -> None:
        if self.panel.isVisible():
            self.panel.show_advice(self.watch.found)

    def _later(self) -> None:
        self.watch.look_soon()
        self.why.offer()

    def why_not(self, proposal: Proposal) -> str:
        """Why a change cannot be made now; "" where it can."""
        window = self._window
        if window.parts.control.busy:
            return _RUNNING
        if isinstance(proposal.change, UseProtocol):
            chosen = window.parts.control.protocol == proposal.change.protocol
            return "It is chosen already, for the next run." if chosen else ""
        try:
            edit_of(proposal, window.parts.session.pipeline)
        except GreenBenchError as error:
            return str(error)
        return ""

    def why_not_of_run(self, proposal: Proposal) -> str:
        """The same, of a proposal that was made of the run that is shown."""
        result = self._window.results.result
        if result is None or not self._window.wiring.shown_run.is_of_pipeline(result):
            return "Open the pipeline of this run to try it."
        return self.why_not(proposal)

    def do(self, proposal: Proposal) -> None:
        """Makes the change and shows it; what no longer fits is said in the message bar."""
        window = self._window
        if isinstance(proposal.change, UseProtocol):
            window.toolbar.protocol.set_value(proposal.change.protocol)
            window.toolbar.protocol_chosen.emit(proposal.change.protocol)
            window.messages.say("notice", f"The next run uses the {proposal.change.protocol} protocol.")
            self.why.offer()
            return
        try:
            edit = edit_of(proposal, window.parts.session.pipeline)
        except GreenBenchError as error:
            window.messages.show_error(error)
            return
        before = set(window.parts.session.pipeline.nodes)
        if window.parts.session.do(edit):
            ids = new_nodes(edit)
            titles = ", ".join(f"“{window.parts.session.pipeline.node(id).title}”" for id in ids)
            window.show_page(0)
            window.editor.select_nodes(ids)
            verb = "Changed" if before.issuperset(ids) else "Added"
            window.messages.say(
                "notice", f"{verb}: {titles}." if ids else f"{proposal.title}: done.", "Undo takes it back. Run measures it."
            )
            self._settled.start()

    def _show_all(self) -> None:
        """A branch may have pushed what follows it out of sight."""
        camera, scene = self._window.editor.canvas.camera, self._window.editor.scene
        if self._window.editor.isVisible() and not camera.seen.contains(scene.content()):
            chosen = scene.selected_nodes()
            scene.clearSelection()  # else the camera would show what is selected alone
            camera.frame()
            scene.select(chosen)

    def close(self) -> None:
        """The window is going."""
        self.watch.stop()
        self._settled.stop()
        self.panel.hide()
