"""The energy ledgers of several runs, read without the rest of their results: a run's curves are many times as large."""

import sqlite3
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from greenbench.core.charge import Charge
from greenbench.core.run import NodeState

_LINES: TypeAdapter[tuple[Charge, ...]] = TypeAdapter(tuple[Charge, ...])


@dataclass(frozen=True)
class RunLedger:
    """The ledger of one run and how long the run took, in seconds."""

    run_id: str
    seconds: float
    lines: tuple[Charge, ...]


def kept_lines(connection: sqlite3.Connection, title: str, since: str) -> list[tuple[str, float, tuple[Charge, ...]]]:
    """Id, seconds and ledger of the runs of one pipeline (any where `title` is ""), begun at `since` (ISO 8601; "" for always) or later,
    oldest first. No lines where the run kept none, or none that this version reads."""
    rows = connection.execute(
        "SELECT id, seconds, json_extract(result, '$.ledger') FROM run"
        " WHERE (? = '' OR title = ?) AND (? = '' OR julianday(started) >= julianday(?)) ORDER BY number",
        (title, title, since, since),
    ).fetchall()
    return [(run_id, seconds or 0.0, _read(kept)) for run_id, seconds, kept in rows]


def computed_lines(connection: sqlite3.Connection, digest: str) -> tuple[Charge, ...]:
    """The lines of a node where it was computed last, by the digest of its output: none where that run is gone or kept no ledger."""
    row = connection.execute(
        "SELECT json_extract(run.result, '$.ledger') FROM run JOIN node ON node.run = run.number"
        " WHERE instr(node.body, ?) AND json_extract(node.body, '$.digest') = ? AND json_extract(node.body, '$.state') = ?"
        " AND run.result IS NOT NULL ORDER BY run.number DESC LIMIT 1",
        (digest, digest, NodeState.DONE.value),
    ).fetchone()
    return tuple(line for line in _read(row[0] if row else None) if line.digest == digest and not line.cached)


def _read(kept: str | None) -> tuple[Charge, ...]:
    try:
        return _LINES.validate_json(kept) if kept else ()
    except ValidationError:
        return ()
