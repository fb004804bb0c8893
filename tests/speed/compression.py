"""Our compression beside the libraries called directly: same data, same model, same seed, in one go.

    python tests/speed/compression.py [ROUNDS]

A ResNet-20 is trained on the built-in digits once. Then each technique is done by us and by its peer, in turn, ROUNDS times:
- channels: `structured.prune` and torch-pruning's BasePruner;
- int8: our static quantisation and onnxruntime's `quantize_static`;
- weights: our masks and `torch.nn.utils.prune.global_unstructured`;
- distillation: some epochs of `fit` on soft targets and a bare loop.
Columns: bytes of the result as an ONNX file (of the magnitude masks: non-zero weights), test accuracy, median latency in ONNX Runtime at
batch 1 with one thread, processor seconds of the technique itself (the least of the rounds, so that other work on the machine does not
count). Aim: never worse in size or accuracy, at most 1.05 times the seconds.
"""

import copy
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch_pruning as tp
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune as torch_prune

from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.compress import magnitude, static_int8, structured
from greenbench.ml.compress.batch_norm import reestimate
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.export import to_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Guidance, Settings, fit
from greenbench.steps import installed

SIZE, WIDTH, RATIO, SPARSITY, TEMPERATURE, ALPHA = 16, 16, 0.25, 0.6, 4.0, 0.7
DISTILLED_EPOCHS = 3
LATENCY_CALLS = 300
WEIGHTS = (nn.Conv2d, nn.Linear)


class Context:
    """The world of a step, with nobody watching."""

    seed, device, threads, node, title = 0, "cpu", 1, "n", "Compared"
    trusted: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None: ...
    def progress(self, fraction: float, text: str = "") -> None: ...
    def metric(self, name: str, value: float, variant: str = "") -> None: ...
    def log(self, text: str, level: str = "info") -> None: ...


class Bench:
    """The data, the trained network, and what judges a result."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        spec = installed()["data.digits"]
        context = Context(self.folder("digits"))
        made = spec.load()({}, spec.params(size=SIZE), context).outputs["data"]
        self.data = Stored(made, context.folder, "d", "Digits")
        self.dataset: Dataset = open_dataset(self.data)
        self.plan = Blueprint(architecture_for("resnet20", made.input, 10, WIDTH), made.input, made.classes)
        torch.manual_seed(0)
        self.network = build(self.plan.architecture)
        fit(self.network, self.dataset, Settings(epochs=6, learning_rate=0.1), Context(scratch))
        self.example = torch.zeros(2, *made.input.shape)

    def folder(self, name: str) -> Path:
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.scratch))
        return path

    def fresh(self) -> nn.Module:
        return copy.deepcopy(self.network).eval()

    def stored(self, module: nn.Module) -> Stored:
        folder = self.folder("model")
        return Stored(save_module(module, folder, self.plan, trained=True), folder, "m", "Model")

    def onnx(self, module: nn.Module) -> Path:
        return to_onnx(self.stored(module), self.folder("onnx"))

    def judge(self, path: Path) -> tuple[float, float]:
        """Test accuracy and the median latency of one answer, in seconds."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        x, y = self.dataset.split("test").arrays()
        right = np.mean(session.run(None, {name: x})[0].argmax(1) == y)
        times = []
        for index in range(LATENCY_CALLS):
            begin = time.perf_counter()
            session.run(None, {name: x[index % len(x)][None]})
            times.append(time.perf_counter() - begin)
        return float(right), statistics.median(times)


class Batches(CalibrationDataReader):
    """Calibration batches as onnxruntime asks for them."""

    def __init__(self, batches: list[np.ndarray], name: str) -> None:
        self.waiting = iter([{name: batch} for batch in batches])

    def get_next(self):
        return next(self.waiting, None)


Done = tuple[float, object]
"""Processor seconds, and what came out."""


def timed(work: Callable[[], object]) -> Done:
    begin = time.process_time()
    made = work()
    return time.process_time() - begin, made


def channels(bench: Bench) -> tuple[Done, Done]:
    ours, theirs = bench.fresh(), bench.fresh()

    def direct() -> nn.Module:
        importance = tp.importance.GroupMagnitudeImportance(p=2, target_types=list(WEIGHTS))
        fresh = {"in_channel_groups": {}, "out_channel_groups": {}, "num_heads": {}, "channel_groups": {}}
        ignored = [theirs.classifier]
        tp.BasePruner(theirs, (bench.example,), importance, pruning_ratio=RATIO, ignored_layers=ignored, round_to=4, **fresh).step()
        return theirs

    settings = structured.StructuredSettings(RATIO, multiple=4)
    mine = timed(lambda: structured.prune(ours, bench.example, settings).module)
    return mine, timed(direct)


def int8(bench: Bench) -> tuple[Done, Done]:
    source, target = bench.onnx(bench.fresh()), bench.folder("int8")
    split = bench.dataset.split("calibration")
    batches = [split.take(np.arange(start, start + 16)) for start in range(0, len(split) - 15, 16)]

    def own() -> Path:
        static_int8.quantize(source, target / "ours.onnx", batches, static_int8.Int8Settings())
        return target / "ours.onnx"

    def direct() -> Path:
        quant_pre_process(str(source), str(target / "prepared.onnx"))
        quantize_static(
            str(target / "prepared.onnx"),
            str(target / "theirs.onnx"),
            Batches(batches, "input"),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=static_int8.reduced_range("auto"),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return target / "theirs.onnx"

    return timed(own), timed(direct)


def weights(bench: Bench) -> tuple[Done, Done]:
    ours, theirs = bench.fresh(), bench.fresh()

    def own() -> nn.Module:
        magnitude.prune(ours, magnitude.MagnitudeSettings(SPARSITY))
        return ours

    def direct() -> nn.Module:
        layers = [(layer, "weight") for layer in theirs.modules() if isinstance(layer, WEIGHTS)]
        torch_prune.global_unstructured(layers, torch_prune.L1Unstructured, amount=SPARSITY)
        for layer, name in layers:
            torch_prune.remove(layer, name)
        return theirs

    return timed(own), timed(direct)


def distillation(bench: Bench) -> tuple[Done, Done]:
    torch.manual_seed(1)
    ours = build(bench.plan.architecture)
    theirs, teacher = copy.deepcopy(ours), bench.stored(bench.network)
    settings = Settings(epochs=DISTILLED_EPOCHS, learning_rate=0.05, schedule="constant", warm_up=0.0)
    context = Context(bench.folder("distilled"))

    def own() -> nn.Module:
        asked = Teacher(teacher, bench.data, bench.stored(ours), context)
        fit(ours, bench.dataset, settings, context, Guidance(loss=SoftTargets(asked, SoftSettings(TEMPERATURE, ALPHA))))
        return ours

    return timed(own), timed(lambda: bare_distillation(bench, theirs, settings))


def bare_distillation(bench: Bench, student: nn.Module, settings: Settings) -> nn.Module:
    """What a script would write: the same order of examples, the same optimiser, one validation after each epoch."""
    x, y = (torch.from_numpy(np.array(part)) for part in bench.dataset.split("train").arrays())
    judged_x, _ = bench.dataset.split("validation").arrays()
    with torch.no_grad():
        soft = bench.fresh()(x)
    groups = [
        {"params": [p for p in student.parameters() if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in student.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=True)
    for epoch in range(settings.epochs):
        student.train()
        order = torch.from_numpy(np.random.default_rng((0, epoch)).permutation(len(x)))
        for chosen in order.split(settings.batch):
            optimizer.zero_grad()
            logits = student(x[chosen])
            targets = functional.log_softmax(soft[chosen] / TEMPERATURE, 1)
            divergence = functional.kl_div(functional.log_softmax(logits / TEMPERATURE, 1), targets, reduction="batchmean", log_target=True)
            loss = ALPHA * TEMPERATURE**2 * divergence + (1 - ALPHA) * functional.cross_entropy(logits, y[chosen])
            loss.backward()
            optimizer.step()
        student.eval()
        with torch.no_grad():
            student(torch.from_numpy(np.array(judged_x)))
    return student


TECHNIQUES = {"channels": channels, "int8": int8, "weights": weights, "distillation": distillation}


def line(bench: Bench, title: str, side: str, seconds: float, made: object) -> str:
    if title in ("channels", "weights"):  # else both sides would answer like chance
        reestimate(made, [torch.from_numpy(bench.dataset.split("train").arrays()[0][:1024])])
    path = made if isinstance(made, Path) else bench.onnx(made)
    accuracy, latency = bench.judge(path)
    size = path.stat().st_size
    if title == "weights":
        size = sum(int(torch.count_nonzero(layer.weight)) for layer in made.modules() if isinstance(layer, WEIGHTS))
    return f"{title:13} {side:8} {size:10,} {100 * accuracy:9.2f} {latency * 1e3:11.3f} {seconds:10.3f}"


def main(rounds: int) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"ResNet-20 on digits, {SIZE}×{SIZE}; least of {rounds} rounds; one thread")
    print(f"{'technique':13} {'by':8} {'bytes':>10} {'right, %':>9} {'latency, ms':>11} {'cpu, s':>10} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        for title, technique in TECHNIQUES.items():
            runs = [technique(bench) for _ in range(rounds)]
            mine, theirs = (min(run[side][0] for run in runs) for side in (0, 1))
            print(line(bench, title, "ours", mine, runs[-1][0][1]) + f" {mine / theirs:7.3f}", flush=True)
            print(line(bench, title, "directly", theirs, runs[-1][1][1]), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
