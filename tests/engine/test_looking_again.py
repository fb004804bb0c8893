"""The parent's end of the meter process: a meter that is added is read as soon as the link is told to look again."""

import queue

import pytest

from greenbench.core import messages
from greenbench.core.external import ExternalKind, add_meter, described
from greenbench.core.measurement import SourceState
from greenbench.engine.meter_link import MeterLink


@pytest.fixture
def heard():
    return queue.SimpleQueue()


@pytest.fixture
def link(tmp_path, heard):
    made = MeterLink(heard.put, ["--steady"], home=tmp_path)
    yield made
    made.close()


def states(event):
    return {report.key: report.state for report in event.reports} if isinstance(event, messages.Sources) else {}


def wait_for(heard, key):
    """The state of a source in the first report that has it."""
    while True:
        found = states(heard.get(timeout=20)).get(key)
        if found is not None:
            return found


def test_looking_again_finds_a_meter_that_was_added_meanwhile(link, heard, tmp_path):
    link.look_again()  # no process yet: one that is just being started looks anyway
    link.open()
    assert wait_for(heard, "external") is SourceState.ABSENT
    add_meter(tmp_path, described(ExternalKind.SHELLY, "127.0.0.1:9", "Desk"))
    link.look_again()
    assert wait_for(heard, "external:desk") in (SourceState.STANDBY, SourceState.SILENT)
