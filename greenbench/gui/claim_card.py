"""What became of a paper's claim, as a card: the paper's numbers, each line of the rule with what was found, the verdict in words."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from greenbench.core.artifact import Artifact, ResultsArtifact
from greenbench.core.claim import ClaimedModel, ClaimLine, ClaimResult
from greenbench.core.quote import count, scale, significant
from greenbench.core.run import RunResult
from greenbench.gui.controls import Icon, Text, line, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.theme import Theme

VERDICTS = {
    "reproduced": ("check-circle", "success"),
    "not reproduced": ("x-circle", "danger"),
    "cannot tell": ("question", "muted"),
}
_RELATIONS = {"≤": "at most", "<": "below", "≥": "at least", ">": "above", "=": "exactly"}
_RIGHT = Qt.AlignmentFlag.AlignRight


def claims_of(result: RunResult) -> list[tuple[str, str, ClaimResult]]:
    """The claims that a run judged: node, its title, and what was found."""
    found = ((node.node, node.title, claim_in(tuple(node.outputs.values()))) for node in result.nodes)
    return [(node, title, claim) for node, title, claim in found if claim is not None]


def look(claim: ClaimResult) -> tuple[str, str]:
    """Icon and colour of a verdict. That of a run which was no full test is neither good nor bad."""
    icon, tone = VERDICTS[claim.verdict]
    return icon, "muted" if claim.reservation else tone


def claim_in(outputs: Sequence[Artifact]) -> ClaimResult | None:
    """The claim among what a node gave."""
    return next((output.claim for output in outputs if isinstance(output, ResultsArtifact) and output.claim is not None), None)


def found_words(line: ClaimLine) -> str:
    """What was found, and what that makes of the line: "0.21 pp, asked at most 0.3 pp: holds", "p = 0.066, asked below 0.05: …"."""
    if line.holds is None or line.left is None or line.right is None:
        return f"Cannot tell: {line.reason or 'nothing was found'}"
    asked = f"{_RELATIONS.get(line.relation, line.relation)} {line.shown(line.right)}"
    found = line.shown(line.left)
    name = "" if line.unit != "p" else "p " if found.startswith("under") else "p = "
    return f"{name or found[:1].upper()}{found if name else found[1:]}, asked {asked}: {'holds' if line.holds else 'does not hold'}"


def error_words(model: ClaimedModel) -> tuple[str, str]:
    """The mean test error and its interval: "1.52 %" and "1.29–1.78"."""
    if model.error is None:
        return "—", ""
    interval = "" if model.low is None or model.high is None else f"{model.low * 100:.2f}–{model.high * 100:.2f}"
    return f"{model.error * 100:.2f} %", interval


class ClaimCard(QFrame):
    """`wide`: for the results page, with the table of models beside the rule; else for the inspector, one under the other."""

    def __init__(self, theme: Theme, *, wide: bool = False) -> None:
        super().__init__()
        self._theme, self._wide = theme, wide
        self.setProperty("role", "card" if wide else "sunken")
        self.claim: ClaimResult | None = None
        self._body: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(*((16, 12, 16, 14) if wide else (11, 10, 11, 11)))
        self.hide()

    def show_claim(self, claim: ClaimResult | None, title: str = "") -> None:
        """Shows a claim; None takes the card away."""
        if self._body is not None:
            self._body.hide()
            self._body.deleteLater()
            self._body = None
        self.claim = claim
        self.setVisible(claim is not None)
        if claim is None:
            return
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._head(column, claim, title)
        if self._wide:
            beside = row(spacing=28)
            for part in (self._finding(claim), self._models(claim)):
                beside.addWidget(part, 1, Qt.AlignmentFlag.AlignTop)
            column.addLayout(beside)
        else:
            column.addWidget(self._finding(claim))
            if claim.models:
                column.addWidget(line())
                for model in claim.models:
                    column.addLayout(_model(model))
        self._layout.addWidget(self._body)

    def _head(self, column: QVBoxLayout, claim: ClaimResult, title: str) -> None:
        icon, tone = look(claim)
        long = not self._wide or bool(claim.reservation)
        verdict = Text(claim.sentence, 13, 600, tone, wrap=long)
        if self._wide and long:
            head = row(Icon(self._theme, icon, tone, 18))
            head.addWidget(verdict, 1)
            head.addWidget(Text(title, 12, 400, "muted"))
            column.addLayout(head)
        elif self._wide:
            column.addLayout(row(Icon(self._theme, icon, tone, 18), verdict, Text(title, 12, 400, "muted"), 0))
        else:
            head = row(spacing=6)
            head.addWidget(Icon(self._theme, icon, tone, 16), 0, Qt.AlignmentFlag.AlignTop)
            head.addWidget(verdict, 1)
            column.addWidget(Text("Claim and finding", 12, 600))
            column.addLayout(head)

    def _finding(self, claim: ClaimResult) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        for word, text in (("Claim", claim.statement), ("Paper", claim.published), ("Here", _here(claim))):
            if text:
                pair = row(spacing=8)
                name = Text(word, 12, 400, "muted")
                name.setFixedWidth(38)
                pair.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
                pair.addWidget(Text(breakable(text), 12, 400, wrap=True), 1)
                column.addLayout(pair)
        for each in claim.lines:
            column.addLayout(self._rule(each, bool(claim.reservation)))
        return part

    def _rule(self, each: ClaimLine, reserved: bool) -> QVBoxLayout:
        icon, tone = {True: ("check", "success"), False: ("x", "danger"), None: ("question", "muted")}[each.holds]
        tone = "muted" if reserved else tone
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(breakable(each.text), 12, 400, "second", wrap=True))
        words.addWidget(Text(breakable(found_words(each)), 12, 600, "" if each.holds else tone, wrap=True))
        pair = row(spacing=7)
        pair.addWidget(Icon(self._theme, icon, tone, 14), 0, Qt.AlignmentFlag.AlignTop)
        pair.addLayout(words, 1)
        whole = QVBoxLayout()
        whole.addLayout(pair)
        return whole

    def _models(self, claim: ClaimResult) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        several = len(claim.seeds) > 1
        heads = ["Model", "Test error", "95 %", "Wrong, by seed" if several else "Wrong", "Weights kept", "File", "Coded"]
        for place, head in enumerate(heads):
            grid.addWidget(Text(head, 11, 500, "muted"), 0, place, Qt.AlignmentFlag.AlignLeft if place == 0 else _RIGHT)
        for number, model in enumerate(claim.models, 1):
            for place, cell in enumerate(_cells(model)):
                text = Text(breakable(cell), 12, 600 if place == 1 else 400, "" if place < 2 else "second", wrap=place == 0)
                grid.addWidget(text, number, place, Qt.AlignmentFlag.AlignTop | (Qt.AlignmentFlag(0) if place == 0 else _RIGHT))
        return part


def _cells(model: ClaimedModel) -> list[str]:
    error, interval = error_words(model)
    wrong = f"{', '.join(map(str, model.errors))} of {count(model.examples)}" if model.errors else "—"
    kept = f"{significant(model.nonzero / model.parameters * 100, 3)} %" if model.parameters else "—"
    return [model.name, error, interval, wrong, kept, _bytes(model.size_bytes), _bytes(model.coded_bytes)]


def _model(model: ClaimedModel) -> QVBoxLayout:
    """A model in two lines, for where a table has no room."""
    error, interval = error_words(model)
    lines = QVBoxLayout()
    lines.setSpacing(0)
    lines.addWidget(Text(breakable(model.name), 12, 400, "second", wrap=True))
    words = f"{error} error" if model.error is not None else "not judged"
    lines.addLayout(row(Text(words, 12, 600), Text(f"95 % {interval}" if interval else "", 11, 400, "muted"), 0, spacing=6))
    return lines


class ClaimCards(QWidget):
    """The claims of a run, one card each, on top of its results."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(12)
        self.cards: list[ClaimCard] = []
        self.hide()

    def show_claims(self, claims: Sequence[tuple[str, str, ClaimResult]]) -> None:
        """Shows these, by node, title and finding; without any it takes no room."""
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = []
        for _, title, claim in claims:
            card = ClaimCard(self._theme, wide=True)
            self._layout.addWidget(card)
            card.show_claim(claim, title)
            self.cards.append(card)
        self.setVisible(bool(claims))


def _here(claim: ClaimResult) -> str:
    """Data and seeds of what was found: "MNIST, seeds 0, 1 and 2"."""
    seeds = [str(seed) for seed in claim.seeds]
    several = f"seeds {', '.join(seeds[:-1])} and {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}" if seeds else ""
    return ", ".join(part for part in (claim.data, several) if part)


def _bytes(size: float | None) -> str:
    if size is None:
        return "—"
    shown = scale("B", [size])
    return f"{significant(size * shown.factor, 3)} {shown.unit}"
