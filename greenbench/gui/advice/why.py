"""The card on the results page that answers: why is B not faster? A line for each cause, those of the chosen variant first."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from greenbench.analysis.doctor import diagnose
from greenbench.core.advice import Advice, Tone
from greenbench.core.quote import count
from greenbench.core.run import RunResult
from greenbench.gui.advice.row import AdviceRow, Why
from greenbench.gui.controls import Icon, Text, line, row
from greenbench.gui.theme import Theme


class WhyCard(QFrame):
    """`tried` carries the proposal whose button was pressed. `why_not` says why one cannot be carried out now."""

    tried = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._theme = theme
        self.why_not: Why = lambda proposal: "Open the pipeline of this run to try it."
        self.rows: list[AdviceRow] = []
        self._result: RunResult | None = None
        self._words = Text("", 12, 400, "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 10, 1, 6)
        layout.setSpacing(0)
        layout.addLayout(
            row(Icon(theme, "lightbulb-filament", "warning"), Text("Why, and what to try", 13, 600), self._words, 0, margins=(15, 0, 15, 8))
        )
        self._layout = layout

    def show_result(self, result: RunResult) -> None:
        """Answers the questions that this run raises; hides itself where every variant did what it promised."""
        self._result = result
        found = diagnose(result)
        places = {variant.letter: place for place, variant in enumerate(result.variants)}
        self._clear()
        for advice in found:
            self._layout.addWidget(line())
            made = AdviceRow(self._theme, advice, places.get(advice.variant, -1), lambda proposal: self.why_not(proposal))
            made.tried.connect(self.tried)
            self._layout.addWidget(made)
            self.rows.append(made)
        self._words.setText(_summary(found))
        self.setVisible(bool(found))

    def choose(self, index: int) -> None:
        """Opens the first answer about a variant, and closes the others."""
        letter = self._result.variants[index].letter if self._result and 0 <= index < len(self._result.variants) else ""
        first = next((each for each in self.rows if each.advice.variant == letter), None)
        for each in self.rows:
            each.set_open(each is first)

    def offer(self) -> None:
        """The pipeline has changed: some changes became possible, others have been made."""
        for each in self.rows:
            each.offer()

    def _clear(self) -> None:
        self.rows = []
        while self._layout.count() > 1:  # the first is the head
            item = self._layout.takeAt(1)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()


def _summary(found: tuple[Advice, ...]) -> str:
    """ "7 causes found in the numbers of this run, 2 of them warnings"."""
    warnings = sum(advice.tone is Tone.WARNING for advice in found)
    text = f"{count(len(found))} {'cause' if len(found) == 1 else 'causes'} found in the numbers of this run"
    return f"{text}, {warnings} of them {'a warning' if warnings == 1 else 'warnings'}" if warnings else text
