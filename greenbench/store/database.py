"""The SQLite file: opening it safely, one connection to write and one to read, and its errors in words.

WAL mode lets the window read while a run writes, and a second instance work on the same file. With `synchronous` NORMAL
a killed process loses nothing that was committed, and a commit costs no wait for the disk.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

from greenbench.core.errors import StoreError
from greenbench.store import schema

FILE_NAME = "greenbench.sqlite"
BUSY_TIMEOUT_S = 10.0
# Up to this size the whole file is checked at each start (some 10 ms); a larger one after a broken-off session only.
_CHECKED_BYTES = 16 * 2**20


class Database:
    """An open file, usable from any thread. `moved_aside` is where a damaged file was put when a fresh one had to be made."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder) / FILE_NAME
        self.moved_aside: Path | None = None
        self._writing, self._reading = Lock(), Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StoreError(
                f"The folder {folder} cannot be made: {reason}.", "Set GREENBENCH_HOME to a folder you may write to."
            ) from None
        with self._explained():
            if self._damaged():
                self._move_aside()
            self._writer = self._connect()
            try:
                schema.upgrade(self._writer)
                self._reader = self._connect()
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        """Closes both connections; closing twice does no harm."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction to write in: everything or nothing.

        Raises:
            StoreError: the disk is full, the file is read-only, damaged, or busy for longer than 10 s.
        """
        with self._writing, self._explained():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view to read from; raises like `writing`."""
        with self._reading, self._explained():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                if self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                self._switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Another instance is switching at this moment: the mode is the file's, so it will serve this one too.
            if _primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise

    @property
    def _marker(self) -> Path:
        """Left by a session that met damage while it worked, so that the next one looks before it opens."""
        return self.path.with_name(f"{FILE_NAME}.damaged")

    def _damaged(self) -> bool:
        """Whether the file is there and SQLite finds it broken."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        broke_off = self.path.with_name(f"{FILE_NAME}-wal").exists() or self._marker.exists()
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if broke_off or self.path.stat().st_size <= _CHECKED_BYTES:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
            return False
        except sqlite3.DatabaseError as error:
            if not _means_damage(error):
                raise
            return True
        finally:
            connection.close()

    def _move_aside(self) -> None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        target = self.path.with_name(f"greenbench-damaged-{stamp}.sqlite")
        number = 2
        while target.exists():
            target = self.path.with_name(f"greenbench-damaged-{stamp}-{number}.sqlite")
            number += 1
        try:
            self.path.rename(target)
            for suffix in ("-wal", "-shm"):
                beside = self.path.with_name(FILE_NAME + suffix)
                if beside.exists():
                    beside.rename(target.with_name(target.name + suffix))
            self._marker.unlink(missing_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StoreError(f"{self.path} is damaged and cannot be put aside: {reason}.", "Move the file away and start again.") from None
        self.moved_aside = target

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _means_damage(error):
                try:
                    self._marker.touch()
                except OSError:
                    pass  # the check at the next start then depends on the file's size alone
            raise _explain(error, self.path) from error


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's error code without its extension; 0 where the error is Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _means_damage(error: sqlite3.Error) -> bool:
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _explain(error: sqlite3.Error, path: Path) -> StoreError:
    """The error as a sentence with a remedy."""
    match _primary_code(error):
        case sqlite3.SQLITE_FULL:
            return StoreError(f"The disk is full: {path} cannot grow.", "Make room, or delete old runs.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(f"{path} may not be written to.", "Change its permissions, or set GREENBENCH_HOME to another folder.")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"{path} cannot be opened.", "Check the folder, or set GREENBENCH_HOME to another one.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(f"{path} is in use by another program for more than {BUSY_TIMEOUT_S:g} s.", "Close it and try again.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"{path} is damaged.", "Close GreenBench and start it again: it puts the file aside and makes a fresh one.")
        case sqlite3.SQLITE_IOERR:
            return StoreError(f"{path} cannot be read or written: {error}.", "Check the disk and how much room it has.")
        case _:
            return StoreError(f"The history of runs in {path} cannot be used: {error}.", "Start GreenBench again.")
