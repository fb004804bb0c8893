"""The cache of artefacts, by content: one folder for each digest, made whole or not at all.

cache/ab/abcdef…/node.json     what the step gave: outputs, facts, headline, seconds
cache/ab/abcdef…/…             its files
cache/tmp/…                    folders being filled; renamed into place when finished
"""

import os
import shutil
import time
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from greenbench.core.artifact import AnyArtifact, Fact
from greenbench.core.step import StepOutcome
from greenbench.core.value import Value

DEFAULT_LIMIT_BYTES = 20 * 10**9
_IN_USE_S = 3600.0


class CacheRecord(Value):
    """What a node gave when it was computed."""

    outputs: dict[str, AnyArtifact]
    facts: tuple[Fact, ...] = ()
    headline: str = ""
    seconds: float = 0.0


class Cache:
    """Artefacts on disk. Several processes may use one cache: entries appear by rename, and the first wins."""

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def get(self, digest: str) -> CacheRecord | None:
        """The record of an entry, marked as used now; None if there is none, or it is damaged or misses a file."""
        entry = self.path(digest) / "node.json"
        try:
            record = CacheRecord.model_validate_json(entry.read_bytes())
            os.utime(entry)
        except (OSError, ValidationError):
            return None
        for artifact in record.outputs.values():
            if not all((entry.parent / name).exists() for name in artifact.files.values()):
                return None
        return record

    def begin(self) -> Path:
        """A new empty folder for a node's files."""
        folder = self.folder / "tmp" / f"{os.getpid()}-{uuid4().hex[:12]}"
        folder.mkdir(parents=True)
        return folder

    def commit(self, digest: str, folder: Path, outcome: StepOutcome, seconds: float) -> CacheRecord:
        """Makes a filled folder the entry of a digest."""
        record = CacheRecord(outputs=dict(outcome.outputs), facts=tuple(outcome.facts), headline=outcome.headline, seconds=seconds)
        (folder / "node.json").write_text(record.model_dump_json(indent=1), encoding="utf-8")
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            self._discard(target)
        try:
            folder.rename(target)
        except OSError:
            if self.get(digest) is None:
                raise
            self.abandon(folder)  # another process finished the same node first; both are equal
        return record

    def abandon(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def _discard(self, entry: Path) -> None:
        grave = self.folder / "tmp" / f"old-{uuid4().hex[:12]}"
        grave.parent.mkdir(parents=True, exist_ok=True)
        try:
            entry.rename(grave)
        except OSError:
            return
        shutil.rmtree(grave, ignore_errors=True)

    def size_bytes(self) -> int:
        return sum(size for _, size, _ in self._entries())

    def _entries(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, folder) of each entry, oldest use first."""
        found = []
        for record in self.folder.glob("??/*/node.json"):
            try:
                size = sum(file.stat().st_size for file in record.parent.rglob("*") if file.is_file())
                found.append((record.stat().st_mtime, size, record.parent))
            except OSError:
                continue  # another process is removing it
        return sorted(found)

    def trim(self, keep: frozenset[str] = frozenset()) -> int:
        """Removes entries, oldest use first, until the limit holds; returns the bytes freed. Those in `keep` and those used
        in the last hour stay. Also clears folders that a killed process left half filled."""
        now = time.time()
        for left in (self.folder / "tmp").glob("*"):
            if now - left.stat().st_mtime > 24 * _IN_USE_S:
                shutil.rmtree(left, ignore_errors=True)
        entries = self._entries()
        excess = sum(size for _, size, _ in entries) - self.limit_bytes
        freed = 0
        for used, size, folder in entries:
            if freed >= excess:
                break
            if folder.name not in keep and now - used > _IN_USE_S:
                self._discard(folder)
                freed += size
        return freed

    def clear(self) -> int:
        """Removes everything; returns the bytes freed."""
        size = self.size_bytes()
        shutil.rmtree(self.folder, ignore_errors=True)
        return size
