"""Reading runs back: the list, a run's results, its samples, windows and log."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from greenbench.analysis import charges
from greenbench.core.charge import Charge
from greenbench.core.errors import DamagedCallsError, StoreError
from greenbench.core.measurement import Measurement, SourceReport, Window, WindowKind
from greenbench.core.run import Environment, NodeResult, Plan, RunResult, RunState, VariantResult
from greenbench.store.broken_off import Remains, assemble
from greenbench.store.database import Database
from greenbench.store.latencies import unpack
from greenbench.store.spending import RunLedger, computed_lines, kept_lines

_SOURCES: TypeAdapter[tuple[SourceReport, ...]] = TypeAdapter(tuple[SourceReport, ...])


# Of the first variant, or the second where the first has failed; a damaged text says nothing.
_OF_FIRST = "CASE WHEN json_valid(result) THEN json_extract(result, '$.variants[{1}].{0}') END"


@dataclass(frozen=True)
class RunSummary:
    """One line of the history. `seconds` is None while a run is under way or where its end is not known; `protocol` its name, `scenario`
    how it was asked and `energy` the provenance of its joules, "" where the results do not say."""

    id: str
    title: str
    state: RunState
    started: str
    seconds: float | None
    variants: int
    headline: str
    protocol: str = ""
    scenario: str = ""
    energy: str = ""


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log; `written` is the wall clock in UTC, ISO 8601."""

    written: str
    level: str
    node: str
    text: str


@dataclass(frozen=True)
class SampleSeries:
    """The readings of one channel in order of time; NaN where there was no reading, for the reason at that place."""

    t_ns: NDArray[np.int64]
    power_w: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    reasons: tuple[str, ...] = ()


class History:
    """The reading half of the store. Every method raises StoreError where the file cannot be read.

    Wherever a run is asked for, the beginning of its id is enough if no other run begins so.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self, limit: int = 100) -> list[RunSummary]:
        """The latest runs, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, title, state, started, seconds, headline,"
                " coalesce(variants, (SELECT count(*) FROM variant WHERE variant.run = run.number)),"
                " CASE WHEN json_valid(plan) THEN json_extract(plan, '$.protocol.name') END,"
                f" coalesce({', '.join(_OF_FIRST.format('scenario', place) for place in range(2))}),"
                f" coalesce({', '.join(_OF_FIRST.format('metrics.energy_per_inference.provenance', place) for place in range(2))})"
                " FROM run ORDER BY number DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            RunSummary(id, title, RunState(state), began, secs, count, text, protocol or "", scenario or "", energy or "")
            for id, title, state, began, secs, text, count, protocol, scenario, energy in rows
        ]

    def find(self, prefix: str) -> str:
        """The full id of the run whose id begins so.

        Raises:
            StoreError: none does, or several do.
        """
        with self._database.reading() as connection:
            return _find(connection, prefix)[1]

    def result(self, run_id: str) -> RunResult:
        """What is known of a run. One that broke off is put together from what was recorded before.

        Raises:
            StoreError: there is no such run, or it was written by a version that this one cannot read.
        """
        with self._database.reading() as connection:
            number, full_id = _find(connection, run_id)
            row = connection.execute("SELECT result FROM run WHERE number = ?", (number,)).fetchone()
            with _of_this_version(full_id):
                if row[0] is not None:
                    return RunResult.model_validate_json(row[0])
                return assemble(_remains(connection, number))

    def ledgers(self, title: str = "", since: str = "") -> tuple[RunLedger, ...]:
        """The ledgers of the runs of one pipeline, by its title, or of all runs that started at `since` (ISO 8601) or later; oldest first.

        A run of before there was a ledger, and one that broke off, has one line for each node. What another version wrote and this one
        cannot read is left out.
        """
        with self._database.reading() as connection:
            found = kept_lines(connection, title, since)
        ledgers = []
        for run_id, seconds, lines in found:
            with suppress(StoreError):
                ledgers.append(RunLedger(run_id, seconds, lines or charges.ledger(self.result(run_id))))
        return tuple(ledgers)

    def channels(self, run_id: str) -> tuple[str, ...]:
        """The keys of the channels that a run has samples of."""
        with self._database.reading() as connection:
            number, _ = _find(connection, run_id)
            rows = connection.execute("SELECT key FROM channel WHERE run = ? ORDER BY number", (number,))
            return tuple(row[0] for row in rows)

    def samples(self, run_id: str, channel: str) -> SampleSeries:
        """The readings of a channel; empty arrays where there are none."""
        with self._database.reading() as connection:
            number, _ = _find(connection, run_id)
            rows = connection.execute(
                "SELECT t_ns, power_w, energy_j, coalesce(reason, '') FROM sample"
                " WHERE channel = (SELECT number FROM channel WHERE run = ? AND key = ?) ORDER BY t_ns",
                (number, channel),
            ).fetchall()
        t_ns, power_w, energy_j, reasons = zip(*rows, strict=True) if rows else ((), (), (), ())
        return SampleSeries(np.array(t_ns, np.int64), np.array(power_w, np.float64), np.array(energy_j, np.float64), reasons)

    def windows(self, run_id: str) -> tuple[Window, ...]:
        """The closed windows of a run, in the order in which they closed."""
        with self._database.reading() as connection:
            number, full_id = _find(connection, run_id)
            with _of_this_version(full_id):
                return _windows(connection, number)

    def latencies(self, run_id: str, variant: str, benchmark: str = "") -> dict[int, NDArray[np.float64]]:
        """The duration in seconds of every timed call of a variant (its letter in its benchmark), by block.

        `benchmark` is the node's id; it matters where a run has several.
        """
        with self._database.reading() as connection:
            number, full_id = _find(connection, run_id)
            rows = connection.execute("SELECT body, latencies FROM window WHERE run = ? ORDER BY number", (number,)).fetchall()
        found = {}
        with _of_this_version(full_id):
            for body, blob in rows:
                window = Window.model_validate_json(body)
                if window.kind is WindowKind.BLOCK and window.variant == variant and benchmark in ("", window.node):
                    try:
                        found[window.block] = unpack(blob)
                    except DamagedCallsError:
                        raise _damaged(full_id, window) from None
        return found

    def blocks(self, run_id: str, damaged: list[Window] | None = None) -> Iterator[tuple[Window, NDArray[np.float64]]]:
        """The timed blocks of a run in the order in which they ended, each with the duration in seconds of every call; one at a time,
        because all calls of a long run do not fit in memory. Those whose calls cannot be read back go into `damaged`, if it is given.

        Raises:
            DamagedCallsError: there is one, and no `damaged`; names the block.
        """
        with self._database.reading() as connection:
            number, full_id = _find(connection, run_id)
            rows = connection.execute("SELECT number FROM window WHERE run = ? AND latencies IS NOT NULL ORDER BY number", (number,))
            numbers = [row[0] for row in rows]
        for place in numbers:
            with self._database.reading() as connection:
                row = connection.execute("SELECT body, latencies FROM window WHERE number = ?", (place,)).fetchone()
            if row is None:
                raise StoreError(f"Run {full_id} was deleted while it was read.")
            with _of_this_version(full_id):
                window = Window.model_validate_json(row[0])
            try:
                durations_s = unpack(row[1])
            except DamagedCallsError:
                if damaged is None:
                    raise _damaged(full_id, window) from None
                damaged.append(window)
                continue
            yield window, durations_s

    def words(self, run_id: str) -> tuple[str, ...]:
        """What the worker said of the variants, each as the line in which it said it; nothing for runs of before this was kept."""
        with self._database.reading() as connection:
            number, _ = _find(connection, run_id)
            rows = connection.execute("SELECT body FROM word WHERE run = ? ORDER BY number", (number,))
            return tuple(row[0] for row in rows)

    def started_ns(self, run_id: str) -> int:
        """The monotonic moment of a run's `started`, in ns."""
        with self._database.reading() as connection:
            number, _ = _find(connection, run_id)
            return int(connection.execute("SELECT started_ns FROM run WHERE number = ?", (number,)).fetchone()[0])

    def log(self, run_id: str) -> tuple[LogLine, ...]:
        """What a run's processes said, oldest first."""
        with self._database.reading() as connection:
            number, _ = _find(connection, run_id)
            rows = connection.execute("SELECT written, level, node, text FROM log WHERE run = ? ORDER BY number", (number,))
            return tuple(LogLine(*row) for row in rows)

    def node_cost(self, digest: str) -> Measurement | None:
        """What a node with that digest cost in energy when it was computed; None if it is not known or cannot be read."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT energy FROM node_cost WHERE digest = ?", (digest,)).fetchone()
        try:
            return Measurement.model_validate_json(row[0]) if row else None
        except ValidationError:
            return None

    def first_lines(self, digest: str) -> tuple[Charge, ...]:
        """How the cost of the node with that digest was split by kinds of work when it was computed; nothing where that is not known."""
        with self._database.reading() as connection:
            return computed_lines(connection, digest)


def _damaged(run_id: str, window: Window) -> DamagedCallsError:
    return DamagedCallsError(
        f"The call times of block {window.block + 1} of {window.variant} in run {run_id} are damaged: they cannot be read back.",
        f"Everything else of the run can: greenbench audit {run_id}",
    )


@contextmanager
def _of_this_version(run_id: str) -> Iterator[None]:
    """Says in a sentence that what is kept of a run does not read as this version's types."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise StoreError(
            f"Run {run_id} was written by another version of GreenBench ({place}: {problem['msg'].lower()}).", "Open it with that version."
        ) from None


def _find(connection: sqlite3.Connection, prefix: str) -> tuple[int, str]:
    """Row number and full id of a run."""
    rows = connection.execute(
        "SELECT number, id FROM run WHERE substr(id, 1, ?) = ? ORDER BY id = ? DESC, number DESC LIMIT 4", (len(prefix), prefix, prefix)
    ).fetchall()
    if not rows or not prefix:
        raise StoreError(f'There is no run "{prefix}".', '"greenbench list runs" shows them.')
    if len(rows) > 1 and rows[0][1] != prefix:
        several = ", ".join(id for _, id in rows[:3]) + (" …" if len(rows) > 3 else "")
        raise StoreError(f'Several runs begin with "{prefix}": {several}.', "Give more of the id.")
    return int(rows[0][0]), str(rows[0][1])


def _readable(rows: Iterable[tuple[str, bytes]]) -> Iterator[tuple[Window, NDArray[np.float64]]]:
    """The blocks of a run that broke off; one whose calls are damaged is left out, as one that did not end."""
    for body, blob in rows:
        with suppress(DamagedCallsError):
            yield Window.model_validate_json(body), unpack(blob)


def _windows(connection: sqlite3.Connection, number: int) -> tuple[Window, ...]:
    rows = connection.execute("SELECT body FROM window WHERE run = ? ORDER BY number", (number,))
    return tuple(Window.model_validate_json(row[0]) for row in rows)


def _remains(connection: sqlite3.Connection, number: int) -> Remains:
    """Everything recorded of a run that has no joined results."""
    id, state, started, started_ns, plan, environment, sources = connection.execute(
        "SELECT id, state, started, started_ns, plan, environment, sources FROM run WHERE number = ?", (number,)
    ).fetchone()
    nodes = connection.execute("SELECT body FROM node WHERE run = ?", (number,)).fetchall()
    variants = connection.execute("SELECT body FROM variant WHERE run = ?", (number,)).fetchall()
    blocks = connection.execute("SELECT body, latencies FROM window WHERE run = ? AND latencies IS NOT NULL ORDER BY number", (number,))
    last = connection.execute(
        "SELECT max(t_ns) FROM sample WHERE channel IN (SELECT number FROM channel WHERE run = ?)", (number,)
    ).fetchone()[0]
    return Remains(
        run_id=id,
        state=RunState(state),
        started=started,
        started_ns=started_ns,
        last_sample_ns=last,
        plan=Plan.model_validate_json(plan),
        environment=Environment.model_validate_json(environment),
        sources=_SOURCES.validate_json(sources),
        nodes=tuple(NodeResult.model_validate_json(row[0]) for row in nodes),
        variants=tuple(VariantResult.model_validate_json(row[0]) for row in variants),
        windows=_windows(connection, number),
        blocks=tuple(_readable(blocks)),
    )
