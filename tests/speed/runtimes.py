"""What the bench child adds to a call, over a bare script in the same runtime: MobileNetV2 and ResNet-18 at batch 1 and 16.

    python tests/speed/runtimes.py [ROUNDS] [RUNTIME …]

Three ratios are printed; aim: at most 1.02.
- calls: both in one process, call by call in turn, ratio of the medians: what our session and clockwork add, undisturbed by others;
- fastest, medians: two processes, our bench child and a script that uses the library alone, which time short blocks in turn (A B,
  B A …): ratio of the fastest calls, and the median over the rounds of the ratio of their medians. They differ as processes do.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from greenbench.core.artifact import InputSpec, ModelArtifact
from greenbench.core.fit import Fit
from greenbench.core.runtimes import RUNTIMES, unavailable
from greenbench.core.step import Stored
from greenbench.engine.bench.examples import Examples
from greenbench.engine.bench.variant import BenchChild, Variant
from greenbench.engine.process import quiet_threads

MODELS = {"MobileNetV2": "mobilenet_v2", "ResNet-18": "resnet18"}
BATCHES = (1, 16)
SECONDS = 0.3
INSIDE_SECONDS = 8.0
THREADS = 1


def stored_model(name: str, folder: Path) -> Stored:
    """The torchvision network with random weights, as a step would leave it."""
    import torch

    from greenbench.ml.artifacts import Blueprint, save_module
    from greenbench.ml.models import architecture_for, build

    torch.manual_seed(0)
    spec = InputSpec(shape=(3, 224, 224))
    plan = Blueprint(architecture_for(f"torchvision/{name}", spec, 1000), spec, tuple(str(number) for number in range(1000)))
    return Stored(save_module(build(plan.architecture).eval(), folder, plan), folder, name, name)


def as_onnx(stored: Stored, folder: Path) -> Stored:
    from greenbench.ml.export import export_onnx

    return Stored(export_onnx(stored, folder), folder, stored.node, stored.title)


def bare_call(runtime: str, file: str, name: str, batch: int):
    """What a script would write: the library's own words, and nothing of ours."""
    x = np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32)
    if runtime in ("eager", "compiled"):
        import torch
        import torchvision
        from safetensors.torch import load_file

        torch.set_num_threads(THREADS)
        model = getattr(torchvision.models, name)().eval()
        model.load_state_dict(load_file(file))
        call = torch.compile(model, dynamic=False) if runtime == "compiled" else model

        def run():
            with torch.inference_mode():
                return call(torch.from_numpy(x)).numpy()

        return run
    if runtime == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"input": x})[0]
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    model.reshape([batch, 3, 224, 224])
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer([x], share_inputs=True)[0]


def bare(runtime: str, file: str, name: str, batch: int) -> None:
    """The bare process: a block for each line it is sent."""
    run = bare_call(runtime, file, name, batch)
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        durations = []
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end or len(durations) < 3:
            begin = time.perf_counter()
            run()
            durations.append(time.perf_counter() - begin)
        print(json.dumps(durations), flush=True)


class Bare:
    """The bare process as seen from here."""

    def __init__(self, runtime: str, file: Path, name: str, batch: int) -> None:
        command = [sys.executable, __file__, "--bare", runtime, str(file), name, str(batch)]
        environment = {**os.environ, **quiet_threads(THREADS)}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            start_new_session=True,  # as our child is: Linux shares time between sessions first, then inside them
        )
        assert self.process.stdout.readline().strip() == "ready"

    def block(self) -> list[float]:
        self.process.stdin.write("block\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def our_child(stored: Stored, runtime: str, batch: int, folder: Path) -> BenchChild:
    inputs = folder / f"examples-{batch}.npy"
    np.save(inputs, np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32))
    examples = Examples(inputs, Fit(stored.model.classes, judged=False))
    child = BenchChild(Variant("A", stored.title, "m", stored, stored, examples), THREADS, lambda: None)
    model = {"artifact": stored.model.model_dump_json(), "folder": str(stored.folder), "title": stored.title}
    child.ask(
        "load", model=model, runtime=runtime, threads=THREADS, device="cpu", batch=batch, examples=str(inputs), judged=False, cores=[]
    )
    return child


Rounds = list[list[float]]


def compare(stored: Stored, runtime: str, batch: int, rounds: int, folder: Path) -> tuple[Rounds, Rounds]:
    """Seconds of each call, of our child and of the bare script, for each round."""
    child, script = our_child(stored, runtime, batch, folder), Bare(runtime, stored.file("weights"), stored.node, batch)
    ours, theirs = [], []
    try:
        child.ask("warm_up", seconds=1.0)
        script.block()
        for number in range(rounds):
            for side in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
                if side == "ours":
                    ours.append([duration / 1e9 for duration in child.ask("block", seconds=SECONDS)["durations_ns"]])
                else:
                    theirs.append(script.block())
    finally:
        child.close()
        script.close()
    return ours, theirs


def call_by_call(stored: Stored, runtime: str, batch: int) -> float:
    """In a process of its own, see `inside`."""
    model = json.dumps([stored.model.model_dump_json(), str(stored.folder), stored.node])
    command = [sys.executable, __file__, "--inside", runtime, str(batch), model]
    environment = {**os.environ, **quiet_threads(THREADS)}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, check=True)
    return float(done.stdout.split()[-1])


def inside(runtime: str, batch: int, described: str) -> None:
    """Calls our session and the library's own in turn, and prints the ratio of the median times."""
    from greenbench.ml.runtimes import runtime as find_runtime

    artifact, folder, name = json.loads(described)
    stored = Stored(ModelArtifact.model_validate_json(artifact), Path(folder), name, name)
    session = find_runtime(runtime).prepare(stored, threads=THREADS, batch=batch)
    x = np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32)
    calls = {"ours": lambda: session.run(x), "bare": bare_call(runtime, str(stored.file("weights")), name, batch)}
    times: dict[str, list[int]] = {"ours": [], "bare": []}
    end = time.perf_counter() + INSIDE_SECONDS
    number = 0
    while time.perf_counter() < end or number < 20:
        for side in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
            begin = time.perf_counter_ns()
            calls[side]()
            times[side].append(time.perf_counter_ns() - begin)
        number += 1
    print(statistics.median(times["ours"][2:]) / statistics.median(times["bare"][2:]))


def row(title: str, batch: int, runtime: str, inner: float, ours: Rounds, theirs: Rounds) -> str:
    fastest, bare_fastest = (min(min(calls) for calls in side) for side in (ours, theirs))
    ratios = [statistics.median(a) / statistics.median(b) for a, b in zip(ours, theirs, strict=True)]
    low, high = np.quantile(ratios, [0.25, 0.75])
    times = f"{fastest * 1e3:10.3f} {bare_fastest * 1e3:10.3f} {inner:9.3f} {fastest / bare_fastest:9.3f}"
    return f"{title:12} {batch:5} {runtime:12} {times} {statistics.median(ratios):9.3f} {f'{low:.3f} to {high:.3f}':>16}"


def main(rounds: int, wanted: list[str]) -> None:
    print(f"{rounds} rounds of {SECONDS:g} s a side, {THREADS} thread; times are those of the fastest call")
    columns = f"{'ours, ms':>10} {'bare, ms':>10} {'calls':>9} {'fastest':>9} {'medians':>9} {'middle half':>16}"
    print(f"{'model':12} {'batch':>5} {'runtime':12} {columns}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{scratch}/compiled")
        for title, name in MODELS.items():
            folder = Path(scratch) / name
            folder.mkdir()
            network = stored_model(name, folder)
            graph = as_onnx(network, folder)
            for runtime in (key for key in RUNTIMES if not unavailable(key, "cpu") and (not wanted or key in wanted)):
                for batch in BATCHES:
                    stored = network if runtime in ("eager", "compiled") else graph
                    inner = call_by_call(stored, runtime, batch)
                    print(row(title, batch, runtime, inner, *compare(stored, runtime, batch, rounds, folder)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        bare(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    elif sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 11, sys.argv[2:])
