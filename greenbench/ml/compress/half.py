"""Half precision: every number of a network in two bytes. fp16 is finer and ends at 65,504; bf16 is coarse and reaches as far as fp32."""

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from greenbench.ml.artifacts import HALVES
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.models.blank import as_taken

Half = Literal["fp16", "bf16"]

# What a processor calls its instructions that multiply in that precision.
_FLAGS = {"fp16": ("avx512_fp16", "amx_fp16", "asimdhp", "fphp"), "bf16": ("avx512_bf16", "amx_bf16", "bf16")}
_BF16 = "Choose bf16, which reaches as far as fp32."


def cast(module: nn.Module, precision: Half, owner: str = "") -> int:
    """Rounds all floating-point numbers of a network to half precision, in place; returns how many became zero that were none.

    Raises:
        StepError: a number is too large; names the tensor.
    """
    dtype, lost = HALVES[precision], 0
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if not tensor.is_floating_point():
            continue
        rounded = tensor.detach().to(dtype)
        if bool(torch.isinf(rounded).any()) and not bool(torch.isinf(tensor).any()):
            largest = float(tensor.detach().abs().max())
            raise refusal(owner, f"{name} holds {largest:.3g}, and {precision} ends at {torch.finfo(dtype).max:,.0f}.", _BF16)
        lost += int(torch.count_nonzero(tensor.detach()) - torch.count_nonzero(rounded))
    module.to(dtype)
    return lost


def check_answers(module: nn.Module, batches: Iterable[Tensor], precision: Half, owner: str = "") -> None:
    """Demands finite answers from a network in half precision.

    Raises:
        StepError: a value on the way overflows; names the first layer that gives it.
    """
    broken: list[str] = []

    def look(name: str, output: Any) -> None:
        if not broken and isinstance(output, Tensor) and output.is_floating_point() and not bool(torch.isfinite(output).all()):
            broken.append(name)

    handles = [
        layer.register_forward_hook(lambda _layer, _inputs, output, name=name: look(name, output))
        for name, layer in module.named_modules()
        if not list(layer.children())
    ]
    try:
        with torch.inference_mode():
            for batch in batches:
                look("the last layer", module(as_taken(module, batch)))
                if broken:
                    remedy = _BF16 if precision == "fp16" else "Look at its weights, or train it anew."
                    raise refusal(owner, f"{broken[0]} gives values that {precision} cannot hold.", remedy)
    finally:
        for handle in handles:
            handle.remove()


def computes(precision: Half) -> bool | None:
    """Whether this processor has instructions for that precision; None where the system does not say."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True if platform.machine() == "arm64" else None
    words = set(text.replace(":", " ").split())
    return any(flag in words for flag in _FLAGS[precision])


def speed_note(precision: Half, device: str) -> str:
    """What a reader should expect of its speed on this machine."""
    if not device.startswith("cpu"):
        return f"Half the bytes are moved, and GPUs of the last years multiply {precision} faster than fp32."
    able = computes(precision)
    if able is None:
        return f"Whether this processor multiplies {precision} by itself is not known: the benchmark tells whether it is faster."
    if able:
        return f"This processor has instructions for {precision}: the benchmark tells how much faster they are."
    return f"This processor has no instructions for {precision}: PyTorch turns numbers back and forth, which can be slower than fp32."
