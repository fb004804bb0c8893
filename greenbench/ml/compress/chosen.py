"""Layers that a user names in a step's settings: read from text, and checked against the network, so that a misspelt name is no silence."""

import difflib
import re

from torch import nn

from greenbench.ml.compress.refusals import refusal


def chosen_layers(module: nn.Module, text: str, owner: str = "") -> tuple[str, ...]:
    """The names in `text`, separated by commas or spaces; each is a layer or a block of the network ("layer4", "classifier.1").

    Raises:
        StepError: the network has no such layer; the nearest names are given.
    """
    known = [name for name, _ in module.named_modules() if name]
    names = tuple(dict.fromkeys(name for name in re.split(r"[\s,;]+", text.strip()) if name))
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.4) or known[:3]
            raise refusal(owner, f'the network has no layer "{name}" to leave alone.', f"Did you mean {', '.join(near)}?")
    return names


def covers(names: tuple[str, ...], layer: str) -> bool:
    """Whether a layer is one of the named, or lies in a named block."""
    return any(layer == name or layer.startswith(f"{name}.") for name in names)
