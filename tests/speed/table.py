"""A table on the terminal: what was asked, what was found, and whether that keeps the promise."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of text under a title. `promise` says what is to hold, `broken` names each row that does not; notes explain what is seen."""

    title: str
    columns: tuple[str, ...]
    promise: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object, holds: bool = True) -> None:
        """A row; one that does not hold is marked."""
        row = tuple(str(cell) for cell in cells)
        self.rows.append(row)
        if not holds:
            self.broken.append(" ".join(row))

    def show(self) -> None:
        print(f"\n{self.title}")
        widths = [max(len(row[i]) for row in (self.columns, *self.rows)) for i in range(len(self.columns))]
        _line(self.columns, widths)
        for row in self.rows:
            _line(row, widths)
        if self.promise:
            print(f"  {'kept' if not self.broken else 'BROKEN'}: {self.promise}")
        for row in self.broken:
            print(f"    ✗ {row}")
        for note in self.notes:
            print(f"  {note}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> None:
    first, *rest = (f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(cells, widths, strict=True)))
    print("  " + "  ".join([first, *rest]), flush=True)
