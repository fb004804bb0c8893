"""The card of a variant says how it was timed, as far as that is more than one call after the other."""

from greenbench.core.run import BatchTried, Comparison, NodeState, Percentile, Scenario, Served, VariantResult, Verdict
from greenbench.gui.results.timed import timing_details


def variant(**more):
    return VariantResult(letter="B", node="b", name="B", state=NodeState.DONE, **more)


def percentile(q, supported, n=4235):
    needed = {0.9: 24_576, 0.99: 270_336}[q]
    return Percentile(q=q, value_s=0.0142, low_s=0.0130, high_s=0.0160, n=n, needed=needed, supported=supported)


def test_nothing_is_said_of_a_plain_single_stream_without_percentiles():
    assert timing_details(variant()) == []


def test_percentiles_have_intervals_until_their_calls_suffice():
    told = dict(timing_details(variant(percentiles=(percentile(0.9, True, 30_000), percentile(0.99, False, 30_000)))))["Percentiles"]
    assert told.startswith("p90 14.2 ms, p99 13.0 to 16.0 ms; a p99 is stated from 270")


def test_where_blocks_differ_the_count_of_calls_is_not_to_blame():
    told = dict(timing_details(variant(percentiles=(percentile(0.9, False, 30_000),))))["Percentiles"]
    assert told == "p90 13.0 to 16.0 ms; blocks differ too much to state a p90"


def test_offline_names_its_batch_and_server_its_verdict():
    tried = (BatchTried(batch=1, throughput=10.0), BatchTried(batch=2, throughput=15.0))
    told = dict(timing_details(variant(scenario=Scenario.OFFLINE, batch=2, batches=tried)))
    assert told["Scenario"] == "offline, best at batch 2 of 1, 2"
    served = Served(rate=10.0, bound_s=0.1, queries=90, late=0, valid=None, text="cannot tell yet: 0 of 90 were late")
    told = dict(timing_details(variant(served=served)))["Scenario"]
    assert told == "server, 10.0 queries a second within 100 ms: cannot tell yet: 0 of 90 were late"


def test_several_comparisons_say_that_they_were_judged_at_once():
    against = {"latency_p50": Comparison(verdict=Verdict.LOWER, together=6)}
    assert "6 variants at once" in dict(timing_details(variant(against=against)))["Compared"]
