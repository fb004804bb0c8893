"""What all runs since the window was opened took together, in the status bar: every joule once, whatever was reused."""

from PySide6.QtWidgets import QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge
from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.gui.controls import ProvenanceMark, Text, row
from greenbench.gui.theme import Theme


class SessionTotal(QWidget):
    """Hidden until a run has ended."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._ledgers: dict[str, tuple[Charge, ...]] = {}
        self.mark, self.words = ProvenanceMark(theme, size=13), Text("", 12, 500)
        self.setLayout(row(self.mark, self.words, spacing=5))
        self.hide()

    def add(self, result: RunResult) -> None:
        """A run has ended."""
        # NumPy comes in with this: not before there is something to add.
        from greenbench.analysis.charges import ledger
        from greenbench.analysis.spending import spending

        self._ledgers[result.run_id] = ledger(result)
        found = spending("session", list(self._ledgers.values()))
        quoted = quote.quote(found.energy)
        self.mark.set(found.energy.provenance)
        runs = "one run" if found.runs == 1 else f"{found.runs} runs"
        if found.energy.value is None:
            self.words.setText(f"Session total {quote.NO_READING}")
            self.setToolTip(quoted.reason)
        else:
            shown = quote.scale("J", [found.energy.value])
            about = "≈ " if found.energy.provenance is Provenance.MODELLED else ""
            least = "≥ " if found.missing else ""
            self.words.setText(f"Session total {least}{about}{quote.significant(found.energy.value * shown.factor, 3)} {shown.unit}")
            missing = f" {found.missing} lines of their ledgers have no reading." if found.missing else ""
            self.setToolTip(f"All joules of {runs} since the window was opened, with the first cost of what was reused.{missing}")
        self.show()
