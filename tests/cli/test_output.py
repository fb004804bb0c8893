"""What goes into a pipe or a file is whole: no value is cut, no sentence is broken."""

import pytest
from rich.table import Table

from greenbench.cli.output import make_console


@pytest.fixture
def piped(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)

    return capsys


def test_a_table_that_is_wider_than_any_terminal_goes_whole_into_a_pipe(piped):
    table = Table(box=None)
    names = [f"A variant with a name as long as they come, number {n}" for n in range(12)]
    for _ in names:
        table.add_column("Column", no_wrap=True)
    table.add_row(*names)
    make_console().print(table)
    printed = piped.readouterr().out
    assert all(name in printed for name in names)


def test_a_width_that_was_asked_for_is_kept(piped, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert make_console().width == 40
