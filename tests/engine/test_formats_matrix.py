"""Formats × runtimes × precisions on a small network: each cell answers like the network it was made from, or is refused with its
pinned sentence. What runs is the bench child's own code, in this process."""

import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from greenbench.core.artifact import Architecture, Footprint, InputSpec, ModelArtifact
from greenbench.core.runtimes import RUNTIMES, unavailable
from greenbench.core.step import Inputs, Stored
from greenbench.engine.bench.child import Bench
from greenbench.engine.bench.conversion import for_runtime
from greenbench.engine.bench.examples import ExampleFiles
from greenbench.engine.bench.obstacles import model_obstacle, obstacles
from greenbench.engine.bench.variant import described
from greenbench.engine.cache import Cache
from greenbench.steps import installed

torch = pytest.importorskip("torch")

SOURCES = ("zoo", "state dict", "pt2", "TorchScript", "ONNX", "factory")
CLASSES = tuple("0123456789")
SPEC = InputSpec(shape=(1, 16, 16))  # pixels as fractions of 255, neither shifted nor scaled
BATCH = 4

# The cells that cannot be: what a user reads, after the model's name.
NO_ONNX = {
    "eager": "is an ONNX graph, which PyTorch eager cannot run.",
    "compiled": "is an ONNX graph, which torch.compile cannot run.",
}
NO_SCRIPT = "is a TorchScript file, which torch.compile cannot run."
NO_BF16 = {
    "onnxruntime": "is bf16, which ONNX Runtime cannot execute.",
    "openvino": "is bf16, which OpenVINO cannot execute.",
}
NO_TENSORRT = ("TensorRT is not installed.", "TensorRT runs on an NVIDIA GPU, not on the processor.")


class Context:
    """A step's and a benchmark's surroundings."""

    node, title, seed, device, threads = "n", "Net", 0, "cpu", 1

    def __init__(self, folder: Path, trusted: frozenset[str] = frozenset()) -> None:
        self.folder, self.trusted = folder, trusted
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world = SimpleNamespace(cache=Cache(folder / "cache"))
        self.plan = SimpleNamespace(node=lambda id: SimpleNamespace(digest=f"digest-of-{id}"))

    def check(self) -> None: ...

    def progress(self, fraction: float, text: str = "") -> None: ...

    def metric(self, name: str, value: float, variant: str = "") -> None: ...

    def log(self, text: str, level: str = "info") -> None: ...


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data folder of its own, so that nothing compiled earlier is found."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GREENBENCH_HOME", str(folder))
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(folder / "compiled"))
        yield folder


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Stored:
    from greenbench.ml.data.arrays import digits
    from greenbench.ml.data.cuts import Cut

    folder = tmp_path_factory.mktemp("digits")
    return Stored(digits(folder, 16, Cut()), folder, "data", "Digits")


@pytest.fixture(scope="module")
def network():
    """LeNet-5 with clear-cut answers: the last layer is scaled, so that a wrong graph cannot hide in rounding."""
    from greenbench.ml.models import architecture_for, build

    torch.manual_seed(3)
    made = build(architecture_for("lenet5", SPEC, 10)).eval()
    with torch.no_grad():
        made[-1].weight.mul_(10)
    return made


@pytest.fixture(scope="module")
def models(tmp_path_factory, network, data, home):
    """`models(source, precision)`: the network as it comes from there, each made once."""

    def described(format: str, name: str, folder: Path) -> Stored:
        size = (folder / name).stat().st_size
        weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=size)
        artifact = ModelArtifact(format=format, files={"weights": name}, input=SPEC, classes=CLASSES, footprint=weights)
        return Stored(artifact, folder, source_id(folder), "Net")

    def source_id(folder: Path) -> str:
        return folder.name

    def saved(architecture: Architecture, module, folder: Path) -> Stored:
        from greenbench.ml.artifacts import Blueprint, save_module

        return Stored(save_module(module, folder, Blueprint(architecture, SPEC, CLASSES)), folder, source_id(folder), "Net")

    def fp32(source: str, folder: Path) -> Stored:
        from greenbench.ml.models import architecture_for, build

        architecture = architecture_for("lenet5", SPEC, 10)
        x = torch.zeros(2, *SPEC.shape)
        if source == "zoo":
            return saved(architecture, network, folder)
        if source == "state dict":
            torch.save(network.state_dict(), folder / "weights.pt")
            again = build(architecture).eval()
            again.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
            return saved(architecture, again, folder)
        if source == "pt2":
            program = torch.export.export(network, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},))
            torch.export.save(program, folder / "net.pt2")
            return described("exported", "net.pt2", folder)
        if source == "TorchScript":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.jit.trace(network, x).save(str(folder / "net.pt"))
            return described("torchscript", "net.pt", folder)
        if source == "ONNX":
            from greenbench.ml.export import export_module

            export_module(network, SPEC, folder, "Net")
            return described("onnx", "model.onnx", folder)
        return from_factory(folder)

    def from_factory(folder: Path) -> Stored:
        """Through the step: a file of Python that makes the same network."""
        spec = installed()["model.python"]
        torch.save(network.state_dict(), folder / "weights.pt")
        code = folder / "net.py"
        code.write_text(
            "from greenbench.core.artifact import InputSpec\n"
            "from greenbench.ml.models import architecture_for, build\n"
            "def make():\n"
            "    return build(architecture_for('lenet5', InputSpec(shape=(1, 16, 16)), 10))\n"
        )
        values = {"factory": f"{code}:make", "weights_file": str(folder / "weights.pt"), "input": "1x16x16", "normalise": "none"}
        params = spec.params.checked(values, "Net")
        trusted = frozenset(request.sha256 for request in spec.trust(params))
        outcome = spec.load()(Inputs({}), params, Context(folder / "made", trusted))
        return Stored(outcome.outputs["model"], folder / "made", source_id(folder), "Net")

    def half(source: str, precision: str, folder: Path) -> Stored:
        spec = installed()["cast.half"]
        inputs = Inputs({"model": (make(source, "fp32"),), "data": (data,)})
        outcome = spec.load()(inputs, spec.params.checked({"precision": precision}, "Half"), Context(folder))
        return Stored(outcome.outputs["model"], folder, source_id(folder), "Net")

    def int8(source: str, folder: Path) -> Stored:
        spec = installed()["quantize.static"]
        context = Context(folder)
        inputs = Inputs({"model": (make(source, "fp32"),), "data": (data,)})
        outcome = spec.load()(inputs, spec.params.checked({"examples": 32}, "Int8"), context)
        return Stored(outcome.outputs["model"], folder, source_id(folder), "Net")

    @cache
    def make(source: str, precision: str) -> Stored:
        folder = tmp_path_factory.mktemp(f"{source.replace(' ', '-')}-{precision}")
        if precision in ("fp16", "bf16"):
            return half(source, precision, folder)
        return fp32(source, folder) if precision == "fp32" else int8(source, folder)

    return make


def refused(source: str, runtime: str, precision: str) -> tuple[str, ...]:
    """The pinned sentences of a cell that cannot be; empty for one that must work."""
    if runtime == "tensorrt" and unavailable("tensorrt", "cpu"):
        return NO_TENSORRT
    if source == "ONNX" or precision == "int8":
        return (NO_ONNX[runtime],) if runtime in NO_ONNX else ()
    return (NO_SCRIPT,) if (source, runtime) == ("TorchScript", "compiled") else ()


def why_not(runtime: str) -> str:
    """Why a cell that should work cannot be tried on this machine."""
    missing = unavailable(runtime, "cpu")
    return missing[0] if missing and runtime != "tensorrt" else ""


@pytest.fixture(scope="module")
def expected(network, data, models):
    from greenbench.ml.data import open_dataset

    x, y = open_dataset(data, models("zoo", "fp32")).split("test").arrays()
    with torch.no_grad():
        return x, y, network(torch.from_numpy(x)).numpy()


def params(runtime: str, batch: int = BATCH):
    return installed()["benchmark"].params.checked({"runtime": runtime, "batch": batch}, "Benchmark")


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("source", SOURCES)
def test_each_cell_answers_like_the_network_or_is_refused(source, runtime, precision, models, data, expected, tmp_path) -> None:
    settings = params(runtime)
    stored = models(source, precision)
    sentences = refused(source, runtime, precision)
    if sentences:
        found = [sentence for sentence, _ in obstacles(settings, "cpu")]
        about_it = model_obstacle(settings, stored.model)
        assert set(sentences) & {*found, *([about_it[0]] if about_it else [])}
        return
    if why_not(runtime):
        pytest.skip(why_not(runtime))
    assert obstacles(settings, "cpu") == []
    assert model_obstacle(settings, stored.model) is None

    loaded, converted = for_runtime(stored, runtime, Context(tmp_path))
    assert bool(converted) == (stored.model.format not in RUNTIMES[runtime].loads)
    examples = ExampleFiles(data, tmp_path, BATCH).for_model(stored)
    bench = Bench(lambda reply: None)
    answer = bench.do_load(described(loaded, "Net"), runtime, 1, "cpu", BATCH, str(examples.inputs), True, [])
    execution = answer["execution"]
    assert execution["runtime"] == runtime
    assert execution["precision"] == precision
    assert execution["by_precision"][precision] == 4  # two convolutions, two matrix products
    assert execution["fallbacks"] in (0, None)

    x, y, logits = expected
    found = bench._session.answers(x, BATCH)
    if precision == "fp32":
        np.testing.assert_allclose(found, logits, rtol=1e-3, atol=1e-3 * np.abs(logits).max())
        scores = bench.do_accuracy(described(data), described(stored))["scores"]
        assert np.mean(scores) == pytest.approx(np.mean(logits.argmax(1) == y), abs=2 / len(y))
    else:
        # Eight bits of activation and seven or eight of weight: an error of a few per cent of the spread of the answers.
        assert np.sqrt(np.mean((found - logits) ** 2)) < 0.1 * np.std(logits)


# What computes half precision on a processor; the others store it and compute in fp32, and say so.
COMPUTES = {"eager": ("fp16", "bf16"), "compiled": ("fp16", "bf16"), "onnxruntime": (), "openvino": ()}
WORST = {"fp16": 1e-2, "bf16": 5e-2}  # of the largest output, over four layers with 11 and 8 significant bits


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_half_precision_runs_as_what_it_says_or_is_refused(runtime, precision, models, data, expected, tmp_path) -> None:
    settings, stored = params(runtime), models("zoo", precision)
    if precision == "bf16" and runtime in NO_BF16:
        assert model_obstacle(settings, stored.model)[0] == NO_BF16[runtime]
        return
    if runtime == "tensorrt" or why_not(runtime):
        pytest.skip(why_not(runtime) or "TensorRT runs on an NVIDIA GPU")
    assert model_obstacle(settings, stored.model) is None
    assert stored.model.footprint.size_bytes < 0.55 * models("zoo", "fp32").model.footprint.size_bytes

    loaded, _ = for_runtime(stored, runtime, Context(tmp_path))
    bench = Bench(lambda reply: None)
    examples = ExampleFiles(data, tmp_path, BATCH).for_model(stored)
    answer = bench.do_load(described(loaded, "Net"), runtime, 1, "cpu", BATCH, str(examples.inputs), True, [])
    ran = precision if precision in COMPUTES[runtime] else "fp32"
    assert answer["execution"]["precision"] == ran
    assert answer["execution"]["by_precision"][ran] == 4
    told = "The file holds half precision, but everything runs in fp32 here."
    assert (told in bench._session.notes) == (ran == "fp32")
    x, _, logits = expected
    found = bench._session.answers(x, BATCH)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, logits, rtol=0, atol=WORST[precision] * np.abs(logits).max())


def test_a_fixed_batch_is_refused_at_another() -> None:
    weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=1)
    model = ModelArtifact(format="onnx", files={}, input=SPEC, classes=CLASSES, footprint=weights, batch=1)
    assert model_obstacle(params("onnxruntime", 1), model) is None
    sentence, remedy = model_obstacle(params("onnxruntime", 16), model)
    assert sentence == "takes 1 example in a call, not 16."
    assert remedy.startswith("Set the batch size to 1")
