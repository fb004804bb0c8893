"""A calm card while a job is under way: what it does, how far it is, and Cancel."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout

from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.job_bridge import WAITS, Job
from greenbench.gui.theme import Theme


class JobCard(QFrame):
    """Follows one job at a time; `cancelled` is only told, whoever began the job ends it."""

    cancelled = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "notice")
        self.title, self.step = Text("", 13, 600), Text("", 12, 400, "second", wrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self.cancel = Button(theme, "Cancel")
        self.cancel.setProperty("dense", True)
        self.cancel.clicked.connect(self.cancelled)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.setSpacing(6)
        inside.addLayout(row(Icon(theme, "hourglass-medium", "accent"), self.title, 0, self.cancel))
        inside.addWidget(self._bar)
        inside.addWidget(self.step)

    def follow(self, job: Job, title: str, *, waits: bool) -> None:
        """Shows this job from now on; `waits`: it begins when the run under way is over."""
        self.title.setText(title)
        self._bar.setValue(0)
        self.step.setText(WAITS if waits else "A process of its own is starting.")
        job.progress.connect(self._advance)

    def _advance(self, fraction: float, text: str) -> None:
        self._bar.setValue(round(fraction * 1000))
        if text:
            self.step.setText(text[:1].upper() + text[1:])
