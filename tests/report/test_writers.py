"""CSV and JSON hold the numbers of the result to the last digit, and files are written whole or not at all."""

import csv
import errno
import io
import json
import os
from pathlib import Path

import pytest

from greenbench.core.errors import ReportError
from greenbench.core.metrics import METRICS
from greenbench.core.run import RunResult
from greenbench.report.model import build
from greenbench.report.writers import FORMATS, write
from greenbench.report.writers.results_json import complete, to_json
from greenbench.report.writers.table_csv import harmless, printed_text, to_csv


def lines(result: RunResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(result))))


def test_json_reads_back_as_the_same_result(many: RunResult) -> None:
    assert RunResult.model_validate_json(to_json(many)) == complete(many)


def test_json_has_every_documented_metric_and_a_reason_for_each_null(many: RunResult) -> None:
    for variant in json.loads(to_json(many))["variants"]:
        assert set(variant["metrics"]) >= {metric.key for metric in METRICS}
        assert variant["name"]
        for measurement in variant["metrics"].values():
            assert set(measurement) >= {"value", "low", "high", "n", "unit", "provenance"}
            assert measurement["value"] is not None or measurement["reason"]


def test_csv_has_the_numbers_of_json_to_the_last_digit(measured: RunResult) -> None:
    table = {line["letter"]: line for line in lines(measured)}
    for variant in json.loads(to_json(measured))["variants"]:
        for key, measurement in variant["metrics"].items():
            for part, name in (("", "value"), ("_low", "low"), ("_high", "high")):
                cell = table[variant["letter"]][key + part]
                assert (float(cell) if cell else None) == measurement[name]


def test_csv_prints_what_the_report_prints(measured: RunResult) -> None:
    report = build(measured)
    for line in lines(measured):
        for metric in METRICS:
            assert line[f"{metric.key}_printed"] == printed_text(report.row(line["letter"]).cells[metric.key], report.columns[metric.key])
    assert lines(measured)[3]["energy_per_inference_printed"] == "7.29 [7.21, 7.38] mJ ◉"


def test_csv_says_what_making_took_and_when_it_is_earned_back(measured: RunResult, quick_start: RunResult) -> None:
    """21 J for D, which saves 0.51 of 14.3 mJ."""
    line = next(each for each in lines(measured) if each["letter"] == "D")
    assert float(line["making_j"]) == pytest.approx(21)
    assert float(line["break_even"]) == pytest.approx(21 / (0.0143 * 0.49))
    assert float(line["break_even_days"]) == pytest.approx(float(line["break_even"]) / 10_000)
    assert (line["break_even_verdict"], line["making_j_provenance"]) == ("pays back", "counter")
    guessed = next(each for each in lines(quick_start) if each["letter"] == "D")
    assert (guessed["break_even_verdict"], guessed["break_even"], guessed["making_j_provenance"]) == ("not claimed", "", "modelled")


def test_no_reading_is_an_empty_cell_with_its_reason_and_never_zero(no_energy: RunResult) -> None:
    for line in lines(no_energy):
        assert line["energy_per_inference"] == ""
        assert line["energy_per_inference_printed"] == "—"
        assert line["energy_per_inference_reason"]


def test_a_failed_variant_keeps_its_line(many: RunResult) -> None:
    last = lines(many)[-1]
    assert (last["letter"], last["state"], last["latency_p50"]) == ("X", "failed", "")
    assert "2:4" in last["failure"]


@pytest.mark.parametrize(("text", "safe"), [("=1+1", "'=1+1"), ("@sum", "'@sum"), ("int8", "int8"), ("-x", "'-x"), ("", "")])
def test_a_spreadsheet_runs_no_name(text: str, safe: str) -> None:
    assert harmless(text) == safe


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_each_format_is_written_by_its_suffix(measured: RunResult, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report{suffix}"
    write(measured, path)
    assert path.stat().st_size > 1000
    assert os.listdir(tmp_path) == [path.name]


def test_an_unknown_suffix_names_the_known_ones(measured: RunResult, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"\.pdf"):
        write(measured, tmp_path / "report.docx")


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(measured: RunResult, tmp_path: Path) -> None:
    with pytest.raises(ReportError) as caught:
        write(measured, tmp_path / "nowhere" / "results.json")
    assert "cannot be written" in caught.value.message
    assert caught.value.remedy


def test_a_full_disk_leaves_the_old_file_and_nothing_else(measured: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("greenbench.core.whole_file.os.fsync", full)
    with pytest.raises(ReportError, match="no space left"):
        write(measured, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["results.csv"]
