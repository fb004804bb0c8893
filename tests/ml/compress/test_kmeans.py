"""One-dimensional k-means agrees with scikit-learn's from the same start, and with the optimum where that is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans

from greenbench.ml.compress.kmeans import cluster


def inertia(values, found):
    return float(((values - found.centroids[found.labels]) ** 2).sum())


@pytest.mark.parametrize("count", [2, 8, 16])
def test_the_clusters_are_those_of_scikit_learn_from_the_same_start(count):
    values = np.random.default_rng(count).normal(size=2000)
    start = np.linspace(values.min(), values.max(), count).reshape(-1, 1)
    peer = KMeans(count, init=start, n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(values.reshape(-1, 1))
    found = cluster(values, count)
    assert np.allclose(found.centroids, np.sort(peer.cluster_centers_.ravel()), atol=1e-9)
    assert inertia(values, found) == pytest.approx(peer.inertia_, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(
    hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-10, 10, width=32)),
    st.integers(1, 16),
    st.sampled_from(["linear", "random", "density"]),
)
def test_each_value_has_its_nearest_centroid_and_each_centroid_is_the_mean_of_its_values(values, count, start):
    found = cluster(values, count, start)
    distances = np.abs(values[:, None].astype(np.float64) - found.centroids)
    assert np.allclose(distances[np.arange(len(values)), found.labels], distances.min(1), atol=1e-12)
    assert len(found.centroids) <= count
    for index, centroid in enumerate(found.centroids):
        assert centroid == pytest.approx(values[found.labels == index].astype(np.float64).mean(), abs=1e-9)


@pytest.mark.parametrize("start", ["linear", "random", "density"])
def test_well_separated_groups_are_found(start):
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(center, 0.01, 100) for center in (-1.0, 0.0, 1.0)])
    found = cluster(values, 3, start, seed=3)
    if start != "random":  # a random start may put two centroids into one group
        assert np.allclose(found.centroids, [-1, 0, 1], atol=0.01)
    assert np.bincount(found.labels).sum() == 300


def test_no_more_distinct_values_than_centroids_loses_nothing():
    values = np.array([0.5, -1.0, 0.5, 2.0, -1.0])
    found = cluster(values, 4)
    assert found.exact
    assert np.array_equal(found.centroids[found.labels], values)


def test_the_linear_start_keeps_a_rare_large_weight():
    """Han 2016, section 3.2: that is why it does better than the density start."""
    values = np.append(np.random.default_rng(0).normal(0, 0.05, 10_000), 3.0)
    assert cluster(values, 16, "linear").centroids[-1] == pytest.approx(3.0)
    assert cluster(values, 16, "density", iterations=0).centroids[-1] < 1.0  # Lloyd has yet to find it


def test_an_empty_layer_has_no_centroids():
    assert len(cluster(np.zeros(0), 4).centroids) == 0
