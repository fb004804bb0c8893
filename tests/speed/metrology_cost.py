"""What the meter process takes of a core at 10, 100 and 1000 readings a second; the longer look at it is meter_cost.py.

python tests/speed/metrology.py cost
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import meter_cost
import psutil
from table import Table

SECONDS = 4.0
# As much of a meter process as wakes and does nothing: what that costs depends on the machine, and on how busy it is.
WAKING = """
import sys, threading, time
gate, pause_s = threading.Lock(), float(sys.argv[1])
gate.acquire()
print(flush=True)
until = time.monotonic() + 20
while time.monotonic() < until:
    gate.acquire(timeout=pause_s)
"""
MOST_PERCENT = {10: 1.0, 100: 1.0, 1000: 10.0}


def waking_percent(rate_hz: int) -> float:
    """What a process takes of a core that wakes so often and does nothing."""
    with subprocess.Popen([sys.executable, "-c", WAKING, str(1 / rate_hz)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        watched = psutil.Process(process.pid)
        before, begun_s = watched.cpu_times(), time.monotonic()
        time.sleep(SECONDS)
        after, passed_s = watched.cpu_times(), time.monotonic() - begun_s
        process.kill()
    return 100 * (after.user + after.system - before.user - before.system) / passed_s


def tables() -> Iterator[Table]:
    table = Table(
        "The meter process over five RAPL counters that move at the same rate, and over what this machine has",
        ("sources", "readings/s", "% of a core", "samples/s", "MiB"),
        "beyond what merely waking so often costs: ≤ 1 % of a core at 10 and 100 readings a second, ≤ 10 % at 1000",
    )
    for rate_hz, most in MOST_PERCENT.items():
        waking = waking_percent(rate_hz)
        table.add("waking alone", rate_hz, f"{waking:.2f}", "", "")
        interval = ["--interval", str(1 / rate_hz)]
        with meter_cost.moving_tree(rate_hz) as folder:
            command = [sys.executable, "-c", meter_cost.ELSEWHERE, *interval, folder]
            add(table, "RAPL tree", rate_hz, meter_cost.cost(command, SECONDS), most + waking)
        command = [sys.executable, "-m", "greenbench.meters.sampler", *interval]
        add(table, "this machine", rate_hz, meter_cost.cost(command, SECONDS), most + waking)
    one, five, _ = os.getloadavg()
    table.notes.append(f"Load of this machine meanwhile: {one:.1f} (of five minutes {five:.1f}); on a busy one every waking is dearer.")
    yield table


def add(table: Table, sources: str, rate_hz: int, found: meter_cost.Cost, most: float) -> None:
    row = (sources, rate_hz, f"{found.percent:.2f}", f"{found.samples:.0f}", f"{found.memory_bytes / 2**20:.0f}")
    table.add(*row, holds=found.percent <= most)
