"""What a timed block cost reaches the worker, for its stop rule, once the meter has read beyond the block's end."""

import threading

import pytest

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.engine.runner import LocalRunner

S = 10**9
WINDOW = Window(kind=WindowKind.BLOCK, label="A", t0_ns=11 * S, t1_ns=12 * S, node="bench", variant="A", block=3, calls=10)


class Listening:
    """A worker that keeps what it is sent."""

    def __init__(self):
        self.lines, self.heard = [], threading.Event()

    def send(self, line):
        self.lines.append(line)
        self.heard.set()
        return True


@pytest.fixture
def runner(tmp_path):
    made = LocalRunner(tmp_path)
    made._worker = Listening()
    yield made
    made._worker = None
    made.close()


def source(provenance):
    channel = Channel(key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=provenance, covers="CPU", refresh_s=0.1)
    return SourceReport(key="cpu", title="CPU", state=SourceState.IN_USE, provenance=provenance, channels=(channel,))


def readings(first_s, last_s, watts=20.0):
    times = range(first_s * 10, last_s * 10 + 1)
    return tuple(Sample(channel="cpu", t_ns=tenth * S // 10, energy_j=watts * tenth / 10, power_w=watts) for tenth in times)


def told(runner):
    assert runner._worker.heard.wait(10.0)
    return messages.decode_command(runner._worker.lines[0])


def test_the_answer_waits_for_the_reading_after_the_block(runner):
    runner._on_meter(messages.Sources(reports=(source(Provenance.COUNTER),)))
    runner._on_meter(messages.Samples(samples=readings(10, 11)))
    runner._answer_block(WINDOW)
    assert not runner._worker.lines
    runner._on_meter(messages.Samples(samples=readings(12, 13)))
    answer = told(runner)
    assert (answer.node, answer.variant, answer.block) == ("bench", "A", 3)
    assert answer.energy.value == pytest.approx(20.0, rel=0.02)
    assert answer.energy.provenance is Provenance.COUNTER


def test_without_a_source_the_answer_comes_at_once_and_says_why(runner):
    runner._wait_for_samples = lambda t_ns: pytest.fail("there is nothing to wait for")
    runner._answer_block(WINDOW)
    assert told(runner).energy.value is None
    assert told(runner).energy.reason
