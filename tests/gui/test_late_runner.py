"""The late runner: what is asked before the engine is there waits for it, and what goes wrong is told."""

import threading

import pytest

from greenbench.core import messages
from greenbench.core.errors import StoreError
from greenbench.core.run import Plan
from greenbench.gui.late_runner import LateRunner


def test_a_start_waits_until_the_engine_is_there(runner, plan: Plan) -> None:
    late = LateRunner(lambda: runner)
    began: list[str] = []
    thread = threading.Thread(target=lambda: began.append(late.start(plan)))
    thread.start()
    assert late.ledger is None
    assert not late.running
    late.open()
    thread.join(timeout=10)
    assert began == ["run-1"]
    assert runner.opened
    assert late.ledger is runner.ledger
    late.close()
    assert runner.closed


def test_events_of_the_real_runner_come_through(runner) -> None:
    late = LateRunner(lambda: runner)
    assert late.events.empty()
    late.open()
    runner.say(messages.MeterState(alive=True))
    assert late.events.get_nowait() == messages.MeterState(alive=True)


def test_looking_again_reaches_the_meter_once_it_is_there(runner) -> None:
    asked: list[bool] = []
    runner.look_again = lambda: asked.append(True)
    late = LateRunner(lambda: runner)
    late.look_again()
    assert asked == []  # the meter that is about to start looks anyway
    late.open()
    late.look_again()
    assert asked == [True]
    late.close()


def test_a_store_that_cannot_be_opened_is_told_and_nothing_hangs(plan: Plan) -> None:
    def fail() -> None:
        raise StoreError("The disk is full.", "Make room.")

    late = LateRunner(fail)
    late.open()
    event = late.events.get_nowait()
    assert isinstance(event, messages.Log)
    assert event.text == "The disk is full. Make room."
    with pytest.raises(StoreError):
        late.start(plan)
    late.cancel()
    late.close()
