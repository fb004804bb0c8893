"""The comparison table as text for the clipboard: for a spreadsheet, a program, or a page of notes. No Qt."""

import csv
import io

from greenbench.gui.results.rows import Table

FORMS = {"tsv": "Tab-separated, for a spreadsheet", "csv": "CSV", "markdown": "Markdown table"}


def as_text(table: Table, form: str = "tsv") -> str:
    """The table with its head, one line for each variant; a failed one has its reason.

    Raises:
        KeyError: there is no such form.
    """
    head = [f"{column.title}{f' ({column.unit})' if column.unit else ''}" for column in table.columns]
    rows = [
        [f"{row.variant.letter} {row.variant.name}", row.failure] if row.failure else [cell.words for cell in row.cells]
        for row in table.rows
    ]
    return {"tsv": _tabs, "csv": _commas, "markdown": _markdown}[form](head, rows, table)


def _tabs(head: list[str], rows: list[list[str]], table: Table) -> str:
    return "".join("\t".join(line) + "\n" for line in (head, *rows))


def _commas(head: list[str], rows: list[list[str]], table: Table) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def _markdown(head: list[str], rows: list[list[str]], table: Table) -> str:
    rule = ["---:" if column.right else "---" for column in table.columns]
    whole = [line + [""] * (len(head) - len(line)) for line in rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in (head, rule, *whole))
