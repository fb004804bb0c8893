"""The percentile table states what the calls support, and the method says how many comparisons were judged at once."""

import numpy as np

from greenbench.analysis.percentiles import percentiles
from greenbench.core.run import BatchTried, Scenario, Served
from greenbench.report.columns import columns, of_call, rows, shown
from greenbench.report.first_page import keys
from greenbench.report.method import method
from greenbench.report.percentiles import longest_tail, percentile_table, scenario_sentences
from greenbench.report.sections import comparison, latency


def with_first(result, **update):
    first = result.variants[0].model_copy(update=update)
    return result.model_copy(update={"variants": (first, *result.variants[1:])})


def first_line(result):
    table = columns(result)
    table = percentile_table(result, rows(result, table, None), table)
    return dict(zip(table.head, table.rows[0], strict=True)), table.note


def test_few_calls_have_an_interval_where_many_have_a_number(measured):
    calls = np.random.default_rng(0).gamma(9.0, 1e-3, 30_000)
    few, note = first_line(with_first(measured, percentiles=percentiles([calls[:400], calls[400:800]])))
    many, _ = first_line(with_first(measured, percentiles=percentiles([calls])))
    assert " to " in few["p90"] or few["p90"].startswith("over ")
    assert " " not in many["p90"]
    assert many["p99"].count(" to ") == 1  # 30,000 calls state a p90, and no p99
    assert "270" in note


def test_a_run_from_before_intervals_were_kept_states_nothing_its_calls_do_not_support(measured):
    line, _ = first_line(measured)
    assert (line["p90"], line["p99"]) == ("—", "—")


def test_no_percentile_of_the_table_ends_below_a_lower_one_for_all_are_of_the_same_calls(measured):
    calls = np.random.default_rng(1).gamma(9.0, 1e-3, 60_000)
    first = with_first(measured, percentiles=percentiles([calls[:30_000], calls[30_000:]]))
    line, note = first_line(first)
    p90, p95 = (float(line[key].replace("\u202f", "")) for key in ("p90", "p95"))
    assert p90 < p95, "not p95 over blocks beside p90 of all calls"
    few, _ = first_line(with_first(measured, percentiles=percentiles([calls[:400], calls[400:800]])))
    assert " to " in few["p95"] or few["p95"].startswith("over ")
    assert "all calls pooled" in note
    assert "a p95 from 57\u202f344" in note


def test_scenarios_are_told_where_queries_did_not_come_one_after_the_other(measured):
    assert scenario_sentences(measured) == ()
    served = Served(rate=50.0, bound_s=0.1, queries=900, late=3, valid=True, text="valid: 3 of 900 were late")
    asked, told = scenario_sentences(with_first(measured, scenario=Scenario.SERVER, served=served))
    assert asked.endswith("50.0 a second, and 99 % must be answered within 100 ms, waiting included.")
    assert told == "A valid: 3 of 900 were late."
    tried = (BatchTried(batch=1, throughput=10.0), BatchTried(batch=16, throughput=90.0))
    (told,) = scenario_sentences(with_first(measured, scenario=Scenario.OFFLINE, batch=16, batches=tried))
    assert told.endswith("A at batch 16.")


def test_the_method_says_how_many_comparisons_were_judged_at_once(measured):
    assert "Comparisons" not in dict(method(measured, None).protocol)
    b = measured.variants[1]
    together = {key: comparison.model_copy(update={"together": 6}) for key, comparison in b.against.items()}
    corrected = measured.model_copy(update={"variants": (measured.variants[0], b.model_copy(update={"against": together}))})
    assert dict(method(corrected, None).protocol)["Comparisons"].startswith("6 at once in each metric, corrected (Holm)")


def several(measured, *blocks):
    """The variants with the percentiles of such calls, each a list of blocks."""
    found = [v.model_copy(update={"percentiles": percentiles(calls)}) for v, calls in zip(measured.variants, blocks, strict=False)]
    return found, measured.model_copy(update={"variants": tuple(found)})


def finding(result):
    table = columns(result)
    return latency(result, table, rows(result, table, None)).finding


def test_a_tail_is_claimed_only_of_a_percentile_that_may_be_stated_for_all(measured):
    random = np.random.default_rng(1)
    calls = [random.gamma(9.0, 1e-3, 30_000) for _ in range(2)]
    calls[1][:2000] *= 20  # one call in fifteen
    tailed, result = several(measured, [calls[0]], [calls[1]])
    assert (longest_tail(tailed).letter, longest_tail(tailed).name) == ("B", "p99")  # no p99 may be stated, but the intervals lie apart
    assert longest_tail(tailed).ratio.startswith("at least")
    assert "longest tail" in finding(result)
    alike, result = several(measured, [calls[0]], [calls[0][::-1]])
    told = longest_tail(alike)
    assert told is not None
    assert told.name == "p90"
    few, result = several(measured, [calls[0][:60]], [calls[1][-60:]])
    assert longest_tail(few) is None
    assert "tail" not in finding(result)
    assert finding(result).count(" has the shortest median, ") == 1


def test_a_percentile_without_upper_end_says_why(measured):
    random = np.random.default_rng(2)
    blocks = [random.gamma(9.0, 1e-3 * slow, 6000) for slow in (1, 1, 1.2)]
    line, note = first_line(with_first(measured, percentiles=percentiles(blocks)))
    assert line["p90"].startswith("over ")
    assert "Calls of a block hang together" in note


def test_one_variant_reaches_and_several_reach(measured):
    _, note = first_line(measured)
    assert "No variant reaches the first." in note
    many = tuple(b.model_copy(update={"calls": 100_000}) for b in measured.variants[1].blocks)
    others = [v.model_copy(update={"blocks": many}) for v in measured.variants[1:]]
    _, note = first_line(measured.model_copy(update={"variants": (measured.variants[0], *others)}))
    assert "A reaches none." in note


def test_a_call_of_many_examples_is_named_as_what_latency_is_of(measured):
    assert of_call(measured) == ""
    alike = measured.model_copy(update={"variants": tuple(v.model_copy(update={"batch": 64}) for v in measured.variants)})
    assert of_call(alike) == " of one call of 64 examples"
    assert first_line(alike)[1].startswith("Times are of one call of 64 examples. ")
    table = columns(alike)
    section = latency(alike, table, rows(alike, table, None))
    assert section.figures[0].caption.startswith("Latency of one call of 64 examples, one log axis.")
    assert keys(alike, table, None)[1].title.startswith("Median latency, call of 64")
    assert "Latency is that of one call of 64 examples" in comparison(alike, table, "").text[0]


def test_models_at_their_own_batch_sizes_are_set_side_by_side_in_examples_a_second(measured):
    sizes = range(16, 16 + len(measured.variants))
    own = [v.model_copy(update={"batch": n, "scenario": Scenario.OFFLINE}) for n, v in zip(sizes, measured.variants, strict=True)]
    result = measured.model_copy(update={"variants": tuple(own)})
    table = columns(result)
    assert table["throughput"].compared
    assert not table["latency_p50"].compared
    assert "throughput" in shown(result)
    assert "not compared: other batch size" in latency(result, table, rows(result, table, None)).finding.lower()
    assert "the time of a call is not" in scenario_sentences(result)[0]
