"""A meter process that is killed comes back by itself, spares its sources' close look, and leaves a gap and no wrong number."""

import os
import queue
import signal
import time
from pathlib import Path

import psutil
import pytest

from greenbench.core import messages
from greenbench.engine.meter_link import MeterLink
from greenbench.meters.discover import channels_in_use
from greenbench.meters.ledger import EnergyLedger

RECORDING = Path(__file__).parents[1] / "recordings" / "made-server.jsonl"
NS = 1_000_000_000
PATIENCE_S = 30.0


@pytest.fixture
def link():
    """A link to a real meter process that plays a recording, and the queue of what it says."""
    said: queue.SimpleQueue = queue.SimpleQueue()
    made = MeterLink(said.put, ["--replay", str(RECORDING)])
    made.open()
    yield made, said
    made.close()


def hear(said, ledger, until):
    """Takes what the link says until `until` holds for one event; that event."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        event = said.get(timeout=PATIENCE_S)
        if isinstance(event, messages.Sources):
            ledger.declare(channels_in_use(event.reports))
        elif isinstance(event, messages.Samples):
            ledger.add(event.samples)
        if until(event):
            return event
    raise AssertionError("the meter did not say it in time")


def read_up_to(ledger, t_ns):
    return lambda event: ledger.heard_until_ns >= t_ns


def test_a_killed_meter_is_started_again_and_the_time_between_is_a_gap(link):
    made, said = link
    ledger = EnergyLedger()
    hear(said, ledger, lambda event: ledger.heard_until_ns > 0)
    start_ns = int(ledger.watts("rapl:0")[0][0])
    hear(said, ledger, read_up_to(ledger, start_ns + round(1.5 * NS)))
    first = made.pid
    os.kill(first, signal.SIGKILL)
    gone = hear(said, ledger, lambda event: isinstance(event, messages.MeterState) and not event.alive)
    assert "killed" in gone.text
    before_ns = ledger.heard_until_ns
    hear(said, ledger, lambda event: isinstance(event, messages.MeterState) and event.alive)
    assert made.pid != first
    assert "--steady" in psutil.Process(made.pid).cmdline()
    hear(said, ledger, lambda event: ledger.heard_until_ns > before_ns)
    back_ns = ledger.heard_until_ns
    hear(said, ledger, read_up_to(ledger, back_ns + round(1.5 * NS)))
    assert ledger.curve("rapl:0").energy_j(start_ns + NS // 5, start_ns + NS) == pytest.approx(25.0 * 0.8, rel=1e-4)
    across = ledger.window(start_ns + NS // 2, back_ns + NS)
    assert (across.energy_j, across.gap) == (None, True)
    assert across.reason.endswith("The counter ran backwards: it began anew, or a reading is wrong.")
    assert ledger.curve("rapl:0").energy_j(back_ns + NS // 5, back_ns + NS) == pytest.approx(25.0 * 0.8, rel=1e-4)
