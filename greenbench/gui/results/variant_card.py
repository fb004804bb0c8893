"""The card below the table: what the chosen variant really ran as."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from greenbench.core.run import RunResult, VariantResult
from greenbench.gui.controls import Text, row
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.results.execution import details, runtime_title
from greenbench.gui.results.timed import timing_details
from greenbench.gui.theme import Theme

_IN_LINE = (
    "Executed",
    "Fallbacks",
    "Quantise/dequantise pairs",
    "Runtime",
    "Processor",
    "Before the first answer",
    "Converted",
    "Scenario",
)
_NAMED = ("Scenario", "Fallbacks", "Quantise/dequantise pairs", "Before the first answer")  # these need their title to be understood


class VariantCard(QFrame):
    """Shows one variant of a run; `index` is its place. `actions_` takes the buttons for what can be done with it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self.index = theme, -1
        self.setProperty("role", "card")
        self._mark = QLabel()
        self._mark.setFixedSize(18, 18)
        self.name = Text("", 13, 600)
        self.words = Text("", 12, 400, "second", wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(3)
        self.actions_ = row(spacing=8)
        head = row(self._mark, self.name, Text("what really executed", 12, 400, "muted"), 0, spacing=10)
        head.addLayout(self.actions_)
        layout.addLayout(head)
        layout.addWidget(self.words)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def show_variant(self, result: RunResult, index: int) -> None:
        """The index-th variant of a run."""
        variant = result.variants[index]
        self.index = index
        self.name.setText(f"{variant.letter}  {variant.name}")
        self.words.setText(execution_words(variant))
        self.words.setToolTip("\n".join(f"{title}: {words}" for title, words in [*details(variant), *timing_details(variant)]))
        self._dress()

    def _dress(self) -> None:
        if self.index >= 0:
            self._mark.setPixmap(variant_pixmap(self._theme.variant(self.index), 12, 18, self.devicePixelRatioF()))


def execution_words(variant: VariantResult) -> str:
    """What executed, in one or two lines; the failure of a variant that has no result."""
    if variant.failure is not None:
        return f"{variant.failure.message} {variant.failure.remedy}".strip()
    known = dict([*details(variant), *timing_details(variant)])
    if not details(variant):
        told = " · ".join(part for part in (variant.precision, runtime_title(variant.runtime), f"batch {variant.batch}") if part)
        return f"{told}. What really executed was not recorded in this run."
    parts = []
    for title in _IN_LINE:
        if title in known:
            before = f"{title.lower()}: " if title in _NAMED else ""
            parts.append(f"{before}{known[title]}")
    return _sentence(" · ".join(parts))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
