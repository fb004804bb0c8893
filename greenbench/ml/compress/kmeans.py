"""k-means in one dimension, exact to Lloyd's rule and quick on millions of weights: sort once, then only move borders."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Start = Literal["linear", "random", "density"]


@dataclass(frozen=True)
class Clusters:
    """`centroids` ascending, float64; `labels` says for each value, in the order given, which centroid stands for it.
    `exact`: there were no more distinct values than centroids, so nothing was lost."""

    centroids: Array
    labels: Array
    exact: bool = False


def cluster(values: Array, count: int, start: Start = "linear", seed: int = 0, iterations: int = 300) -> Clusters:
    """Groups finite values (any shape, flattened) around at most `count` centroids so that the squared error is at a minimum
    that Lloyd's rule reaches from its start; clusters that end empty are left out.

    Starts (Han 2016, section 3.2): "linear" spreads centroids evenly from the smallest to the largest value, which keeps
    the rare large weights; "density" evenly over the values; "random" takes some of the values.
    A value halfway between two centroids belongs to the lower one.
    """
    flat = np.asarray(values, np.float64).reshape(-1)
    ordered = np.sort(flat)
    distinct = ordered[np.concatenate([[True], np.diff(ordered) > 0])] if len(ordered) else ordered
    if len(distinct) <= count:
        return Clusters(distinct, np.searchsorted(distinct, flat), exact=True)
    centroids = _starts(ordered, distinct, count, start, seed)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    edges = _edges(ordered, centroids)
    for _ in range(iterations):
        counts = np.diff(edges)
        means = np.diff(sums[edges]) / np.maximum(counts, 1)
        centroids = np.where(counts > 0, means, centroids)
        moved = _edges(ordered, centroids)
        if np.array_equal(moved, edges):
            break
        edges = moved
    centroids = centroids[np.diff(edges) > 0]
    return Clusters(centroids, np.searchsorted(_borders(centroids), flat, side="left"))


def _starts(ordered: Array, distinct: Array, count: int, start: Start, seed: int) -> Array:
    match start:
        case "linear":
            return np.linspace(ordered[0], ordered[-1], count)
        case "density":
            places = (np.arange(count) + 0.5) / count * len(ordered)
            return np.asarray(ordered[places.astype(np.int64)], np.float64)
        case "random":
            return np.sort(np.random.default_rng(seed).choice(distinct, count, replace=False))


def _borders(centroids: Array) -> Array:
    return (centroids[:-1] + centroids[1:]) / 2


def _edges(ordered: Array, centroids: Array) -> Array:
    """Where each cluster begins and ends among the ordered values."""
    inner = np.searchsorted(ordered, _borders(centroids), side="right")
    return np.concatenate([[0], inner, [len(ordered)]])
