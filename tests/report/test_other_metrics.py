"""A regression or a segmentation is reported by its own metric, in its own unit; what executed stands in a table of its own."""

import csv
import io

import pytest

from greenbench.core.measurement import Measurement
from greenbench.core.run import Comparison, Execution, RunResult, Verdict
from greenbench.report.model import build
from greenbench.report.writers.pdf import to_pdf
from greenbench.report.writers.table_csv import to_csv

ERROR = "mean_absolute_error"


def judged(result: RunResult, key: str, unit: str, values: list[float], changes: list[tuple[float, float, float]]) -> RunResult:
    """The result with another metric in the place of accuracy."""
    variants = []
    for index, variant in enumerate(result.variants):
        value = values[index]
        metrics = {name: m for name, m in variant.metrics.items() if name != "accuracy"}
        metrics[key] = Measurement(value=value, low=value * 0.97, high=value * 1.03, n=400, unit=unit)
        against = {name: c for name, c in variant.against.items() if name != "accuracy"}
        if index:
            change, low, high = changes[index - 1]
            verdict = Verdict.HIGHER if low > 0 else Verdict.LOWER if high < 0 else Verdict.UNCLEAR
            good = None if verdict is Verdict.UNCLEAR else (verdict is Verdict.LOWER) == (key == ERROR)
            against[key] = Comparison(verdict=verdict, change=change, low=low, high=high, good=good)
        variants.append(variant.model_copy(update={"metrics": metrics, "against": against}))
    return result.model_copy(update={"variants": tuple(variants)})


@pytest.fixture
def error(quick_start: RunResult) -> RunResult:
    count = len(quick_start.variants)
    return judged(
        quick_start,
        ERROR,
        "°C",
        [2.0 + 0.1 * i for i in range(count)],
        [(0.05 * i, 0.05 * i - 0.02, 0.05 * i + 0.02) for i in range(1, count)],
    )


def test_an_error_stands_where_accuracy_would_in_the_targets_unit(error: RunResult) -> None:
    report = build(error, 0.01)
    assert report.shown[0] == ERROR
    assert report.columns[ERROR].scale.unit == "°C"
    assert report.columns[ERROR].compared
    assert [key.title for key in report.keys if "rror" in key.title]
    assert report.rows[0].cells[ERROR].value.full == "2.00 °C"
    worse = next(row for row in report.rows if row.letter == "C")
    assert worse.cells[ERROR].verdict.text.endswith("% higher")
    assert worse.cells[ERROR].verdict.tone == "bad"
    assert not any("Accuracy" in section.title for section in report.sections)


def test_the_finding_says_whose_errors_grow_beyond_the_limit(error: RunResult) -> None:
    findings = [section.finding for section in build(error, 0.04).sections]
    assert any("errors more than 4 % larger" in finding for finding in findings), findings


def test_an_iou_is_compared_in_points(quick_start: RunResult) -> None:
    count = len(quick_start.variants)
    result = judged(quick_start, "mean_iou", "1", [0.6] * count, [(-0.02, -0.025, -0.015)] * (count - 1))
    report = build(result)
    assert report.rows[1].cells["mean_iou"].verdict.text == "2.0 pp lower"
    assert report.rows[1].cells["mean_iou"].verdict.tone == "bad"


def test_it_goes_through_to_the_pdf(error: RunResult) -> None:
    pdf = to_pdf(error)
    assert pdf.startswith(b"%PDF")


RAN = Execution(
    runtime="onnxruntime", version="ONNX Runtime 1.32.0", precision="int8", by_precision={"fp32": 1, "int8": 20}, fallbacks=1, qdq=2,
    load_s=0.012, compile_s=0.5, first_s=0.0031, threads=2, affinity=(0, 1),
)  # fmt: skip


def test_what_executed_is_a_table_of_the_method(quick_start: RunResult) -> None:
    ran = quick_start.model_copy(update={"variants": tuple(v.model_copy(update={"execution": RAN}) for v in quick_start.variants)})
    table = build(ran).method.executed
    assert len(table.rows) == len(quick_start.variants)
    assert table.rows[0][1] == "int8 in 20 of 21 operators, fp32 in 1"
    assert table.rows[0][2:] == ("ONNX Runtime 1.32.0", "1", "2", "12", "500", "3.1", "2 on 0-1")
    assert table.head[5:8] == ("load ms", "build ms", "first call ms")
    assert build(quick_start).method.executed.rows == ()
    assert to_pdf(ran).startswith(b"%PDF")


def test_times_of_one_column_have_one_unit(quick_start: RunResult) -> None:
    first, *rest = quick_start.variants
    slow = [v.model_copy(update={"execution": RAN}) for v in rest]
    quick = first.model_copy(update={"execution": RAN.model_copy(update={"first_s": 0.00012, "compile_s": None})})
    table = build(quick_start.model_copy(update={"variants": (quick, *slow)})).method.executed
    assert [row[7] for row in table.rows[:2]] == ["0.12", "3.1"]
    assert [row[6] for row in table.rows[:2]] == ["—", "500"]


def test_what_executed_is_in_the_csv(quick_start: RunResult) -> None:
    ran = quick_start.model_copy(
        update={"variants": (quick_start.variants[0].model_copy(update={"execution": RAN}), *quick_start.variants[1:])}
    )
    first, second, *_ = csv.DictReader(io.StringIO(to_csv(ran)))
    assert (first["executed"], first["fallbacks"], first["qdq"], first["affinity"]) == (
        "int8 in 20 of 21 operators, fp32 in 1",
        "1",
        "2",
        "0-1",
    )
    assert first["compile_s"] == "0.5"
    assert second["executed"] == second["load_s"] == ""
