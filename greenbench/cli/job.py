"""One job from the terminal: a progress line on stderr while it runs, and what a past run has to give it."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from greenbench.cli.listing import open_store
from greenbench.core import places
from greenbench.core.jobs import StoredRef
from greenbench.core.run import RunResult, VariantResult
from greenbench.engine.cache import Cache
from greenbench.engine.jobs import Request, run_job
from greenbench.engine.past import find_variant, test_data, variant_model


def do(request: Request, text: str, threads: int) -> Any:
    """Does a job and returns its result; shows how far it is where someone looks on.

    Raises:
        GreenBenchError: what the job raised.
    """
    console = Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(text, total=1.0)

        def on_progress(fraction: float, said: str) -> None:
            shown.update(task, completed=fraction, description=f"{text}: {said}" if said else text)

        return run_job(request, on_progress, threads=threads)


def past(run: str) -> tuple[RunResult, Cache]:
    """A run by the beginning of its id, and where its models lie."""
    with open_store() as store:
        return store.result(run), Cache(places.home() / "cache")


def chosen(result: RunResult, cache: Cache, name: str) -> tuple[VariantResult, StoredRef, StoredRef | None]:
    """A variant by letter or name, its model, and the data it was judged on."""
    variant = find_variant(result, name)
    return variant, variant_model(result, variant, cache), test_data(result, variant, cache)
