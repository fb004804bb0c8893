"""Other runs on the same machine at the same time: they share processor and power reading, so both must say so.

The run that starts second sees the first at its start; the first sees the second only when it ends.
"""

from datetime import datetime, timedelta

from greenbench.core.errors import StoreError
from greenbench.core.run import RunState
from greenbench.store.history import RunSummary
from greenbench.store.store import Store


def company(store: Store, run_id: str) -> str:
    """What must be said if other runs are under way on the same store. Else ""."""
    try:
        store.mark_lost()
        others = [run.id for run in store.runs() if run.state is RunState.RUNNING and run.id != run_id]
    except StoreError:
        return ""  # the recorder tells of a store that cannot be used
    return _words(others)


def late_company(store: Store, run_id: str, started_iso: str, told: str = "") -> str:
    """What must be said at the end of a run that began at `started_iso` (ISO 8601) of the runs that were under way beside it, but for those
    that `told` names. Else ""."""
    try:
        store.mark_lost()
        others = store.runs()
    except StoreError:
        return ""
    began = datetime.fromisoformat(started_iso)
    return _words([run.id for run in others if run.id != run_id and run.id not in told and _beside(run, began)])


def _beside(run: RunSummary, began: datetime) -> bool:
    """Whether a run was under way after that moment. One whose end is not known was so for certain only if it began later."""
    if run.state is RunState.RUNNING:
        return True
    try:
        started = datetime.fromisoformat(run.started)
    except ValueError:
        return False
    return started + timedelta(seconds=run.seconds or 0.0) > began


def _words(others: list[str]) -> str:
    if not others:
        return ""
    return f"Another run was under way at the same time ({', '.join(others)}): both are slower, and the energy read is that of both."
