"""How compression refuses: the node first, then the number, the layer and the largest ratio that would still do."""

import math

from greenbench.core.errors import StepError


def refusal(owner: str, text: str, remedy: str = "") -> StepError:
    """The error "Prune 3": ratio …; without an owner the sentence stands alone."""
    return StepError(f'"{owner}": {text}' if owner else text[:1].upper() + text[1:], remedy)


def largest_ratio(removable: int, count: int) -> str:
    """removable / count, rounded down to two decimals, or to as many as set it apart from 0 and from 1: "0.96", "0.998"."""
    if removable <= 0 or count <= 0:
        return "0"
    ratio = removable / count
    nearest_end = min(ratio, 1 - ratio)
    decimals = max(2, -math.floor(math.log10(nearest_end))) if nearest_end > 0 else 2
    floored = math.floor(ratio * 10**decimals + 1e-9) / 10**decimals
    return f"{floored:.{decimals}f}".rstrip("0").rstrip(".")
