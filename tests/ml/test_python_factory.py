"""A network from a user's own code: only bytes that were allowed run, and whatever they do ends in a sentence."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.errors import ModelError, TrustError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.models import build
from greenbench.ml.models.python_factory import python_architecture
from greenbench.ml.python_source import locate

NET = """
from torch import nn

def make(width=4, classes=3):
    return nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.ReLU(), nn.Linear(width, classes))
"""


@pytest.fixture
def allowed(tmp_path: Path) -> Callable[..., Architecture]:
    """`allowed(code, "make", width=3)` writes a file, allows it, and gives the architecture."""

    def write(code: str, function: str = "make", **arguments: object) -> Architecture:
        path = tmp_path / "net.py"
        path.write_text(code)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return python_architecture(f"{path}:{function}", arguments, frozenset({sha256}))

    return write


def test_a_file_that_was_not_allowed_does_not_run(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    path = tmp_path / "net.py"
    path.write_text(f"open({str(witness)!r}, 'w')\ndef make(): ...")
    with pytest.raises(TrustError, match=r"net\.py is a Python file that you have not allowed"):
        python_architecture(f"{path}:make", {}, frozenset({"0" * 64}))
    assert locate(f"{path}:make").path == path
    assert not witness.exists()


def test_a_network_is_made_with_its_arguments_and_survives_its_file(allowed: Callable[..., Architecture], tmp_path: Path) -> None:
    architecture = allowed(NET, width=7)
    module = build(Architecture.model_validate_json(architecture.model_dump_json()))
    assert module[1].out_features == 7
    blueprint = Blueprint(architecture, InputSpec(shape=(3, 2, 2)), ("a", "b", "c"))
    again = load_module(Stored(save_module(module, tmp_path, blueprint), tmp_path, "n", "Net"))
    examples = torch.randn(2, 3, 2, 2)
    assert torch.equal(again(examples), module.eval()(examples))


def test_a_file_that_changed_since_is_not_loaded(allowed: Callable[..., Architecture], tmp_path: Path) -> None:
    architecture = allowed(NET)
    (tmp_path / "net.py").write_text(NET + "raise SystemError")
    with pytest.raises(ModelError, match="has changed since"):
        build(architecture)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def make():\n    return 1 / 0", r"net\.py:2: ZeroDivisionError: division by zero"),
        ("def make():\n    raise ValueError", r"net\.py:2: ValueError"),
        ("def make(:\n    pass", r"net\.py:1: SyntaxError"),
        ("import no_such_module_anywhere\ndef make(): ...", r"net\.py:1: ModuleNotFoundError"),
        ("import sys\ndef make():\n    sys.exit(3)", r"asked the whole program to exit \(3\)"),
        ("def make():\n    return 5", "gives a int, not a torch.nn.Module"),
        ("from torch import nn\nclass Net(nn.Module): ...\ndef make():\n    return Net", "gives a class, not a network"),
        ("def build(): ...", r'no function "make" in .*net\.py. It has: build'),
        ("make = 3", 'no function "make"'),
        ("def make(depth): ...", r"missing 1 required positional argument: 'depth'"),
        ("def make():\n    raise BaseException('odd')", r"net\.py:2: BaseException: odd"),
        ("import torch\ndef make():\n    return torch.nn.Linear(2, 3, device='meta')", 'without numbers: "weight" is on the device "meta"'),
        ("def make():\n    return make()", r"net\.py:2: RecursionError"),
    ],
)
def test_whatever_a_factory_does_is_one_sentence(allowed: Callable[..., Architecture], code: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        build(allowed(code))


def test_megabytes_of_output_are_cut_short(allowed: Callable[..., Architecture], capsys: pytest.CaptureFixture[str]) -> None:
    build(allowed("import sys\nprint('loud ' * 10**6)\nsys.stderr.write('x' * 10**6)\n" + NET))
    out, err = capsys.readouterr()
    assert out == ""
    assert "loud loud" in err
    assert "more characters left out" in err
    assert len(err) < 3000


def test_files_beside_can_be_imported_and_the_path_is_left_as_it_was(allowed: Callable[..., Architecture], tmp_path: Path) -> None:
    (tmp_path / "greenbench_test_layers.py").write_text("WIDTH = 5")
    before = list(sys.path)
    module = build(
        allowed(NET.replace("width=4", "width=greenbench_test_layers.WIDTH").replace("from", "import greenbench_test_layers\nfrom", 1))
    )
    assert module[1].out_features == 5
    assert sys.path == before


def test_a_constructor_that_computes_with_real_numbers_can_be_saved(allowed: Callable[..., Architecture], tmp_path: Path) -> None:
    code = NET.replace("    return", "    import torch\n    width = int(torch.ones(4).sum().item())\n    return")
    architecture = allowed(code)
    made = save_module(build(architecture), tmp_path, Blueprint(architecture, InputSpec(shape=(12,)), ("a", "b", "c")))
    assert made.footprint.parameters == 12 * 4 + 4 + 4 * 3 + 3


def test_installed_code_is_found_without_running_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "greenbench_test_package" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("raise RuntimeError('ran')")
    (package / "__init__.py").write_text("raise RuntimeError('ran')")
    (package / "nets.py").write_text(NET)
    monkeypatch.syspath_prepend(str(tmp_path))
    source = locate("greenbench_test_package.inner.nets:make")
    assert source.path == package / "nets.py"
    assert source.read()[1] == hashlib.sha256(NET.encode()).hexdigest()
    assert "greenbench_test_package" not in sys.modules


def test_an_installed_factory_makes_its_network() -> None:
    source = locate("torchvision.models.squeezenet:squeezenet1_1")
    architecture = python_architecture("torchvision.models.squeezenet:squeezenet1_1", {"num_classes": 4}, frozenset({source.read()[1]}))
    module = build(architecture)
    assert isinstance(module, nn.Module)
    assert module.classifier[1].out_channels == 4


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("", "No factory is named"),
        ("net.py", "names no factory"),
        ("net.py:", "names no factory"),
        ("net.py:1st", "names no factory"),
        ("nowhere/net.py:make", "does not exist"),
        (".:make", "is not the name of a module"),
        ("./:make", "is a folder"),
        ("torchvision.modelz:resnet18", "no module torchvision.modelz"),
        ("sys:exit", "has no file of its own"),
    ],
)
def test_a_place_that_is_none_is_refused(factory: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        locate(factory)
