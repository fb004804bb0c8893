"""What runner, worker, meter, store and cache add to the quick start, over a plain script that calls the same steps in order.

    python tests/speed/overhead.py [ROUNDS]

Both are whole processes, start to end, in turn, with the Benchmark muted: its length is set by the protocol, not by the
engine. Aim: at most 10 %.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from greenbench.core import document
from greenbench.core.places import resources
from greenbench.engine.devices import default_threads
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.process import quiet_threads
from greenbench.steps import installed


def pipeline_without_benchmark():
    pipeline = document.read(resources() / "pipelines" / "quick-start.greenbench", installed())
    for id, node in list(pipeline.nodes.items()):
        if node.step == "benchmark":
            pipeline.nodes[id] = node.but(muted=True)
    return pipeline


class BareContext:
    """A StepContext that listens to nobody."""

    def __init__(self, plan, planned, folder):
        self.node, self.title, self.folder = planned.id, planned.title, folder
        self.seed, self.device, self.threads = plan.seed, plan.device, plan.threads

    def check(self):
        pass

    def progress(self, fraction, text=""):
        pass

    def metric(self, name, value, variant=""):
        pass

    def log(self, text, level="info"):
        pass


def plain(folder: Path) -> None:
    """The script a researcher would write: one call after the other."""
    from greenbench.core.step import Inputs, Stored

    plan = make_plan(pipeline_without_benchmark(), Conditions(threads=default_threads()))
    outputs = {}
    for planned in plan.nodes:
        spec = installed()[planned.step]
        place = folder / planned.id
        place.mkdir(parents=True)
        arrived = {
            port: tuple(Stored(outputs[s.node].outputs[s.output], folder / s.node, s.node, s.node) for s in many)
            for port, many in planned.inputs.items()
        }
        outputs[planned.id] = spec.load()(Inputs(arrived), spec.params.checked(planned.params), BareContext(plan, planned, place))


def timed(command: list[str], home: Path) -> float:
    environment = {**os.environ, **quiet_threads(default_threads()), "GREENBENCH_HOME": str(home)}
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int) -> None:
    ratios = []
    print(f"{'round':>5} {'plain, s':>10} {'greenbench run, s':>18} {'ratio':>8}")
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            file = folder / "steps.greenbench"
            file.write_text(document.dumps(pipeline_without_benchmark()), encoding="utf-8")
            commands = {
                "plain": [sys.executable, __file__, "--plain", str(folder / "plain")],
                "ours": [sys.executable, "-m", "greenbench", "run", str(file), "--quiet"],
            }
            order = list(commands) if number % 2 == 0 else list(reversed(commands))
            seconds = {name: timed(commands[name], folder / "home") for name in order}
        ratios.append(seconds["ours"] / seconds["plain"])
        print(f"{number + 1:5} {seconds['plain']:10.2f} {seconds['ours']:18.2f} {ratios[-1]:8.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plain"]:
        plain(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
