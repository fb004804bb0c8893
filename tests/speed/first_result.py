"""How long a model of 100 MB takes to its first result in a bench child, over the bare load in the same runtime.

    python tests/speed/first_result.py [ROUNDS] [RUNTIME …]

Both are whole processes: start of Python, import of the library, load, one answer. They run in turn (A B, B A …). The time until
the first result is printed with and without the start of the process and the imports; aim: at most 1.5 times the bare load.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from greenbench.core.artifact import InputSpec
from greenbench.core.fit import Fit
from greenbench.core.runtimes import unavailable
from greenbench.core.step import Stored
from greenbench.engine.bench.examples import Examples
from greenbench.engine.bench.variant import BenchChild, Variant
from greenbench.engine.process import quiet_threads

SHAPE = (3, 224, 224)
NAME = "resnet50"  # 25.6 million numbers: 102 MB
SCRIPTS = {
    "eager": """
import torch, torchvision
from safetensors.torch import load_file
torch.set_num_threads(1)
started = time.perf_counter()
with torch.device("meta"):
    model = torchvision.models.NAME()
model.load_state_dict(load_file(FILE), assign=True)
model.eval()
with torch.inference_mode():
    model(torch.from_numpy(x)).numpy()
""",
    "onnxruntime": """
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
started = time.perf_counter()
session = onnxruntime.InferenceSession(FILE, options, providers=["CPUExecutionProvider"])
session.run(None, {"input": x})
""",
    "openvino": """
import openvino
started = time.perf_counter()
core = openvino.Core()
model = core.read_model(FILE)
model.reshape([1, 3, 224, 224])
compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
compiled.create_infer_request().infer([x])
""",
}


def models(folder: Path) -> dict[str, Stored]:
    """A ResNet-50 with random weights, as a network and as a graph."""
    import torch

    from greenbench.ml.artifacts import Blueprint, save_module
    from greenbench.ml.export import export_onnx
    from greenbench.ml.models import architecture_for, build

    torch.manual_seed(0)
    spec = InputSpec(shape=SHAPE)
    plan = Blueprint(architecture_for(f"torchvision/{NAME}", spec, 1000), spec, tuple(str(number) for number in range(1000)))
    network = Stored(save_module(build(plan.architecture).eval(), folder, plan), folder, NAME, NAME)
    graph = Stored(export_onnx(network, folder), folder, NAME, NAME)
    return {"eager": network, "onnxruntime": graph, "openvino": graph}


def bare(runtime: str, stored: Stored) -> tuple[float, float]:
    """Seconds of the whole process until its first result, and of the load and the first answer alone."""
    script = SCRIPTS[runtime].replace("FILE", repr(str(stored.file("weights")))).replace("NAME", NAME)
    code = f"import time, numpy\nx = numpy.zeros((1, 3, 224, 224), numpy.float32)\n{script}\nprint(time.perf_counter() - started)"
    environment = {**os.environ, **quiet_threads(1)}
    begin = time.perf_counter()
    done = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
        start_new_session=True,  # as our child is: Linux shares time between sessions first, then inside them
    )
    inner = float(done.stdout.readline())
    whole = time.perf_counter() - begin
    done.stdout.close()
    done.wait()
    return whole, inner


def ours(runtime: str, stored: Stored, examples: Path) -> tuple[float, float]:
    """The same of a bench child, which also looks at what executed and answers twice."""
    begin = time.perf_counter()
    made = Examples(examples, Fit(stored.model.classes, judged=False))
    child = BenchChild(Variant("A", NAME, "m", stored, stored, made), 1, lambda: None)
    try:
        model = {"artifact": stored.model.model_dump_json(), "folder": str(stored.folder), "title": NAME}
        answer = child.ask(
            "load", model=model, runtime=runtime, threads=1, device="cpu", batch=1, examples=str(examples), judged=False, cores=[]
        )
        whole = time.perf_counter() - begin
    finally:
        child.close()
    execution = answer["execution"]
    inner = execution["load_s"] + (execution["compile_s"] or 0.0) + execution["first_s"]
    return whole, inner


def main(rounds: int, wanted: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        stored = models(folder)
        size = stored["onnxruntime"].file("weights").stat().st_size
        examples = folder / "examples.npy"
        np.save(examples, np.zeros((1, *SHAPE), np.float32))
        print(f"{NAME}, {size / 1e6:.0f} MB, {rounds} rounds; seconds are those of the fastest round")
        print(f"{'runtime':12} {'whole: ours':>12} {'bare':>8} {'ratio':>7} {'load + first: ours':>19} {'bare':>8} {'ratio':>7}")
        for runtime in (key for key in SCRIPTS if not unavailable(key, "cpu") and (not wanted or key in wanted)):
            found: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
            for number in range(rounds):
                for side in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
                    measured = ours(runtime, stored[runtime], examples) if side == "ours" else bare(runtime, stored[runtime])
                    found[side].append(measured)
            (whole, inner), (bare_whole, bare_inner) = (
                tuple(min(each[part] for each in found[side]) for part in (0, 1)) for side in ("ours", "bare")
            )
            medians = statistics.median(a[0] / b[0] for a, b in zip(found["ours"], found["bare"], strict=True))
            line = f"{runtime:12} {whole:12.2f} {bare_whole:8.2f} {whole / bare_whole:7.2f} {inner:19.2f} {bare_inner:8.2f}"
            print(f"{line} {inner / bare_inner:7.2f}   (median of whole: {medians:.2f})", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:])
