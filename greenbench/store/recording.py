"""Writing a run as it happens, so that whatever was measured is there if the process is killed at any moment.

Each call is one committed transaction; the caller batches samples (a hundred at once take about a millisecond).
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psutil
from numpy.typing import ArrayLike

from greenbench.core.errors import StoreError
from greenbench.core.measurement import Measurement, Sample, SourceReport, Window
from greenbench.core.run import Environment, NodeResult, Plan, RunResult, RunState, VariantResult
from greenbench.store.database import Database
from greenbench.store.latencies import pack

# The length of a run that has no results of its own, from its last window or sample, and how many variants were timed.
_SUM_UP = """
    UPDATE run SET
        seconds = (max(
            coalesce((SELECT max(json_extract(body, '$.t1_ns')) FROM window WHERE run = :run), started_ns),
            coalesce((SELECT max(t_ns) FROM sample WHERE channel IN (SELECT number FROM channel WHERE run = :run)), started_ns),
            started_ns) - started_ns) / 1e9,
        variants = (SELECT count(DISTINCT json_extract(body, '$.node') || ' ' || json_extract(body, '$.variant'))
            FROM window WHERE run = :run AND latencies IS NOT NULL)
    WHERE number = :run
"""


@dataclass
class _Numbers:
    """Row numbers that were committed, so that they need not be looked up for each batch of samples."""

    runs: dict[str, int] = field(default_factory=dict)
    channels: dict[tuple[int, str], int] = field(default_factory=dict)


class Recording:
    """The writing half of the store. Every method raises StoreError where the file cannot be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = _Numbers()

    def begin_run(self, run_id: str, plan: Plan, environment: Environment, started_iso: str, started_ns: int) -> None:
        """Records a run as RUNNING and this process as its owner. `started_ns` is monotonic, `started_iso` the wall clock."""
        pid = os.getpid()
        row = (
            run_id,
            plan.title,
            RunState.RUNNING.value,
            started_iso,
            started_ns,
            pid,
            psutil.Process(pid).create_time(),
            plan.model_dump_json(),
            environment.model_dump_json(),
        )
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM run WHERE id = ?", (run_id,)).fetchone():
                raise StoreError(f"There is already a run {run_id}.")
            connection.execute(
                "INSERT INTO run (id, title, state, started, started_ns, owner_pid, owner_created, plan, environment)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def finish_run(self, run_id: str, state: RunState, result: RunResult | None, headline: str = "") -> None:
        """Records how a run ended, and its joined results if there are any. `headline` stands in the list of runs."""
        number = self._run(run_id)
        with self._database.writing() as connection:
            connection.execute("UPDATE run SET state = ?, headline = ? WHERE number = ?", (state.value, headline, number))
            if result is None:
                connection.execute(_SUM_UP, {"run": number})
            else:
                connection.execute(
                    "UPDATE run SET result = ?, seconds = ?, variants = ? WHERE number = ?",
                    (result.model_dump_json(), result.seconds, len(result.variants), number),
                )

    def save_node(self, run_id: str, node: NodeResult) -> None:
        """Records what a node did so far, in place of what was recorded before."""
        number = self._run(run_id)
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO node VALUES (?, ?, ?)", (number, node.node, node.model_dump_json()))

    def save_variant(self, run_id: str, variant: VariantResult) -> None:
        """Records what is known of a variant so far, in place of what was recorded before."""
        number = self._run(run_id)
        with self._database.writing() as connection:
            row = (number, variant.benchmark, variant.letter, variant.model_dump_json())
            connection.execute("INSERT OR REPLACE INTO variant VALUES (?, ?, ?, ?)", row)

    def save_sources(self, run_id: str, reports: Iterable[SourceReport]) -> None:
        """Records the power sources and their channels, which say what a run's samples cover."""
        number = self._run(run_id)
        bodies = "[" + ",".join(report.model_dump_json() for report in reports) + "]"
        with self._database.writing() as connection:
            connection.execute("UPDATE run SET sources = ? WHERE number = ?", (bodies, number))

    def add_samples(self, run_id: str, samples: Sequence[Sample]) -> None:
        """Adds readings. A second reading of a channel at the same nanosecond replaces the first."""
        if not samples:
            return
        number = self._run(run_id)
        known = self._numbers.channels
        fresh: dict[tuple[int, str], int] = {}
        with self._database.writing() as connection:
            for key in {sample.channel for sample in samples} - {key for run, key in known if run == number}:
                connection.execute("INSERT OR IGNORE INTO channel (run, key) VALUES (?, ?)", (number, key))
                found = connection.execute("SELECT number FROM channel WHERE run = ? AND key = ?", (number, key)).fetchone()
                fresh[(number, key)] = int(found[0])
            channels = known | fresh
            connection.executemany(
                "INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?)",
                [(channels[(number, s.channel)], s.t_ns, s.power_w, s.energy_j, s.reason or None) for s in samples],
            )
        known.update(fresh)

    def add_window(self, run_id: str, window: Window, latencies_s: ArrayLike = ()) -> None:
        """Adds a closed window; a block's come with the duration of every call in seconds."""
        number = self._run(run_id)
        row = (number, window.model_dump_json(), pack(latencies_s))
        with self._database.writing() as connection:
            connection.execute("INSERT INTO window (run, body, latencies) VALUES (?, ?, ?)", row)

    def add_word(self, run_id: str, body: str) -> None:
        """Adds what the worker said of a variant, as the line in which it said it."""
        number = self._run(run_id)
        with self._database.writing() as connection:
            connection.execute("INSERT INTO word (run, body) VALUES (?, ?)", (number, body))

    def add_log(self, run_id: str, text: str, level: str = "info", node: str = "") -> None:
        number = self._run(run_id)
        with self._database.writing() as connection:
            connection.execute("INSERT INTO log (run, level, node, text) VALUES (?, ?, ?, ?)", (number, level, node, text))

    def mark_lost(self) -> list[str]:
        """Marks the runs LOST that are recorded as running though their owner is gone; returns their ids, oldest first."""
        with self._database.writing() as connection:
            rows = connection.execute(
                "SELECT number, id, owner_pid, owner_created FROM run WHERE state IN (?, ?) ORDER BY number",
                (RunState.PLANNED.value, RunState.RUNNING.value),
            ).fetchall()
            lost = [(number, run_id) for number, run_id, pid, created in rows if not _alive(pid, created)]
            for number, _ in lost:
                connection.execute("UPDATE run SET state = ? WHERE number = ?", (RunState.LOST.value, number))
                connection.execute(_SUM_UP, {"run": number})
        return [run_id for _, run_id in lost]

    def delete_run(self, run_id: str) -> None:
        """Removes a run with all that was recorded of it; the costs of its nodes stay for the runs that reuse them."""
        number = self._run(run_id)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM run WHERE number = ?", (number,))
        self._numbers = _Numbers()

    def set_node_cost(self, digest: str, energy: Measurement, seconds: float) -> None:
        """Keeps what a node cost when it was computed; a later computation of the same digest replaces it."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO node_cost (digest, energy, seconds) VALUES (?, ?, ?)", (digest, energy.model_dump_json(), seconds)
            )

    def _run(self, run_id: str) -> int:
        """The row number of a run."""
        numbers = self._numbers.runs
        if run_id not in numbers:
            with self._database.reading() as connection:
                row = connection.execute("SELECT number FROM run WHERE id = ?", (run_id,)).fetchone()
            if row is None:
                raise StoreError(f"There is no run {run_id}.", "It may have been deleted in another window.")
            numbers[run_id] = int(row[0])
        return numbers[run_id]


def _alive(pid: int, created: float) -> bool:
    """Whether that very process still runs: the same id, begun at the same time (a second apart at most), not a zombie."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
