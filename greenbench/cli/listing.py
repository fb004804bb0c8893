"""`greenbench list …`: what is installed, what this machine has, what was run."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from greenbench.cli.output import make_console, print_json
from greenbench.core import places
from greenbench.core.errors import GreenBenchError
from greenbench.core.quote import duration
from greenbench.core.run import RunResult
from greenbench.core.step import Group
from greenbench.engine.raw_data import doubt
from greenbench.meters import carbon
from greenbench.steps import installed
from greenbench.steps.model_library import zoo
from greenbench.store import Store, damage_words

Rows = list[dict[str, Any]]


def open_store() -> Store:
    """The store of this user; one that was damaged is told of on stderr, whatever the command prints."""
    store = Store(places.home())
    tell_moved(store)
    return store


def past_result(store: Store, run: str) -> RunResult:
    """The result of a past run whose numbers will be printed; raw data that is not what its digest stands for is told of on stderr.

    Raises:
        StoreError: no such run, or the store cannot be read.
    """
    result = store.result(run)
    if found := doubt(store, result):
        print(f"Warning: {found}", file=sys.stderr)  # noqa: T201 - stdout is for what was asked
    return result


def tell_moved(store: Store) -> None:
    """Says on stderr that the history was damaged and where it was moved to; nothing if it was not."""
    if store.moved_aside:
        print(damage_words(store), file=sys.stderr)  # noqa: T201 - stdout is for what was asked


def listing(what: str, as_json: bool, search: str = "") -> int:
    """Prints one list; `search` narrows that of the models (see greenbench.steps.model_library.zoo.search) and that of the steps.

    Raises:
        GreenBenchError: there is no such list, or it cannot be searched so.
    """
    lists: dict[str, Callable[[], Rows]] = {
        "steps": lambda: _steps(search),
        "models": list,
        "datasets": _datasets,
        "devices": _devices,
        "runs": _runs,
        "regions": _regions,
    }
    if what not in lists:
        raise GreenBenchError(f'There is no list of "{what}".', f"Lists: {', '.join(lists)}.")
    if search and what not in ("models", "steps"):
        raise GreenBenchError(f"The list of {what} cannot be searched.", "Use --search with models or steps.")
    if what == "models":
        _show_models(search, as_json)
    else:
        _show(lists[what](), as_json, search)
    return 0


def _show(rows: Rows, as_json: bool, search: str = "") -> None:
    if as_json:
        print_json(rows)
        return
    console = make_console()
    if not rows:
        console.print(f'Nothing matches "{search}".' if search else "None yet.", markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        if not isinstance(rows[0][name], list | dict):
            table.add_column(name.replace("_", " ").capitalize(), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values() if not isinstance(value, list | dict)))
    console.print(table)


def _cell(value: Any) -> str:
    return "—" if value is None or value == "" else escape(str(value))


def _steps(search: str) -> Rows:
    return [
        {
            "key": spec.key,
            "title": spec.title,
            "group": spec.group.title,
            "summary": spec.summary,
            "parameters": [
                {"name": f.name, "title": f.title, "default": f.default, "limits": f.limits(), "choices": [c for c, _ in f.choices]}
                for f in spec.fields
            ],
        }
        for spec in (installed().search(search) if search else installed())
    ]


def _show_models(search: str, as_json: bool) -> None:
    """Every network by name, with what one chooses by; as JSON with plain numbers."""
    found = zoo.search(search)
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    console = make_console()
    if not found:
        console.print(f'No model matches "{search}".', markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Name", "Parameters", "MACs", "Input", "Licence", "Pretrained"):
        table.add_column(title, overflow="fold", justify="right" if title in ("Parameters", "MACs") else "left")
    for entry in found:
        numbers = (_short(entry.parameters), _short(entry.macs))
        table.add_row(escape(entry.name), *numbers, entry.input, escape(entry.licence or "—"), "yes" if entry.pretrained else "no")
    console.print(table)


def _short(count: int | None) -> str:
    """A count in three or four digits: "272 k", "11.7 M", "—"."""
    if count is None:
        return "—"
    for scale, letter in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= scale:
            return f"{count / scale:.{0 if count >= 100 * scale else 1 if count >= 10 * scale else 2}f}{letter}"
    return str(count)


def _datasets() -> Rows:
    return [
        {"key": spec.key, "title": spec.title, "summary": spec.summary}
        for spec in installed().group(Group.SOURCES)
        if spec.key.startswith("data.")
    ]


def _devices() -> Rows:
    from greenbench.engine.devices import devices

    return [
        {
            "key": device.key,
            "title": device.title,
            "detail": device.detail,
            "uuid": device.uuid,
        }
        for device in devices()
    ]


def _regions() -> Rows:
    return [{"code": r.iso, "name": r.name, "intensity_g_per_kwh": r.intensity_g_per_kwh, "year": r.year} for r in carbon.regions()]


def _runs() -> Rows:
    with open_store() as store:
        store.mark_lost()
        return [
            {
                "run": summary.id,
                "title": summary.title,
                "state": str(summary.state),
                "started": summary.started[:16].replace("T", " "),
                "took": duration(summary.seconds) if summary.seconds else "",
                "variants": summary.variants,
                "headline": summary.headline,
            }
            for summary in store.runs()
        ]
