"""Which run the results page shows, and whether it is one of the open pipeline: another pipeline never inherits results."""

from typing import TYPE_CHECKING

from greenbench.core.errors import GreenBenchError
from greenbench.core.run import RunResult, RunState
from greenbench.gui.history import when

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow

_LOOKED_THROUGH = 50  # runs of the history among which one of the same title is sought


class ShownRun:
    """Knows the runs that were made of the open pipeline since it was opened."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._own: set[str] = set()

    def made(self, result: RunResult) -> None:
        """This run was just made of the open pipeline."""
        self._own.add(result.run_id)

    def whose(self, result: RunResult) -> str:
        """What must be said of a run that was not made of the open pipeline just now; "" for one that was."""
        if result.run_id in self._own:
            return ""
        same = result.title == self._window.parts.session.document.title
        return "from the history" if same else "not of the open pipeline"

    def is_of_pipeline(self, result: RunResult) -> bool:
        """Whether its nodes are those of the open pipeline, as far as the title tells."""
        return result.run_id in self._own or result.title == self._window.parts.session.document.title

    def named(self) -> str:
        """The shown run in words: "“Quick start”, today 17:07"; "" where none is shown."""
        result = self._window.results.result
        if result is None:
            return ""
        extra = self.whose(result)
        return f"“{result.title}”, {when(result.started)}{f' ({extra})' if extra else ''}"

    def forget(self) -> None:
        """Another pipeline is open: page, report and status bar start empty."""
        window = self._window
        self._own.clear()
        window.parts.control.result = None
        window.results.clear()
        window.inside.show_run(None)
        window.status.clear()
        if window.live:
            window.live.forget_run()
        window.wiring.offer_exports()

    def offer(self) -> None:
        """On the empty page: the last run of a pipeline with the same title, if there is one. Only a press shows it."""
        window = self._window
        title = window.parts.session.document.title
        if window.results.result is not None or window.parts.runner.ledger is None:
            return
        try:
            runs = window.parts.runner.store.runs(_LOOKED_THROUGH)
        except GreenBenchError:
            return  # the history page says what is wrong with the store
        found = next((run for run in runs if title and run.title == title and run.variants and run.state is not RunState.RUNNING), None)
        window.results.offer(found.id if found else "", f"Show the run of {when(found.started)}" if found else "")
