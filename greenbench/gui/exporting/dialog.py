"""The dialog "Export model": what, as which format, where to; then how far it is; then the proof, or why there is no file.

FORM ──Export──▶ UNDER WAY ──▶ DONE (proof, files, card)        Cancel or an error ──▶ back to the form, nothing is left behind
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import GreenBenchError, ProofError
from greenbench.core.jobs import Export, Exported, StoredRef
from greenbench.core.run import Failure, RunResult
from greenbench.core.shipping import SHIPPING
from greenbench.engine.cache import Cache
from greenbench.gui.controls import Button, Choice, Text, row
from greenbench.gui.exporting.outcome import Outcome
from greenbench.gui.exporting.words import FormatChoice, file_name, format_choices
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.inside.subjects import Subject, stored_data, stored_model
from greenbench.gui.job_bridge import Job, JobBridge
from greenbench.gui.job_card import JobCard
from greenbench.gui.marks import variant_icon
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme, font

_OWNER = "export model"
_FOLDER = "export-folder"
FORM, BUSY, DONE = range(3)


class ExportDialog(QDialog):
    """For one run; opens with the asked model chosen."""

    def __init__(
        self, parent: QWidget | None, theme: Theme, jobs: JobBridge, cache: Callable[[], Cache], settings: Settings, run: RunResult
    ) -> None:
        super().__init__(parent)
        self._theme, self._jobs, self._cache, self._settings, self._run = theme, jobs, cache, settings, run
        self._subjects: list[Subject] = []
        self._model: StoredRef | None = None
        self._job: Job | None = None
        self.setWindowTitle("Export model")
        self.setMinimumWidth(560)
        self.pages = QStackedWidget()
        self.outcome = Outcome(theme)
        self.outcome.another.connect(lambda: self._show(FORM))
        self.outcome.closed.connect(self.accept)
        for page in (self._form_page(), self._busy_page(), self.outcome):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.addWidget(self.pages)

    # ---- parts ------------------------------------------------------------------------------------------------

    def _form_page(self) -> QWidget:
        self.model = Choice()
        self.model.setAccessibleName("Model to export")
        self.model.activated.connect(lambda _: self._take_model())
        self.formats = QButtonGroup(self)
        self._format_box = QWidget()
        self.name, self.folder = QLineEdit(), QLineEdit()
        self.name.setAccessibleName("Name of the files")
        self.folder.setAccessibleName("Folder")
        for field in (self.name, self.folder):
            field.textChanged.connect(self._mind)
        browse = Button(self._theme, "Browse…", "folder-open")
        browse.clicked.connect(self._browse)
        self.replace = QCheckBox()
        self.replace.setFont(font(12))
        self.replace.toggled.connect(self._mind)
        self.failure = FailureCard(self._theme)
        self.go = Button(self._theme, "Export", "export", "primary")
        self.go.clicked.connect(self.export)
        self.go.setDefault(True)
        leave = Button(self._theme, "Cancel")
        leave.clicked.connect(self.reject)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        self._grid = grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        format_word = Text("Format", 13, 500)
        format_word.setContentsMargins(0, 3, 0, 0)
        for place, (word, *widgets) in enumerate(
            (
                (Text("Model", 13, 500), self.model),
                (format_word, self._format_box),
                (Text("Name", 13, 500), self.name),
                (Text("Folder", 13, 500), self.folder, browse),
            )
        ):
            grid.addWidget(word, place, 0, top if word is format_word else Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(widgets[0], place, 1, 1, 1 if len(widgets) > 1 else 2)
            if len(widgets) > 1:
                grid.addWidget(widgets[1], place, 2)
        layout.addWidget(self.failure)
        layout.addLayout(grid)
        layout.addWidget(self.replace)
        self._promise = Text("", 12, 400, "muted", wrap=True)
        layout.addWidget(self._promise)
        layout.addStretch(1)
        layout.addLayout(row(0, leave, self.go))
        return page

    def _busy_page(self) -> QWidget:
        self.card = JobCard(self._theme)
        self.card.cancelled.connect(self.give_up)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.card)
        layout.addStretch(1)
        return page

    # ---- the form ---------------------------------------------------------------------------------------------

    def offer(self, models: list[Subject], chosen: Subject) -> None:
        """The models of the run, with one of them chosen; opens the dialog."""
        self._subjects = models
        self.model.clear()
        for place, subject in enumerate(models):
            self.model.addItem(subject.words)
            if subject.index >= 0:
                self.model.setItemIcon(place, variant_icon(self._theme.variant(subject.index)))
        self.model.setCurrentIndex(models.index(chosen))
        self.folder.setText(self._settings.text(_FOLDER, str(Path.home() / "GreenBench models")))
        self._take_model()
        self.open()

    @property
    def subject(self) -> Subject:
        return self._subjects[self.model.currentIndex()]

    @property
    def format(self) -> str:
        """The chosen format's key; "" where none can be written."""
        button = self.formats.checkedButton()
        return str(button.property("format")) if button else ""

    def _take_model(self) -> None:
        """Shows what can be written from the chosen model."""
        subject = self.subject
        self.name.setText(file_name(subject.title, subject.letter))
        self.failure.hide()
        choices: list[FormatChoice] = []
        try:
            self._model = stored_model(self._run, subject, self._cache())
        except GreenBenchError as error:
            self._model = None
            self._tell(error)
        else:
            assert isinstance(self._model.artifact, ModelArtifact)
            choices = format_choices(self._model.artifact)
        self._show_formats(choices)
        self._mind()

    def _show_formats(self, choices: list[FormatChoice]) -> None:
        for old in self.formats.buttons():
            self.formats.removeButton(old)
        fresh = QWidget()
        layout = QVBoxLayout(fresh)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for choice in choices:
            button = QRadioButton(choice.title)
            button.setFont(font(13, 500))
            button.setEnabled(choice.possible)
            button.setProperty("format", choice.key)
            button.setToolTip(choice.line)
            button.toggled.connect(self._mind)
            self.formats.addButton(button)
            words = Text(choice.line, 12, 400, "muted", wrap=True)
            words.setContentsMargins(24, 0, 0, 4)
            layout.addWidget(button)
            layout.addWidget(words)
        possible = [button for button in self.formats.buttons() if button.isEnabled()]
        if possible:
            possible[0].setChecked(True)
        self._grid.replaceWidget(self._format_box, fresh)
        self._format_box.hide()
        self._format_box.deleteLater()
        self._format_box = fresh

    def _mind(self, *_: object) -> None:
        """Says what will happen, and whether it can."""
        there = self._existing()
        self.replace.setVisible(bool(there))
        self.replace.setText(f"Replace what is there already: {there}")
        possible = bool(self._model and self.format and self.name.text().strip() and self.folder.text().strip())
        self.go.setEnabled(possible and (not there or self.replace.isChecked()))
        self._promise.setText(
            "The file is written, read back in a fresh process and compared with the model before it counts. A model card says what it is."
        )

    def _existing(self) -> str:
        """The files that would be replaced; "" if there is none."""
        if not self.format or not self.folder.text().strip():
            return ""
        folder, name = Path(self.folder.text().strip()).expanduser(), self.name.text().strip()
        names = [name + ending for ending in (SHIPPING[self.format].suffix, ".json", ".md")]  # type: ignore[index]
        return " and ".join(each for each in names if (folder / each).exists())

    def _browse(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Folder for the exported model", self.folder.text())
        if found:
            self.folder.setText(found)

    # ---- working ----------------------------------------------------------------------------------------------

    def export(self) -> None:
        """Starts writing and proving."""
        if self._model is None or not self.format:
            return
        self._settings.set_text(_FOLDER, self.folder.text().strip())
        try:
            request = self._request()
        except GreenBenchError as error:
            self._tell(error)
            return
        self.failure.hide()
        self._show(BUSY)
        self._job = self._jobs.start(_OWNER, request)
        title = f"Exporting {self.subject.name} as {SHIPPING[request.format].title}"
        self.card.follow(self._job, title, waits=self._jobs.waiting(_OWNER))
        self._job.done.connect(self._finish)
        self._job.failed.connect(self._fail)

    def _request(self) -> Export:
        assert self._model is not None
        subject = self.subject
        return Export(
            model=self._model,
            data=stored_data(self._run, subject, self._cache()),
            format=self.format,  # type: ignore[arg-type]
            folder=str(Path(self.folder.text().strip()).expanduser()),
            name=self.name.text().strip(),
            lineage=self._run.plan.lineage(subject.node),
            run=self._run,
            variant=subject.letter or subject.node,
            threads=self._run.plan.threads,
            overwrite=self.replace.isVisible() and self.replace.isChecked(),
        )

    def give_up(self) -> None:
        """Stops the job; what was written is thrown away."""
        if self._job is not None:
            self._jobs.stop(_OWNER)
            self._job = None
        self._show(FORM)

    def _finish(self, exported: Exported) -> None:
        self._job = None
        self._show(DONE)
        self.outcome.show_exported(exported, self.subject.name)

    def _fail(self, error: GreenBenchError) -> None:
        self._job = None
        self._show(FORM)
        self._tell(error)

    def _tell(self, error: GreenBenchError) -> None:
        title = "The proof failed: no file was kept" if isinstance(error, ProofError) else "The model could not be exported"
        self.failure.show_failure(Failure(kind=type(error).__name__, message=error.message, remedy=error.remedy), title)

    def _show(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        if page == FORM:
            self._mind()

    # ---- closing ----------------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Escape while it works stops the work first; the form stays."""
        if self._job is not None:
            self.give_up()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.give_up()
        super().closeEvent(event)
