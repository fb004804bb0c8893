"""The tables, one function for each step from schema to schema.

A new file goes through all steps, so each is exercised by everyone. A step is never changed once it has shipped: add one.
"""

import sqlite3
from collections.abc import Callable, Sequence

from greenbench.core.errors import StoreError

Step = Callable[[sqlite3.Connection], None]


# What the first version of the file holds: runs, nodes, variants, windows with every call, samples by channel, log lines.
_FIRST = (
    # AUTOINCREMENT: a number that another instance still remembers must never come to mean another run or channel.
    """CREATE TABLE run (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        started TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        seconds REAL,
        owner_pid INTEGER NOT NULL,
        owner_created REAL NOT NULL,
        plan TEXT NOT NULL,
        environment TEXT NOT NULL,
        sources TEXT NOT NULL DEFAULT '[]',
        variants INTEGER,
        result TEXT
    )""",
    """CREATE TABLE node (
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE variant (
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        benchmark TEXT NOT NULL,
        letter TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, benchmark, letter)
    ) WITHOUT ROWID""",
    """CREATE TABLE window (
        number INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        body TEXT NOT NULL,
        latencies BLOB
    )""",
    "CREATE INDEX window_by_run ON window (run)",
    """CREATE TABLE channel (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        key TEXT NOT NULL,
        UNIQUE (run, key)
    )""",
    """CREATE TABLE sample (
        channel INTEGER NOT NULL REFERENCES channel ON DELETE CASCADE,
        t_ns INTEGER NOT NULL,
        power_w REAL,
        energy_j REAL,
        reason TEXT,
        PRIMARY KEY (channel, t_ns)
    ) WITHOUT ROWID""",
    """CREATE TABLE log (
        number INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
        written TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        level TEXT NOT NULL,
        node TEXT NOT NULL,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX log_by_run ON log (run)",
)


def _runs_and_what_was_measured(connection: sqlite3.Connection) -> None:
    """1: runs, nodes, variants, windows with every call, samples by channel, log lines."""
    for statement in _FIRST:
        connection.execute(statement)


def _node_costs_and_headlines(connection: sqlite3.Connection) -> None:
    """2: what a node cost when it was first computed, for the runs that reuse it; a run's verdict, for the list of runs."""
    connection.execute(
        """CREATE TABLE node_cost (
            digest TEXT PRIMARY KEY,
            energy TEXT NOT NULL,
            seconds REAL NOT NULL,
            written TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ) WITHOUT ROWID"""
    )
    connection.execute("ALTER TABLE run ADD COLUMN headline TEXT NOT NULL DEFAULT ''")


def _words_on_variants(connection: sqlite3.Connection) -> None:
    """3: what the worker said of each variant (what executed, every answer right or wrong), so that all numbers can be made again."""
    connection.execute(
        """CREATE TABLE word (
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            body TEXT NOT NULL
        )"""
    )
    connection.execute("CREATE INDEX word_by_run ON word (run)")


STEPS: tuple[Step, ...] = (_runs_and_what_was_measured, _node_costs_and_headlines, _words_on_variants)


def version(connection: sqlite3.Connection) -> int:
    """How many steps the file has gone through."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def upgrade(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Brings a file to the schema of this version; a step that fails leaves the file as it was before that step.

    Raises:
        StoreError: the file is of a newer schema.
        sqlite3.Error: a step failed.
    """
    found = version(connection)
    if found > len(steps):
        raise StoreError(
            f"The history of runs was written by a newer GreenBench (schema {found}; this one knows up to {len(steps)}).",
            "Update GreenBench, or set GREENBENCH_HOME to another folder.",
        )
    while found < len(steps):
        found = _take_step(connection, steps)


def _take_step(connection: sqlite3.Connection, steps: Sequence[Step]) -> int:
    """Takes the next step, unless another instance has been faster; returns the version reached."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version(connection)
        if found < len(steps):
            steps[found](connection)
            found += 1
            connection.execute(f"PRAGMA user_version = {found}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found
