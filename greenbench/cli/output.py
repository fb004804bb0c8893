"""How the command line prints: tables for people, JSON for programs."""

import json
import os
import sys

from rich.console import Console

_WIDTH = 1000  # no row is cut, no sentence broken: whoever reads the file breaks its lines as they like


def make_console() -> Console:
    """A console for tables; where the output is no terminal (a log, a pipe) it is wide enough for a whole row."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = max(console.width, _WIDTH)
    return console


def print_json(value: object) -> None:
    """Prints JSON that a program can read, whatever the terminal."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
