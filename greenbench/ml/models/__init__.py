"""Networks by name: our own small ones, and those of torchvision and timm with input and class count adapted."""

from greenbench.ml.models.blank import blank
from greenbench.ml.models.published import Published
from greenbench.ml.models.registry import (
    architecture_for,
    build,
    build_pretrained,
    check_output,
    default_input,
    names,
    published,
    resolve,
)

__all__ = [
    "Published",
    "architecture_for",
    "blank",
    "build",
    "build_pretrained",
    "check_output",
    "default_input",
    "names",
    "published",
    "resolve",
]
