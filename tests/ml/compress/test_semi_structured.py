"""N of every M weights stay, the largest, along a layer's inputs; what cannot take the pattern is named."""

import pytest
import torch
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress.semi_structured import PatternSettings, largest_of_each, prune

PATTERNS = [(2, 4), (1, 4), (4, 8)]


def groups(mask: torch.Tensor, size: int) -> torch.Tensor:
    """The mask with its groups along the inputs as rows."""
    return mask.movedim(1, -1).reshape(-1, size)


@pytest.mark.parametrize(("kept", "size"), PATTERNS)
def test_exactly_n_of_every_m_stay_in_linear_layers_and_convolutions(kept, size):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 16, 3), nn.Flatten(), nn.Linear(16, 8))
    done = prune(net, PatternSettings(kept, size))
    assert set(done.masks) == {"0.weight", "2.weight"}
    for name, mask in done.masks.items():
        assert (groups(mask, size).sum(1) == kept).all()
        assert torch.equal(net.get_parameter(name) != 0, mask)


@pytest.mark.parametrize(("kept", "size"), PATTERNS)
def test_what_stays_is_never_smaller_than_what_goes(kept, size):
    torch.manual_seed(1)
    scores = torch.randn(6, 16, 3, 3).abs()
    mask = largest_of_each(scores, kept, size)
    folded = scores.movedim(1, -1).reshape(-1, size)
    smallest = folded.masked_fill(~groups(mask, size), torch.inf).amin(1)
    largest = folded.masked_fill(groups(mask, size), -torch.inf).amax(1)
    assert (smallest >= largest).all()


def test_two_of_four_is_the_mask_of_torchaos_wanda_on_inputs_of_equal_norm():
    sparsity = pytest.importorskip("torchao.sparsity")
    with pytest.warns(UserWarning, match=r"2:4"):  # it says that it takes half of the weights, whatever it is told
        wanda = sparsity.WandaSparsifier(sparsity_level=0.5, semi_structured_block_size=4)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(32, 16, bias=False))
    ours = nn.Sequential(nn.Linear(32, 16, bias=False))
    ours.load_state_dict(net.state_dict())
    wanda.prepare(net, [{"tensor_fqn": "0.weight"}])
    net(torch.eye(32))  # it ranks by |w| times the norm of the input, which is 1 for each here
    wanda.step()
    wanda.squash_mask()
    prune(ours, PatternSettings())
    assert torch.equal(ours[0].weight, net[0].weight)


def test_weights_removed_earlier_stay_removed_and_count():
    net = nn.Linear(4, 1, bias=False)
    net.weight.data = torch.tensor([[4.0, 3.0, 2.0, 1.0]])
    done = prune(net, PatternSettings(), {"weight": torch.tensor([[False, True, True, True]])})
    assert done.masks["weight"].tolist() == [[False, True, True, False]]


def test_layers_that_cannot_take_the_pattern_are_left_whole_and_named(residual):
    before = residual.stem.weight.clone()
    done = prune(residual, PatternSettings())
    assert done.left["stem"] == "its 3 input channels are no multiple of 4"
    assert done.left["left.0"] == "its 1 input channels are no multiple of 4"  # depthwise
    assert torch.equal(residual.stem.weight, before)
    assert set(done.masks) == {"right.0.weight", "join.weight", "head.weight"}


def test_a_network_without_a_layer_for_the_pattern_is_refused_by_name():
    with pytest.raises(StepError, match=r'^"Sparse": no layer can take 2:4; 0: its 6 input features are no multiple of 4\.'):
        prune(nn.Sequential(nn.Linear(6, 3)), PatternSettings(), owner="Sparse")
