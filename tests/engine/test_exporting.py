"""An export is proved: a fresh process answers the test examples with nothing but the files; one that cannot leaves none behind."""

import hashlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.errors import GreenBenchError, ModelError, ProofError, TrustError, WorkerError
from greenbench.core.jobs import Export, StoredRef
from greenbench.core.shipping import SHIPPING, export_refusal
from greenbench.core.step import Stored
from greenbench.engine import exporting
from greenbench.engine.exporting import export
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.compress.static_int8 import Int8Settings, quantize
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.shipping import format_of, proving
from greenbench.ml.shipping.loading import load_network, load_session
from greenbench.report.proof import proof_sentences

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")  # PyTorch advises against TorchScript; files of it are about


class Context:
    """A job's context, which notes what it is told."""

    node, title, seed, device, threads, trusted = "", "", 0, "cpu", 1, frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        folder.mkdir()

    def check(self) -> None: ...

    def metric(self, name: str, value: float, variant: str = "") -> None: ...

    def log(self, text: str, level: str = "info") -> None: ...

    def progress(self, fraction: float, text: str = "") -> None:
        self.said.append(text)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return Stored(digits(folder, 8, Cut()), folder, "d1", "Digits")


@pytest.fixture(scope="module")
def network(tmp_path_factory, data):
    """A small network that answers better than chance: its last layer is fitted in closed form, by least squares."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("net")
    spec = data.dataset.input
    plan = Blueprint(architecture_for("resnet8", spec, 10, 8), spec, data.dataset.classes, trained=True)
    module = build(plan.architecture).eval()
    x, y = open_dataset(data).split("train").arrays()
    kept = []
    module.classifier.register_forward_pre_hook(lambda layer, inputs: kept.append(inputs[0]))
    with torch.no_grad():
        module(torch.from_numpy(x))
        features = torch.cat([kept[0], torch.ones(len(x), 1)], dim=1)
        solved = torch.linalg.lstsq(features, torch.nn.functional.one_hot(torch.from_numpy(y), 10).float()).solution
        module.classifier.weight.copy_(solved[:-1].T)
        module.classifier.bias.copy_(solved[-1])
        module.classifier._forward_pre_hooks.clear()
    return Stored(save_module(module, folder, plan, step="Small net"), folder, "m1", "Small net")


@pytest.fixture(scope="module")
def models(tmp_path_factory, network, data):
    """The network in every format that a model between steps may have."""
    made = {"torch": network}
    graph = tmp_path_factory.mktemp("onnx")
    made["onnx"] = Stored(export_onnx(network, graph), graph, "m2", "Graph")
    target = tmp_path_factory.mktemp("int8") / "model.int8.onnx"
    x, _ = open_dataset(data, network).split("calibration").arrays()
    quantize(made["onnx"].file("weights"), target, [x[:16], x[16:32]], Int8Settings())
    changes = {"files": {"weights": target.name}, "precision": "int8", "footprint": onnx_footprint(target)}
    made["int8"] = Stored(made["onnx"].model.model_copy(update=changes), target.parent, "m3", "Int8")
    module = load_module(network)
    example = torch.zeros(2, *network.model.input.shape)
    exported, script = tmp_path_factory.mktemp("pt2"), tmp_path_factory.mktemp("ts")
    torch.export.save(torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},)), exported / "model.pt2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch advises against TorchScript; files of it are still about
        torch.jit.save(torch.jit.trace(module, example), script / "model.pt")
    for kind, folder, name in (("exported", exported, "model.pt2"), ("torchscript", script, "model.pt")):
        artifact = network.model.model_copy(update={"format": kind, "files": {"weights": name}, "architecture": None})
        made[kind] = Stored(artifact, folder, "m4", kind.capitalize())
    import openvino

    folder = tmp_path_factory.mktemp("ir")
    openvino.save_model(openvino.convert_model(made["onnx"].file("weights")), folder / "model.xml", compress_to_fp16=False)
    changes = {"format": "openvino", "files": {"weights": "model.xml", "bin": "model.bin"}, "architecture": None}
    made["openvino"] = Stored(network.model.model_copy(update=changes), folder, "m5", "Intermediate")
    return made


def ref(stored):
    return StoredRef(artifact=stored.artifact, folder=str(stored.folder), node=stored.node, title=stored.title)


def request(stored, format, folder, data=None, **more):
    return Export(model=ref(stored), data=ref(data) if data else None, format=format, folder=str(folder), name="net", **more)


@pytest.fixture
def at_once(monkeypatch, tmp_path):
    """The proof's answers from this process: what a fresh one adds is tested where it is the point, and takes seconds."""
    monkeypatch.setattr(exporting, "run_job", lambda asked, threads: proving.prove(asked, Context(Path(asked.outputs).parent / "proof")))


KINDS = ("torch", "onnx", "int8", "exported", "torchscript", "openvino")
PAIRS = [(kind, format) for format, spec in SHIPPING.items() for kind in KINDS if ("onnx" if kind == "int8" else kind) in spec.takes]


@pytest.mark.parametrize(("kind", "format"), PAIRS)
def test_each_format_answers_like_the_model_it_was_made_from(kind, format, models, data, tmp_path, at_once):
    done = export(request(models[kind], format, tmp_path / "out", data), Context(tmp_path / "scratch"))
    proof = done.proof
    assert proof.examples == data.dataset.splits["test"].examples
    assert not proof.random
    assert proof.largest_relative <= proof.tolerance
    assert proof.metric == "accuracy"
    assert proof.before > 0.5
    assert proof.agreement >= (0.95 if kind == "int8" else 0.999)
    assert abs(proof.after - proof.before) <= (0.02 if kind == "int8" else 0.001)
    assert "in a fresh process, against" in proof.process
    names = {file.name for file in done.files}
    assert f"net{SHIPPING[format].suffix}" in names
    assert {path.name for path in (tmp_path / "out").iterdir()} == names | {"net.md"}
    assert all(sentence in (tmp_path / "out" / "net.md").read_text() for sentence in proof_sentences(proof))
    assert (proof.typical_allowed, proof.agreement_required) == ((0.25, 0.95) if proof.tolerance == 0.3 else (None, None))


def test_the_lines_in_each_card_load_the_file(models, tmp_path, at_once):
    programs = []
    for format in SHIPPING:
        asked = request(models["onnx" if format == "packed" else "torch"], format, tmp_path / "out").model_copy(update={"name": format})
        export(asked, Context(tmp_path / f"scratch-{format}"))
        programs.append((tmp_path / "out" / f"{format}.md").read_text().split("```python\n")[1].split("```")[0])
    run = "import warnings\nwarnings.simplefilter('ignore')\n" + "\n".join(f"{code}\nprint(tuple(outputs.shape))" for code in programs)
    done = subprocess.run([sys.executable, "-c", run], cwd=tmp_path / "out", capture_output=True, text=True)
    assert done.stdout.split("\n")[:-1] == ["(1, 10)"] * len(SHIPPING), done.stderr


def published(name, folder, classes=10):
    """A network of a library, with small random weights."""
    torch.manual_seed(5)
    spec = InputSpec(shape=(3, 64, 64))
    plan = Blueprint(architecture_for(name, spec, classes), spec, tuple(str(each) for each in range(classes)))
    folder.mkdir()
    return Stored(save_module(build(plan.architecture), folder, plan), folder, "m", "Published")


@pytest.mark.parametrize("name", ["torchvision/squeezenet1_1", "timm/test_vit", "timm/test_resnet"])
def test_a_librarys_network_loads_without_us(name, tmp_path, at_once):
    stored = published(name, tmp_path / "made")
    export(request(stored, "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))
    code = (tmp_path / "out" / "net.md").read_text().split("```python\n")[1].split("```")[0]
    assert "greenbench" not in code
    run = f"import sys\nsys.modules['greenbench'] = None\n{code}\nnumpy.save('answers.npy', outputs.numpy())"
    done = subprocess.run([sys.executable, "-c", run], cwd=tmp_path / "out", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = load_module(stored)(torch.zeros(1, 3, 64, 64)).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "out" / "answers.npy"), expected, rtol=1e-4, atol=1e-5)


def test_a_librarys_network_with_resized_layers_is_loaded_by_us(tmp_path, at_once):
    stored = published("torchvision/squeezenet1_1", tmp_path / "made")
    module = load_module(stored)
    convolution = torch.nn.Conv2d(512, 7, 1)
    module.classifier[1] = convolution
    (tmp_path / "thin").mkdir()
    thin = Stored(save_module(module, tmp_path / "thin", stored), tmp_path / "thin", "m", "Thin")
    export(request(thin, "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))
    assert "from greenbench.ml.shipping.loading import load_network" in (tmp_path / "out" / "net.md").read_text()


@pytest.mark.parametrize("format", ["onnx", "safetensors"])
def test_the_proof_comes_from_another_process(format, models, data, tmp_path, monkeypatch):
    monkeypatch.setattr(proving, "answers", lambda *_: pytest.fail("the answers were given by this process"))
    done = export(request(models["torch"], format, tmp_path / "out", data), Context(tmp_path / "scratch"))
    assert done.proof.examples == data.dataset.splits["test"].examples
    assert done.proof.after == pytest.approx(done.proof.before, abs=0.001)


def damage(path: Path) -> None:
    """Other weights of the same size: the last bytes of the numbers."""
    raw = bytearray(path.read_bytes())
    raw[-4000:-2000] = os.urandom(2000)
    path.write_bytes(raw)


@pytest.mark.parametrize(("format", "file"), [("safetensors", "net.safetensors"), ("openvino", "net.bin"), ("packed", "net.gbpack")])
def test_a_file_that_was_changed_on_the_way_fails_its_proof_and_leaves_nothing(format, file, models, data, tmp_path, monkeypatch, at_once):
    written = exporting.write_description

    def spoil(model, folder, name):
        damage(folder / file)
        return written(model, folder, name)

    monkeypatch.setattr(exporting, "write_description", spoil)
    with pytest.raises(ProofError, match=r"does not answer like the model|cannot be used"):
        export(request(models["torch"], format, tmp_path / "out", data), Context(tmp_path / "scratch"))
    assert not (tmp_path / "out").exists()


def test_a_process_that_dies_on_the_file_is_a_failed_proof(models, tmp_path, monkeypatch):
    def die(*_, **__):
        raise WorkerError("The process that was to do this was killed (SIGSEGV).", "Try again.")

    monkeypatch.setattr(exporting, "run_job", die)
    with pytest.raises(ProofError, match=r"could not be used: The process .* was killed"):
        export(request(models["torch"], "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_a_sentence(models, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write_description", full)
    with pytest.raises(ModelError, match=r"The export cannot be written: no space left on device\. Make room"):
        export(request(models["torch"], "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))


def test_a_graph_with_other_weights_fails_by_how_much_it_is_off(models, data, tmp_path, monkeypatch, at_once):
    import onnx
    from onnx import numpy_helper

    written = exporting.write_description

    def spoil(model, folder, name):
        graph = onnx.load(folder / "net.onnx")
        bias = next(each for each in graph.graph.initializer if each.name == "classifier.bias")
        bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.25), bias.name))
        onnx.save(graph, folder / "net.onnx")
        return written(model, folder, name)

    monkeypatch.setattr(exporting, "write_description", spoil)
    with pytest.raises(ProofError, match=r"outputs differ by up to 0\.25, .* of the largest output; 0\.001 is allowed"):
        export(request(models["torch"], "onnx", tmp_path / "out", data), Context(tmp_path / "scratch"))
    assert not (tmp_path / "out").exists()


def test_a_failed_proof_leaves_the_files_of_an_earlier_export(models, tmp_path, monkeypatch, at_once):
    folder = tmp_path / "out"
    export(request(models["torch"], "safetensors", folder), Context(tmp_path / "first"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ModelError, match=r"net\.safetensors exists already"):
        export(request(models["torch"], "safetensors", folder), Context(tmp_path / "second"))
    monkeypatch.setattr(exporting, "write_description", lambda model, made_in, name: damage(made_in / "net.safetensors"))
    with pytest.raises(ProofError):
        export(request(models["torch"], "safetensors", folder, overwrite=True), Context(tmp_path / "third"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("kind", "format", "what", "able"),
    [
        ("onnx", "safetensors", "an ONNX graph, which cannot be written as safetensors", "ONNX, OpenVINO IR or Packed"),
        ("onnx", "pt2", "an ONNX graph, which cannot be written as torch.export", "ONNX, OpenVINO IR or Packed"),
        ("onnx", "torchscript", "an ONNX graph, which cannot be written as TorchScript", "ONNX, OpenVINO IR or Packed"),
        ("exported", "torchscript", "a torch.export file, which cannot be written as TorchScript", "ONNX, torch.export or OpenVINO IR"),
        ("exported", "safetensors", "a torch.export file, which cannot be written as safetensors", "ONNX, torch.export or OpenVINO IR"),
        ("exported", "packed", "a torch.export file, which cannot be written as Packed", "ONNX, torch.export or OpenVINO IR"),
        ("torchscript", "pt2", "a TorchScript file, which cannot be written as torch.export", "ONNX, TorchScript or OpenVINO IR"),
        ("torchscript", "safetensors", "a TorchScript file, which cannot be written as safetensors", "ONNX, TorchScript or OpenVINO IR"),
        ("torchscript", "packed", "a TorchScript file, which cannot be written as Packed", "ONNX, TorchScript or OpenVINO IR"),
        ("openvino", "onnx", "an OpenVINO model, which cannot be written as ONNX", "OpenVINO IR"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(kind, format, what, able, models, tmp_path):
    with pytest.raises(ModelError) as caught:
        export(request(models[kind], format, tmp_path / "out"), Context(tmp_path / "scratch"))
    assert str(caught.value) == f'"{models[kind].title}" is {what}. Choose {able}.'
    assert export_refusal(format, models[kind].model) is not None


def test_without_data_the_proof_says_that_its_inputs_are_random(models, tmp_path, at_once):
    done = export(request(models["torch"], "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))
    assert done.proof.random
    assert done.proof.before is None
    assert "random inputs" in (tmp_path / "out" / "net.md").read_text()


def test_a_pruned_network_is_rebuilt_from_its_file_alone(tmp_path, data, at_once):
    spec = data.dataset.input
    torch.manual_seed(3)
    plan = Blueprint(architecture_for("lenet_300_100", InputSpec(shape=spec.shape), 10), spec, data.dataset.classes)
    module = build(plan.architecture)
    linear = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    thin = [torch.nn.Linear(64, 33), torch.nn.Linear(33, 21), torch.nn.Linear(21, 10)]
    for name, layer in list(module.named_modules()):
        if layer in linear:
            parent, _, leaf = name.rpartition(".")
            setattr(module.get_submodule(parent), leaf, thin[linear.index(layer)])
    (tmp_path / "made").mkdir()
    stored = Stored(save_module(module, tmp_path / "made", plan), tmp_path / "made", "m", "Thin")
    for format in ("safetensors", "packed"):
        done = export(request(stored, format, tmp_path / format, data), Context(tmp_path / f"scratch-{format}"))
        assert done.proof.largest_absolute == 0
        rebuilt = load_network(tmp_path / format / done.files[0].name)
        shapes = [tuple(layer.weight.shape) for layer in rebuilt.modules() if isinstance(layer, torch.nn.Linear)]
        assert shapes == [(33, 64), (21, 33), (10, 21)]


def test_a_packed_graph_gives_back_every_bit(models, tmp_path, data, at_once):
    export(request(models["int8"], "packed", tmp_path / "out", data), Context(tmp_path / "scratch"))
    x, _ = open_dataset(data).split("test").arrays()
    from greenbench.ml.answering import session_of

    np.testing.assert_array_equal(
        load_session(tmp_path / "out" / "net.gbpack").run(x[:1]), session_of(models["int8"], 1, batch=1).run(x[:1])
    )
    assert (tmp_path / "out" / "net.gbpack").stat().st_size < models["int8"].file("weights").stat().st_size


@pytest.mark.parametrize("format", ["safetensors", "packed"])
def test_a_file_cannot_name_code_that_would_run(format, models, tmp_path, at_once):
    """A header may say anything, also that the network is built by a function of the standard library."""
    kept = Stored(models["torch"].model, models["torch"].folder, "m", "Net")
    architecture = Architecture(
        name="python", arguments={"factory": "os:mkdir", "sha256": "0" * 64, "arguments": {"path": str(tmp_path / "ran")}}
    )
    hostile = Stored(kept.model.model_copy(update={"architecture": architecture}), kept.folder, "m", "Net")
    format_of(format).write(hostile, tmp_path, "net", Context(tmp_path / "scratch"))
    with pytest.raises(TrustError, match="is built by Python code, os:mkdir, that you have not allowed to run"):
        load_network(tmp_path / f"net{SHIPPING[format].suffix}")
    assert not (tmp_path / "ran").exists()


def test_a_network_of_the_users_own_code_is_proved_with_that_code(data, tmp_path, at_once):
    source = tmp_path / "own.py"
    source.write_text("from torch import nn\ndef make(width): return nn.Sequential(nn.Flatten(), nn.Linear(64, width))\n")
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    spec = data.dataset.input
    arguments = {"factory": f"{source}:make", "sha256": sha256, "arguments": {"width": 10}}
    plan = Blueprint(Architecture(name="python", arguments=arguments), spec, data.dataset.classes)
    (tmp_path / "made").mkdir()
    stored = Stored(save_module(build(plan.architecture), tmp_path / "made", plan), tmp_path / "made", "m", "Own")
    done = export(request(stored, "safetensors", tmp_path / "out", data), Context(tmp_path / "scratch"))
    assert done.proof.largest_absolute == 0
    card = (tmp_path / "out" / "net.md").read_text()
    assert f'trusted=["{sha256}"]' in card
    assert "own.py:make`, which must be there unchanged" in card
    source.write_text(source.read_text() + "# changed")
    with pytest.raises(ModelError, match="has changed since this model was made"):
        load_network(tmp_path / "out" / "net.safetensors", trusted=[sha256])


def test_a_tokenizer_goes_along(models, tmp_path, at_once):
    network = models["torch"]
    (tmp_path / "made").mkdir()
    for path in network.folder.iterdir():
        (tmp_path / "made" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "made" / "words.json").write_text("{}")
    changes = {"files": {**network.model.files, "tokenizer": "words.json"}}
    stored = Stored(network.model.model_copy(update=changes), tmp_path / "made", "m", "Net")
    done = export(request(stored, "safetensors", tmp_path / "out"), Context(tmp_path / "scratch"))
    assert (tmp_path / "out" / "net.tokenizer.json").read_text() == "{}"
    assert "net.tokenizer.json" in {file.name for file in done.files}
    assert json.loads((tmp_path / "out" / "net.json").read_text())["model"]["files"]["tokenizer"] == "net.tokenizer.json"


def test_the_description_says_what_the_model_takes_and_answers(models, tmp_path, at_once):
    export(request(models["onnx"], "onnx", tmp_path / "out"), Context(tmp_path / "scratch"))
    said = json.loads((tmp_path / "out" / "net.json").read_text())["model"]
    assert said["input"]["shape"] == [1, 8, 8]
    assert said["classes"] == list("0123456789")
    assert said["format"] == "onnx"


@pytest.mark.parametrize("name", ["", "../net", "a/b", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(name, models, tmp_path):
    asked = request(models["torch"], "onnx", tmp_path / "out").model_copy(update={"name": name})
    with pytest.raises(ModelError, match="cannot be the name of a file"):
        export(asked, Context(tmp_path / "scratch"))


def test_a_folder_that_is_a_file_or_cannot_be_written_is_a_sentence(models, tmp_path, at_once):
    (tmp_path / "taken").touch()
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(GreenBenchError, match=r"is a file, not a folder|cannot be written"):
            export(request(models["torch"], "safetensors", folder), Context(tmp_path / f"scratch-{folder.name}"))
