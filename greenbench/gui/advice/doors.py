"""Joins advice with the window: what is offered when, and what a press does: one undo, and the canvas shows it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from greenbench.core import places
from greenbench.core.advice import Proposal, SetParams, UseProtocol
from greenbench.core.edits import Together
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Pipeline
from greenbench.core.proposing import edit_of, new_nodes
from greenbench.engine.cache import Cache
from greenbench.engine.sources import known_in
from greenbench.gui.advice.lamp import LintPanel
from greenbench.gui.advice.watch import LintWatch
from greenbench.gui.editor.words import short_value
from greenbench.gui.message_bar import Message

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow

_SETTLED_MS = 300  # nodes that an edit moves glide to their places
_RUNNING = "A run is under way: wait for its end, or stop it."


def settings_changed(pipeline: Pipeline, change: SetParams) -> str:
    """The settings of a node as they are and as they will be: "test share 20 % → 30 %"."""
    spec, node = pipeline.spec(change.node), pipeline.node(change.node)
    before = spec.params.checked(node.params, node.title).plain()
    parts = []
    for name, value in change.values.items():
        field = spec.field(name)
        if field is not None and before.get(name) != value:
            parts.append(f"{field.title[:1].lower()}{field.title[1:]} {short_value(field, before.get(name))} → {short_value(field, value)}")
    return ", ".join(parts)


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
        self._said: Message | None = None
        self._done_at = 0
        parts.session.undo_stack.indexChanged.connect(self._undone)

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
        words = self._words(proposal, edit)
        if window.parts.session.do(edit):
            ids = new_nodes(edit)
            window.show_page(0)
            window.editor.select_nodes(ids)
            self._said = window.messages.say("notice", words(), "Undo takes it back. Run measures it.")
            self._done_at = window.parts.session.undo_stack.index()
            self._settled.start()

    def _words(self, proposal: Proposal, edit: Together) -> Callable[[], str]:
        """What has been done, in words to be made afterwards; of settings the values before are read now."""
        pipeline = self._window.parts.session.pipeline
        before, change = set(pipeline.nodes), proposal.change
        if isinstance(change, SetParams):
            said = f"Changed: “{pipeline.node(change.node).title}”, {settings_changed(pipeline, change)}."
            return lambda: said

        def made() -> str:
            ids = new_nodes(edit)
            titles = ", ".join(f"“{self._window.parts.session.pipeline.node(id).title}”" for id in ids)
            return f"{'Changed' if before.issuperset(ids) else 'Added'}: {titles}." if ids else f"{proposal.title}: done."

        return made

    def _undone(self, index: int) -> None:
        """What is no longer so is no longer said."""
        if self._said is not None and index < self._done_at:
            said, self._said = self._said, None
            if said in self._window.messages.messages:
                said.leave()

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
