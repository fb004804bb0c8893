"""Dense layers whose weights are two zeros in every four, executed by the sparse tensor cores of NVIDIA GPUs since Ampere.

Mishra 2021, "Accelerating Sparse Deep Neural Networks", section 3; PyTorch's kernels take half precision, and `nn.Linear` alone.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_AMPERE = (8, 0)
_HALVES = (torch.float16, torch.bfloat16)
_KEPT, _GROUP = 2, 4

Convert = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class SparseLayers:
    """The layers that are executed sparse now, and those that have the pattern and are not, with the reason, by name."""

    executed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()

    @property
    def note(self) -> str:
        """A sentence for the results; "" where no layer has the pattern."""
        having = len(self.executed) + len(self.left)
        if not having:
            return ""
        words = f"{len(self.executed)} of {having} dense layers with 2:4 zeros are executed by sparse kernels"
        return f"{words}; {self.left[0][0]} is not: {self.left[0][1]}." if self.left else f"{words}."


def has_kernels(device: torch.device) -> bool:
    """Whether a device multiplies 2:4 faster."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= _AMPERE


def execute_sparse(module: nn.Module, convert: Convert | None = None) -> SparseLayers:
    """Puts compressed weights into the dense layers of a network that have the pattern, in place; the answers stay the same but for
    rounding. The network must lie on a device that `has_kernels`. `convert` compresses a weight (out, in); PyTorch's own if None."""
    executed: list[str] = []
    left: list[tuple[str, str]] = []
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Linear) or not follows_pattern(layer.weight):
            continue
        if layer.weight.dtype not in _HALVES:
            left.append((name, "its weights are not in half precision"))
            continue
        try:
            compressed = (convert or _compressed)(layer.weight.detach())
        except (RuntimeError, ValueError, NotImplementedError) as error:  # sides that its kernels do not take, or a build without them
            left.append((name, (str(error).strip().splitlines() or ["no kernel takes it"])[0].rstrip(".")))
            continue
        layer.weight = nn.Parameter(compressed, requires_grad=False)
        executed.append(name)
    return SparseLayers(tuple(executed), tuple(left))


def follows_pattern(weight: Tensor) -> bool:
    """Whether at most two of every four weights that follow each other along the inputs, (out, in), are not zero, and some are zero."""
    if weight.dim() != 2 or weight.shape[1] % _GROUP or not weight.numel():
        return False
    kept = torch.count_nonzero(weight.detach().reshape(-1, _GROUP), dim=1)
    return bool((kept <= _KEPT).all() and kept.any())


def _compressed(weight: Tensor) -> Tensor:
    from torch.sparse import to_sparse_semi_structured

    with warnings.catch_warnings():  # that it is a prototype is for us to know
        warnings.simplefilter("ignore", UserWarning)
        found: Tensor = to_sparse_semi_structured(weight)
    return found
