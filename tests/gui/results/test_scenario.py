"""A run whose queries did not come one after the other says so: in the head of the page, and how each variant stood it."""

from greenbench.core.run import BatchTried, Comparison, RunResult, Scenario, Served, Verdict
from greenbench.gui.results.rows import build
from greenbench.gui.results.scenario import asked, scenario_words


def _served(late: int, valid: bool | None) -> Served:
    return Served(rate=200.0, bound_s=0.01, queries=1000, late=late, valid=valid, text="answers 200 queries a second")


def test_a_server_run_names_rate_bound_and_verdict(result: RunResult) -> None:
    verdicts = (_served(0, True), _served(50, False))
    variants = tuple(
        v.model_copy(update={"scenario": Scenario.SERVER, "served": served})
        for v, served in zip(result.variants[:2], verdicts, strict=True)
    )
    run = result.model_copy(update={"variants": variants})
    assert scenario_words(run) == ("Server", "200 /s within 10.0 ms", "A held, B broke")
    assert asked(variants[1]) == ("Broke", "200 /s, 5.0 % late", "answers 200 queries a second")
    table = build(run)
    assert table.columns[1].key == "scenario"
    assert table.rows[0].cells[1].text == "Held"


def test_an_offline_run_shows_the_batch_that_was_chosen(result: RunResult) -> None:
    tried = (BatchTried(batch=1, throughput=90.0), BatchTried(batch=64, throughput=900.0))
    first = result.variants[0].model_copy(update={"scenario": Scenario.OFFLINE, "batch": 64, "batches": tried})
    assert asked(first)[:2] == ("Batch 64", "best of 2")
    assert scenario_words(result.model_copy(update={"variants": (first,)})) == ("Offline",)


def test_a_single_stream_has_no_such_column(result: RunResult) -> None:
    assert scenario_words(result) == ()
    assert "scenario" not in [column.key for column in build(result).columns]


def test_how_far_a_multiple_may_be_off_is_a_multiple_too(result: RunResult) -> None:
    higher = Comparison(verdict=Verdict.HIGHER, change=4.1, low=3.8, high=4.4, good=False, text="5.1 times as much")
    second = result.variants[1].model_copy(update={"against": {**result.variants[1].against, "energy_per_inference": higher}})
    table = build(result.model_copy(update={"variants": (result.variants[0], second)}))
    place = next(index for index, column in enumerate(table.columns) if column.kind == "bar")
    assert (table.rows[1].cells[place].text, table.rows[1].cells[place].sub) == ("5.1 times as much", "± 0.30")
