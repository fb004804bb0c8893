"""One small network in every format in which a user may bring it."""

import warnings
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from greenbench.ml.files.trust import file_hash


class Small(nn.Module):
    """3×8×8 to five numbers: one convolution, a mean, one dense layer; 112 + 25 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.last = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.last(self.first(x).mean((2, 3)))
        return answer


@pytest.fixture(scope="session")
def small() -> nn.Module:
    torch.manual_seed(3)
    return Small().eval()


@pytest.fixture(scope="session")
def files(small: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths by format. The names lie about what they are."""
    folder = tmp_path_factory.mktemp("models")
    example = torch.randn(2, 3, 8, 8)
    paths = {name: folder / f"{name}.dat" for name in ("safetensors", "checkpoint", "old", "torchscript", "exported", "onnx")}
    from safetensors.torch import save_file

    save_file(small.state_dict(), paths["safetensors"])
    torch.save(small.state_dict(), paths["checkpoint"])
    torch.save(small.state_dict(), paths["old"], _use_new_zipfile_serialization=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is on its way out; files made by it are not
        torch.jit.trace(small, example).save(str(paths["torchscript"]))
    program = torch.export.export(small, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, folder / "exported.pt2")
    (folder / "exported.pt2").rename(paths["exported"])
    onnx.save_model(onnx_of(small), str(paths["onnx"]))
    return paths


def onnx_of(small: nn.Module, batch: int | str = "batch", height: int | str = 8) -> onnx.ModelProto:
    """The small network as an ONNX graph written by hand."""
    state = {name: numpy_helper.from_array(tensor.numpy(), name) for name, tensor in small.state_dict().items()}
    nodes = [
        helper.make_node("Conv", ["x", "first.weight", "first.bias"], ["a"]),
        helper.make_node("GlobalAveragePool", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "last.weight", "last.bias"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, height, height])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])],
        list(state.values()),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10, producer_name="a lab", producer_version="2")


@pytest.fixture(scope="session")
def hashes(files: dict[str, Path]) -> dict[str, str]:
    return {name: file_hash(path) for name, path in files.items()}


@pytest.fixture
def graph(small: nn.Module) -> Callable[..., onnx.ModelProto]:
    """`graph(batch=1, height="h")` makes the small network as ONNX."""
    return lambda **sizes: onnx_of(small, **sizes)


class Context:
    """What the jobs of this folder use of theirs."""

    node = title = ""
    seed, device, threads = 0, "cpu", 1
    trusted: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None: ...

    def progress(self, fraction: float, text: str = "") -> None: ...

    def metric(self, name: str, value: float, variant: str = "") -> None: ...

    def log(self, text: str, level: str = "info") -> None: ...


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "job").mkdir()
    return Context(tmp_path / "job")
