"""Networks by name: our own small ones, and those of torchvision and timm with input and class count adapted."""

from greenbench.ml.models.registry import architecture_for, build, build_pretrained, check_output, default_input, names

__all__ = ["architecture_for", "build", "build_pretrained", "check_output", "default_input", "names"]
