"""What all runs since the window was opened took together, in the status bar: every joule once, whatever was reused."""

from PySide6.QtWidgets import QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge
from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.gui.controls import ProvenanceMark, Text, row
from greenbench.gui.theme import Theme


class SessionTotal(QWidget):
    """Hidden until joules were read in a run."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._ledgers: dict[str, tuple[Charge, ...]] = {}
        self._now: tuple[float, Provenance] | None = None  # joules of the run under way
        self.mark, self.words = ProvenanceMark(theme, size=13), Text("", 12, 500)
        self.setLayout(row(self.mark, self.words, spacing=5))
        self.hide()

    def add(self, result: RunResult) -> None:
        """A run has ended."""
        # NumPy comes in with this: not before there is something to add.
        from greenbench.analysis.charges import ledger

        self._ledgers[result.run_id], self._now = ledger(result), None
        self._show()

    def count_in(self, energy_j: float | None, provenance: Provenance) -> None:
        """A run is under way and has taken so many joules so far (None: no reading)."""
        now = None if energy_j is None else (energy_j, provenance)
        if now != self._now:
            self._now = now
            self._show()

    def _show(self) -> None:
        from greenbench.analysis.spending import spending

        found = spending("session", list(self._ledgers.values())) if self._ledgers else None
        over = found.energy if found else None
        known = over is not None and over.value is not None
        if not known and self._now is None:
            self.mark.set(Provenance.UNAVAILABLE)
            self.words.setText(f"Session total {quote.NO_READING}")
            self.setToolTip(over.reason if over else "")
            self.setVisible(found is not None)
            return
        energy_j = (over.value or 0.0 if over else 0.0) + (self._now[0] if self._now else 0.0)
        kinds = [*([over.provenance] if over and known else []), *([self._now[1]] if self._now else [])]
        provenance = Provenance.least(kinds)
        shown = quote.scale("J", [energy_j])
        about = "≈ " if provenance is Provenance.MODELLED else ""
        least = "≥ " if found and found.missing else ""
        self.mark.set(provenance)
        self.words.setText(f"Session total {least}{about}{quote.significant(energy_j * shown.factor, 3)} {shown.unit}")
        self.setToolTip(_meaning(found.runs if found else 0, found.missing if found else 0, under_way=self._now is not None))
        self.show()


def _meaning(runs: int, missing: int, *, under_way: bool) -> str:
    """What the sum is of."""
    ended = "" if not runs else "one run" if runs == 1 else f"{runs} runs"
    whose = " and ".join(filter(None, (ended, "the run under way, so far" if under_way else "")))
    rest = f" {missing} lines of their ledgers have no reading." if missing else ""
    return f"All joules of {whose}, since the window was opened, with the first cost of what was reused.{rest}"
