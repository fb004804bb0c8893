"""Offline finds the batch with most answers a second; Server lets queries wait their turn and counts that."""

import itertools

import numpy as np
import pytest

from greenbench.core.errors import StepError
from greenbench.engine.bench.offline import best_batch, sizes
from greenbench.engine.bench.serving import arrivals_ns, highest_rate, holds, serve
from greenbench.steps.benchmark.spec import SPEC, BenchmarkParams


class Clock:
    """A clock that only waiting and working move, in ns."""

    def __init__(self, service_ns):
        self.now, self.service_ns, self.slept = 0, service_ns, 0.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += round(seconds * 1e9)
        self.slept += seconds

    def run(self):
        self.now += self.service_ns


def served(arrivals_ms, service_ms, limit_s=100.0):
    clock = Clock(service_ms * 10**6)
    found = serve(clock.run, [a * 10**6 for a in arrivals_ms], limit_s, clock, clock.wait)
    return [d // 10**6 for d in found.durations_ns], found, clock


def test_a_query_that_finds_nobody_before_it_takes_the_time_of_an_answer():
    durations, found, _ = served([0, 50, 100], 20)
    assert durations == [20, 20, 20]
    assert found.t1_ns == 120 * 10**6


def test_waiting_for_those_before_is_part_of_a_querys_time():
    durations, _, clock = served([0, 5, 10, 100], 20)
    assert durations == [20, 35, 50, 20]
    assert clock.slept == pytest.approx(0.040)  # idle from 60 ms to 100 ms, and never busy waiting


def test_an_overload_is_broken_off_and_those_left_count_with_the_time_they_waited():
    durations, found, _ = served(range(0, 1000, 10), 20, limit_s=1.0)
    assert len(durations) == 100
    assert durations[-1] >= 10
    assert found.t1_ns <= 1.02e9


def test_arrivals_are_poisson_and_the_same_for_all_variants_of_a_round():
    gaps = np.diff([0, *arrivals_ns(100.0, 200.0, seed=3)]) / 1e9
    assert np.mean(gaps) == pytest.approx(0.01, rel=0.03)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.05)  # of exponential gaps they are equal
    assert arrivals_ns(100.0, 1.0, seed=3) == arrivals_ns(100.0, 1.0, seed=3)
    assert arrivals_ns(100.0, 1.0, seed=3) != arrivals_ns(100.0, 1.0, seed=4)
    assert len(arrivals_ns(0.01, 1.0, seed=0)) >= 3


def test_the_wait_in_the_queue_is_that_of_the_theory():
    """M/D/1: Poisson arrivals, constant service; the mean wait is ρ·s / (2·(1 − ρ)) (Pollaczek 1930, Khinchin 1932)."""
    clock, rho = Clock(10**7), 0.7
    found = serve(clock.run, arrivals_ns(rho / 0.01, 2000.0, seed=5), 4000.0, clock, clock.wait)
    waits = np.array(found.durations_ns) / 1e9 - 0.01
    assert waits.mean() == pytest.approx(rho * 0.01 / (2 * (1 - rho)), rel=0.05)


def test_the_highest_rate_is_found_where_the_queue_begins_to_break_the_bound():
    service_s, bound_s = 0.01, 0.05

    def probe(rate):
        clock = Clock(round(service_s * 1e9))
        return np.array(serve(clock.run, arrivals_ns(rate, 60.0, seed=1), 120.0, clock, clock.wait).durations_ns) / 1e9

    found, broken = highest_rate(probe, service_s, bound_s)
    assert 0.5 / service_s < found < 1 / service_s
    assert holds(probe(found), bound_s)
    assert not holds(probe(broken), bound_s)
    assert found < broken < 1.15 * found
    none, slowest = highest_rate(probe, service_s, bound_s=0.001)
    assert none is None
    assert slowest < 0.1 / service_s
    assert highest_rate(lambda rate: np.zeros(9), service_s, bound_s)[1] is None


def test_batch_sizes_are_powers_of_two_and_the_largest():
    assert sizes(64, None) == [1, 2, 4, 8, 16, 32, 64]
    assert sizes(48, None) == [1, 2, 4, 8, 16, 32, 48]
    assert sizes(1, None) == [1]
    assert sizes(64, 8) == [8]


def test_the_best_batch_is_the_one_with_most_examples_a_second_and_the_search_ends_where_it_falls():
    speeds = {1: 100.0, 2: 180.0, 4: 300.0, 8: 290.0, 16: 250.0, 32: 200.0, 64: 500.0}
    best, tried = best_batch(list(speeds), speeds.__getitem__)
    assert best == 4
    assert [each.batch for each in tried] == [1, 2, 4, 8, 16, 32]


def test_a_batch_that_does_not_fit_ends_the_search_and_the_first_one_fails_the_variant():
    fits = itertools.count()

    def throughput(batch):
        if next(fits) == 2:
            raise MemoryError
        return float(batch)

    assert best_batch([1, 2, 4, 8], throughput)[0] == 2
    with pytest.raises(StepError):
        best_batch([1, 2], lambda batch: (_ for _ in ()).throw(StepError("no", "none")))


def test_scenarios_show_only_what_matters_to_them_and_old_pipelines_keep_their_meaning():
    old = BenchmarkParams.checked({"runtime": "onnxruntime", "batch": 8}, "Benchmark")
    assert (old.scenario, old.call_batch, old.largest_batch) == ("single-stream", 8, 8)
    fields = {field.name: field for field in SPEC.fields}
    assert fields["rate"].visible_when == {"scenario": ("server",)}
    assert BenchmarkParams(scenario="server", batch=8).call_batch == 1
    assert BenchmarkParams(scenario="offline", max_batch=32).largest_batch == 32
