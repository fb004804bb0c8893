"""What a meter outside the machine said of the shown run: its joules beside the run's own, where a log was joined; else nothing."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout

from greenbench.core.run import RunResult
from greenbench.gui.controls import Icon, Text, row
from greenbench.gui.theme import Theme


class JoinedCard(QFrame):
    """A title with the meters' names, what each says of the variants, and how its log was joined."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.name = Text("", 13, 600)
        self.words = Text("", 12, 400, "second", wrap=True)
        self.how = Text("", 12, 400, "muted", wrap=True)
        for text in (self.words, self.how):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(4)
        muted = Text("joined by time stamp; beside the run's own numbers, never in them", 12, 400, "muted")
        layout.addLayout(row(Icon(theme, "link"), self.name, muted, 0, spacing=10))
        layout.addWidget(self.words)
        layout.addWidget(self.how)
        self.hide()

    def show_result(self, result: RunResult) -> None:
        """Shows the logs of a run; hides where it has none."""
        self.setVisible(bool(result.joined))
        if not result.joined:
            return
        from greenbench.report.joined import clock_words, variant_words

        self.name.setText(" · ".join(log.title for log in result.joined))
        lines = []
        for log in result.joined:
            name = f"{log.title}: " if len(result.joined) > 1 else ""
            # A word and its number stay together where a line breaks.
            told = (line.replace(" ", "\u00a0") for line in variant_words(result, log))
            lines.append(f"{name}{'   ·   '.join(told)}")
        self.words.setText("\n".join(lines))
        self.how.setText(" ".join(f"{log.title}, {log.name}: {clock_words(log)} {' '.join(log.notes)}" for log in result.joined))
