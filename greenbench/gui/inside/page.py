"""The page "Look inside": choose a model of the shown run and what to compare it with; its layers, or where the answers differ.

choose ──▶ LookInside (first, then second) ──▶ layers, side by side        Answers ──▶ CompareAnswers ──▶ examples
What was looked at is kept while the run is shown, so that going back costs nothing.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLineEdit,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.errors import GreenBenchError
from greenbench.core.jobs import CompareAnswers, Differences, LookInside, ModelView, StoredRef
from greenbench.core.run import Failure, RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.controls import Button, Choice, Icon, Segments, Text, row
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.inside.answers import AnswersView
from greenbench.gui.inside.layer_table import LayerTable
from greenbench.gui.inside.rows import side_by_side, single, totals
from greenbench.gui.inside.subjects import Subject, natural_runtime, stored_data, stored_model, subjects
from greenbench.gui.job_bridge import WAITS, Job, JobBridge
from greenbench.gui.marks import variant_icon
from greenbench.gui.theme import Theme, font

LAYERS, ANSWERS = "layers", "answers"
_OWNER = "look inside"
_RUNTIMES = {"eager": "PyTorch eager", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


class InsidePage(QWidget):
    """Shows one model, or two side by side. `results_asked`: the user wants to choose from the results."""

    results_asked = Signal()

    def __init__(self, theme: Theme, jobs: JobBridge, cache: Callable[[], Cache]) -> None:
        super().__init__()
        self._theme, self._jobs, self._cache = theme, jobs, cache
        self.setProperty("role", "page")
        self.result: RunResult | None = None
        self._subjects: list[Subject] = []
        self._views: dict[str, ModelView] = {}
        self._differences: dict[tuple[str, str], Differences] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="greenbench-answers-", ignore_cleanup_errors=True)
        self._job: Job | None = None
        self._build()
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())
        self.show_run(None)

    # ---- parts ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._title, self._of = Text("Look inside", 16, 600), Text("", 12, 400, "muted")
        self.model, self.other = self._box("Model to look into"), self._box("Model to compare it with")
        self._versus = Text("compared with", 12, 400, "muted")
        self.what = Segments([(LAYERS, "Layers"), (ANSWERS, "Answers")])
        self.what.chosen.connect(lambda _: self._go())
        self.words, self.more_words = Text("", 12, 500, "second"), Text("", 12, 500, "second")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(10)
        layout.addLayout(row(self._title, self._of, 0, self.model, self._versus, self.other, self.what, spacing=8))
        self.body = QStackedWidget()
        self.body.addWidget(self._empty_page())
        self.body.addWidget(self._busy_page())
        self.failure = FailureCard(self._theme)
        self.body.addWidget(_on_top(self.failure))
        self.body.addWidget(self._layers_page())
        self.answers = AnswersView(self._theme)
        self.body.addWidget(self.answers)
        layout.addWidget(self.body, 1)

    def _box(self, name: str) -> QComboBox:
        box = Choice()
        box.setFont(font(12))
        box.setFixedHeight(28)
        box.setMinimumWidth(150)
        box.setMaximumWidth(280)
        box.setAccessibleName(name)
        box.activated.connect(lambda _: self._go())
        return box

    def _empty_page(self) -> QWidget:
        self._none = Text("", 13, 400, "muted", wrap=True)
        self._none.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._none.setMaximumWidth(560)
        self._to_results = Button(self._theme, "Go to the results", "chart-bar-horizontal")
        self._to_results.clicked.connect(self.results_asked)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for widget in (Icon(self._theme, "stack", "faint", 28), self._none, self._to_results):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            layout.addSpacing(4)
        layout.addStretch(2)
        return page

    def _busy_page(self) -> QWidget:
        card = QFrame()
        card.setProperty("role", "notice")
        self.doing = Text("", 13, 600)
        self._step = Text("", 12, 400, "second", wrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        cancel = Button(self._theme, "Cancel")
        cancel.setProperty("dense", True)
        cancel.clicked.connect(self.cancel)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.setSpacing(6)
        inside.addLayout(row(Icon(self._theme, "hourglass-medium", "accent"), self.doing, 0, cancel))
        inside.addWidget(self._bar)
        inside.addWidget(self._step)
        return _on_top(card)

    def _layers_page(self) -> QWidget:
        self.table = LayerTable(self._theme)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search layers")
        self.search.setFont(font(12))
        self.search.setFixedWidth(220)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search layers")
        self.changes_only = QCheckBox("Changes only")
        self.changes_only.setFont(font(12))
        self.count = Text("", 12, 400, "muted")
        self.notes = Text("", 12, 400, "muted", wrap=True)
        self.search.textChanged.connect(self._filter)
        self.changes_only.toggled.connect(self._filter)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.table)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.words)
        layout.addWidget(self.more_words)
        layout.addLayout(row(self.search, self.changes_only, self.count, 0, spacing=12))
        layout.addWidget(card, 1)
        layout.addWidget(self.notes)
        return page

    # ---- choosing ---------------------------------------------------------------------------------------------

    def show_run(self, result: RunResult | None, whose: str = "") -> None:
        """The run whose models are offered; another one forgets what was looked at."""
        self._stop()
        same = result is not None and self.result is not None and result.run_id == self.result.run_id
        self.result, self._subjects = result, subjects(result) if result else []
        if not same:
            self._views, self._differences = {}, {}
        self._of.setText(f"{result.title}{f' · {whose}' if whose else ''}" if result else "")
        self._fill()
        for widget in (self.model, self._versus, self.other, self.what):
            widget.setVisible(bool(self._subjects))
        self._to_results.setVisible(bool(self._subjects))
        self._none.setText(
            "Choose a variant in the results and press “Look inside”: its layers are shown in order, with shapes, sizes and times."
            if self._subjects
            else "There is no model to look into yet. Press Run; then the models of the run can be opened here."
        )
        self.body.setCurrentIndex(0)

    def look(self, node: str, against: str = "", what: str = LAYERS) -> None:
        """Opens the model that a node of the shown run gave, alone or beside that of another node."""
        nodes = [subject.node for subject in self._subjects]
        if node not in nodes:
            return
        self.model.setCurrentIndex(nodes.index(node))
        self.other.setCurrentIndex(nodes.index(against) + 1 if against in nodes else 0)
        self.what.set_value(what)
        self._go()

    def has(self, node: str) -> bool:
        """Whether the shown run has a model from that node."""
        return any(subject.node == node for subject in self._subjects)

    def _fill(self) -> None:
        for box in (self.model, self.other):
            box.blockSignals(True)
            box.clear()
            if box is self.other:
                box.addItem("Nothing")
            for subject in self._subjects:
                box.addItem(subject.words)
            box.blockSignals(False)
        self._dress()

    def _dress(self) -> None:
        for box, first in ((self.model, 0), (self.other, 1)):
            for place, subject in enumerate(self._subjects):
                if subject.index >= 0:
                    box.setItemIcon(place + first, variant_icon(self._theme.variant(subject.index)))

    @property
    def chosen(self) -> tuple[Subject, ...]:
        """The model, and the one to compare it with if there is one."""
        if not self._subjects:
            return ()
        first = self._subjects[max(self.model.currentIndex(), 0)]
        place = self.other.currentIndex() - 1
        return (first, self._subjects[place]) if place >= 0 and self._subjects[place] != first else (first,)

    # ---- working ----------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Gives up what is under way and shows the empty page."""
        self._stop()
        self.body.setCurrentIndex(0)

    def close_jobs(self) -> None:
        """The window is going: no job goes on, and the pictures of the answers are removed."""
        self._stop()
        self._folder.cleanup()

    def _stop(self) -> None:
        if self._job is not None:
            self._jobs.stop(_OWNER)
            self._job = None

    def _go(self) -> None:
        """Shows what is chosen; what is not known yet is asked for, one job after the other."""
        self._stop()
        if self.result is None or not self.chosen:
            return
        try:
            if self.what.value() == ANSWERS:
                self._go_answers()
            else:
                self._go_layers()
        except GreenBenchError as error:
            self._fail(error)

    def _go_layers(self) -> None:
        assert self.result is not None
        for subject in self.chosen:
            if subject.node not in self._views:
                cache = self._cache()
                model, data = stored_model(self.result, subject, cache), stored_data(self.result, subject, cache)
                request = LookInside(model=model, data=data, runtime=natural_runtime(model), threads=self.result.plan.threads)
                self._start(request, f"Looking into {subject.words}", partial(self._keep_view, subject.node))
                return
        self._show_layers()

    def _go_answers(self) -> None:
        assert self.result is not None
        if len(self.chosen) < 2:
            self._none.setText(
                "Choose a second model at “compared with”: then the test examples that the two answer differently stand here."
            )
            self._to_results.hide()
            self.body.setCurrentIndex(0)
            return
        first, second = self.chosen
        pair = first.node, second.node
        if pair in self._differences:
            self.answers.show_differences(self._differences[pair], (first, second))
            self.body.setCurrentWidget(self.answers)
            return
        request = self._comparison(first, second)
        self._start(request, f"Comparing the answers of {first.short} and {second.short}", partial(self._keep_differences, pair))

    def _keep_view(self, node: str, view: ModelView) -> None:
        self._views[node] = view

    def _keep_differences(self, pair: tuple[str, str], found: Differences) -> None:
        self._differences[pair] = found

    def _comparison(self, first: Subject, second: Subject) -> CompareAnswers:
        assert self.result is not None
        cache = self._cache()
        models: list[StoredRef] = [stored_model(self.result, subject, cache) for subject in (first, second)]
        data = stored_data(self.result, first, cache) or stored_data(self.result, second, cache)
        if data is None:
            raise GreenBenchError(
                "This run has no data on which answers could be compared.", "Link a data set to the benchmark and run again."
            )
        folder = tempfile.mkdtemp(dir=self._folder.name)
        return CompareAnswers(first=models[0], second=models[1], data=data, folder=folder, threads=self.result.plan.threads)

    def _start(self, request: LookInside | CompareAnswers, words: str, keep: Callable[[Any], None]) -> None:
        self.doing.setText(words)
        self._bar.setValue(0)
        self.body.setCurrentIndex(1)
        self._job = self._jobs.start(_OWNER, request)
        self._step.setText(WAITS if self._jobs.waiting(_OWNER) else "A process of its own is starting.")
        self._job.progress.connect(self._advance)
        self._job.failed.connect(self._fail)

        def take(result: object) -> None:
            self._job = None
            keep(result)
            self._go()

        self._job.done.connect(take)

    def _advance(self, fraction: float, text: str) -> None:
        self._bar.setValue(round(fraction * 1000))
        if text:
            self._step.setText(text)

    def _fail(self, error: GreenBenchError) -> None:
        self._job = None
        title = "The answers could not be compared" if self.what.value() == ANSWERS else "This model could not be looked into"
        self.failure.show_failure(Failure(kind=type(error).__name__, message=error.message, remedy=error.remedy), title)
        self.body.setCurrentIndex(2)

    # ---- showing ----------------------------------------------------------------------------------------------

    def _show_layers(self) -> None:
        chosen = self.chosen
        views = [self._views[subject.node] for subject in chosen]
        marks = tuple(subject.index for subject in chosen)
        if len(views) == 2:
            from greenbench.gui.inside.difference import pairs  # analysis comes in with this

            table = side_by_side(pairs(views[0], views[1]), (chosen[0].short, chosen[1].short))
        else:
            table = single(views[0])
        self.table.show_table(table, marks)
        for label, subject, view in zip((self.words, self.more_words), chosen, views, strict=False):
            runtime = _RUNTIMES.get(view.runtime, view.runtime)
            label.setText(f"{subject.words}:  {totals(view)} · {runtime}")
        self.more_words.setVisible(len(views) == 2)
        self.changes_only.setVisible(table.compares)
        if not table.compares:
            self.changes_only.setChecked(False)
        self.notes.setText("  ".join(dict.fromkeys(note for view in views for note in view.notes)))
        self.notes.setVisible(bool(self.notes.text()))
        self._filter()
        self.body.setCurrentIndex(3)

    def _filter(self, *_: object) -> None:
        table = self.table.table
        self.table.set_filter(self.search.text(), self.changes_only.isChecked())
        words = f"{self.table.shown} of {len(table.rows)} layers" if self.table.shown != len(table.rows) else f"{len(table.rows)} layers"
        self.count.setText(f"{words}, {table.changed} changed" if table.compares else words)


def _on_top(widget: QWidget) -> QWidget:
    """A page with a card at its top and nothing below it."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
