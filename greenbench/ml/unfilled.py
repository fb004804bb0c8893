"""Building a network whose weights are loaded right after, without drawing millions of random numbers that nobody will see."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_DRAWN = 4096
_METHODS = frozenset({Tensor.normal_, Tensor.uniform_})
# These two hand themselves over whole, their arguments by name.
_BY_NAME = {nn.init.normal_: (Tensor.normal_, ("mean", "std")), nn.init.uniform_: (Tensor.uniform_, ("a", "b"))}


@contextmanager
def unfilled() -> Iterator[None]:
    """Inside, tensors that are filled in place with normal or uniform numbers get a few thousand of these, over and over.

    Repeated, not left as they are: an initialisation that draws again until all numbers lie in a range comes to its end. All else is
    computed as ever, so tables of positions and the like, which no file has, are right. Only for what is loaded completely
    afterwards, and not for a stranger's code, which may draw tables that no file has from a seed of its own.
    """
    with _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        tensor = args[0] if args else given.get("tensor")
        if not isinstance(tensor, Tensor) or given.get("generator") is not None or not _large(tensor):
            return func(*args, **given)
        if func in _METHODS:
            return _repeated(tensor, func, args[1:], given)
        if func in _BY_NAME:
            fill, names = _BY_NAME[func]
            return _repeated(tensor, fill, tuple(given[name] for name in names), {})
        if func is nn.init.kaiming_uniform_:
            bound = math.sqrt(tensor.shape[0] / tensor.numel()) if tensor.dim() > 1 else 1.0
            return _repeated(tensor, Tensor.uniform_, (-bound, bound), {})
        return func(*args, **given)


def _large(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.is_contiguous() and tensor.numel() > 2 * _DRAWN


def _repeated(tensor: Tensor, fill: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    """Fills the first numbers of a tensor and repeats them to its end."""
    with torch.no_grad():
        flat = tensor.detach().view(-1)
        drawn = fill(flat[:_DRAWN], *args, **kwargs)
        whole = len(flat) // _DRAWN * _DRAWN
        flat[_DRAWN:whole].view(-1, _DRAWN).copy_(drawn)
        flat[whole:].copy_(drawn[: len(flat) - whole])
    return tensor
