"""The worker process: receives a plan, runs it, and says what happens. One run, then it ends.

    stdin   StartRun, BlockEnergy, Cancel, Shutdown      stdout   events      stderr   the run's log
End of input means that the parent is gone: the worker ends too.
"""

import logging
import os
import sys
import threading
from pathlib import Path

from greenbench.core import messages
from greenbench.core.clock import now_ns
from greenbench.core.errors import GreenBenchError
from greenbench.core.run import RunState
from greenbench.engine import libraries
from greenbench.engine.block_energies import BlockEnergies
from greenbench.engine.cache import Cache
from greenbench.engine.environment import snapshot
from greenbench.engine.executor import World, execute
from greenbench.engine.process import Wire
from greenbench.steps import installed

# After a Stop the work has this long to come back from a library call before the process leaves on its own.
_STOP_GRACE_S = 4.0


def main() -> int:
    """Runs the worker until its one run is finished; returns the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    wire = Wire()
    stop, orders, energies = threading.Event(), _Orders(), BlockEnergies()
    threading.Thread(target=_listen, args=(orders, energies, stop), daemon=True, name="commands").start()
    hello = messages.Hello(role="worker", pid=os.getpid(), t_ns=now_ns(), libraries=libraries.versions())
    wire.send(messages.encode(hello))
    order = orders.wait()
    if order is None:
        return 0
    code = _run(order, wire, energies, stop)
    sys.stderr.flush()
    os._exit(code)  # taking torch down in order lasts over a second, and nothing is left to be saved


class _Orders:
    """The one order this process will carry out, handed from the listening thread to the main one."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._order: messages.StartRun | None = None

    def give(self, order: messages.StartRun | None) -> None:
        self._order = order
        self._arrived.set()

    def wait(self) -> messages.StartRun | None:
        self._arrived.wait()
        return self._order


def _listen(orders: _Orders, energies: BlockEnergies, stop: threading.Event) -> None:
    """Reads commands until end of input. Then the parent is gone, and so is the reason to go on."""
    # Unbuffered: a thread that still waits inside Python's buffered reader when the process ends would abort it.
    for line in open(0, "rb", buffering=0, closefd=False):  # noqa: SIM115 - it is the process's own standard input
        try:
            command = messages.decode_command(line)
        except GreenBenchError as error:
            print(f"refused: {error}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is the run's log
            continue
        if isinstance(command, messages.StartRun):
            orders.give(command)
        elif isinstance(command, messages.BlockEnergy):
            energies.put(command)
        elif isinstance(command, messages.Cancel):
            stop.set()
        else:
            break
    stop.set()
    orders.give(None)
    threading.Event().wait(_STOP_GRACE_S)
    os._exit(0)


def _run(order: messages.StartRun, wire: Wire, energies: BlockEnergies, stop: threading.Event) -> int:
    plan = order.plan

    def emit(event: messages.Event) -> None:
        wire.send(messages.encode(event))

    started = messages.RunStarted(run_id=order.run_id, t_ns=now_ns(), plan=plan, environment=snapshot())
    emit(started)
    cache = Cache(Path(order.cache))
    world = World(installed(), cache, now_ns, emit, stop.is_set, energies)
    try:
        cache.trim(frozenset(node.digest for node in plan.nodes))
        state = execute(plan, world)
    except OSError as error:
        emit(messages.Log(text=f"The cache cannot be used: {error}", level="error"))
        state = RunState.FAILED
    emit(messages.RunFinished(run_id=order.run_id, state=state, t_ns=now_ns()))
    return 0
