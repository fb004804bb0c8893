"""The middle of a few numbers and how well it is known, though some of them were disturbed.

A machine is never alone: now and then a round is half as slow again because something else ran, and one such round among eight makes
Student's interval ten times as wide. So from eight numbers on the outer fifth at either end is set aside, whatever it is, by rule and
not by looking:

    ○ ● ● ● ● ● ● ○      mean of the middle ●; scatter with each ○ moved to the nearest ● (winsorised), so that setting aside is paid for

Where nothing was disturbed the interval is 15 % wider for it and holds the truth 94 to 95 times in a hundred (Tukey and McLaughlin 1963,
Sankhyā A 25, 331; Yuen 1974, Biometrika 61, 165). Of fewer numbers too little would be left.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 8
_SHARE = 0.2


@dataclass(frozen=True)
class Centre:
    """The trimmed mean of numbers, its standard error, and the degrees of freedom of Student's t that goes with them. Of an array each
    row is a set of numbers of its own."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    freedom: int


def set_aside(n: int) -> int:
    """How many of n numbers are set aside at either end."""
    return int(_SHARE * n) if n >= FEWEST else 0


def centre(values: NDArray[np.float64]) -> Centre:
    """The middle of the numbers along the last axis, two of them at least; where none is set aside it is their mean and its error."""
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    out = set_aside(n)
    middle = ordered[..., out : n - out]
    left = n - 2 * out
    moved = np.clip(ordered, middle[..., :1], middle[..., -1:])
    return Centre(middle.mean(axis=-1), moved.std(axis=-1) * math.sqrt(n / (left * (left - 1))), left - 1)
