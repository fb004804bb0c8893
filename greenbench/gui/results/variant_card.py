"""The card below the table: what the chosen variant really ran as, and what can be done with its model."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from greenbench.core.run import RunResult, VariantResult
from greenbench.gui.controls import Button, Text, row
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.results.execution import details, runtime_title
from greenbench.gui.theme import Theme

_IN_LINE = ("Executed", "Fell back", "Left around operators", "Before the first answer", "Processor", "Runtime", "Converted")
_SHORT = {"Executed": "", "Runtime": "", "Processor": "", "Converted": ""}


class VariantCard(QFrame):
    """`look_asked`, `compare_asked` and `export_asked` carry the index of the variant."""

    look_asked = Signal(int)
    compare_asked = Signal(int)
    export_asked = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self.index = theme, -1
        self.setProperty("role", "card")
        self._mark = QLabel()
        self._mark.setFixedSize(18, 18)
        self.name = Text("", 13, 600)
        self.words = Text("", 12, 400, "second", wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.look = Button(theme, "Look inside", "stack")
        self.compare = Button(theme, "Compare with A", "git-diff")
        self.export = Button(theme, "Export model…", "export")
        for button, signal in ((self.look, self.look_asked), (self.compare, self.compare_asked), (self.export, self.export_asked)):
            button.setProperty("dense", True)
            button.clicked.connect(lambda _=False, signal=signal: signal.emit(self.index))
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addLayout(row(self._mark, self.name, 0, spacing=10))
        column.addWidget(self.words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(column, 1)
        for button in (self.look, self.compare, self.export):
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def show_variant(self, result: RunResult, index: int) -> None:
        """The index-th variant of a run."""
        variant = result.variants[index]
        self.index = index
        self.name.setText(f"{variant.letter}  {variant.name}")
        self.words.setText(execution_words(variant))
        self.words.setToolTip("\n".join(f"{title}: {words}" for title, words in details(variant)))
        baseline = result.variants[0].letter
        self.compare.setText(f"Compare with {baseline}")
        self.compare.setVisible(index > 0)
        able = variant.failure is None
        for button, words in (
            (self.look, "Its layers, with shapes, sizes and times"),
            (self.compare, f"What changed against {baseline}, layer by layer, and where the two answer differently"),
            (self.export, "As a file for another runtime, with the proof that it answers alike"),
        ):
            button.setEnabled(able)
            button.setToolTip(words if able else "This variant has no model")
        self._dress()

    def _dress(self) -> None:
        if self.index >= 0:
            self._mark.setPixmap(variant_pixmap(self._theme.variant(self.index), 12, 18, self.devicePixelRatioF()))


def execution_words(variant: VariantResult) -> str:
    """What executed, in one or two lines; the failure of a variant that has no result."""
    if variant.failure is not None:
        return f"{variant.failure.message} {variant.failure.remedy}".strip()
    known = dict(details(variant))
    if not known:
        told = " · ".join(part for part in (variant.precision, runtime_title(variant.runtime), f"batch {variant.batch}") if part)
        return f"{told}. What really executed was not recorded in this run."
    parts = []
    for title in _IN_LINE:
        if title in known:
            before = _SHORT.get(title, f"{title.lower()}: ")
            parts.append(f"{before}{known[title]}")
    return _sentence(" · ".join(parts))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
