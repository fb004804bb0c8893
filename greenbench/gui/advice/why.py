"""The card on the results page that answers: why is B not faster? A line for each cause, those of the chosen variant first."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from greenbench.analysis.doctor import diagnose
from greenbench.core.advice import Advice, Tone
from greenbench.core.quote import count
from greenbench.core.run import RunResult
from greenbench.gui.advice.row import AdviceRow, Why
from greenbench.gui.controls import Button, Icon, Text, line, row
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
        self._lines: list[QFrame] = []
        self._letter, self._all = "", False
        self.every = Button(theme, "", kind="link")
        self.every.clicked.connect(self._turn)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 10, 1, 6)
        layout.setSpacing(0)
        sign, title = Icon(theme, "lightbulb-filament", "warning"), Text("Why, and what to try", 13, 600)
        layout.addLayout(row(sign, title, self._words, 0, self.every, margins=(15, 0, 15, 8)))
        self._layout = layout

    def show_result(self, result: RunResult) -> None:
        """Answers the questions that this run raises; hides itself where every variant did what it promised."""
        self._result = result
        found = diagnose(result)
        places = {variant.letter: place for place, variant in enumerate(result.variants)}
        self._clear()
        for advice in found:
            above = line()
            self._lines.append(above)
            self._layout.addWidget(above)
            made = AdviceRow(self._theme, advice, places.get(advice.variant, -1), lambda proposal: self.why_not(proposal))
            made.tried.connect(self.tried)
            self._layout.addWidget(made)
            self.rows.append(made)
        self._words.setText(_summary(found))
        self.setVisible(bool(found))
        self._letter, self._all = "", False
        self._fold()

    def choose(self, index: int) -> None:
        """Opens the first answer about a variant, closes the others, and leaves those about other variants behind a link."""
        letter = self._result.variants[index].letter if self._result and 0 <= index < len(self._result.variants) else ""
        first = next((each for each in self.rows if each.advice.variant == letter), None)
        for each in self.rows:
            each.set_open(each is first)
        self._letter = letter
        self._fold()

    def _turn(self) -> None:
        self._all = not self._all
        self._fold()

    def _fold(self) -> None:
        """Shows what is about the chosen variant or about the whole run; all of it before one is chosen. Of a variant that raises no
        question (the baseline) there is nothing to show: then the first cause of each other one, and the warnings."""
        raised = {each.advice.variant for each in self.rows}
        if not self._letter or self._letter in raised:
            mine = [not self._letter or each.advice.variant in (self._letter, "") for each in self.rows]
        else:
            mine = self._firsts()
        for above, each, is_mine in zip(self._lines, self.rows, mine, strict=True):
            for widget in (above, each):
                widget.setVisible(self._all or is_mine)
        self.every.setVisible(not all(mine))
        fewer = f"Only those of {self._letter}" if self._letter in raised else "Only the first of each"
        self.every.setText(fewer if self._all else f"Show all {count(len(self.rows))}")

    def _firsts(self) -> list[bool]:
        """For each row, whether it is the first about its variant, or a warning about the whole run."""
        seen: set[str] = set()
        found = []
        for each in self.rows:
            letter = each.advice.variant
            found.append(letter not in seen if letter else each.advice.tone is Tone.WARNING)
            seen.add(letter)
        return found

    def offer(self) -> None:
        """The pipeline has changed: some changes became possible, others have been made."""
        for each in self.rows:
            each.offer()

    def _clear(self) -> None:
        self.rows, self._lines = [], []
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
