"""What the columns of a table hold, found block by block, and how their cells become features."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DataError

MOST_NAMES = 100  # a column of names gets at most so many features; rarer names share one
_MOST_VALUES = 10_000
_GAPS = {"", "na", "n/a", "nan", "null", "?"}
_TRUTHS = {"true": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "false": 0.0, "no": 0.0, "n": 0.0, "f": 0.0}
_COMMA = re.compile(r"[+-]?\d+,\d+")
_MOSTLY = 0.95
_OTHERS = "(other)"


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    TRUTH = "truth"
    NAME = "name"


@dataclass(frozen=True)
class Block:
    """Some rows, by column; `places` says where each row stands ("line 12")."""

    places: tuple[str, ...]
    columns: tuple[tuple[Any, ...], ...]


@dataclass
class Column:
    """One column, as far as it has been seen. `values` counts its different values, as text, up to ten thousand of them."""

    name: str
    place: int
    rows: int = 0
    gaps: int = 0
    first_gap: str = ""
    first_word: tuple[str, str] = ("", "")
    numbers: int = 0
    truths: int = 0
    whole: bool = True
    values: Counter[str] = field(default_factory=Counter)
    overflown: bool = False
    counting: bool = True
    low: float = math.inf
    high: float = -math.inf

    def __post_init__(self) -> None:
        self._digest = blake2b(digest_size=16)

    def see(self, block: Block) -> None:
        """Takes note of a block of rows."""
        cells = [_plain(cell) for cell in block.columns[self.place]]
        filled = [cell for cell in cells if cell is not None]
        if len(filled) < len(cells):
            self.gaps += len(cells) - len(filled)
            self.first_gap = self.first_gap or block.places[cells.index(None)]
        numbers = _numbers(filled)
        if numbers is None:
            found = [as_number(cell) for cell in filled]
            words = (index for index, cell in enumerate(cells) if cell is not None and as_number(cell) is None)
            if not self.first_word[0] and (word := next(words, None)) is not None:
                self.first_word = block.places[word], str(cells[word])
            numbers = np.array([value for value in found if value is not None], dtype=np.float64)
        self._see_numbers(numbers, len(cells))
        self.truths += sum(str(cell).lower() in _TRUTHS for cell in filled)
        self.rows += len(cells)
        self._digest.update(numbers.tobytes() if len(numbers) == len(filled) else "\x1f".join(map(str, cells)).encode())
        if not self.overflown:
            self.values.update(value_name(cell) for cell in filled)
            if len(self.values) > _MOST_VALUES:
                self.overflown = True
                self.values.clear()

    def _see_numbers(self, numbers: NDArray[np.float64], rows: int) -> None:
        if self.counting:
            start = self.low + self.rows if self.rows else (numbers[0] if numbers.size else 0.0)
            self.counting = numbers.size == rows and bool(np.array_equal(numbers, start + np.arange(rows)))
        if numbers.size:
            self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
            self.whole = self.whole and bool(np.all(numbers == np.floor(numbers)))
        self.numbers += numbers.size

    @property
    def filled(self) -> int:
        return self.rows - self.gaps

    @property
    def kind(self) -> Kind:
        if self.numbers == self.filled:
            return Kind.NUMBER
        return Kind.TRUTH if self.truths == self.filled else Kind.NAME

    @property
    def fingerprint(self) -> bytes:
        """Equal for columns with equal content."""
        return self._digest.digest()

    @property
    def constant(self) -> bool:
        return not self.overflown and len(self.values) == 1 and not self.gaps

    @property
    def spoilt(self) -> bool:
        """Whether it is a column of numbers but for a few words."""
        return self.kind is Kind.NAME and self.numbers >= _MOSTLY * self.filled and (self.overflown or len(self.values) > MOST_NAMES)

    @property
    def unlike(self) -> bool:
        """Whether its names hardly ever recur, so that nothing can be learnt from them."""
        return self.kind is Kind.NAME and (self.overflown or 2 * len(self.values) > max(self.filled, 4))

    @property
    def names(self) -> tuple[str, ...]:
        """Of names the ones with a feature of their own, most frequent first, then a place for the others if there are any."""
        ordered = sorted(self.values, key=lambda name: (-self.values[name], name))
        return tuple(ordered) if len(ordered) <= MOST_NAMES else (*ordered[: MOST_NAMES - 1], _OTHERS)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its features."""
        return tuple(f"{self.name} = {name}" for name in self.names) if self.kind is Kind.NAME else (self.name,)

    def sorted_values(self) -> tuple[str, ...]:
        """Its different values, numbers by size, names by the alphabet."""
        if self.kind is Kind.NUMBER:
            return tuple(sorted(self.values, key=lambda value: as_number(value) or 0.0))
        return tuple(sorted(self.values))


def encode(block: Block, columns: Sequence[Column], fill: bool, file: str) -> NDArray[np.float32]:
    """The features of a block, (rows, features); NaN where a value is missing.

    Raises:
        DataError: a word in a column of numbers, or a gap while `fill` is false; names file, row and column.
    """
    parts = [_encoded(block, column, fill, file) for column in columns]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _encoded(block: Block, column: Column, fill: bool, file: str) -> NDArray[np.float32]:
    cells = [_plain(cell) for cell in block.columns[column.place]]
    if not fill and None in cells:
        raise DataError(
            f'{file}, {block.places[cells.index(None)]}: "{column.name}" is missing.',
            "Fill the gaps, leave the column out, or let missing values be filled.",
        )
    if column.kind is Kind.NAME:
        return _one_hot(cells, column.names)
    numbers = _numbers(cells) if column.kind is Kind.NUMBER and None not in cells else None
    if numbers is None:
        numbers = np.array([_value(cell, column, f"{file}, {place}") for cell, place in zip(cells, block.places, strict=True)])
    return numbers.astype(np.float32)[:, None]


def _value(cell: Any, column: Column, where: str) -> float:
    if cell is None:
        return math.nan
    found = _TRUTHS.get(str(cell).lower()) if column.kind is Kind.TRUTH else as_number(cell)
    if found is None:
        noun = "number" if column.kind is Kind.NUMBER else "yes or no"
        raise DataError(f'{where}: "{column.name}" is "{str(cell)[:40]}", no {noun}.', "Mend the value, or leave the column out.")
    return found


def _one_hot(cells: Sequence[Any], names: tuple[str, ...]) -> NDArray[np.float32]:
    """A 1 at the place of each name; a name that was not there before is none of them, or one of the others."""
    places = {name: place for place, name in enumerate(names)}
    found = np.zeros((len(cells), len(names)), dtype=np.float32)
    others = places.get(_OTHERS)
    for row, cell in enumerate(cells):
        if cell is None:
            found[row] = np.nan
        elif (place := places.get(value_name(cell), others)) is not None:
            found[row, place] = 1.0
    return found


def as_number(cell: Any) -> float | None:
    """A cell as a number; "3,5" is 3.5 where a comma did not end the cell. None if it is none."""
    if isinstance(cell, bool):
        return None
    try:
        text = cell.replace(",", ".") if isinstance(cell, str) and _COMMA.fullmatch(cell) else cell
        found = float(text)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def value_name(cell: Any) -> str:
    """A cell as the name of a class: whole floats without a point, truths in lower case."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell)
    return text.removesuffix(".0") if text.endswith(".0") and text[:-2].lstrip("-").isdecimal() else text


def _plain(cell: Any) -> Any:
    """A cell without what means that nothing is there."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, str):
        text = cell.strip()
        return None if text.lower() in _GAPS else text
    if isinstance(cell, list | dict | bytes):
        return str(cell)
    return cell


def _numbers(cells: Sequence[Any]) -> NDArray[np.float64] | None:
    """All cells as numbers at once; None if that does not go."""
    if any(isinstance(cell, bool) for cell in cells):
        return None
    try:
        found = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found).all() else None
