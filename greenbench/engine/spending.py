"""Tells a run what it and the runs before it took together: of its pipeline, and since the program was started."""

from greenbench.analysis import charges
from greenbench.analysis.spending import spending
from greenbench.core.errors import StoreError
from greenbench.core.run import RunResult
from greenbench.store.store import Store


def with_spending(result: RunResult, store: Store, since: str) -> RunResult:
    """The result with `spent`; without it where the history cannot be read. `since` is when the program was started, ISO 8601."""
    own = charges.ledger(result)
    found = []
    try:
        for scope, runs in (("pipeline", store.ledgers(title=result.title)), ("session", store.ledgers(since=since))):
            earlier = [run.lines for run in runs if run.run_id != result.run_id]
            found.append(spending(scope, [*earlier, own]))
    except StoreError:
        return result  # the recorder tells of a store that cannot be used
    return result.model_copy(update={"spent": tuple(found)})
