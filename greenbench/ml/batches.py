"""The training batches of every epoch: shuffled by seed, from memory where the split fits, else read as they are needed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from greenbench.ml.augmentation import Augmenter
from greenbench.ml.data import Split

_KEEP_IN_MEMORY_BYTES = 1 << 30


@dataclass(frozen=True)
class Batch:
    """One training batch: examples, what is true of them, and their places in the training split. `augmented`: the examples differ
    from those of the split, and from epoch to epoch."""

    x: Tensor
    y: Tensor
    indices: Tensor
    augmented: bool = False


class Feed:
    """Gives the batches of an epoch. `used` examples of the split are seen in each, in `per_epoch` batches."""

    def __init__(self, split: Split, batch: int, device: torch.device, augment: Augmenter) -> None:
        self.split, self.batch, self.device, self.augment = split, batch, device, augment
        count = len(split)
        # A last batch of a single example has no variance, which batch normalisation needs.
        self.used = count - 1 if count % batch == 1 and count > 1 and batch > 1 else count
        self.per_epoch = math.ceil(self.used / batch)
        self.labels = torch.from_numpy(np.array(split.targets(np.arange(count)))).to(device)
        self.whole = self._tensor(split.arrays()[0]) if split.nbytes <= _KEEP_IN_MEMORY_BYTES else None

    def _tensor(self, x: np.ndarray) -> Tensor:
        # Channels stay first: with them last, oneDNN's gradient of a strided 1×1 convolution with few input channels writes
        # past its buffer (uxlfoundation/oneDNN issue 6035), and pruned shortcuts are just that. It would gain a tenth.
        return torch.from_numpy(x).to(self.device)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch, the same for the same seed and epoch."""
        order = np.random.default_rng((seed, epoch)).permutation(len(self.split))[: self.used]
        for number, start in enumerate(range(0, self.used, self.batch)):
            chosen = order[start : start + self.batch]
            indices = torch.from_numpy(chosen).to(self.device)
            x = self.whole[indices] if self.whole is not None else self._tensor(self.split.take(chosen))
            yield Batch(self.augment(x, (seed, epoch, number)), self.labels[indices], indices, self.augment.active)
