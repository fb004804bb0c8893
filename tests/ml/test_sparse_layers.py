"""Layers with two zeros in every four go to the sparse kernels where there are some, and nothing else does."""

import pytest
import torch
from torch import nn

from greenbench.ml.compress.semi_structured import PatternSettings, prune
from greenbench.ml.runtimes.sparse_layers import execute_sparse, follows_pattern, has_kernels


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))


def test_the_pattern_is_two_of_every_four_along_the_inputs() -> None:
    assert follows_pattern(torch.tensor([[1.0, 0, 0, 2], [0, 0, 3, 0]]))
    assert not follows_pattern(torch.tensor([[1.0, 1, 0, 2], [0, 0, 3, 0]]))
    assert not follows_pattern(torch.tensor([[1.0, 0, 0, 2, 0, 0]]))
    assert not follows_pattern(torch.zeros(4, 8))
    assert not follows_pattern(torch.zeros(2, 4, 3, 3))


def test_pruned_dense_layers_in_half_precision_are_compressed_and_answer_the_same() -> None:
    module = network()
    prune(module, PatternSettings(keep=("4",)))
    module = module.half()
    done = execute_sparse(module, convert=lambda weight: weight.clone())
    assert done.executed == ("2",)
    assert done.left == ()
    assert done.note == "1 of 1 dense layers with 2:4 zeros are executed by sparse kernels."


def test_single_precision_and_refused_shapes_stay_dense_and_say_why() -> None:
    module = network()
    prune(module, PatternSettings())
    assert [why for _, why in execute_sparse(module).left] == ["its weights are not in half precision"] * 2

    def refuse(weight: torch.Tensor) -> torch.Tensor:
        if weight.shape[0] < 32:
            raise RuntimeError("Error original_tensor.shape must be a multiple of (32, 64).\nmore")
        return weight.clone()

    done = execute_sparse(module.half(), refuse)
    assert done.executed == ("2",)
    assert done.note.endswith("4 is not: Error original_tensor.shape must be a multiple of (32, 64).")


def test_a_network_without_the_pattern_says_nothing() -> None:
    assert execute_sparse(network().half()).note == ""


def test_a_processor_has_no_sparse_kernels() -> None:
    assert not has_kernels(torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_sparse_kernels_answer_like_dense_ones() -> None:
    device = torch.device("cuda")
    if not has_kernels(device):
        pytest.skip("this GPU is older than Ampere")
    torch.manual_seed(0)
    module = nn.Linear(128, 64)
    prune(module, PatternSettings())
    module = module.half().to(device)
    x = torch.randn(32, 128, device=device, dtype=torch.float16)
    with torch.inference_mode():
        dense = module(x)
        done = execute_sparse(module)
        sparse = module(x)
    assert done.left == ()
    torch.testing.assert_close(sparse, dense, rtol=2e-2, atol=2e-2)
