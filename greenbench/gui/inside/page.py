"""The page "Look inside": choose a model of the shown run and what to compare it with; its layers, or where the answers differ.

choose ──▶ LookInside (first, then second) ──▶ layers, side by side        Answers ──▶ CompareAnswers ──▶ examples
What was looked at is kept while the run is shown, so that going back costs nothing.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from greenbench.core.errors import DataError, GreenBenchError
from greenbench.core.jobs import CompareAnswers, Differences, LookInside, ModelView
from greenbench.core.run import Failure, RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.controls import Button, Icon, Text
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.inside.answers import AnswersView
from greenbench.gui.inside.choosing import ANSWERS, LAYERS, Choosing
from greenbench.gui.inside.layers_view import LayersView
from greenbench.gui.inside.subjects import Subject, stored_data, stored_model
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.job_card import JobCard
from greenbench.gui.theme import Theme

_OWNER = "look inside"
_EMPTY, _BUSY, _FAILED, _LAYERS, _ANSWERS = range(5)
_CHOOSE = "Choose a model above, or a variant in the results: its layers are shown in order, with shapes, sizes and times."
_NO_RUN = "There is no model to look into yet. Press Run; then the models of the run can be opened here."
_NO_SECOND = "Choose a second model at “compared with”: then the test examples that the two answer differently stand here."


class InsidePage(QWidget):
    """Shows one model, or two side by side. `results_asked`: the user wants to choose from the results."""

    results_asked = Signal()

    def __init__(self, theme: Theme, jobs: JobBridge, cache: Callable[[], Cache]) -> None:
        super().__init__()
        self._theme, self._jobs, self._cache = theme, jobs, cache
        self.setProperty("role", "page")
        self._views: dict[tuple[str, str], ModelView] = {}  # by node and runtime
        self._differences: dict[tuple[str, str], Differences] = {}  # by the two nodes
        self._folder = tempfile.TemporaryDirectory(prefix="greenbench-answers-", ignore_cleanup_errors=True)
        self.choosing = Choosing(theme)
        self.choosing.changed.connect(self.go)
        self.card = JobCard(theme)
        self.card.cancelled.connect(self.cancel)
        self.failure = FailureCard(theme)
        self.layers, self.answers = LayersView(theme), AnswersView(theme)
        self.body = QStackedWidget()
        for page in (self._empty_page(), _on_top(self.card), _on_top(self.failure), self.layers, self.answers):
            self.body.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.choosing)
        layout.addWidget(self.body, 1)
        self.show_run(None)

    def _empty_page(self) -> QWidget:
        self.word = Text("", 13, 400, "muted")
        self._to_results = Button(self._theme, "Go to the results", "chart-bar-horizontal")
        self._to_results.clicked.connect(self.results_asked)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for widget in (Icon(self._theme, "stack", "faint", 28), self.word, self._to_results):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            layout.addSpacing(4)
        layout.addStretch(2)
        return page

    # ---- choosing ---------------------------------------------------------------------------------------------

    def show_run(self, result: RunResult | None, whose: str = "") -> None:
        """The run whose models are offered; another one forgets what was looked at."""
        self._jobs.stop(_OWNER)
        before = self.choosing.result
        if result is None or before is None or result.run_id != before.run_id:
            self._views, self._differences = {}, {}
        self.choosing.show_run(result, whose)
        self._say(_CHOOSE if self.choosing.subjects else _NO_RUN)

    def look(self, node: str, against: str = "", what: str = LAYERS) -> None:
        """Opens the model that a node of the shown run gave, alone or beside that of another node."""
        if self.choosing.choose(node, against, what):
            self.go()

    def cancel(self) -> None:
        """Gives up what is under way."""
        self._jobs.stop(_OWNER)
        self._say(_CHOOSE)

    def close_jobs(self) -> None:
        """The window is going: no job goes on, and the pictures of the answers are removed."""
        self._jobs.stop(_OWNER)
        self._folder.cleanup()

    def _say(self, words: str) -> None:
        self.word.setText(words)
        self._to_results.setVisible(words == _CHOOSE)
        self.body.setCurrentIndex(_EMPTY)

    # ---- working ----------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Shows what is chosen; what is not known yet is asked for, one job after the other."""
        self._jobs.stop(_OWNER)
        chosen, result = self.choosing.chosen, self.choosing.result
        if result is None or not chosen:
            return
        self.choosing.offer_runtimes()
        try:
            if self.choosing.what.value() == LAYERS:
                self._go_layers(result, chosen)
            elif len(chosen) == 2:
                self._go_answers(result, chosen)
            else:
                self._say(_NO_SECOND)
        except GreenBenchError as error:
            self._fail(error)

    def _go_layers(self, result: RunResult, chosen: tuple[Subject, ...]) -> None:
        runtime, cache = self.choosing.runtime_key, self._cache()
        for subject in chosen:
            if (subject.node, runtime) not in self._views:
                model, data = stored_model(result, subject, cache), stored_data(result, subject, cache)
                request = LookInside(model=model, data=data, runtime=runtime, threads=result.plan.threads)
                self._start(request, f"Looking into {subject.name}", partial(self._keep_view, (subject.node, runtime)))
                return
        self.layers.show_views(chosen, [self._views[subject.node, runtime] for subject in chosen])
        self.body.setCurrentIndex(_LAYERS)

    def _go_answers(self, result: RunResult, chosen: tuple[Subject, ...]) -> None:
        first, second = chosen
        pair = first.node, second.node
        if pair in self._differences:
            self.answers.show_differences(self._differences[pair], (first, second))
            self.body.setCurrentIndex(_ANSWERS)
            return
        request = self._comparison(result, first, second)
        self._start(request, f"Comparing the answers of {first.short} and {second.short}", partial(self._keep_differences, pair))

    def _comparison(self, result: RunResult, first: Subject, second: Subject) -> CompareAnswers:
        cache = self._cache()
        models = [stored_model(result, subject, cache) for subject in (first, second)]
        data = stored_data(result, first, cache) or stored_data(result, second, cache)
        if data is None:
            raise DataError("The data of this run is no longer in the cache.", "Run the pipeline again: what is missing is computed anew.")
        folder = tempfile.mkdtemp(dir=self._folder.name)
        return CompareAnswers(first=models[0], second=models[1], data=data, folder=folder, threads=result.plan.threads)

    def _keep_view(self, seen: tuple[str, str], view: ModelView) -> None:
        self._views[seen] = view

    def _keep_differences(self, pair: tuple[str, str], found: Differences) -> None:
        self._differences[pair] = found

    def _start(self, request: LookInside | CompareAnswers, title: str, keep: Callable[[Any], None]) -> None:
        job = self._jobs.start(_OWNER, request)
        self.card.follow(job, title, waits=self._jobs.waiting(_OWNER))
        self.body.setCurrentIndex(_BUSY)
        job.failed.connect(self._fail)
        job.done.connect(keep)
        job.done.connect(lambda _: self.go())

    def _fail(self, error: GreenBenchError) -> None:
        answers = self.choosing.what.value() == ANSWERS
        title = "The answers could not be compared" if answers else "This model could not be looked into"
        self.failure.show_failure(Failure(kind=type(error).__name__, message=error.message, remedy=error.remedy), title)
        self.body.setCurrentIndex(_FAILED)


def _on_top(widget: QWidget) -> QWidget:
    """A page with a card at its top and nothing below it."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
