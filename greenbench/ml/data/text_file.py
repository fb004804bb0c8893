"""What kind of text file this is, told from its bytes: encoding, delimiter, header; the same for tables and for sentences."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from greenbench.core.errors import DataError

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_LINES = 200
_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST_CELL = 10_000_000
_LINE_END = re.compile(r"\r\n|\n|\r")

PARQUET, JSON_LINES, ROWS, LINES = "parquet", "json", "rows", "lines"


@dataclass(frozen=True)
class TextFile:
    """How a file is to be read: `form` is PARQUET, JSON_LINES, ROWS (cells between delimiters) or LINES; `note` is what was assumed."""

    path: Path
    form: str
    encoding: str = "utf-8"
    delimiter: str = ","
    note: str = ""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, each with the number of its line.

        Raises:
            DataError: a row that cannot be read.
        """
        before = csv.field_size_limit(_LONGEST_CELL)
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                reader = csv.reader(_without_nul(file), delimiter=self.delimiter)
                for row in reader:
                    if any(cell.strip() for cell in row):
                        yield reader.line_num, row
        except csv.Error as error:
            raise DataError(f"{self.path.name}, line {reader.line_num}: {error}.", "Mend the line; a quotation mark may be open.") from None
        finally:
            csv.field_size_limit(before)

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines that are not blank, with their numbers."""
        with self.path.open(encoding=self.encoding) as file:
            for number, line in enumerate(_without_nul(file), 1):
                if line.strip():
                    yield number, line.strip()


def look(path: Path) -> TextFile:
    """Looks at a file's content, whatever its name.

    Raises:
        DataError: it cannot be read, is empty, or is no text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_CHUNK)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.", "Choose a file that exists and can be read.") from None
    if not head.strip():
        raise DataError(f"{path.name} is empty.", "Choose a file with examples.")
    if head.startswith(b"PAR1"):
        return TextFile(path, PARQUET)
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise DataError(f"{path.name} is a compressed archive or a spreadsheet.", "Unpack it, or save the spreadsheet as CSV.")
    encoding, note = encoding_of(path)
    if encoding == "latin-1" and b"\x00" in head:
        raise DataError(f"{path.name} is no text: it has bytes that no text has.", "Choose a CSV, TSV, Parquet or JSON lines file.")
    start = head.decode(encoding, errors="ignore").lstrip()
    if start.startswith("{"):
        return TextFile(path, JSON_LINES, encoding, note=note)
    if start.startswith("[{") or start.startswith("[\n"):
        raise DataError(f"{path.name} is one JSON list.", "Save it as JSON lines: one object in each line.")
    delimiter = _delimiter(start, complete=len(head) < _CHUNK)
    if delimiter is None:
        return TextFile(path, LINES, encoding, note=note)
    return TextFile(path, ROWS, encoding, delimiter, note)


def encoding_of(path: Path) -> tuple[str, str]:
    """The encoding of a text, and a note where it had to be assumed: by its mark, else UTF-8 if all of it is, else Latin-1.

    Raises:
        DataError: it is marked as UTF-16 and is not.
    """
    with path.open("rb") as file:
        start = file.read(4)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        lines = 1
        try:
            while chunk := file.read(_CHUNK):
                lines += decoder.decode(chunk).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            if encoding == "utf-16":
                raise DataError(f"{path.name} is marked as UTF-16 and breaks off or is damaged.", "Save it as UTF-8.") from None
            if isinstance(error, UnicodeDecodeError):
                lines += error.object[: error.start].count(b"\n")
            return "latin-1", f"{path.name} is not UTF-8 (line {lines}); it was read as Latin-1."
    return encoding, ""


def _delimiter(start: str, complete: bool) -> str | None:
    """The delimiter that cuts every sample line into the same number of cells, at least two; the one with most cells."""
    lines = _LINE_END.split(start)  # splitlines would cut at U+0085 too, an ellipsis of Windows read as Latin-1
    sample = (lines if complete else lines[:-1])[:SAMPLE_LINES]
    found: dict[str, int] = {}
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if any(cell.strip() for cell in row)]
        except csv.Error:
            continue
        widths = {len(row) for row in rows[:-1] or rows}  # a quoted cell may go on beyond the sample
        if len(widths) == 1 and (width := widths.pop()) > 1:
            found[delimiter] = width
    if not found:
        return _ragged(sample)
    best = max(found, key=lambda delimiter: found[delimiter])
    return None if found[best] == 2 and _begins_with_labels(sample, best) else best


def _begins_with_labels(sample: list[str], delimiter: str) -> bool:
    """Whether lines with one delimiter each are rather "LABEL sentence, with a comma": their first words recur as labels do, at least
    as much as the cells of the better column, and none has a delimiter or a quotation mark in it."""
    first = [line.split()[0] for line in sample if line.strip()]
    if any(delimiter in word or '"' in word for word in first):
        return False
    cells = [row for row in csv.reader(sample, delimiter=delimiter) if row]
    columns = [len({row[place] for row in cells if len(row) > place}) for place in range(2)]
    return len(set(first)) <= min(*columns, len(first) // 4)


def _ragged(sample: list[str]) -> str | None:
    """The delimiter of a table with a broken line: of the first line and nearly all others."""
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1 and widths.count(widths[0]) >= 0.9 * len(widths):
            return delimiter
    return None


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    """Lines without NUL characters, at which the csv module stops."""
    for line in lines:
        yield line.replace("\x00", "")
