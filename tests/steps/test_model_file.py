"""A model from a file runs as it is or becomes a network again; what cannot is refused in a sentence, and nothing runs unasked."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import FileFormatError, GreenBenchError, ModelError, ParameterError, TrustError
from greenbench.ml.artifacts import load_module
from greenbench.ml.models import architecture_for, build
from greenbench.ml.runtimes import runtime
from greenbench.steps import installed

DATA = Path(__file__).parents[3] / "shared" / "data"
SPEC = installed()["model.file"]
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not there")


class Small(nn.Module):
    """3×8×8 to five numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.last = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.last(self.first(x).mean((2, 3)))
        return answer


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(1)
    return Small().eval()


@pytest.fixture
def load(run_step):
    """`load(path, trust=False, …)` runs the step; every file that would run code is allowed, or none."""
    return lambda path, trust=True, **params: run_step("model.file", "Mine", file=str(path), allow=trust, **params)


def onnx_file(path: Path, small: nn.Module, batch: int | str = "n", side: int | str = 8, last: bool = False) -> Path:
    """The small network as ONNX; with `last`, channels come last."""
    state = [numpy_helper.from_array(tensor.numpy(), name) for name, tensor in small.state_dict().items()]
    turn = [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2])] if last else []
    nodes = [
        *turn,
        helper.make_node("Conv", ["t" if last else "x", "first.weight", "first.bias"], ["a"]),
        helper.make_node("GlobalAveragePool", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "last.weight", "last.bias"], ["y"], transB=1),
    ]
    shape = [batch, side, side, 3] if last else [batch, 3, side, side]
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])
    model = helper.make_model(
        helper.make_graph(nodes, "small", [takes], [gives], state), opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    )
    onnx.save_model(model, str(path))
    return path


def traced(path: Path, small: nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(small, torch.zeros(1, 3, 8, 8)).save(str(path))
    return path


def program(path: Path, small: nn.Module) -> Path:
    made = torch.export.export(small, (torch.zeros(2, 3, 8, 8),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(made, path)
    return path


@pytest.mark.parametrize(
    ("name", "key"), [("onnx", "onnxruntime"), ("torchscript", "eager"), ("exported", "eager"), ("openvino", "openvino")]
)
def test_a_whole_network_answers_in_its_runtime_as_it_did_at_home(name: str, key: str, small, load, tmp_path: Path) -> None:
    if name == "openvino":
        ov = pytest.importorskip("openvino")
        graph = onnx_file(tmp_path / "net.onnx", small)
        path = tmp_path / "net.xml"
        ov.save_model(ov.convert_model(str(graph)), str(path), compress_to_fp16=False)
    else:
        make = {"onnx": onnx_file, "torchscript": traced, "exported": program}[name]
        path = make(tmp_path / ("net.pt2" if name == "exported" else "wrong.name"), small)
    made = load(path, input="3x8x8")
    model = made.stored.model
    assert (model.format, model.task, len(model.classes), model.input.shape, model.batch) == (name, "classification", 5, (3, 8, 8), None)
    assert model.footprint.parameters == model.footprint.nonzero_parameters == 112 + 25
    if name != "openvino":  # each output of the convolution takes 27 multiply-adds, 36 places, 4 channels; the dense layer 20
        assert model.footprint.flops == 2 * (36 * 4 * 27 + 20)
        assert model.digest == SPEC.trust(SPEC.params(file=str(path)))[0].sha256 if name == "torchscript" else len(model.digest) == 64
    examples = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype(np.float32)
    answers = runtime(key).prepare(made.stored, 1, batch=3).run(examples)
    with torch.inference_mode():
        np.testing.assert_allclose(answers, small(torch.from_numpy(examples)).numpy(), atol=1e-5)


def test_weights_become_a_network_that_can_be_trained_again(load, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = build(architecture_for("resnet8", InputSpec(shape=(1, 16, 16)), 4, 8))
    save_file({f"module.{name}": tensor for name, tensor in module.state_dict().items()}, tmp_path / "w.bin")
    made = load(tmp_path / "w.bin", input="1x16x16")
    model = made.stored.model
    assert (model.format, model.architecture.name, model.classes, model.trained) == ("torch", "resnet8", ("0", "1", "2", "3"), True)
    assert any('"module."' in note for note in model.notes)
    again = load_module(made.stored).state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in module.state_dict().items())
    named = load(tmp_path / "w.bin", input="1x16x16", architecture="resnet8").stored.model
    assert named.architecture == model.architecture


def test_weights_of_another_network_say_what_does_not_fit(load, tmp_path: Path) -> None:
    module = build(architecture_for("resnet8", InputSpec(shape=(1, 16, 16)), 4, 8))
    save_file(module.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=r"do not fit lenet5: 8 of 8 tensors are missing .*They are those of resnet8"):
        load(tmp_path / "w.safetensors", architecture="lenet5")
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("classifier")}
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(
        ModelError, match=r"fit no network known here whole\. Nearest are resnet8: 2 of .* tensors are missing \(classifier"
    ):
        load(tmp_path / "w.safetensors")
    save_file({"a": torch.ones(3)}, tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=r"No network known here has tensors like those of w\.safetensors"):
        load(tmp_path / "w.safetensors")


def test_what_our_own_export_wrote_comes_back_with_all_it_says(run_step, load, tmp_path: Path) -> None:
    pruned = run_step(
        "prune.structured", model=run_step("model.library", name="resnet8", width=8, channels=1, size=16, classes=4), ratio=0.5
    )
    stored = pruned.stored
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(stored.file("weights"), framework="pt") as file:
        header = dict(file.metadata() or {})
    described = stored.model.model_copy(update={"classes": ("a", "b", "c", "d")})
    save_file(
        load_file(stored.file("weights")), tmp_path / "net.safetensors", metadata={**header, "greenbench": described.model_dump_json()}
    )
    model = load(tmp_path / "net.safetensors").stored.model
    assert model.footprint.parameters == stored.model.footprint.parameters
    assert model.classes == ("a", "b", "c", "d")
    evil = described.model_copy(update={"architecture": described.architecture.model_copy(update={"name": "python"})})
    save_file(load_file(stored.file("weights")), tmp_path / "net.safetensors", metadata={**header, "greenbench": evil.model_dump_json()})
    with pytest.raises(ModelError, match="not in the library"):
        load(tmp_path / "net.safetensors")


def test_torchscript_waits_for_the_answer_and_needs_its_size(small, load, tmp_path: Path) -> None:
    path = traced(tmp_path / "net.pt", small)
    with pytest.raises(TrustError, match=r"net\.pt is a TorchScript file that you have not allowed"):
        load(path, trust=False, input="3x8x8")
    with pytest.raises(ModelError, match=r"net\.pt does not say the size of its input\. Its first layer looks at 3 channels") as caught:
        load(path)
    assert "3x224x224" in caught.value.remedy
    with pytest.raises(ModelError, match=r"cannot answer an example of 4×8×8"):
        load(path, input="4x8x8")


def test_an_open_size_is_asked_for_and_counted_with(small, load, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", small, side="side")
    with pytest.raises(ModelError, match=r'leaves sizes of its input "x" open: 3×side×side') as caught:
        load(path)
    assert caught.value.remedy.startswith("Give the input size, for example 3x224x224")
    assert load(path, input="3x8x8").stored.model.footprint.flops == 2 * (36 * 4 * 27 + 20)
    with pytest.raises(ModelError, match="takes examples of 3×side×side, not of 1×8×8"):
        load(path, input="1x8x8")


def test_channels_last_and_a_fixed_batch_are_seen(small, load, tmp_path: Path) -> None:
    model = load(onnx_file(tmp_path / "net.onnx", small, batch=2, last=True)).stored.model
    assert (model.input.shape, model.input.layout, model.input.array_shape, model.batch) == ((3, 8, 8), "channels last", (8, 8, 3), 2)
    assert "Its batch is fixed: 2 examples in a call." in model.notes
    assert any(note.startswith("The file does not say how images are normalised") for note in model.notes)


def test_numbers_beside_a_graph_are_brought_along_and_may_not_lie_elsewhere(small, load, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", small)
    model = onnx.load(str(path))
    onnx.save_model(model, str(path), save_as_external_data=True, location="net.bin", size_threshold=0)
    made = load(path)
    assert (tmp_path / "net.bin").is_file()
    assert [file.name for file in made.context.folder.iterdir()] == ["model.onnx"]
    assert made.stored.model.footprint.parameters == 137
    apart = onnx.load(str(path), load_external_data=False)
    for tensor in apart.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == "location").value = "../net.bin"
    (tmp_path / "net.onnx").write_bytes(apart.SerializeToString())
    with pytest.raises(FileFormatError, match="outside its folder"):
        load(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda g: setattr(g.node[0], "op_type", "Konv"), r"uses operators that are not known here: Konv \(1×\)"),
        (lambda g: setattr(g.node[0], "domain", "my.lab"), r"not known here: my\.lab\.Conv \(1×\)"),
        (
            lambda g: g.initializer[0].CopyFrom(numpy_helper.from_array(np.full((4, 3, 3, 3), np.nan, np.float32), "first.weight")),
            r'108 values of "first\.weight" are not numbers',
        ),
    ],
)
def test_a_graph_that_cannot_be_used_says_why(change, said: str, small, load, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", small)
    model = onnx.load(str(path))
    change(model.graph)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=said) as caught:
        load(path)
    assert caught.value.remedy


def test_weights_that_are_not_numbers_are_refused_by_name(small, load, tmp_path: Path) -> None:
    state = small.state_dict() | {"last.bias": torch.tensor([float("nan")] * 5)}
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=r'5 of 5 values of "last\.bias" are not numbers'):
        load(tmp_path / "w.safetensors")


def test_names_come_from_the_users_file_and_must_be_as_many(small, load, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", small)
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    assert load(path, class_names=str(tmp_path / "names.txt")).stored.model.classes == ("ant", "bee", "cat", "dog", "elk")
    (tmp_path / "names.txt").write_text(json.dumps(["ant", "bee"]))
    with pytest.raises(ModelError, match="gives 5 outputs for 2 classes"):
        load(path, class_names=str(tmp_path / "names.txt"))
    with pytest.raises(GreenBenchError, match="Its output has 2 axes"):
        load(path, task="segmentation")


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 half", b"\x80\x04cposix\nsystem\n."])
def test_a_file_of_no_use_is_a_sentence(content: bytes, load, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(GreenBenchError, match=r"net\.onnx") as caught:
        load(tmp_path / "net.onnx", trust=False)
    assert caught.value.remedy


def test_what_is_plainly_missing_is_said_before_the_run(tmp_path: Path) -> None:
    def obstacle(**params: str) -> str:
        return (SPEC.obstacle(SPEC.params(**params)) or ("",))[0]

    assert obstacle() == "no file is chosen."
    assert "is a folder" in obstacle(file=str(tmp_path))
    assert "does not exist" in obstacle(file=str(tmp_path / "none"))
    (tmp_path / "a").write_bytes(b"x")
    assert "does not exist" in obstacle(file=str(tmp_path / "a"), class_names=str(tmp_path / "none"))
    assert obstacle(file=str(tmp_path / "a")) == ""
    with pytest.raises(ParameterError, match="is not an input size"):
        SPEC.params.checked({"input": "large"})


def test_the_fingerprint_sees_the_numbers_beside_the_file(tmp_path: Path) -> None:
    params = SPEC.params(file=str(tmp_path / "net.xml"))
    seen = {SPEC.fingerprint(params)}
    for name in ("net.xml", "net.bin", "net.json"):
        (tmp_path / name).write_bytes(b"1")
        seen.add(SPEC.fingerprint(params))
    assert len(seen) == 4
    assert SPEC.fingerprint(SPEC.params()) == "absent"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda weight: weight.to(torch.int8), r'odd.safetensors: "0.weight" holds whole numbers \(int8\)'),
        (lambda weight: weight.index_fill(0, torch.tensor(0), torch.inf), r'odd.safetensors: .* values of "0.weight" are not finite'),
    ],
)
def test_weights_that_would_answer_nonsense_are_refused(load, tmp_path: Path, change, said: str) -> None:
    state = build(architecture_for("lenet5", InputSpec(shape=(1, 28, 28)), 10)).state_dict()
    save_file(state | {"0.weight": change(state["0.weight"]).contiguous()}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=said):
        load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("write", [traced, program])
def test_a_damaged_weight_in_a_whole_network_is_found(load, tmp_path: Path, small, write) -> None:
    content = bytearray(write(tmp_path / "model.pt2", small).read_bytes())
    place = content.index(small.last.weight.detach().numpy().tobytes())
    content[place + 3] ^= 0x40
    (tmp_path / "mine.pt2").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"mine\.pt2 is damaged: Bad CRC-32"):
        load(tmp_path / "mine.pt2")


@real
def test_the_nine_light_networks_load(load) -> None:
    for path in sorted((DATA / "onnx-light").glob("*.onnx")):
        if "vgg" in path.name:
            continue  # nothing new, and five seconds
        model = load(path).stored.model
        assert (model.format, model.task, len(model.classes), model.input.shape, model.batch) == (
            "onnx",
            "classification",
            1000,
            (3, 224, 224),
            1,
        )


@real
def test_the_real_squeezenet_loads_in_both_forms(load) -> None:
    half = load(DATA / "squeezenet1_1" / "SqueezeNet_fp16.onnx", normalise="caffe").stored.model
    assert (half.precision, half.input.dtype, half.input.channel_order, half.batch, len(half.classes)) == (
        "fp16",
        "float16",
        "bgr",
        1,
        1000,
    )
    assert half.input.mean == pytest.approx((104 / 255, 117 / 255, 123 / 255), abs=0.002)
    state = load(DATA / "squeezenet1_1" / "squeezenet1_1_state_dict.pt").stored.model
    assert state.architecture.name == "torchvision/squeezenet1_1"
    assert state.footprint.parameters == half.footprint.parameters == 1_235_496
    assert state.classes[0] == "tench"


@real
@pytest.mark.parametrize("name", ["silero_vad.onnx", "silero_vad.jit"])
def test_a_recurrent_network_for_sound_loads_with_its_other_inputs_held(name: str, load) -> None:
    made = load(DATA / "silero-vad" / name, input="512", constants="sr=16000")
    model = made.stored.model
    assert (model.task, model.classes, model.input.shape) == ("other", (), (512,))
    assert {each.name: each.value for each in model.constants}["sr"] == 16000
    key = "onnxruntime" if name.endswith("onnx") else "eager"
    answer = runtime(key).prepare(made.stored, 1).run(np.zeros((1, 512), np.float32))
    assert answer.shape == (1, 1)
    assert 0 < float(answer[0, 0]) < 0.5  # silence is not speech
    with pytest.raises(ModelError, match=r"Give its other inputs under Other inputs, for example sr=16000 \(now .*sr = 0\)") as caught:
        load(DATA / "silero-vad" / name, input="512")
    assert len(caught.value.message) < 300
    assert "interpreter" not in caught.value.message
    assert "Status Message" not in caught.value.message
    with pytest.raises(ModelError, match='has no input "rate"'):
        load(DATA / "silero-vad" / name, input="512", constants="rate=16000")
