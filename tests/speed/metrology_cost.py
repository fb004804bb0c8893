"""What the meter process takes of a core at 10, 100 and 1000 readings a second; the longer look at it is meter_cost.py.

python tests/speed/metrology.py cost
"""

import sys
from collections.abc import Iterator

import meter_cost
from table import Table

SECONDS = 4.0
MOST_PERCENT = {10: 1.0, 100: 1.0, 1000: 10.0}


def tables() -> Iterator[Table]:
    table = Table(
        "The meter process over five RAPL counters that move at the same rate, and over what this machine has",
        ("sources", "readings/s", "% of a core", "samples/s", "MiB"),
        "≤ 1 % of a core at 10 and 100 readings a second, ≤ 10 % at 1000",
    )
    for rate_hz, most in MOST_PERCENT.items():
        interval = ["--interval", str(1 / rate_hz)]
        with meter_cost.moving_tree(rate_hz) as folder:
            command = [sys.executable, "-c", meter_cost.ELSEWHERE, *interval, folder]
            add(table, "RAPL tree", rate_hz, meter_cost.cost(command, SECONDS), most)
        command = [sys.executable, "-m", "greenbench.meters.sampler", *interval]
        add(table, "this machine", rate_hz, meter_cost.cost(command, SECONDS), most)
    yield table


def add(table: Table, sources: str, rate_hz: int, found: meter_cost.Cost, most: float) -> None:
    row = (sources, rate_hz, f"{found.percent:.2f}", f"{found.samples:.0f}", f"{found.memory_bytes / 2**20:.0f}")
    table.add(*row, holds=found.percent <= most)
