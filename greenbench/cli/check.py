"""`greenbench check FILE`: what a pipeline would do, what of it is already computed, and what is wrong with it."""

from dataclasses import replace
from pathlib import Path

from rich.markup import escape

from greenbench.cli.advice import before_run, print_all
from greenbench.cli.output import make_console
from greenbench.core import places
from greenbench.core.document import read
from greenbench.core.errors import ModelError, PlanError, Problem
from greenbench.core.measurement import SourceReport
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Plan
from greenbench.engine.cache import Cache
from greenbench.engine.devices import default_threads
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.sources import known_in, read_sources
from greenbench.engine.trust import TrustBook, requests
from greenbench.meters import discover
from greenbench.steps import installed


def check_pipeline(file: Path, sources: bool = False, trust: bool = False) -> int:
    """Prints the plan node by node. With `sources`, models and data are read first, so that what does not go together is found.

    Raises:
        FileFormatError, ParameterError, PlanError: what is wrong, for the door to print.
    """
    pipeline = read(file, installed())
    book, cache = TrustBook(places.home()), Cache(places.home() / "cache")
    if trust:
        book.remember(request for asked in requests(pipeline).values() for request in asked)
    conditions = Conditions(trusted=book.allowed())
    plan = make_plan(pipeline, conditions, known_in(cache))
    _check_models(plan)
    console = make_console()
    if sources:
        _read_sources(pipeline, conditions, cache)
    console.print(f"[bold]{escape(plan.title)}[/bold]: {len(plan.nodes)} nodes, ready to run.")
    for number, node in enumerate(plan.nodes, 1):
        spec = installed()[node.step]
        told = [field for field in spec.fields if field.name in spec.highlights and field.visible(node.params)]
        shown = [f"{field.title.lower()} {field.format(node.params[field.name])}" for field in told]
        feeders = [plan.node(source.node).shown_title for many in node.inputs.values() for source in many]
        state = " [dim](already computed)[/dim]" if node.cacheable and cache.get(node.digest) else ""
        fed = f" ← {', '.join(feeders)}" if feeders else ""
        rest = escape(f"{fed}{': ' + ', '.join(shown) if shown else ''}")
        console.print(f"{number:3}. {escape(node.shown_title)} [dim]{spec.key}[/dim]{rest}{state}", soft_wrap=True)
    if plan.muted:
        console.print(f"Muted: {', '.join(pipeline.nodes[id].title for id in plan.muted)}.", markup=False)
    if not any(node.step in ("benchmark", "claim") for node in plan.nodes):
        console.print("Nothing is measured: there is no Benchmark and no Check claim step.")
    found = before_run(pipeline, replace(conditions, threads=default_threads()), known_in(cache), _sensors())
    if found:
        console.print()
        print_all(found, console)
    return 0


def _sensors() -> tuple[SourceReport, ...]:
    """What each power source says of itself now."""
    found = discover.discover(discover.MeterSettings(home=places.home()))
    try:
        discover.wait_for_outer(found)
        for meter in found:
            meter.read()
        return tuple(discover.reports(found))
    finally:
        for meter in found:
            meter.close()


def _read_sources(pipeline: Pipeline, conditions: Conditions, cache: Cache) -> None:
    """Raises PlanError for every source that cannot be read and every place where models and data do not go together."""
    done = read_sources(pipeline, conditions, cache)
    failed = {node.node: node.failure for node in done.nodes if node.failure}
    found = [Problem(node, failure.message, failure.remedy) for node, failure in {**failed, **done.mismatches}.items() if failure]
    if found:
        raise PlanError(found)


def _check_models(plan: Plan) -> None:
    """Raises PlanError for every model name that no library knows. Asks torch's world, and only here: `check` may take its time."""
    named = [node for node in plan.nodes if node.step == "model.library"]
    if not named:
        return
    from greenbench.ml.models.registry import resolve

    found = []
    for node in named:
        try:
            resolve(node.params["name"])
        except ModelError as error:
            found.append(Problem(node.id, f'"{node.title}": {error.message}', error.remedy))
    if found:
        raise PlanError(found)
