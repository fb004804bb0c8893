"""What the meter process costs: its processor time at 10, 100 and 1000 readings a second; the aim is 1 % of a core at 10 and at 100.

Run it: python tests/speed/meter_cost.py [SECONDS]. "RAPL tree" is a folder laid out like powercap whose five counters this script
moves at the same rate; "this machine" are the sources it really has.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from greenbench.core.messages import Samples, decode_event

# The meter process as it is, but for where it looks for counters.
ELSEWHERE = """
import sys
from dataclasses import replace
from pathlib import Path
from greenbench.meters import discover, sampler
sampler.equip = lambda settings: discover.equip(replace(settings, powercap=Path(sys.argv.pop())))
sys.exit(sampler.main(sys.argv[1:-1]))
"""
ZONES = {
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "uncore",
    "intel-rapl:0:2": "dram",
    "intel-rapl:1": "psys",
}


@dataclass
class Cost:
    """Percent of a core, messages and samples a second, seconds to the first word, resident bytes."""

    percent: float
    messages: float
    samples: float
    start_up_s: float
    memory_bytes: int


@contextmanager
def moving_tree(rate_hz: float) -> Iterator[str]:
    """A powercap folder whose counters go on at a rate."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, (id, name) in enumerate(ZONES.items()):
            zone = Path(folder) / id
            zone.mkdir()
            (zone / "name").write_text(name)
            (zone / "max_energy_range_uj").write_text("262143328850")
            (zone / "energy_uj").write_text(f"{10**9 * (number + 1):012d}\n")
            files.append(os.open(zone / "energy_uj", os.O_WRONLY))
        stop = threading.Event()

        def move() -> None:
            for step in range(10**9):
                for number, file in enumerate(files):
                    os.pwrite(file, b"%012d\n" % (10**9 * (number + 1) + step * 20_000), 0)
                if stop.wait(1 / rate_hz):
                    return

        mover = threading.Thread(target=move)
        mover.start()
        try:
            yield folder
        finally:
            stop.set()
            mover.join()
            for file in files:
                os.close(file)


def cost(command: list[str], seconds: float) -> Cost:
    """What a meter process started by a command costs once it is under way."""
    begun = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as meter:
        stdin, stdout = meter.stdin, meter.stdout
        assert stdin is not None
        assert stdout is not None
        stdout.readline()
        start_up = time.monotonic() - begun
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.extend(stdout))
        reader.start()
        time.sleep(2.5)  # past the close look at its start
        process, heard = psutil.Process(meter.pid), len(lines)
        before, t0 = process.cpu_times(), time.monotonic()
        time.sleep(seconds)
        after, passed = process.cpu_times(), time.monotonic() - t0
        new, memory = lines[heard:], process.memory_info().rss
        stdin.close()
        meter.wait(10)
        reader.join()
    samples = sum(len(event.samples) for event in map(decode_event, new) if isinstance(event, Samples))
    busy = after.user + after.system - before.user - before.system
    return Cost(100 * busy / passed, len(new) / passed, samples / passed, start_up, memory)


def main(seconds: float = 10.0) -> None:
    print(f"{'sources':<14}{'readings/s':>11}{'% of a core':>13}{'messages/s':>12}{'samples/s':>11}{'first word s':>14}{'MiB':>6}")
    for rate_hz in (10, 100, 1000):
        interval = ["--interval", str(1 / rate_hz)]
        with moving_tree(rate_hz) as folder:
            show("RAPL tree", rate_hz, cost([sys.executable, "-c", ELSEWHERE, *interval, folder], seconds))
        show("this machine", rate_hz, cost([sys.executable, "-m", "greenbench.meters.sampler", *interval], seconds))


def show(title: str, rate_hz: float, found: Cost) -> None:
    numbers = (
        f"{found.percent:>13.2f}{found.messages:>12.1f}{found.samples:>11.1f}{found.start_up_s:>14.2f}{found.memory_bytes / 2**20:>6.0f}"
    )
    print(f"{title:<14}{rate_hz:>11}{numbers}", flush=True)


if __name__ == "__main__":
    main(*(float(argument) for argument in sys.argv[1:2]))
