"""The ratio of two variants in a metric that is made of energy and perhaps something else: compared as the energy in it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from greenbench.analysis.edge_ratio import Leeway, edge_share, leeway, open_ratio, open_ratio_of_means
from greenbench.analysis.intervals import Interval
from greenbench.analysis.quotients import quotient
from greenbench.core.run import VariantResult

_PER_JOULE = ("inferences_per_joule", "accuracy_per_joule", "flops_per_joule")


@dataclass(frozen=True)
class Rounds:
    """One variant's metric of energy by round, and of the same rounds the energy in it and what the meter's edges leave open of that, J."""

    values: dict[int, float]
    energies_j: dict[int, float]
    edges_j: dict[int, float]

    def share(self, rounds: list[int]) -> float:
        """The edges in these rounds, as a share of their energy."""
        return edge_share([self.energies_j[r] for r in rounds], [self.edges_j[r] for r in rounds])


def in_round(key: str, variant: VariantResult, energy_j: float, median_s: float) -> float | None:
    """The metric of one block: of J for one example and the block's median; None where it cannot be formed."""
    if key == "energy_delay_product":
        return energy_j * median_s
    if key in ("inferences_per_joule", "accuracy_per_joule"):
        return 1 / energy_j if energy_j > 0 else None
    if key == "flops_per_joule":
        flops = variant.metrics[key.removesuffix("_per_joule")].value
        return flops / energy_j if flops and energy_j > 0 else None
    return energy_j


def left_open(key: str, mine: Rounds, other: Rounds) -> Leeway:
    """What the meter's edges leave open in the ratio of a metric of two variants."""
    rounds = sorted(mine.values.keys() & other.values.keys())
    found = leeway(mine.share(rounds), other.share(rounds))
    return found.turned if key in _PER_JOULE else found


def ratio(pairs: tuple[list[float], list[float]], open_: Leeway, edges: tuple[float, float], confidence: float) -> Interval:
    """The ratio of a metric's paired values. Where one is not positive (energy net of idle) there is no logarithm, and the absolute
    `edges` of both means decide."""
    if min(*pairs[0], *pairs[1]) > 0:
        return open_ratio(*pairs, open_, confidence)
    return open_ratio_of_means(*pairs, edges, confidence)


def with_accuracy(
    pairs: tuple[list[float], list[float]], open_: Leeway, variant: VariantResult, baseline: VariantResult, confidence: float
) -> Interval:
    """The ratio of inferences for each joule times that of the accuracies, which were measured apart and so are independent of it."""
    found = quotient(variant.metrics["accuracy"], baseline.metrics["accuracy"])
    joules = open_ratio(*pairs, open_, confidence)
    if not found.value or not found.low or found.high is None:
        return Interval(joules.value * (found.value or 0.0) or joules.value, None, None, joules.n)
    answers = Leeway(math.log(found.value / found.low), math.log(found.high / found.value))
    return open_ratio(*pairs, open_.joined(answers), confidence, factor=found.value)


def mean_edges(key: str, variant: VariantResult, rounds: Rounds, common: Mapping[int, float]) -> float:
    """The mean edge of a metric that grows with its energy, over the rounds that are also in `common`, in the metric's unit."""
    medians = {block.index: block.median_s / variant.batch if key == "energy_delay_product" else 1.0 for block in variant.blocks}
    found = [rounds.edges_j[index] * medians[index] for index in rounds.values if index in common]
    return sum(found) / len(found) if found else 0.0
