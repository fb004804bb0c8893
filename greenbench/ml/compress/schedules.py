"""How sparsity rises from nothing to what was asked for: in rounds, or along a cubic during training."""

from dataclasses import dataclass, field

from torch import Tensor, nn

from greenbench.ml.compress import magnitude


def geometric(start: float, end: float, done: int, rounds: int) -> float:
    """The sparsity after `done` of `rounds`, of which each removes the same share of the weights that are left (Han 2015, section 3.3;
    Frankle 2019, section 1). Never less than at the start."""
    if end <= start:
        return end
    left = (1 - start) * ((1 - end) / (1 - start)) ** (done / rounds)
    return end if done >= rounds else 1 - left


def cubic(start: float, end: float, done: float, begin: float, until: float) -> float:
    """The sparsity at `done` between `begin` and `until`, in batches: fast at first, while many weights are superfluous, then ever
    slower. s_f + (s_i − s_f)(1 − (t − t₀)/(nΔt))³ (Zhu and Gupta 2017, equation 1)."""
    share = min(1.0, max(0.0, (done - begin) / max(until - begin, 1e-9)))
    return end + (start - end) * (1 - share) ** 3


@dataclass
class GradualPruning:
    """Prunes while a network is trained: called after each optimiser step, it tightens `masks` in place every `every` batches, from the
    share `begin` to the share `until` of all batches. Weights once removed stay removed (Zhu and Gupta 2017, section 3)."""

    module: nn.Module
    settings: magnitude.MagnitudeSettings
    masks: dict[str, Tensor]
    begin: float = 0.0
    until: float = 0.75
    every: int = 100
    owner: str = ""
    origin: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.origin = dict(self.masks)

    def __call__(self, done: int, total: int) -> None:
        first, last = round(self.begin * total), max(1, round(self.until * total))
        if done < first or done > last or ((done - first) % self.every and done != last):
            return
        self.prune(lambda start, end: cubic(start, end, done, first, last))

    def prune(self, sparsity: magnitude.Way) -> None:
        """Removes the smallest weights until the sparsity of this moment is reached."""
        stage = magnitude.Stage(sparsity, self.origin)
        self.masks.update(magnitude.prune(self.module, self.settings, self.masks, self.owner, stage))
