"""What an open window with its live plots does to the median latency that is measured: the same run with it and without, in turn.

    python tests/speed/window_effect.py [--pairs N]
    python tests/speed/metrology.py window

One run is a Benchmark of a ResNet-8 on the digits, untrained, in ONNX Runtime on one thread: five blocks of 1 s, each in a process of its
own, with the meter reading all the while. With the window it is started as the Run button does and its plots draw every event; without,
the same runner is drained by a loop as the terminal does. Both are processes of their own, in the order A B B A. A run takes about 15 s.
"""

import argparse
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from table import Table

from greenbench.analysis.intervals import paired_ratio
from greenbench.core import messages
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import PROTOCOLS, Protocol, RunResult

PROTOCOL = Protocol(
    name="quick", idle_s=0.5, warm_up_s=2.0, block_s=1.0, min_blocks=5, max_blocks=5, target=0.05, restart_rounds=1
)  # fmt: skip
MOST = 0.02
PATIENCE_S = 300.0


def pipeline() -> Pipeline:
    from greenbench.steps import installed

    made = Pipeline(installed(), "Window effect")
    for node in (
        Node("digits", "data.digits", "Digits", {}, (0, 0)),
        Node("model", "model.library", "ResNet-8", {"name": "resnet8"}, (200, 0)),
        Node("bench", "benchmark", "Benchmark", {"threads": 1, "accuracy": False}, (400, 0)),
    ):
        made.check_node(node)
        made.nodes[node.id] = node
    for text in ("digits.data -> model.data", "model.model -> bench.models", "digits.data -> bench.data"):
        left, right = text.split(" -> ")
        made.links.append(Link(*left.split("."), *right.split(".")))
    return made


def headless(home: Path) -> RunResult:
    """The run as the terminal makes it."""
    from greenbench.engine.plan import Conditions, make_plan
    from greenbench.engine.runner import LocalRunner

    runner = LocalRunner(home)
    runner.open()
    runner.wait_for_meter()
    try:
        runner.start(make_plan(pipeline(), Conditions(protocol=PROTOCOL)))
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                event = runner.events.get(timeout=1.0)
            except queue.Empty:
                continue
            if isinstance(event, messages.ResultsReady):
                return event.result
        raise TimeoutError("the run did not end")
    finally:
        runner.close()


def windowed(home: Path) -> RunResult:
    """The run in an open window, its live plots drawing."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from greenbench.engine.runner import LocalRunner
    from greenbench.gui import style
    from greenbench.gui.app import answer_quickly, build, show
    from greenbench.gui.late_runner import LateRunner

    PROTOCOLS["quick"] = PROTOCOL
    application = QApplication([])
    style.load_fonts()
    answer_quickly()
    runner = LateRunner(lambda: LocalRunner(home), lambda inner: inner.wait_for_meter())
    window = build(application, runner)
    window.painted.connect(window.finish)
    window.parts.session.open(pipeline(), saved=True)
    window.resize(1366, 768)
    show(window)
    threading.Thread(target=runner.open, daemon=True).start()
    found: list[RunResult] = []

    def ended(result: RunResult) -> None:
        found.append(result)
        application.quit()

    window.parts.control.ended.connect(ended)
    window.parts.control.refused.connect(lambda error: (print(error, file=sys.stderr), application.quit()))
    QTimer.singleShot(2000, window.parts.control.run)
    QTimer.singleShot(round(PATIENCE_S * 1000), application.quit)
    application.exec()
    window.parts.session.document.treat_as_saved()
    window.close()
    runner.close()
    window.parts.exporter.wait()
    if not found:
        raise TimeoutError("the run in the window did not end")
    return found[0]


def median_s(kind: str, home: Path) -> float:
    """The median latency of a run in a process of its own: "headless" or "window"."""
    environment = {**os.environ, "GREENBENCH_HOME": str(home)}
    if "DISPLAY" not in environment and "WAYLAND_DISPLAY" not in environment:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, __file__, "--one", kind]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    if done.returncode:
        raise RuntimeError(f"the {kind} run failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.strip().splitlines()[-1])["median_s"])


def tables(pairs: int = 6) -> Iterator[Table]:
    table = Table(
        f"Median latency with the window open and its plots drawing, against none; {pairs} pairs of runs",
        ("", "median, ms", "ratio", "95 % interval"),
        f"the window moves the median by at most {MOST * 100:g} %",
    )
    found: dict[str, list[float]] = {"headless": [], "window": []}
    with tempfile.TemporaryDirectory(prefix="greenbench-window-") as folder:
        home = Path(folder)
        median_s("headless", home)  # exports the model; all that follow take it from the cache
        for number in range(pairs):
            order = ("headless", "window") if number % 2 == 0 else ("window", "headless")
            for kind in order:
                found[kind].append(median_s(kind, home))
    ratio = paired_ratio(found["window"], found["headless"])
    interval = "—" if ratio.low is None else f"{ratio.low:.4f} to {ratio.high:.4f}"
    table.add("no window", f"{statistics.median(found['headless']) * 1e3:.4f}", "", "")
    table.add("window", f"{statistics.median(found['window']) * 1e3:.4f}", f"{ratio.value:.4f}", interval, holds=ratio.value - 1 <= MOST)
    yield table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--one", choices=("headless", "window"), help="one run, its median on the last line")
    asked = parser.parse_args()
    if asked.one:
        home = Path(os.environ["GREENBENCH_HOME"])
        result = headless(home) if asked.one == "headless" else windowed(home)
        measured = result.variants[0].metrics["latency_p50"].value
        print(json.dumps({"median_s": measured}), flush=True)
        return 0
    broken = 0
    for table in tables(asked.pairs):
        table.show()
        broken += len(table.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
