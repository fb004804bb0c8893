"""Low-rank factorisation: one layer becomes two or three thin ones, where that really saves multiply-adds.

A matrix (Linear, 1×1 convolution) is cut by its singular values, the best there is for a rank (Eckart and Young 1936); a k×k
convolution by Tucker-2 on its two channel modes (Kim 2016, 1511.06530, section 3.1). The thin layers are plain ones, so they train,
prune and export like any other.
"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from greenbench.core.artifact import LayerChange
from greenbench.ml.compress import layers
from greenbench.ml.compress.chosen import covers
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.models.changes import KINDS, put

By = Literal["energy", "ratio"]


@dataclass(frozen=True)
class LowRankSettings:
    """`by` "energy": the smallest rank that keeps the share `energy` of the squared singular values, in each of a convolution's two
    channel modes; "ratio": the share `ratio` of the full rank. `keep` names layers and blocks left alone; `last` says whether the
    layers that make the output are split too."""

    by: By = "energy"
    energy: float = 0.9
    ratio: float = 0.5
    keep: tuple[str, ...] = ()
    last: bool = True


@dataclass(frozen=True)
class Factorized:
    """One layer that was replaced. `ranks` is one number (SVD) or two (Tucker-2: in, out), `full` what they could be at most; `energy`
    the share of ‖W‖² that is left; multiply-adds are those of one example."""

    layer: str
    kind: str
    ranks: tuple[int, ...]
    full: tuple[int, ...]
    energy: float
    macs: int
    macs_before: int

    @property
    def change(self) -> LayerChange:
        return LayerChange(layer=self.layer, kind=self.kind, arguments={"ranks": list(self.ranks)})


@dataclass
class LowRank:
    """What was done: the new network, the layers replaced, and by reason the names of those left alone."""

    module: nn.Module
    done: list[Factorized] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, reason: str, name: str) -> None:
        self.left.setdefault(reason, []).append(name)


@dataclass(frozen=True)
class _Places:
    """For how many positions a layer computes its output, and how many its input has: 1 for a row of numbers."""

    inputs: int
    outputs: int


COSTLIER = "would need more multiply-adds"
GROUPED = "grouped or depthwise convolution"
NAMED = "left alone as asked"
OUTPUT = "makes the output"
MASKED = "holds weights that were pruned one by one"
OTHER = "of a kind that cannot be split"


def factorize(
    module: nn.Module,
    inputs: Tensor,
    settings: LowRankSettings,
    masked: Collection[str] = (),
    owner: str = "",
    check: Callable[[], None] = lambda: None,
) -> LowRank:
    """Replaces the layers that get cheaper, in place; `inputs` (batch, …) is what the multiply-adds are counted with.

    `masked` are the parameters with a pruning mask, whose layers are left alone: their zeros would come back. Layers that are not
    called themselves (inside attention that reads their weights), that share their weights, grouped convolutions and the named ones
    are left alone too.

    Raises:
        StepError: no layer would get cheaper; names the nearest, and the rank it would need.
        Cancelled: from `check`.
    """
    places = _places(module, inputs)
    made = LowRank(module)
    nearest: tuple[float, str] | None = None
    outputs = [] if settings.last else layers.output_layers(module, inputs)
    for name, layer in layers.weighted_layers(module).items():
        check()
        named = OUTPUT if name in outputs else NAMED if covers(settings.keep, name) else ""
        reason = named or _untouched(module, name, layer, name in places, masked)
        if reason:
            made.leave(reason, name)
            continue
        cut = _Cut(layer, places[name], settings)
        if cut.macs >= cut.macs_before:
            made.leave(COSTLIER, name)
            nearest = min(filter(None, (nearest, (cut.macs / cut.macs_before, f"{name} at rank {cut.rank_text}"))))
            continue
        made.done.append(Factorized(name, cut.kind, cut.ranks, cut.full, cut.energy, cut.macs, cut.macs_before))
        made.module = put(made.module, name, cut.replacement().train(layer.training))
    if not made.done:
        raise _nothing(owner, made, settings, nearest)
    broken = layers.failing_layer(made.module, inputs)
    if broken:
        raise refusal(owner, f"the network no longer runs once its layers are split: {broken[0]} says {broken[1]}.", "Leave it alone.")
    return made


def _nothing(owner: str, made: LowRank, settings: LowRankSettings, nearest: tuple[float, str] | None) -> Exception:
    asked = f"{100 * settings.energy:g} % of the energy" if settings.by == "energy" else f"{100 * settings.ratio:g} % of the rank"
    if nearest is None:
        reasons = "; ".join(_left_alone(reason, names) for reason, names in made.left.items())
        remedy = "Factorise before pruning single weights." if MASKED in made.left else "Choose another model, or magnitude pruning."
        return refusal(owner, f"there is no layer to split ({reasons or 'the network has no weights'}).", remedy)
    text = f"with {asked} kept no layer gets cheaper; the nearest, {nearest[1]}, would need {nearest[0]:.2f} times its multiply-adds."
    return refusal(owner, text, f"Keep less {'energy' if settings.by == 'energy' else 'of the rank'}.")


def _left_alone(reason: str, names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    verb = (" are " if more else " is ") if reason == OTHER else ": "
    return f"{names[0]}{more}{verb}{reason}"


def _untouched(module: nn.Module, name: str, layer: nn.Module, called: bool, masked: Collection[str]) -> str:
    """Why a layer cannot be split, or ""."""
    if isinstance(layer, nn.modules.conv._ConvNd) and layer.groups > 1:
        return GROUPED
    if type(layer) not in (nn.Linear, nn.Conv2d) or not called or _shared(module, layer):
        return OTHER
    if (f"{name}.weight" if name else "weight") in masked:
        return MASKED
    return ""


def _shared(module: nn.Module, layer: nn.Module) -> bool:
    weight = layer.get_parameter("weight")
    return sum(parameter is weight for _, parameter in module.named_parameters(remove_duplicate=False)) > 1


def _places(module: nn.Module, inputs: Tensor) -> dict[str, _Places]:
    """The positions of each layer that is called, in one run; a layer called twice counts as the first time."""
    found: dict[str, _Places] = {}

    def note(name: str, layer: nn.Module, arrived: Any, output: Any) -> None:
        spatial = isinstance(layer, nn.Conv2d)
        count = [math.prod(t.shape[-2:]) if spatial else math.prod(t.shape[1:-1]) for t in (arrived[0], output)]
        found.setdefault(name, _Places(*count))

    handles = [
        layer.register_forward_hook(lambda layer, arrived, output, name=name: note(name, layer, arrived, output))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    try:
        with layers.evaluation_mode(module), torch.no_grad():
            module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found


class _Cut:
    """One layer's factors and what they cost. Everything is computed in double precision."""

    def __init__(self, layer: nn.Module, places: _Places, settings: LowRankSettings) -> None:
        self.layer, self.settings = layer, settings
        self.weight = layer.get_parameter("weight").detach().double()
        self.kind = "svd" if self.weight[0, 0].numel() == 1 else "tucker2"
        outputs, inputs = self.weight.shape[:2]
        if self.kind == "svd":
            matrix = self.weight.flatten(1)
            self.modes = [_Mode(matrix if outputs <= inputs else matrix.T)]
        else:
            self.modes = [_Mode(self.weight.transpose(0, 1).flatten(1)), _Mode(self.weight.flatten(1))]
        self.full = tuple(mode.full for mode in self.modes)
        self.ranks = tuple(mode.rank(settings) for mode in self.modes)
        self.macs_before = places.outputs * self.weight.numel()
        if self.kind == "svd":
            self.macs = places.outputs * self.ranks[0] * (inputs + outputs)
        else:
            inner, outer = self.ranks
            kernel = self.weight[0, 0].numel()
            self.macs = places.inputs * inputs * inner + places.outputs * (kernel * inner * outer + outer * outputs)

    @property
    def rank_text(self) -> str:
        return " and ".join(f"{rank} of {full}" for rank, full in zip(self.ranks, self.full, strict=True))

    @property
    def energy(self) -> float:
        """The share of ‖W‖² that the factors keep: projections on orthonormal bases, so it is the core's."""
        total = float(self.weight.square().sum())
        return float(self._core.square().sum()) / total if total else 1.0

    @cached_property
    def _core(self) -> Tensor:
        if self.kind == "svd":
            basis = self.modes[0].basis(self.ranks[0])
            matrix = self.weight.flatten(1)
            return basis.T @ (matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T)
        inner, outer = (mode.basis(rank) for mode, rank in zip(self.modes, self.ranks, strict=True))
        return torch.einsum("oihw,ir,os->srhw", self.weight, inner, outer)

    def replacement(self) -> nn.Module:
        """The thin layers, filled; the bias moves to the last."""
        fresh = KINDS[self.kind](self.layer, {"ranks": list(self.ranks)})
        factors = self._svd_factors() if self.kind == "svd" else self._tucker_factors()
        with torch.no_grad():
            for thin, factor in zip(fresh.children(), factors, strict=True):
                weight = thin.get_parameter("weight")
                weight.copy_(factor.view(weight.shape))
            if self.layer.bias is not None:
                fresh.get_parameter(f"{len(factors) - 1}.bias").copy_(self.layer.get_parameter("bias"))
        return fresh

    def _svd_factors(self) -> tuple[Tensor, Tensor]:
        """V√Σ and U√Σ: equally large, so that one learning rate suits both."""
        basis, core = self.modes[0].basis(self.ranks[0]), self._core
        size = self.modes[0].singular(self.ranks[0]).sqrt()
        size = size.clamp_min(1e-4 * float(size[0]) or 1.0)  # rounding, not weights
        tall, wide = basis * size, core / size[:, None]
        outputs, inputs = self.weight.shape[:2]
        return (wide, tall) if outputs <= inputs else (tall.T, wide.T)

    def _tucker_factors(self) -> tuple[Tensor, Tensor, Tensor]:
        inner, outer = (mode.basis(rank) for mode, rank in zip(self.modes, self.ranks, strict=True))
        return inner.T.contiguous(), self._core, outer


class _Mode:
    """The left singular vectors of a wide matrix, by the eigenvectors of its Gram matrix (HOSVD, De Lathauwer 2000)."""

    def __init__(self, matrix: Tensor) -> None:
        values, vectors = torch.linalg.eigh(matrix @ matrix.T)
        self._squares = values.flip(0).clamp_min(0.0)
        self._vectors = vectors.flip(1)
        self.full = min(matrix.shape)

    def rank(self, settings: LowRankSettings) -> int:
        if settings.by == "ratio":
            return max(1, min(self.full, round(settings.ratio * self.full)))
        total = float(self._squares.sum())
        # A hair less than asked: at 100 % the last singular values are rounding.
        kept = self._squares.cumsum(0) < settings.energy * total * (1 - 1e-12)
        return max(1, min(self.full, int(kept.sum()) + 1))

    def basis(self, rank: int) -> Tensor:
        first: Tensor = self._vectors[:, :rank]
        return first

    def singular(self, rank: int) -> Tensor:
        first: Tensor = self._squares[:rank].sqrt()
        return first


def left_texts(made: LowRank) -> Iterator[tuple[str, str]]:
    """Reason and layers of what was left alone, for a panel: names where they are few, else a count."""
    for reason, names in made.left.items():
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield reason, f"{len(names)}: {shown}"
