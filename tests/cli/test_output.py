"""What goes into a pipe or a file is whole: no value is cut, no sentence is broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from greenbench.cli.app import BAD_INPUT, CLOSED
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


def greenbench(*arguments, stdout):
    command = [sys.executable, "-m", "greenbench", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_reader_that_went_away_is_no_failure_and_no_words(more):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = greenbench("list", "steps", *more, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (CLOSED, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_full_disk_is_one_sentence(more):
    with Path("/dev/full").open("w") as full:
        done = greenbench("list", "steps", *more, stdout=full)
    assert done.returncode == BAD_INPUT
    assert done.stderr.startswith("Error: The output could not be written whole: No space left on device.")
    assert done.stderr.count("\n") == 1
