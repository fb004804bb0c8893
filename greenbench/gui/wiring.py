"""Who hears of what in the window: the connections between session, run control, toolbar and pages, made once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from greenbench.core import messages
from greenbench.core.errors import GreenBenchError, Problem
from greenbench.core.run import NodeState, RunResult, RunState
from greenbench.gui.chosen_device import ChosenDevice
from greenbench.gui.claim_card import claims_of
from greenbench.gui.problem_watch import ProblemWatch
from greenbench.gui.results.export import FORMATS
from greenbench.gui.results.under_way import standings
from greenbench.gui.run_control import Phase
from greenbench.gui.shown_run import ShownRun
from greenbench.gui.sources.looks import Stage

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow, Parts


_ENDS = {RunState.FAILED: "The run ended, but something failed.", RunState.CANCELLED: "The run was stopped."}
_SILENT = "The power meter does not answer."
_KINDS = {RunState.FAILED: "failure", RunState.CANCELLED: "notice"}


class Wiring:
    """The connections of a window, made once: who hears of what."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.shown_run = ShownRun(window)
        self.devices = ChosenDevice(window.parts.control, window.parts.settings, window.toolbar.device)
        parts = window.parts
        self._files(parts)
        self._runs(parts)
        self._views()
        window.pages.currentChanged.connect(self._page)
        self.show_title()
        self._undo()
        self._phase(parts.control.phase)

    def _files(self, parts: "Parts") -> None:
        window = self._window
        parts.session.refused.connect(window.messages.show_error)
        parts.session.state_changed.connect(self.show_title)
        parts.session.replaced.connect(self.shown_run.forget)
        parts.session.undo_stack.indexChanged.connect(self._undo)
        parts.files.failed.connect(window.messages.show_error)
        parts.files.opened.connect(lambda: window.show_page(0))
        parts.files.opened.connect(window.messages.clear)
        parts.files.may_replace = self._may_replace
        parts.look.changed.connect(window.actions_.dress)
        parts.exporter.failed.connect(window.messages.show_error)
        parts.exporter.written.connect(self._written)

    def _runs(self, parts: "Parts") -> None:
        window = self._window
        parts.bridge.received.connect(self._nodes)
        parts.bridge.received.connect(window.status.on_event)
        parts.bridge.sources.connect(window.on_sources)
        parts.bridge.meter_state.connect(self._meter)
        parts.bridge.log.connect(self._log)
        self.problems = ProblemWatch(parts.session, window.messages, window.show_node)
        self.problems.changed.connect(self._mark)
        window.intake.reader.changed.connect(self._read)
        parts.control.refused.connect(self._refused)
        window.intake.fits.changed.connect(self.problems.stand)
        window.intake.trust.failed.connect(window.messages.show_error)
        window.intake.told.connect(self._told)
        window.intake.refused.connect(lambda error: self._refused(error, window.intake.check))
        parts.control.phase_changed.connect(self._phase)
        parts.control.advanced.connect(window.progress.show_share)
        parts.control.advanced.connect(window.menu_row.tab.show_share)
        parts.control.ended.connect(self._ended)

    def _refused(self, error: GreenBenchError, again: Callable[[], object] | None = None) -> None:
        """Where a permission is all that is missing, the question comes instead of a refusal; after a yes it goes on."""
        if not self._window.intake.trust.ask_for(error, again or self._window.parts.control.run):
            self.problems.tell(error)

    def _mark(self, found: list[Problem]) -> None:
        """What a check refuses is marked on the canvas with its reason."""
        reasons = {each.node: f"{each.message} {each.remedy}".strip() for each in reversed(found) if each.node}
        self._touch(self._window.board.refuse(reasons))

    def _read(self, id: str) -> None:
        """A source that was read says so on the canvas."""
        window = self._window
        if id in window.parts.session.pipeline.nodes:
            self._touch(window.board.note_read(id, window.intake.reader.look(id).stage is Stage.READY))

    def _touch(self, touched: set[str]) -> None:
        self._window.editor.show_touched(touched)
        self._window.inspector.show_touched(touched)

    def _told(self, kind: str, message: str, remedy: str) -> None:
        """A message beside the runs; without a kind, one of these words is taken away."""
        if kind:
            self._window.messages.say(kind, message, remedy)
        else:
            self._window.messages.take_away(message)

    def _nodes(self, event: messages.Event) -> None:
        """One board takes the event; editor, inspector and results page show what it changed."""
        window = self._window
        touched = window.board.apply(event)
        window.editor.show_touched(touched)
        window.inspector.show_touched(touched)
        if touched and window.pages.currentIndex() == 1:
            self._under_way()

    def _page(self, page: int) -> None:
        self._under_way()
        if page == 1:
            self.shown_run.offer()

    def _under_way(self) -> None:
        """Tells the results page how far the run is."""
        window, control = self._window, self._window.parts.control
        if control.busy:
            found = standings(window.parts.session.pipeline, window.board)
            now = control.titles.get(control.current, "")
            window.results.under_way.show_run(control.share, now, found, earlier=window.results.result is not None)

    def _views(self) -> None:
        window = self._window
        control, undo = window.parts.control, window.parts.session.undo_stack
        bar = window.toolbar
        window.editor.may_look = window.models.has
        for signal, slot in (
            (bar.run, control.run), (bar.stop, control.stop), (bar.undo, undo.undo), (bar.redo, undo.redo),
            (bar.sensors, window.show_sensors), (bar.report, lambda: window.export("pdf")),
            (window.menu_row.find_asked, window.find_anything),
            (window.menu_row.switch_theme, window.parts.look.toggle), (window.library.chosen, window.editor.add_step),
            (window.editor.selectionChanged, window.inspector.show_nodes), (window.editor.inspect_wanted, self._inspect),
            (window.results.open_node, window.show_node), (window.results.export_asked, window.export),
            (window.results.copied, lambda: window.messages.say("notice", "The table is on the clipboard.")),
            (window.history.compare_asked, window.comparisons.ask), (window.history.join_asked, window.joining.ask),
            (window.history.opened, window.open_run), (window.results.run_asked, window.open_run),
            (window.results.doors.look_asked, window.models.look), (window.results.doors.export_asked, window.models.export),
            (window.results.doors.audit_asked, window.audits.ask),
            (window.inside.results_asked, lambda: window.show_page(1)), (window.editor.look_wanted, window.models.look),
            (bar.protocol_chosen, self._set_protocol),
        ):  # fmt: skip
            signal.connect(slot)

    def _set_protocol(self, name: str) -> None:
        self._window.parts.control.protocol = name
        self._window.parts.settings.set_text("protocol", name)

    def _inspect(self, id: str) -> None:
        if self._window.panels.hidden("inspector"):
            self._window.panels.toggle("inspector")
        self._window.inspector.show_nodes([id])
        self._window.inspector.setFocus()

    def show_title(self) -> None:
        """The tab of the pipeline and the window say what is open; on the start page the window says that."""
        document = self._window.parts.session.document
        modified = document.modified
        self._window.menu_row.tab.show_title(document.title or "Untitled", modified, str(document.path or ""))
        start = self._window.start.shown
        self._window.setWindowTitle(f"{'Start' if start else document.title or 'Untitled'}[*] – GreenBench")
        self._window.setWindowModified(modified and not start)

    def _undo(self) -> None:
        undo = self._window.parts.session.undo_stack
        self._window.toolbar.show_undo(undo.canUndo(), undo.undoText(), undo.canRedo(), undo.redoText())
        self._window.actions_["undo"].setText(f"Undo: {undo.undoText()}" if undo.canUndo() else "Undo")
        self._window.actions_["redo"].setText(f"Redo: {undo.redoText()}" if undo.canRedo() else "Redo")
        self._window.actions_.enable("undo", undo.canUndo())
        self._window.actions_.enable("redo", undo.canRedo())

    def _phase(self, phase: Phase) -> None:
        window = self._window
        self.offer_exports()
        window.parts.jobs.hold(phase is not Phase.READY)
        window.results.show_running(phase is not Phase.READY)
        self._under_way()
        window.actions_.enable("run", phase is Phase.READY)
        window.actions_.enable("stop", phase in (Phase.STARTING, Phase.RUNNING))
        if phase is Phase.STARTING:
            window.messages.clear()
            self._mark([])  # the plan was accepted
            window.show_page(0)
        if phase is Phase.READY:
            window.progress.show_share(None)
            window.menu_row.tab.show_share(None)

    def offer_exports(self) -> None:
        """What needs results is offered once there are some."""
        window, there = self._window, self._window.results.result is not None
        window.toolbar.show_phase(window.parts.control.phase, has_result=there)
        window.toolbar.name_report(self.shown_run.named())
        for id in ("copy-table", "export-model", "audit", "join", *(f"export-{suffix}" for suffix in FORMATS)):
            window.actions_.enable(id, there)

    def _ended(self, result: RunResult) -> None:
        window = self._window
        if window.closing:
            QTimer.singleShot(0, window.close)
            return
        self.shown_run.made(result)
        window.show_result(result)
        told = bool(result.measured) or bool(claims_of(result))
        if told and result.state is RunState.FINISHED:
            window.show_page(1)
        elif told:
            text = _ENDS.get(result.state, "The run broke off.")
            kind = _KINDS.get(result.state, "warning")
            window.messages.say(kind, text, "What was measured is kept.", [("Show results", lambda: window.show_page(1))])
        else:
            failures = [node.failure for node in result.nodes if node.failure and node.state is NodeState.FAILED]
            if failures:
                window.messages.say("failure", failures[0].message, failures[0].remedy)

    def _meter(self, event: messages.MeterState) -> None:
        """A meter that answers again has nothing to be said about it."""
        self._window.messages.take_away(_SILENT)
        if not event.alive:
            self._window.messages.say("warning", _SILENT, event.text)

    def _log(self, event: messages.Log) -> None:
        """Only what has no node of its own and is serious: the rest stands in the inspector."""
        if event.level in ("error", "warning") and not event.node:
            self._window.messages.say("failure" if event.level == "error" else "warning", event.text)

    def _written(self, path: Path) -> None:
        show = partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(path)))
        self._window.messages.say("notice", f"{path.name} is written.", str(path.parent), [("Open", show)])

    def _may_replace(self) -> bool:
        if self._window.parts.control.busy:
            self._window.messages.say("notice", "A run is under way on this pipeline.", "Stop it first, or wait for its end.")
            return False
        return True
