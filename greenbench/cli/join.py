"""`greenbench join RUN --log FILE`: the joules of a finished run by the log of an outside meter."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.cli.listing import open_store
from greenbench.cli.output import make_console, print_json
from greenbench.core.joined import JoinedLog
from greenbench.core.measurement import Measurement
from greenbench.core.quote import quote
from greenbench.core.run import RunResult
from greenbench.engine.joining import JoinOptions, join_log
from greenbench.report.joined import OWN, clock_words, unit_of


def join_run(run: str, log: Path, options: JoinOptions, as_json: bool) -> int:
    """Joins, keeps and prints.

    Raises:
        GreenBenchError: there is no such run, or the log cannot be read or placed; nothing is kept then.
    """
    with open_store() as store:
        result = join_log(store, run, log, options)
    joined = result.joined[-1]
    if as_json:
        print_json(joined.model_dump(mode="json", exclude={"t_s", "power_w", "energy_j"}))
        return 0
    console = make_console()
    console.print(f"{joined.title}: {clock_words(joined)}", markup=False)
    _print_table(console, result, joined)
    for note in joined.notes:
        console.print(f"· {note}", markup=False)
    console.print(f"Kept with run {result.run_id}; its own numbers stay as they were.", markup=False)
    return 0


def _print_table(console: Console, result: RunResult, joined: JoinedLog) -> None:
    rows = [(v, joined.per_inference.get(v.letter), v.metrics.get(OWN)) for v in result.variants]
    unit = unit_of(result, joined)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Variant", overflow="fold")
    for title in (f"By the log, {unit.unit}", "95 % interval", f"By the run's sources, {unit.unit}"):
        table.add_column(title, justify="right")

    def quoted(measurement: Measurement | None) -> tuple[str, str]:
        found = quote(measurement, unit)
        return f"{found.mark} {'≈ ' if found.approx else ''}{found.text}", found.interval

    for variant, logged, own in rows:
        text, interval = quoted(logged)
        table.add_row(escape(f"{variant.letter}  {variant.name}"), text, interval, quoted(own)[0])
    console.print(table)
