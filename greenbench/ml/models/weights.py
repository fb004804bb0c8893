"""Which architecture a bare file of weights belongs to, told by the names and shapes of its tensors."""

import hashlib
from collections.abc import Mapping


def fingerprint(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """A short hash of all names and shapes of a state dict, whatever their order: equal for the same architecture."""
    lines = (f"{name}:{'x'.join(str(side) for side in shapes[name])}" for name in sorted(shapes))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
