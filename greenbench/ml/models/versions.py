"""The versions that some networks keep beside their tensors. Files of bare tensors lose them, and MNASNet then refuses to load."""

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, nn


def versioned(module: nn.Module, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The tensors for `module.load_state_dict`, with the versions that its layers have today where the state names none."""
    if getattr(state, "_metadata", None):
        return state
    dated: OrderedDict[str, Tensor] = OrderedDict(state)
    dated._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]
    return dated
