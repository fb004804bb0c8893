"""The report as data: one unit a column, marks, reasons, and no comparison of what was not measured."""

from collections.abc import Callable
from typing import Any

from greenbench.analysis.headline import headline
from greenbench.core.advice import Advice, Tone
from greenbench.core.measurement import RECORDED, RECORDED_ENERGY, Measurement, Provenance
from greenbench.core.run import Comparison, Failure, Remark, RunResult, RunState, VariantResult, Verdict
from greenbench.report.model import build
from greenbench.report.parts import Report


def titles(report: Report) -> list[str]:
    return [section.title for section in report.sections]


def test_measured_energy_is_compared_and_marked_as_counted(measured: RunResult) -> None:
    report = build(measured)
    assert report.shown == ("accuracy", "energy_per_inference", "latency_p50")
    assert [stamp.text for stamp in report.stamps] == ["lab protocol"]
    cell = report.row("D").cells["energy_per_inference"]
    # 14.3 mJ × 0.51 = 7.293 mJ ± 1.2 %: half-width 0.0875 mJ, one leading digit of 875: two decimals.
    assert (cell.value.text, cell.value.low, cell.value.high, cell.value.mark) == ("7.29", "7.21", "7.38", "◉")
    assert (cell.verdict.text, cell.verdict.tone) == ("49.0 % less", "good")
    assert report.columns["energy_per_inference"].scale.unit == "mJ"


def test_energy_of_a_recording_says_so_on_page_one(measured: RunResult) -> None:
    played = as_recorded(measured)
    report = build(played)
    assert [stamp.text for stamp in report.stamps] == ["recorded energy", "lab protocol"]
    assert dict(report.covers)["What the energy covers"] == RECORDED_ENERGY
    assert RECORDED_ENERGY in headline(played).rest
    assert any("a recording played back" in section.finding for section in report.sections)


def as_recorded(result: RunResult) -> RunResult:
    """The run as if its meter had been a recording: titles end as those of meters/replay do."""
    sources = tuple(
        source.model_copy(update={"channels": tuple(c.model_copy(update={"title": f"{c.title}{RECORDED}"}) for c in source.channels)})
        for source in result.sources
    )
    return result.model_copy(update={"sources": sources})


def test_modelled_energy_is_shown_with_its_mark_and_never_compared(quick_start: RunResult) -> None:
    report = build(quick_start)
    assert [stamp.text for stamp in report.stamps] == ["no energy measured", "quick, not for publication"]
    for row in report.rows:
        cell = row.cells["energy_per_inference"]
        assert cell.value.approx
        assert cell.value.mark == "◌"
        assert cell.verdict.text in ("baseline", "not compared")
    assert not report.columns["energy_per_inference"].compared
    assert "energy_per_inference" in report.shown
    assert any("modelled" in gap.title for gap in report.sections[0].gaps)


def test_a_comparison_of_modelled_energy_is_refused_even_if_the_result_has_one(quick_start: RunResult) -> None:
    first, second, *rest = quick_start.variants
    wrong = {**second.against, "energy_per_inference": Comparison(verdict=Verdict.LOWER, change=-0.5, low=-0.6, high=-0.4, good=True)}
    report = build(quick_start.model_copy(update={"variants": (first, second.model_copy(update={"against": wrong}), *rest)}))
    assert report.row("B").cells["energy_per_inference"].verdict.text == "not compared"


def test_a_column_that_nobody_has_is_left_out_with_reason_and_remedy(no_energy: RunResult) -> None:
    report = build(no_energy)
    assert report.shown == ("accuracy", "latency_p50", "size_bytes")
    gap = report.sections[0].gaps[0]
    assert gap.title == "Energy per inference: — for all variants."
    assert gap.reason == "This virtual machine shows no energy counter. Remedy: run on the host, or add a wall meter."
    assert report.keys[0].value.text == "—"


def test_random_data_has_no_accuracy_and_says_why(maker: Any, case: Callable[..., Any]) -> None:
    report = build(maker([case("A", 1e-3, None), case("B", 0.5e-3, None)]).make())
    assert "accuracy" not in report.shown
    assert "Accuracy: — for all variants." in [gap.title for gap in report.sections[0].gaps]
    assert "Accuracy" not in titles(report)


def test_sections_without_data_are_left_out(measured: RunResult) -> None:
    all_of_them = titles(build(measured))
    assert all_of_them == [
        "Comparison",
        "Latency",
        "Accuracy and energy",
        "Power over time",
        "Making and break-even",
        "Carbon",
        "Why, and what to try",
        "How it was measured",
        "Pipeline, how to repeat",
    ]
    bare = build(measured.model_copy(update={"traces": (), "ledger": (), "nodes": (), "carbon": None}))
    assert not {"Power over time", "Making and break-even", "Carbon"} & set(titles(bare))


def test_more_than_twelve_variants_stand_in_order_of_latency_with_the_failed_last(many: RunResult) -> None:
    report = build(many)
    letters = [row.letter for row in report.rows]
    assert letters[0] == "A"
    assert report.rows[-1].failure.startswith("Export stopped")
    medians = [next(v for v in many.variants if v.letter == key).metrics["latency_p50"].value for key in letters[1:-1]]
    assert medians == sorted(m for m in medians if m is not None)
    assert len({row.letter for row in report.rows}) == 24


def test_up_to_twelve_variants_keep_the_users_order(measured: RunResult) -> None:
    assert [row.letter for row in build(measured).rows] == list("ABCDEFG")


def test_the_forest_plot_splits_above_26_rows(maker: Any, case: Callable[..., Any]) -> None:
    cases = [case(f"v{k}", 1e-3 * (1 + 0.02 * k), steps=(f"s{k}",)) for k in range(60)]
    figures = build(maker(cases).make()).forest
    assert [len(figure.letters) for figure in figures] == [26, 26, 7]
    assert figures[1].caption.endswith("Part 2 of 3.")


def test_the_limit_of_the_user_decides_the_pick(measured: RunResult) -> None:
    assert build(measured, 0.01).pick == "D"
    # The student loses 1.99 points (interval to 2.14) and needs least.
    assert build(measured, 0.03).pick == "F"


def test_a_failed_baseline_leaves_nothing_to_compare(maker: Any, case: Callable[..., Any]) -> None:
    broken = case("A", 1e-3, failure=Failure(kind="export", message="It broke.", remedy="Mend it."))
    report = build(maker([broken, case("B", 1e-3)]).make())
    assert report.forest == ()
    assert "baseline" in report.no_forest
    assert not any(column.compared for column in report.columns.values())
    assert report.rows[-1].failure == "It broke. Mend it."


def test_a_run_that_broke_off_says_so(measured: RunResult) -> None:
    lost = measured.model_copy(update={"state": RunState.LOST, "variants": measured.variants[:2]})
    report = build(lost)
    assert report.stamps[0].text == "broke off"
    assert "broke off" in report.method.warnings[0].text


def test_a_run_without_any_result_is_still_a_report(measured: RunResult) -> None:
    empty = measured.model_copy(
        update={"state": RunState.CANCELLED, "variants": (), "nodes": (), "traces": (), "sources": (), "ledger": ()}
    )
    report = build(empty)
    assert report.keys == ()
    assert report.bold == "Nothing was measured."
    assert titles(report) == ["Comparison", "How it was measured", "Pipeline, how to repeat"]


def test_one_missing_reading_is_a_dash_in_its_cell(measured: RunResult) -> None:
    first, second, *rest = measured.variants
    metrics = {**second.metrics, "energy_per_inference": Measurement.missing("J", "the counter stalled")}
    against = {key: value for key, value in second.against.items() if key != "energy_per_inference"}
    report = build(
        measured.model_copy(update={"variants": (first, second.model_copy(update={"metrics": metrics, "against": against}), *rest)})
    )
    cell = report.row("B").cells["energy_per_inference"]
    assert (cell.value.text, cell.value.reason) == ("—", "the counter stalled")
    assert "energy_per_inference" in report.shown


def test_files_and_counts_carry_no_provenance_mark(measured: RunResult) -> None:
    row = build(measured).row("A")
    assert row.cells["size_bytes"].value.mark == ""
    assert row.cells["latency_p50"].value.mark == Provenance.COUNTER.mark


def test_the_machine_says_nothing_that_it_does_not_know(measured: RunResult) -> None:
    words = [word for word, _ in build(measured).method.machine]
    assert "GPU" not in words
    assert "Machine" in words


def test_a_loss_is_stated_only_where_the_whole_interval_lies_beyond_the_limit(quick_start: RunResult, measured: RunResult) -> None:
    # The whole interval of F and G lies beyond one point; that of C (−1.1 points) does not, nor does B's on 450 examples.
    few, many = (next(s.finding for s in build(result).sections if s.kind == "pairs") for result in (quick_start, measured))
    assert few.startswith("F and G lose more than 1 point of accuracy; for B and C it cannot be told yet.")
    assert many.startswith("F and G lose more than 1 point of accuracy; for C it cannot be told yet.")


def test_idle_that_prints_the_same_has_not_drifted(measured: RunResult) -> None:
    still = measured.model_copy(update={"idle_after": measured.idle_before})
    assert next(s.finding for s in build(still).sections if s.kind == "power") == "Idle drew 3.420 W before and after: no drift."


def test_modelled_power_claims_nothing_about_drift(quick_start: RunResult) -> None:
    finding = next(s.finding for s in build(quick_start).sections if s.kind == "power")
    assert finding == "Power is modelled from load, not measured; idle was taken as ≈ 3.420 W."


def test_the_failure_of_a_variant_is_said_once(many: RunResult) -> None:
    repeated = Remark(kind="warning", text="X failed: Export stopped: ONNX Runtime has no CPU kernel for 2:4 sparse weights.", variant="X")
    report = build(many.model_copy(update={"warnings": (repeated,)}))
    assert len([note for note in report.method.warnings if "Export stopped" in note.text]) == 1


def test_what_was_told_before_the_run_stands_among_the_warnings_in_a_line(measured: RunResult) -> None:
    told = (
        Advice(code="quick", title="A quick look is not for publication", text="Few blocks."),
        Advice(code="on-battery", tone=Tone.WARNING, title="The machine runs on battery", text="It drains."),
        Advice(code="load", tone=Tone.WARNING, title="Other programs keep the processor busy", text="They take cores."),
    )
    before = build(measured).method.warnings
    notes = build(measured.model_copy(update={"lint": told})).method.warnings
    line = "Told before the run: The machine runs on battery; Other programs keep the processor busy."
    assert [note.text for note in notes if note not in before] == [line]
    assert all(not note.text.startswith("Told") for note in build(measured.model_copy(update={"lint": told[:1]})).method.warnings)


def test_one_idle_window_that_was_read_is_quoted_and_the_other_named(measured: RunResult) -> None:
    late = measured.model_copy(update={"idle_before": Measurement.missing("W", "Desk plug: It came when the run was under way.")})
    finding = next(s.finding for s in build(late).sections if s.kind == "power")
    assert "not measured" not in finding
    assert finding.endswith("idle drew 3.470 W after and has no reading before: Desk plug: It came when the run was under way.")


def test_a_measured_reading_beside_a_modelled_one_is_not_called_modelled(measured: RunResult) -> None:
    wall = measured.traces[0].model_copy(update={"channel": "plug", "provenance": Provenance.EXTERNAL, "counted": True})
    model = measured.traces[0].model_copy(
        update={"channel": "model", "provenance": Provenance.MODELLED, "high_w": tuple(w + 100 for w in wall.high_w)}
    )
    both = measured.model_copy(update={"idle_before": None, "idle_after": None, "traces": (model, wall), "benchmark_traces": ()})
    finding = next(s.finding for s in build(both).sections if s.kind == "power")
    assert finding == f"The highest reading was {max(wall.high_w):.1f} W; idle power was not measured."


def test_a_share_of_idle_draw_is_said_only_where_net_energy_is_known(measured: RunResult) -> None:
    """Nothing is told of a share of 97 % whose net energy may be anything."""

    def spread(variant: VariantResult, by: float) -> VariantResult:
        net = variant.metrics["energy_per_inference_net"]
        wide = net.model_copy(update={"low": (net.value or 0.0) - by, "high": (net.value or 0.0) + by})
        return variant.model_copy(update={"metrics": {**variant.metrics, "energy_per_inference_net": wide}})

    def finding(by: float) -> str:
        run = measured.model_copy(update={"variants": tuple(spread(v, by) if v.metrics else v for v in measured.variants)})
        return next(section.finding for section in build(run).sections if section.title == "Accuracy and energy")

    assert "of a joule is idle draw" in finding(1e-5)
    assert "cannot be told" in finding(10.0)
