"""A run of real processes comes out of its raw data, to the last digit."""

from greenbench.engine.audit import audit


def test_every_number_of_a_real_run_is_made_again(finished):
    runner, seen = finished
    result = seen[-1].result
    found = audit(runner.store, result.run_id)
    assert found.disagreements == ()
    assert found.digest_agrees is True
    assert found.reason == ""
    assert {number.agrees for number in found.all_numbers} == {True}
    assert [[block.calls for block in variant.blocks] for variant in found.variants] == [
        [block.calls for block in variant.blocks] for variant in result.variants
    ]
