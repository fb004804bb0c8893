"""`greenbench compare RUN RUN …`: variants of several runs side by side, with a mark where they cannot be compared."""

from rich.markup import escape
from rich.table import Table

from greenbench.cli.listing import open_store, past_result
from greenbench.cli.output import make_console, print_json
from greenbench.core.errors import GreenBenchError
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import quote, scale
from greenbench.engine.comparing import changed_parameters, unfair

_KEYS = (
    ("latency_p50", "Median"),
    ("energy_per_inference", "Energy"),
    ("size_bytes", "File"),
    ("size_coded_bytes", "Coded"),
)


def compare_runs(ids: list[str], as_json: bool) -> int:
    """Prints all variants of the runs; says first in what the runs differ that makes a comparison unfair.

    Raises:
        GreenBenchError: fewer than two runs were named.
    """
    if len(ids) < 2:
        raise GreenBenchError("Name at least two runs to compare.", "See greenbench list runs.")
    with open_store() as store:
        results = [past_result(store, id) for id in ids]
    differences = unfair(results)
    if as_json:
        print_json(
            {
                "differences": differences,
                "parameters": changed_parameters(results),
                "runs": [result.model_dump(mode="json") for result in results],
            }
        )
        return 0
    console = make_console()
    for text in differences:
        console.print(f"≠ {text}", markup=False)
    for text in changed_parameters(results):
        console.print(f"· {text}", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Run")
    table.add_column("Variant")
    scales = {}
    judged = [(key, BY_KEY[key].short) for key in dict.fromkeys(result.quality for result in results)]
    keys = (*judged, *_KEYS)
    for key, title in keys:
        found = [v.metrics[key] for result in results for v in result.measured if key in v.metrics]
        scales[key] = scale(found[0].unit if found else "", [m.value for m in found])
        table.add_column(f"{title}\n{scales[key].unit}", justify="right")
    for result in results:
        for variant in result.measured:
            cells = [quote(variant.metrics.get(key), scales[key]) for key, _ in keys]
            shown = [f"{'≈ ' if c.approx else ''}{c.text}\n[dim]{c.interval}[/dim]" for c in cells]
            table.add_row(result.run_id, f"{variant.letter}  {escape(variant.name)}", *shown)
    console.print(table)
    console.print("[dim]Below each number, its 95 % interval.[/dim]")
    return 0
