"""Reads sources for a preview: the same steps as in a run, into the same cache, so that nothing is read twice."""

import os
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import DataError, PlanError, Problem
from greenbench.core.jobs import PreparedNode, PrepareSources, SourcesPrepared
from greenbench.core.params import FieldKind
from greenbench.core.run import PlannedNode
from greenbench.engine.cache import Cache
from greenbench.engine.plan import Conditions
from greenbench.engine.sources import sources_plan
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.session import Session
from greenbench.gui.sources.looks import OPEN, Look, Looks, Stage

_CHEAP_BYTES = 64 * 2**20
_CHEAP_ENTRIES = 2_000
_DEPTH = 3


class SourceReader(QObject):
    """What the sources of the open pipeline give. `changed` carries a node; `read` begins reading, `look` says how far it is."""

    changed = Signal(str)

    def __init__(self, session: Session, jobs: JobBridge, conditions: Callable[[], Conditions], cache: Cache) -> None:
        super().__init__()
        self._session, self._conditions, self._cache = session, conditions, cache
        self._looks = Looks(jobs, "sources")
        self._looks.changed.connect(self.changed)

    def look(self, id: str) -> Look:
        """What is known of a source as it is set now; its `result` is a PreparedNode. Reads nothing but the cache."""
        try:
            node = sources_plan(self._session.pipeline, self._conditions(), frozenset({id})).node(id)
        except PlanError as error:
            return Look(Stage.INCOMPLETE, error=error)
        except StopIteration:
            return Look(Stage.INCOMPLETE, error=DataError("This node is muted.", "Unmute it (M) to see its data."))
        found = self._looks.at(node.digest)
        return self._cached(node) if found.stage is Stage.OPEN else found

    def read(self, id: str) -> None:
        """Reads a source in a process of its own; what failed before is tried again."""
        try:
            plan = sources_plan(self._session.pipeline, self._conditions(), frozenset({id}))
            node = plan.node(id)
        except (PlanError, StopIteration):
            return  # the look says what is missing

        def on_done(result: SourcesPrepared) -> Look:
            mine = Look(Stage.FAILED, error=DataError(f'"{node.title}" could not be read.', "Try again."))
            for prepared in result.nodes:
                look = _look_at(prepared)
                self._looks.note(plan.node(prepared.node).digest, look)
                mine = look if prepared.node == id else mine
            return mine

        self._looks.begin(id, node.digest, PrepareSources(plan=plan, cache=str(self._cache.folder)), on_done)

    def read_all(self, then: Callable[[list[Problem]], object]) -> None:
        """Reads every source of the pipeline; `then` hears what could not be read, and where.

        Raises:
            PlanError: a source is not complete, or a file must be allowed first; nothing has started.
        """
        plan = sources_plan(self._session.pipeline, self._conditions())

        def on_done(result: SourcesPrepared) -> Look:
            looks = {prepared.node: _look_at(prepared) for prepared in result.nodes}
            for id, look in looks.items():
                self._looks.note(plan.node(id).digest, look)
                self.changed.emit(id)
            failed = {id: look.error for id, look in looks.items() if look.error is not None}
            then([Problem(id, error.message, error.remedy) for id, error in failed.items()])
            return Look(Stage.READY)

        request = PrepareSources(plan=plan, cache=str(self._cache.folder))
        self._looks.begin("", plan.digest, request, on_done, lambda error: then([Problem("", error.message, error.remedy)]))

    def stop(self, id: str) -> None:
        self._looks.stop(id)

    def cheap(self, id: str) -> bool:
        """Whether it may be read without being asked: what it points at is small, or is not outside at all; nothing is downloaded."""
        pipeline = self._session.pipeline
        spec, node = pipeline.spec(id), pipeline.node(id)
        if any(field.name == "download" and node.params.get(field.name, field.default) for field in spec.fields):
            return False
        for field in spec.fields:
            path = node.params.get(field.name, "")
            if field.kind is FieldKind.FILE and path and not _small_file(path):
                return False
            if field.kind is FieldKind.FOLDER and path and not _small_folder(path):
                return False
        return True

    def _cached(self, node: PlannedNode) -> Look:
        record = self._cache.get(node.digest) if node.cacheable else None
        if record is None:
            return OPEN
        folder = str(self._cache.path(node.digest))
        given = PreparedNode(
            node=node.id, title=node.title, folder=folder, outputs=record.outputs, facts=record.facts, headline=record.headline
        )
        look = Look(Stage.READY, result=given)
        self._looks.note(node.digest, look)
        return look


def _look_at(prepared: PreparedNode) -> Look:
    if prepared.failure is not None:
        return Look(Stage.FAILED, error=DataError(prepared.failure.message, prepared.failure.remedy))
    return Look(Stage.READY, result=prepared)


def _small_file(path: str) -> bool:
    try:
        return os.stat(path).st_size <= _CHEAP_BYTES
    except (OSError, ValueError):
        return False


def _small_folder(path: str) -> bool:
    """Whether it has few files and few bytes; stops counting as soon as it has not."""
    entries, size = 0, 0
    try:
        for entry in _walk(path, _DEPTH):
            entries += 1
            size += entry.stat().st_size if entry.is_file() else 0
            if entries > _CHEAP_ENTRIES or size > _CHEAP_BYTES:
                return False
    except (OSError, ValueError):
        return False
    return True


def _walk(path: str, depth: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            yield entry
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, depth - 1)
