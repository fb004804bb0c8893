"""A run comes out of its raw data as it was printed; one changed reading, call or answer, and the audit says where."""

import json

import pytest

from greenbench.analysis.intervals import paired_ratio
from greenbench.core import messages
from greenbench.core.errors import GreenBenchError, StoreError
from greenbench.core.measurement import Provenance, Sample, SourceState
from greenbench.core.run import RunState
from greenbench.engine.audit import audit
from greenbench.engine.results import ARITHMETIC
from greenbench.store.latencies import pack, unpack

# Numbers of a played run, and the ends of the ratio of `EIGHT` rounds, by the rules that made them.
PLAYED = (0.13353248, 0.120133, 0.14693197, 0.0066652578, 0.0066702261, -0.33337922)
RULES = {
    1: (*PLAYED, -0.33407942, -0.33267828, 19.025358, 0.125, 0.929878, 1.22435984),
    2: (*PLAYED, -0.45487755, -0.1848020, 19.025358, 0.125, 0.929878, 1.22435984),
    3: (*PLAYED, -0.45487755, -0.1848020, 19.025358, 0.125, 0.99135041, 1.03221663),
}
EIGHT = (1.02, 0.99, 1.01, 1.6, 1.03, 1.0, 1.02, 0.98)


def change(store, sql, *values):
    with store._database.writing() as connection:
        assert connection.execute(sql, values).rowcount > 0


def number(found, path):
    return next(each for each in found.all_numbers if each.path.endswith(path))


@pytest.mark.parametrize("provenance", [Provenance.COUNTER, Provenance.INTEGRATED, Provenance.MODELLED])
def test_every_number_of_a_run_comes_out_as_it_was_stored(store, play, provenance):
    played = play(provenance=provenance)
    found = audit(store, played.run_id)
    assert found.agrees
    assert found.digest_agrees is True
    assert found.reason == ""
    checked = {each.path for each in found.all_numbers if each.agrees}
    for variant in played.result.variants:
        assert {f"{played.run_id}/{variant.letter}/{key}" for key in variant.metrics} <= checked
    assert f"{played.run_id}/a/energy" in checked
    assert f"{played.run_id}/idle_before" in checked
    assert {f"{played.run_id}/A/percentile/{name}" for name in ("p50", "p90", "p95", "p99")} <= checked
    spent = [place for place, line in enumerate(played.result.ledger) if not line.cached]
    assert {f"{played.run_id}/ledger/{place}" for place in spent} <= checked
    assert spent
    if provenance.measured:
        assert f"{played.run_id}/B/energy_per_inference/against" in checked


def test_a_block_names_the_samples_around_it(store, play):
    played = play()
    block = audit(store, played.run_id, "A").variants[0].blocks[0]
    # One second between readings 0.1 s apart that lie 12.3 ms after its ends: eleven intervals, so twelve readings.
    assert [(s.count, s.provenance) for s in block.samples] == [(12, Provenance.COUNTER)]
    assert block.samples[0].first_s < block.t0_s < block.t1_s < block.samples[0].last_s
    assert block.energy_j == pytest.approx(20.03, abs=0.05)
    assert block.energy_j == pytest.approx(played.result.variants[0].blocks[0].energy_j, rel=1e-12)
    assert block.edge_j < block.half_width_j or block.edge_j == pytest.approx(block.half_width_j)
    assert block.calls == 100


def test_a_meter_that_fell_silent_before_the_end_is_not_lost(store, play):
    played = play(hole=(10.0, 99.0), state=SourceState.SILENT)
    stored = [block.energy_j is None for variant in played.result.variants for block in variant.blocks]
    assert set(stored) == {True, False}  # it read some of the blocks
    found = audit(store, played.run_id)
    assert found.disagreements == ()
    assert [block.energy_j is None for variant in found.variants for block in variant.blocks] == stored
    assert "the counter is gone" in next(block.reason for variant in found.variants for block in variant.blocks if block.energy_j is None)


def test_one_changed_joule_is_found_with_the_numbers_it_touches(store, play):
    played = play()
    t_ns = played.result.variants[0].blocks[1].t0_ns + 12_345_678
    change(store, "UPDATE sample SET energy_j = energy_j + 0.5 WHERE t_ns = ?", t_ns)
    found = audit(store, played.run_id)
    assert found.digest_agrees is False
    assert number(found, "/A/energy_per_inference").agrees is False
    assert number(found, "/A/latency_p50").agrees is True
    assert number(found, "/A/accuracy").agrees is True
    assert [block.agrees for block in found.variants[0].blocks] == [True, False, True]
    assert any("block 2: energy differs from the stored result" in text for text in found.disagreements)


def test_one_changed_call_is_found(store, play):
    played = play()
    with store._database.reading() as connection:
        place, blob = connection.execute("SELECT number, latencies FROM window WHERE latencies IS NOT NULL LIMIT 1").fetchone()
    calls = unpack(blob).copy()
    calls[:60] *= 0.5
    change(store, "UPDATE window SET latencies = ? WHERE number = ?", pack(calls), place)
    found = audit(store, played.run_id)
    assert found.digest_agrees is False
    assert number(found, "/A/latency_p50").note == "the value made again differs"
    assert number(found, "/A/energy_per_inference").agrees is True


def test_one_changed_answer_is_found_in_accuracy_and_its_comparison(store, play):
    played = play()
    (line,) = [line for line in store.words(played.run_id) if '"correct":"1' in line and '"variant":"B"' in line]
    word = json.loads(line)
    word["correct"] = word["correct"][:-1] + "1"
    change(store, "UPDATE word SET body = ? WHERE body = ?", json.dumps(word), line)
    found = audit(store, played.run_id)
    assert number(found, "/B/accuracy").agrees is False
    assert number(found, "/B/accuracy/against").agrees is False
    assert number(found, "/A/accuracy").agrees is True


def test_a_number_that_was_changed_in_the_result_itself_is_found(store, play):
    played = play()
    better = played.result.variants[1]
    cheaper = better.metrics["energy_per_inference"].model_copy(update={"value": 0.01})
    variants = (played.result.variants[0], better.model_copy(update={"metrics": {**better.metrics, "energy_per_inference": cheaper}}))
    store.finish_run(played.run_id, RunState.FINISHED, played.result.model_copy(update={"variants": variants}))
    found = audit(store, played.run_id)
    assert found.digest_agrees is True  # the raw data is whole: it is the result that is not of it
    assert [each.path for each in found.all_numbers if each.agrees is False] == [f"{played.run_id}/B/energy_per_inference"]


def test_lost_samples_are_told_and_not_taken_for_zero(store, play):
    played = play()
    change(store, "DELETE FROM sample")
    change(store, "DELETE FROM channel")
    found = audit(store, played.run_id)
    energy = number(found, "/A/energy_per_inference")
    assert (energy.found, energy.agrees) == (None, False)
    assert energy.note == "it cannot be made again: the raw data is lost"
    assert "No power sample of this run is kept" in found.reason
    assert number(found, "/A/latency_p50").agrees is True


def test_damaged_calls_of_one_block_are_named_and_all_else_is_compared(store, play):
    played = play()
    with store._database.reading() as connection:
        rows = connection.execute("SELECT number, body, latencies FROM window WHERE latencies IS NOT NULL").fetchall()
    place, blob = next((row[0], bytearray(row[2])) for row in rows if '"B"' in row[1] and json.loads(row[1])["block"] == 1)
    blob[-5] ^= 0xFF
    change(store, "UPDATE window SET latencies = ? WHERE number = ?", bytes(blob), place)
    found = audit(store, played.run_id)
    assert found.disagreements == (f"{played.run_id}/B/block 2: its call times are damaged and cannot be read back.",)
    median = number(found, "/B/latency_p50")
    assert (median.agrees, median.found) == (None, None)
    assert median.note.endswith("damaged are the call times of block 2 of B")
    assert number(found, "/B/latency_p50/against").agrees is None
    for whole in ("/A/latency_p50", "/A/energy_delay_product", "/B/energy_per_inference", "/B/energy_per_inference/against", "/B/accuracy"):
        assert number(found, whole).agrees is True, whole
    assert [block.agrees for block in found.variants[1].blocks] == [True, False, True]


def test_damaged_calls_of_a_run_that_broke_off_leave_the_other_blocks(store, play):
    played = play()
    change(store, "UPDATE run SET result = NULL, state = 'lost'")
    change(store, 'UPDATE window SET latencies = x\'6e00\' WHERE latencies IS NOT NULL AND body LIKE \'%"variant":"B"%"block":1%\'')
    found = audit(store, played.run_id)
    assert [block.index for block in found.variants[1].blocks] == [0, 2]
    assert found.damaged == (f"{played.run_id}/B/block 2",)


def test_a_counter_that_contradicts_itself_is_not_called_lost(store, play):
    played = play()
    change(store, "UPDATE sample SET energy_j = energy_j + 50 WHERE t_ns = (SELECT min(t_ns) FROM sample WHERE t_ns > ?)", 107 * 10**9)
    found = audit(store, played.run_id)
    energy = number(found, "/A/energy_per_inference")
    assert energy.agrees is False
    assert not any("lost" in text for text in found.disagreements)
    assert any("ran backwards" in text for text in found.disagreements)


def test_a_hole_is_a_gap_with_its_reason_and_agrees(store, play):
    played = play(hole=(6.5, 7.5))  # in the first blocks
    found = audit(store, played.run_id)
    assert found.agrees
    block = found.variants[0].blocks[0]
    assert block.energy_j is None
    assert block.samples[0].gap == "the counter is gone"
    assert "the counter is gone" in block.reason


def test_an_older_run_says_what_cannot_be_made_again(store, play):
    played = play()
    change(store, "DELETE FROM word")
    store.finish_run(played.run_id, RunState.FINISHED, played.result.model_copy(update={"raw_digest": ""}))
    found = audit(store, played.run_id)
    assert found.digest_agrees is None
    assert found.agrees
    assert number(found, "/A/energy_per_inference").agrees is True
    assert number(found, "/A/latency_p95").agrees is True
    assert number(found, "/A/accuracy").agrees is None
    assert "answers and sizes cannot" in found.reason


def test_a_run_that_broke_off_shows_its_blocks_and_compares_nothing(store, play):
    played = play()
    change(store, "UPDATE run SET result = NULL, state = 'lost'")
    found = audit(store, played.run_id)
    assert found.agrees
    assert found.all_numbers == found.numbers
    assert [block.calls for block in found.variants[0].blocks] == [100, 100, 100]
    assert found.variants[0].blocks[0].energy_j == pytest.approx(20.03, abs=0.05)
    assert "broke off" in found.reason


def test_one_variant_and_one_metric_can_be_asked_for(store, play):
    played = play()
    found = audit(store, played.run_id[:4], "B", "median latency")
    assert [each.path for each in found.all_numbers] == [
        f"{played.run_id}/B/latency_p50",
        f"{played.run_id}/B/latency_p50/against",
    ]
    with pytest.raises(GreenBenchError, match='no metric "speed"'):
        audit(store, played.run_id, metric="speed")
    with pytest.raises(StoreError, match='no variant "Z"'):
        audit(store, played.run_id, "Z")


def test_what_the_meter_reads_after_the_end_is_not_in_the_digest(store, play):
    played = play()
    late = Sample(channel="cpu", t_ns=played.now + 60 * 10**9, power_w=1.0, energy_j=1e6)
    played.recorder.on_samples((late,))
    assert audit(store, played.run_id).digest_agrees is True


def test_auditing_writes_nothing(store, play):
    played = play()
    counts = "SELECT (SELECT count(*) FROM window), (SELECT count(*) FROM word), (SELECT count(*) FROM sample), (SELECT count(*) FROM log)"

    def rows():
        with store._database.reading() as connection:
            return connection.execute(counts).fetchone()

    before, result = rows(), store.result(played.run_id)
    audit(store, played.run_id)
    assert rows() == before
    assert store.result(played.run_id) == result


def test_variants_of_a_second_benchmark_find_their_own_calls(store, play):
    from greenbench.engine.audit.replay import own_letters

    played = play()
    first = played.result.variants
    second = tuple(v.model_copy(update={"benchmark": "bench2", "letter": letter}) for v, letter in zip(first, "CD", strict=True))
    both = played.result.model_copy(update={"variants": (*first, *second)})
    assert [(variant.letter, own) for variant, own in own_letters(both)] == [("A", "A"), ("B", "B"), ("C", "A"), ("D", "B")]


def keep_as_of_other_rules(store, played):
    """The run as if an older version had made it, with a wider interval of one number."""
    better = played.result.variants[1]
    wider = better.metrics["energy_per_inference"].model_copy(update={"low": 0.01})
    variants = (played.result.variants[0], better.model_copy(update={"metrics": {**better.metrics, "energy_per_inference": wider}}))
    result = played.result.model_copy(update={"variants": variants, "arithmetic": ARITHMETIC + 1})
    store.finish_run(played.run_id, RunState.FINISHED, result)


def test_numbers_of_other_rules_differ_and_are_no_fault(store, play):
    played = play()
    keep_as_of_other_rules(store, played)
    found = audit(store, played.run_id)
    assert found.other_rules
    assert found.agrees
    assert found.differences == (f"{played.run_id}/B/energy_per_inference: the value agrees, its interval differs",)
    assert f"another arithmetic ({ARITHMETIC + 1}, this is {ARITHMETIC})" in found.reason


def test_a_wrong_digest_is_a_fault_under_any_rules(store, play):
    played = play()
    keep_as_of_other_rules(store, played)
    change(store, "UPDATE sample SET energy_j = energy_j + 0.5 WHERE t_ns = (SELECT max(t_ns) FROM sample)")
    found = audit(store, played.run_id)
    assert not found.agrees
    assert found.disagreements == ("The raw data is not what the printed digest stands for.",)


def test_the_same_rules_of_another_version_need_no_word(store, play):
    played = play()
    other = played.result.environment.model_copy(update={"greenbench": "0.0.1"})
    store.finish_run(played.run_id, RunState.FINISHED, played.result.model_copy(update={"environment": other}))
    assert audit(store, played.run_id).reason == ""


def test_the_present_rules_give_these_numbers(play):
    """If this fails because a rule was changed on purpose: raise `ARITHMETIC`, and write down the new numbers."""
    result = play().result
    b = result.variants[1]
    energy, latency, saved = b.metrics["energy_per_inference"], b.metrics["latency_p50"], b.against["energy_per_inference"]
    numbers = [energy.value, energy.low, energy.high, latency.low, latency.high, saved.change, saved.low, saved.high]
    numbers += [result.idle_before.low, b.against["accuracy"].p_value, *paired_ratio(EIGHT, [1.0] * 8).ends]
    assert tuple(numbers) == pytest.approx(RULES[ARITHMETIC], rel=1e-6)


def test_the_words_kept_are_those_that_were_said(store, play):
    played = play()
    kinds = [type(messages.decode_event(line.encode())).__name__ for line in store.words(played.run_id)]
    assert kinds == ["VariantReady", "VariantReady", "VariantMeasured", "VariantMeasured"]
