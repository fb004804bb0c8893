"""Keeps a GPU busy for a share of its time: products of square matrices, in turns of a tenth of a second."""

import threading
import time
from collections.abc import Callable

import torch

_SIDE = 4096
_TURN_S = 0.1


def gpu_is_there() -> bool:
    """Whether torch can use an NVIDIA GPU here."""
    return bool(torch.cuda.is_available())


def keep_busy(share: Callable[[], float], ended: threading.Event) -> None:
    """Works `share()` (0 to 1) of every turn on the first GPU until `ended`; synchronised, so that nothing piles up."""
    left = torch.randn(_SIDE, _SIDE, device="cuda", dtype=torch.float16)
    right = torch.randn(_SIDE, _SIDE, device="cuda", dtype=torch.float16)
    while not ended.is_set():
        start = time.monotonic()
        busy_until = start + share() * _TURN_S
        while time.monotonic() < busy_until and not ended.is_set():
            torch.mm(left, right)
            torch.cuda.synchronize()
        ended.wait(max(start + _TURN_S - time.monotonic(), 0.0))
