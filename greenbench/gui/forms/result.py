"""What a node gave: its facts against its input, what it cost, why it failed, and its log."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.quote import count, duration, percent, quote, scale, significant
from greenbench.core.run import Failure
from greenbench.gui.claim_card import ClaimCard, claim_in
from greenbench.gui.controls import Button, Icon, ProvenanceMark, Text, line, row
from greenbench.gui.editor.status import NodeStatus
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme, font

_SHORT, _PROSE = 12, 40  # so many characters stand beside the name of a fact, so many below it as a number; more are a sentence
_ERROR_WORDS = ("error", "traceback", "failed")


def fact_text(fact: Fact) -> str:
    """The value of a fact as it is printed: "73 100", "0.290 MB", "98.3 %"."""
    if fact.value is None:
        return fact.text or "—"
    if fact.unit == "%":
        return f"{fact.value * 100:.1f} %"
    if fact.unit == "" and float(fact.value).is_integer() and abs(fact.value) < 1e6:
        return count(fact.value)
    shown = scale(fact.unit, [fact.value])
    return f"{significant(fact.value * shown.factor, 3)} {shown.unit}".strip()


def fact_change(fact: Fact) -> str:
    """What became of it: "−73 %", "+0.3 pp" for shares, "same", or "" where there is nothing to compare."""
    if fact.value is None or fact.before is None:
        return ""
    if fact.value == fact.before:
        return "same"
    sign = "−" if fact.value < fact.before else "+"
    if fact.unit == "%":
        return f"{sign}{abs(fact.value - fact.before) * 100:.1f} pp"
    return f"{sign}{percent(fact.value / fact.before - 1)} %" if fact.before else ""


def fact_past(fact: Fact) -> str:
    """What stands below a fact: "before 98.9 %, 95 % interval 96.8 to 99.4 %"; "" where there is neither."""
    parts = []
    if fact.before is not None and fact.before != fact.value:
        parts.append(f"before {fact_text(fact.model_copy(update={'value': fact.before}))}")
    if fact.low is not None and fact.high is not None and fact.low != fact.high:
        low, high = (fact_text(fact.model_copy(update={"value": end})) for end in (fact.low, fact.high))
        unit = low.rpartition(" ")[2]
        low = low.removesuffix(f" {unit}") if high.endswith(f" {unit}") and " " in low else low
        parts.append(f"95 % interval {low}–{high}")
    return ", ".join(parts)


class ResultPanel(QWidget):
    """The facts of a node in three columns: name, value, change; below a fact what it was before, and its interval. Energy and time
    stand below them, and what became of a claim."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._against = Text("against input", 12, 400, "muted")
        layout.addWidget(line())
        self.look = Button(theme, "Look inside", "stack", "link", "accent")
        self.look.setFont(font(12, 500))
        self.look.setToolTip("The layers of this model, with shapes, sizes and times")
        self.look.hide()
        layout.addLayout(row(Text("Result of this node", 13, 600), 0, self._against))
        layout.addLayout(row(self.look, 0))
        self._grid_holder = QWidget()
        layout.addWidget(self._grid_holder)
        self.claim = ClaimCard(theme)
        layout.addWidget(self.claim)
        self._box = layout

    def show_status(self, status: NodeStatus) -> None:
        """Shows what is known; hides itself where nothing is."""
        self.setVisible(status.finished or bool(status.facts) or (status.energy is not None and status.broken))
        self.look.setVisible(status.finished and any(isinstance(output, ModelArtifact) for output in status.outputs.values()))
        grid_holder = QWidget()
        grid = QGridLayout(grid_holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        claim = claim_in(tuple(status.outputs.values()))
        facts = status.facts if claim is None else ()  # the card of a claim says what its facts say, and more
        for number, fact in enumerate(facts):
            self._add(grid, 2 * number, fact)
        self._add_cost(grid, 2 * len(facts), status)
        if claim != self.claim.claim:
            self.claim.show_claim(claim)
        compared = any(fact.before is not None for fact in facts)
        self._against.setText(f"first of {status.seeds} seeds" if status.seeds > 1 else "against input")
        self._against.setVisible(compared or status.seeds > 1)
        self._box.replaceWidget(self._grid_holder, grid_holder)
        self._grid_holder.hide()
        self._grid_holder.deleteLater()
        self._grid_holder = grid_holder

    def _add(self, grid: QGridLayout, number: int, fact: Fact) -> None:
        under = fact.value is None and len(fact.text) > _SHORT
        grid.addWidget(Text(breakable(fact.title), 12, 400, "second", wrap=True), number, 0, 1, 3 if under else 1)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        if fact.value is None:
            prose = len(fact.text) > _PROSE
            words = Text(breakable(fact_text(fact)), 12, 400 if prose else 600, wrap=under)
            if under:
                words.setAlignment(Qt.AlignmentFlag.AlignLeft if prose else Qt.AlignmentFlag.AlignRight)
                grid.addWidget(words, number + 1, 0, 1, 3)
            else:
                grid.addWidget(words, number, 1, right)
            return
        grid.addWidget(Text(breakable(fact_text(fact)), 12, 600), number, 1, right)
        grid.addWidget(Text(fact_change(fact), 12, 500, "second"), number, 2, right)
        past = fact_past(fact)
        if past:
            below = Text(past, 11, 400, "muted", wrap=True)
            below.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(below, number + 1, 0, 1, 3)

    def _add_cost(self, grid: QGridLayout, number: int, status: NodeStatus) -> None:
        right = Qt.AlignmentFlag.AlignRight
        if status.seconds is None and status.energy is None:
            return
        what = "Energy spent" if status.energy else "Time"
        over = f", {status.seeds} seeds" if status.seeds > 1 else ""
        grid.addWidget(Text(what + over, 12, 400, "second", wrap=True), number, 0)
        if status.energy is not None:
            quoted = quote(status.energy)
            cell = QWidget()
            mark = ProvenanceMark(self._theme, status.energy.provenance)
            text = Text(quoted.full, 12, 600)
            text.setToolTip(quoted.reason)
            cell.setLayout(row(0, mark, text, spacing=5))
            grid.addWidget(cell, number, 1, right)
        if status.seconds is not None:
            grid.addWidget(Text(duration(status.seconds), 12, 500, "second"), number, 2, right)


class FailureCard(QFrame):
    """What happened and what to do."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "failure")
        self.title = Text("", 13, 600, "danger", wrap=True)
        self.message = Text("", 12, 400, wrap=True)
        self.remedy_head = Text("Remedy", 12, 600)
        self.remedy = Text("", 12, 400, wrap=True)
        column = QVBoxLayout()
        column.setSpacing(4)
        for text in (self.title, self.message, self.remedy_head, self.remedy):
            column.addWidget(text)
        for text in (self.message, self.remedy):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        whole = row(spacing=8, margins=(12, 10, 12, 10))
        whole.addWidget(Icon(theme, "warning-octagon-fill", "danger"), 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(column, 1)
        self.setLayout(whole)
        self.hide()

    def show_failure(self, failure: Failure | None, title: str) -> None:
        self.setVisible(failure is not None)
        if failure is None:
            return
        self.title.setText(breakable(title))
        self.message.setText(breakable(failure.message))
        self.remedy.setText(breakable(failure.remedy))
        self.remedy_head.setVisible(bool(failure.remedy))
        self.remedy.setVisible(bool(failure.remedy))
        self.setAccessibleName(f"{title}. {failure.message} {failure.remedy}")


class LogBox(QPlainTextEdit):
    """The last lines a node wrote; lines that speak of an error are red."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: tuple[str, ...] = ()
        self.setReadOnly(True)
        self.setFont(font(11, mono=True))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # a space at the end of a line needs no room
        self.setAccessibleName("Log of this node")
        self.hide()

    def show_lines(self, lines: tuple[str, ...]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.refresh()
            self._fit()
        self.setVisible(bool(lines))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as its wrapped lines, from two to nine of them."""
        shown, block = 0, self.document().begin()
        while block.isValid():
            self.blockBoundingRect(block)  # wraps it, which else waits until it is drawn
            shown += block.layout().lineCount()
            block = block.next()
        policies = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policies.ScrollBarAsNeeded if shown > 9 else policies.ScrollBarAlwaysOff)
        self.setFixedHeight(20 + min(max(shown, 2), 9) * (self.fontMetrics().lineSpacing() + 1))

    def refresh(self) -> None:
        """Writes the lines anew, in the colours of the theme."""
        self.clear()
        cursor = QTextCursor(self.document())
        for number, text in enumerate(self._lines):
            style = QTextCharFormat()
            style.setForeground(self._color(text))
            cursor.insertText(("\n" if number else "") + text, style)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _color(self, text: str) -> QColor:
        bad = any(word in text.lower() for word in _ERROR_WORDS)
        return self._theme.color("danger" if bad else "second")
