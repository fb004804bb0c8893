"""torch.compile: what was generated, what is refused, and the compiler's own words where it fails."""

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import unavailable
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.runtimes import networks, runtime

pytestmark = pytest.mark.skipif(unavailable("compiled", "cpu") is not None, reason="no C++ compiler")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Where the compiler's code lies during these tests: finding out what the processor can do is what takes it longest."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def fresh(compiled, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(compiled))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # known to the fixture, so that it is as before afterwards
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()


def test_it_answers_like_the_network_and_says_what_was_generated(exported, compiled) -> None:
    network, _ = exported("lenet5")
    session = runtime("compiled").prepare(network, threads=1, batch=2)
    x = np.random.default_rng(0).normal(size=(5, 1, 16, 16)).astype(np.float32)
    with torch.no_grad():
        expected = load_module(network)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(session.answers(x), expected, rtol=1e-4, atol=1e-5)  # 5 = 2 + 2 + 1, filled up
    done = session.execution
    assert session.batch == 2
    assert set(dict(done.kernels)) <= {"generated kernel", "library call"}
    assert dict(done.kernels)["generated kernel"] >= 1
    assert done.by_precision == {"fp32": 4}
    assert done.compile_s > done.first_s
    assert any((compiled / "compiled").iterdir())  # its code lies with the user's other data


SCRIPT = """#!/bin/sh
echo "g++: fatal error: no room left" >&2
exit 1
"""


def test_the_compilers_own_last_line_is_told(exported, tmp_path, monkeypatch) -> None:
    network, _ = exported("resnet8")
    broken = tmp_path / "g++"
    broken.write_text(SCRIPT)
    broken.chmod(0o755)
    monkeypatch.setattr("torch._inductor.cpp_builder.get_cpp_compiler", lambda: str(broken))
    with pytest.raises(ModelError, match=r'"Net" cannot be compiled: .*no room left') as caught:
        runtime("compiled").prepare(network, threads=1)
    assert "\n" not in caught.value.message


def test_a_network_that_does_not_take_its_input_is_not_blamed_on_the_compiler(exported) -> None:
    network, _ = exported("lenet5")
    wrong = Stored(network.model.model_copy(update={"input": InputSpec(shape=(3, 16, 16))}), network.folder, "m", "Net")
    with pytest.raises(ModelError, match=r'"Net" cannot answer an example of 3×16×16 in torch\.compile: '):
        runtime("compiled").prepare(wrong, threads=1)


def test_a_graph_and_a_script_are_refused(exported) -> None:
    _, graph = exported("lenet5")
    with pytest.raises(ModelError, match=r'"Net" is an ONNX graph, which torch\.compile cannot run\.'):
        runtime("compiled").prepare(graph, threads=1)
    script = Stored(graph.model.model_copy(update={"format": "torchscript"}), graph.folder, "m", "Net")
    with pytest.raises(ModelError, match=r'"Net" is a TorchScript file, which torch\.compile cannot run\.'):
        runtime("compiled").prepare(script, threads=1)


def test_parts_that_stay_eager_are_told(exported, monkeypatch) -> None:
    network, _ = exported("lenet5")

    class Halting(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.inner(x)
            torch._dynamo.graph_break()
            return y + 1

    def load(stored: Stored, device: str, batch: int) -> networks.Network:
        return networks.network_of(Halting(load_module(stored)).eval(), stored, device, batch)

    monkeypatch.setattr(networks, "load_network", load)
    session = runtime("compiled").prepare(network, threads=1)
    assert session.notes[0] == "torch.compile could not follow the network in 1 place; these parts run as in PyTorch eager."
