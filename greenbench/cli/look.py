"""`greenbench look RUN --variant V [--against W]`: the layers of a model; what changed from W to V, and where their answers differ."""

import tempfile

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.analysis.model_difference import ModelDifference, model_difference, total_words
from greenbench.cli.job import chosen, do, past
from greenbench.cli.output import make_console, print_json
from greenbench.core.jobs import AnswerDifference, CompareAnswers, Differences, Layer, LookInside, ModelView, StoredRef
from greenbench.core.measurement import Measurement
from greenbench.core.quote import count, percent, quote, significant
from greenbench.core.run import VariantResult

_SHOWN = 8


def look_inside(run: str, variant: str, against: str, as_json: bool) -> int:
    """Prints the layers of one variant, or what changed from `against`, the reference, to it.

    Raises:
        GreenBenchError: no such run or variant, or its model is no longer in the cache.
    """
    result, cache = past(run)
    found, model, data = chosen(result, cache, variant)
    other = chosen(result, cache, against) if against else None
    view = _look(found, model, data)
    if other is None:
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            _print_view(make_console(), view)
        return 0
    first, second = _look(*other), view
    answers = _answers(found, other[1], model, data)
    changed = model_difference(first, second)
    if as_json:
        print_json(
            {
                "first": first.model_dump(mode="json"),
                "second": second.model_dump(mode="json"),
                "rows": [{"name": r.name, "kind": r.kind, "state": r.state, "changes": list(r.changes)} for r in changed.rows],
                "answers": answers.model_dump(mode="json", exclude={"folder"}) if answers else None,
            }
        )
        return 0
    console = make_console()
    _print_difference(console, first, second, changed)
    if answers:
        _print_answers(console, other[0].name, found.name, answers)
    return 0


def _look(variant: VariantResult, model: StoredRef, data: StoredRef | None) -> ModelView:
    request = LookInside(model=model, data=data, runtime=variant.runtime or "eager", threads=variant.threads)
    view: ModelView = do(request, f"Looking inside {variant.name}", variant.threads)
    return view


def _answers(variant: VariantResult, first: StoredRef, second: StoredRef, data: StoredRef | None) -> Differences | None:
    """Where the answers differ; the pictures are for the window, here they are not kept."""
    if data is None or getattr(data.artifact, "random", False):
        return None
    with tempfile.TemporaryDirectory(prefix="greenbench-", ignore_cleanup_errors=True) as folder:
        request = CompareAnswers(first=first, second=second, data=data, folder=folder, limit=_SHOWN, threads=variant.threads)
        found: Differences = do(request, "Comparing answers", variant.threads)
    return found


def _print_view(console: Console, view: ModelView) -> None:
    console.print(f"{escape(view.title)}: {view.runtime}, one example a call" + (f", {_time(view.seconds)} in all" if view.seconds else ""))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Layer", "Kind", "Output"):
        table.add_column(title, overflow="fold")
    for title in ("Parameters", "MACs", "Type", "Zeros", "Distinct", "Time"):
        table.add_column(title, justify="right", no_wrap=True)
    for layer in view.layers:
        table.add_row(*_cells(layer))
    console.print(table)
    total = sum(layer.parameters for layer in view.layers)
    macs = [layer.macs for layer in view.layers if layer.macs is not None]
    console.print(f"{count(len(view.layers))} layers, {count(total)} parameters, {_quoted(sum(macs), 'MAC') if macs else '— MAC'}")
    for note in view.notes:
        console.print(f"· {note}", markup=False)


def _cells(layer: Layer) -> tuple[str, ...]:
    return (
        escape(layer.name),
        escape(layer.kind),
        "×".join(str(side) for side in layer.shape) or "—",
        count(layer.parameters) if layer.parameters else "—",
        _quoted(layer.macs, "MAC").removesuffix("MAC").strip() if layer.macs else "—",
        layer.dtype or "—",
        f"{percent(layer.sparsity)} %" if layer.sparsity is not None else "—",
        count(layer.distinct) if layer.distinct is not None else "—",
        _time(layer.seconds),
    )


def _quoted(value: float, unit: str) -> str:
    return quote(Measurement.exact(value, unit)).full


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    return f"{significant(seconds * 1e3, 3)} ms" if seconds >= 1e-3 else f"{significant(seconds * 1e6, 3)} µs"


def _print_difference(console: Console, first: ModelView, second: ModelView, changed: ModelDifference) -> None:
    console.print(f"{escape(first.title)} ({first.runtime}) → {escape(second.title)} ({second.runtime})")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Layer", "Kind", "What changed"):
        table.add_column(title, overflow="fold")
    for title in (first.title, second.title):
        table.add_column(f"Time\n{escape(title)}", justify="right")
    words = {"same": "the same", "only first": f"only in {first.title}", "only second": f"only in {second.title}"}
    for row in changed.rows:
        text = "; ".join(row.changes) or words[row.state]
        times = (_time(layer.seconds) if layer else "" for layer in (row.first, row.second))
        table.add_row(escape(row.name), escape(row.kind), escape(text), *times)
    console.print(table)
    for total in changed.totals:
        values = (("—" if v is None else _time(v) if total.unit == "s" else _quoted(v, total.unit)) for v in (total.first, total.second))
        words_of = total_words(total)
        console.print(f"{total.title}: {' → '.join(values)}{f' ({words_of})' if words_of else ''}", markup=False)
    for view in (first, second):
        for note in view.notes:
            console.print(f"· {view.title}: {note}", markup=False)


def _print_answers(console: Console, first: str, second: str, found: Differences) -> None:
    console.print(f"\nAnswers agree on {count(found.agree)} of {count(found.examples)} test examples.", markup=False)
    if found.agree == found.examples:
        return
    console.print(
        f"Right in {first} alone: {count(found.only_first)}; in {second} alone: {count(found.only_second)}; "
        f"wrong in both: {count(found.both_wrong)}.",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Example", "Truth", first, second):
        table.add_column(escape(title), overflow="fold")
    for each in found.shown:
        said = (f"{text}{f' ({percent(sure)} %)' if sure is not None else ''}" for text, sure in _said(each))
        table.add_row(str(each.index), escape(each.truth), *(escape(text) for text in said))
    console.print(table)


def _said(each: AnswerDifference) -> tuple[tuple[str, float | None], ...]:
    return ((each.first, each.first_confidence), (each.second, each.second_confidence))
