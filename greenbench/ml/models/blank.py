"""An example with nothing in it, of the shape and type that a model takes: to try a network, and to count its work."""

import torch
from torch import Tensor, nn

from greenbench.core.artifact import InputSpec


def blank(input: InputSpec, batch: int = 1, device: torch.device | str = "cpu") -> Tensor:
    """`batch` empty examples as `input` has them; a text is one word over and over, since padding alone would be no text."""
    shape = (batch, *input.array_shape)
    if input.kind == "text" and input.tokens is not None:
        word = 1 if input.tokens.padding == 0 else 0
        return torch.full(shape, min(word, input.tokens.vocabulary - 1), dtype=getattr(torch, input.dtype), device=device)
    return torch.zeros(shape, dtype=getattr(torch, input.dtype), device=device)


def as_taken(module: nn.Module, examples: Tensor) -> Tensor:
    """Examples in the type that a network's weights have: one in half precision takes half precision. Tokens stay whole numbers."""
    dtype = next((parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()), examples.dtype)
    return examples.to(dtype) if examples.is_floating_point() else examples
