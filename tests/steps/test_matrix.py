"""Compression and distillation steps × architectures: in every cell the step's output loads, runs and has the right shape, or the step
refuses with a sentence. The outcome of every cell is pinned in matrix.csv.

The suite walks a few small networks; `python3 packaging/dev.py test -m slow tests/steps/test_matrix.py` walks all of them, and with
`--write-matrix` writes what it found into the file.
"""

import contextlib
import csv
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from greenbench.core.artifact import Architecture, DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import GreenBenchError
from greenbench.core.ports import PortKind
from greenbench.core.step import Inputs, Stored
from greenbench.ml import export
from greenbench.ml.answering import noise, session_of
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.compress.batch_norm import reestimate
from greenbench.ml.data.split import write_arrays
from greenbench.ml.models import architecture_for, build
from greenbench.ml.models.own import NETWORKS
from greenbench.ml.models.python_factory import python_architecture
from greenbench.steps import installed

MATRIX = Path(__file__).with_name("matrix.csv")
NARROW = Path(__file__).with_name("narrow_networks.py")
WORKS = "works"
CLASSES = tuple("0123456789")

# Parameters that keep a cell short; what a step does to a network does not depend on them. Untrained networks that learn from eight
# examples come apart at the rates that suit real data.
_CAREFUL = {"epochs": 1, "batch": 4, "learning_rate": 1e-5}
STEPS: dict[str, dict[str, object]] = {
    "prune.structured": {"multiple": 1},
    "factorize.low_rank": {},
    "prune.magnitude": {"sparsity": 0.5, "scope": "layer"},
    "prune.nm": {},
    "prune.lottery": {"rounds": 1, **_CAREFUL},
    "prune.reinitialise": {},
    "quantize.static": {"examples": 4},
    "quantize.openvino": {"examples": 4},
    "quantize.dynamic": {},
    "quantize.weights": {},
    "quantize.aware": _CAREFUL,
    "quantize.buckets": {},
    "cast.half": {},
    "share.kmeans": {"epochs": 0, "bits": 2, "conv_bits": 2},
    "share.hashed": {},
    "encode.deep": {},
    "distil.soft": _CAREFUL,
    "distil.features": _CAREFUL,
    "distil.quantised": _CAREFUL,
}
SMALL = (1, 16, 16)
SUITE = {"lenet5": SMALL, "resnet8": SMALL, "mlp": (16,), "text_average": (8,)}
OTHERS = {
    "lenet_300_100": SMALL,
    "text_conv": (8,),
    "cnn_small": (1, 32, 32),
    "mobilenet_small": SMALL,
    "mobilenet_v1_small": SMALL,
    "shufflenet_v1_small": (1, 32, 32),
    "shufflenet_v2_small": SMALL,
    "squeezenet_small": (1, 32, 32),
    "efficientnet_small": SMALL,
    "xception_small": (1, 32, 32),
    "torchvision/squeezenet1_1": (3, 32, 32),
    "torchvision/shufflenet_v2_x0_5": (3, 32, 32),
    "torchvision/mobilenet_v3_small": (3, 32, 32),
    "torchvision/mnasnet0_5": (3, 32, 32),
    "torchvision/mobilenet_v2": (3, 32, 32),
    "torchvision/resnet18": (3, 32, 32),
    "timm/vit_tiny_patch16_224": (3, 32, 32),
    "timm/convnext_atto": (3, 32, 32),
    "timm/efficientnet_lite0": (3, 32, 32),
    "torchvision/efficientnet_b0": (3, 32, 32),
    "torchvision/regnet_y_400mf": (3, 32, 32),
    "torchvision/googlenet": (3, 64, 64),
    "torchvision/inception_v3": (3, 80, 80),
    "narrow/alexnet": (3, 64, 64),
    "narrow/vgg": (3, 32, 32),
    "narrow/densenet": (3, 32, 32),
    "narrow/convnext": (3, 32, 32),
    "narrow/vit": (3, 32, 32),
    "narrow/swin": (3, 32, 32),
    "narrow/maxvit": (3, 32, 32),
    "narrow/timm_swin": (3, 32, 32),
    "narrow/timm_xception": (3, 64, 64),
}
# Untrained and with the batch norms they begin with, their answers grow from layer to layer until they are no numbers.
GROWING = ("torchvision/mnasnet0_5", "torchvision/inception_v3")
# "narrow": torchvision's and timm's own classes, narrow and shallow where the smallest they name takes minutes.
# Writing an ONNX graph takes seconds for a deep network and none for a shallow one.
WRITES_ONNX = ("quantize.static", "quantize.openvino", "quantize.dynamic", "quantize.weights", "quantize.aware")
SUITE_CELLS = [(network, step) for network in SUITE for step in STEPS if network == "mlp" or step not in WRITES_ONNX]
NETWORKS_WALKED = {**SUITE, **OTHERS}


class Context:
    """A step's surroundings."""

    node, seed, device, threads = "n", 0, "cpu", 1
    trusted: frozenset[str] = frozenset()

    def __init__(self, folder: Path, title: str) -> None:
        self.folder, self.title = folder, title

    def check(self) -> None: ...

    def progress(self, fraction: float, text: str = "") -> None: ...

    def metric(self, name: str, value: float, variant: str = "") -> None: ...

    def log(self, text: str, level: str = "info") -> None: ...


def source(name: str, folder: Path) -> Stored:
    """An untrained network."""
    shape = NETWORKS_WALKED[name]
    own = NETWORKS.get(name)
    spec = own.input.model_copy(update={"shape": shape}) if own and own.input.kind == "text" else InputSpec(shape=shape)
    torch.manual_seed(0)
    plan = Blueprint(_architecture(name, spec), spec, CLASSES)
    folder.mkdir()
    module = build(plan.architecture).eval()
    if name in GROWING:
        torch.manual_seed(1)
        reestimate(module, [torch.randn(8, *shape) for _ in range(4)])
    return Stored(save_module(module, folder, plan), folder, "m", "Net")


def _architecture(name: str, spec: InputSpec) -> Architecture:
    library, _, rest = name.rpartition("/")
    if library != "narrow":
        return architecture_for(name, spec, len(CLASSES))
    allowed = frozenset({hashlib.sha256(NARROW.read_bytes()).hexdigest()})
    return python_architecture(f"{NARROW}:{rest}", {}, allowed)


@contextlib.contextmanager
def written_once() -> Iterator[None]:
    """A network that several steps write as ONNX is written once: the exporter takes most of their time, and always writes the same."""
    write, written = export._export, {}

    def again(network, folder: Path, context) -> Path:
        stored = network.stored
        key = stored.folder, stored.model.files.get("weights")
        if not stored.model.files:  # a module that is in no file
            return write(network, folder, context)
        if key not in written:
            try:
                written[key] = write(network, folder, context).read_bytes()
            except GreenBenchError as error:
                written[key] = error
        if isinstance(written[key], GreenBenchError):
            raise written[key]
        (folder / export.FILE).write_bytes(written[key])
        return folder / export.FILE

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "_export", again)
        yield


def examples(model: Stored, folder: Path) -> Stored:
    """A few random examples with labels, as the network takes them."""
    counts = {"train": 8, "validation": 4, "calibration": 4, "test": 4}
    drawn = {name: noise(model.model.input, count, seed).arrays()[0] for seed, (name, count) in enumerate(counts.items())}
    folder.mkdir()
    artifact = DatasetArtifact(
        kind="arrays",
        name="Drawn",
        files=write_arrays(folder, {name: (x, np.arange(len(x)) % len(CLASSES)) for name, x in drawn.items()}),
        input=model.model.input,
        classes=CLASSES,
        splits={name: SplitInfo(examples=count, digest=name) for name, count in counts.items()},
    )
    return Stored(artifact, folder, "d", "Drawn")


def outcome(key: str, model: Stored, data: Stored, folder: Path) -> str:
    """ "works", or the sentence with which the step refuses. Anything else that is raised is a bug, and is passed on."""
    spec = installed()[key]
    given = {PortKind.MODEL: (model,), PortKind.DATASET: (data,)}  # a student has a network like itself as its teacher
    inputs = Inputs({port.name: given[port.kind] for port in spec.inputs if not port.optional})
    folder.mkdir()
    try:
        made = spec.load()(inputs, spec.params.checked(STEPS[key], spec.title), Context(folder, spec.title)).outputs["model"]
    except GreenBenchError as error:
        return error.message
    x = noise(model.model.input, 2, 5).arrays()[0]
    answers = session_of(Stored(made, folder, "n", spec.title), batch=2).answers(x, 2)
    assert answers.shape == (2, len(CLASSES)), f"{key} gives outputs of shape {answers.shape}"
    assert np.isfinite(answers).all(), f"{key} gives outputs that are not numbers"
    return WORKS


def pinned() -> dict[tuple[str, str], str]:
    with MATRIX.open(newline="", encoding="utf-8") as file:
        return {(row["network"], row["step"]): row["outcome"] for row in csv.DictReader(file)}


def write(found: dict[tuple[str, str], str]) -> None:
    """Adds what was found to the file, in the order of the lists above."""
    rows = (pinned() if MATRIX.exists() else {}) | found
    with MATRIX.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("network", "step", "outcome"))
        lines.writerows((network, step, rows[network, step]) for network in NETWORKS_WALKED for step in STEPS if (network, step) in rows)


@pytest.fixture(scope="module", autouse=True)
def _written_once() -> Iterator[None]:
    with written_once():
        yield


@pytest.fixture(scope="module")
def arrived(tmp_path_factory):
    """`arrived(network)`: the network and its examples, made once."""
    made: dict[str, tuple[Stored, Stored]] = {}

    def give(name: str) -> tuple[Stored, Stored]:
        if name not in made:
            folder = tmp_path_factory.mktemp("net")
            model = source(name, folder / "model")
            made[name] = model, examples(model, folder / "data")
        return made[name]

    return give


@pytest.mark.parametrize(("network", "step"), SUITE_CELLS)
def test_a_cell_is_as_pinned(network, step, arrived, tmp_path) -> None:
    found = outcome(step, *arrived(network), tmp_path / "out")
    assert found == pinned().get((network, step), found)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS_WALKED)
def test_every_step_works_on_a_network_or_refuses_it_with_a_sentence(network, arrived, tmp_path, request) -> None:
    found = {}
    for step in STEPS:
        found[network, step] = outcome(step, *arrived(network), tmp_path / step)
        shutil.rmtree(tmp_path / step)
        if request.config.getoption("--write-matrix"):
            write(found)
    assert found == found | {cell: text for cell, text in pinned().items() if cell in found}


def test_every_cell_is_pinned_and_every_refusal_is_a_sentence() -> None:
    cells = pinned()
    assert set(cells) == {(network, step) for network in NETWORKS_WALKED for step in STEPS}
    refusals = {text for text in cells.values() if text != WORKS}
    assert all(text.endswith((".", "?")) and "Error" not in text and "Traceback" not in text for text in refusals)
