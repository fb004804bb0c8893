"""A network built to be loaded draws few random numbers, and still is the network that its file describes, to the last bit."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.models import architecture_for, build
from greenbench.ml.models.python_factory import python_architecture
from greenbench.ml.models.registry import TRANSFORMERS
from greenbench.ml.unfilled import unfilled


def everything(module: nn.Module) -> dict[str, torch.Tensor]:
    """All tensors of a network, also those that no file has."""
    return dict(module.named_parameters()) | dict(module.named_buffers())


def saved(module: nn.Module, architecture: Architecture, input: InputSpec, folder: Path) -> Stored:
    plan = Blueprint(architecture, input, tuple(str(number) for number in range(10)))
    return Stored(save_module(module, folder, plan), folder, "n", "Net")


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "efficientnet_b0", "eva02_tiny_patch14_224"])
def test_what_is_loaded_equals_what_was_built_bit_for_bit_also_in_what_no_file_has(name: str, tmp_path: Path) -> None:
    spec = InputSpec(shape=(3, 224, 224))
    architecture = architecture_for(f"timm/{name}", spec, 10)
    torch.manual_seed(3)
    module = build(architecture).eval()
    plain = build(architecture).eval()
    plain.load_state_dict(module.state_dict())
    loaded = load_module(saved(module, architecture, spec, tmp_path))
    ours, theirs = everything(loaded), everything(plain)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(loaded(x), plain(x))


def test_some_of_those_have_tables_that_no_file_has() -> None:
    with torch.random.fork_rng():
        module = build(architecture_for("timm/eva02_tiny_patch14_224", InputSpec(shape=(3, 224, 224)), 10))
    assert set(dict(module.named_buffers())) - set(module.state_dict())


def test_a_network_of_transformers_comes_back_bit_for_bit(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 2000}
    config = transformers.BertConfig(**small, num_labels=10)
    settings = json.loads(config.to_json_string(use_diff=False))
    architecture = Architecture(name=TRANSFORMERS, arguments={"kind": "text", "config": settings, "classes": 10, "padding": 0})
    module = build(architecture).eval()
    spec = InputSpec(shape=(8,), kind="tensor", dtype="int64")
    ours, theirs = everything(load_module(saved(module, architecture, spec, tmp_path))), everything(module)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(
    "fill",
    [
        lambda t: t.normal_(0.0, 1.0),
        lambda t: t.uniform_(-1.0, 1.0),
        lambda t: nn.init.normal_(t, 0.5, 2.0),
        lambda t: nn.init.uniform_(t, a=-2.0),
        nn.init.kaiming_normal_,
        nn.init.kaiming_uniform_,
        nn.init.xavier_uniform_,
    ],
)
def test_the_first_numbers_are_drawn_and_the_rest_repeat_them(fill) -> None:
    tensor = torch.zeros(100, 1001)
    with unfilled():
        fill(tensor)
    flat = tensor.view(-1)
    assert len(flat.unique()) > 4000
    assert torch.equal(flat[4096:8192], flat[:4096])
    assert torch.equal(flat[4096 * 24 :], flat[: len(flat) - 4096 * 24])


@pytest.mark.parametrize(("mean", "a", "b"), [(0.0, -2.0, 2.0), (-0.1, 0.0, 2.0), (0.0, 1.5, 3.0)])
def test_an_initialisation_that_draws_until_all_numbers_lie_in_a_range_comes_to_its_end(mean: float, a: float, b: float) -> None:
    tensor = torch.full((300, 300), torch.nan)
    with unfilled():
        nn.init.trunc_normal_(tensor, mean, 1.0, a, b)
    assert a <= float(tensor.min()) <= float(tensor.max()) <= b


def test_numbers_from_a_generator_of_their_own_are_as_ever() -> None:
    with unfilled():
        ours = torch.empty(200, 200).normal_(generator=torch.Generator().manual_seed(4))
    assert torch.equal(ours, torch.empty(200, 200).normal_(generator=torch.Generator().manual_seed(4)))


FACTORY = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(192, 64, bias=False)
        self.register_buffer("waves", torch.randn(64, 10), persistent=False)

    def forward(self, x):
        return self.layer(x.flatten(1)) @ self.waves

def make(num_classes=10):
    return Net()
"""


def test_a_table_that_a_strangers_code_draws_from_its_own_seed_is_the_same_after_loading(tmp_path: Path) -> None:
    file, folder = tmp_path / "net.py", tmp_path / "model"
    file.write_text(FACTORY)
    folder.mkdir()
    architecture = python_architecture(f"{file}:make", {}, frozenset({hashlib.sha256(file.read_bytes()).hexdigest()}))
    module = build(architecture).eval()
    loaded = load_module(saved(module, architecture, InputSpec(shape=(3, 8, 8)), folder))
    assert torch.equal(everything(loaded)["waves"], everything(module)["waves"])
