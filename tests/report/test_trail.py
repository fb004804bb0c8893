"""A figure on paper leads back to the samples that made it: command, digest and the names of numbers are printed."""

import pytest

from greenbench.core.run import RunResult
from greenbench.report.model import build
from greenbench.report.writers.pdf import to_pdf

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def sealed(measured: RunResult) -> RunResult:
    return measured.model_copy(update={"raw_digest": DIGEST})


def test_the_page_on_repeating_names_digest_command_and_path(sealed: RunResult) -> None:
    method = build(sealed).method
    pick = build(sealed).pick
    assert f"greenbench audit {sealed.run_id} --variant {pick} --metric energy_per_inference" in method.commands
    assert dict(method.identity)["Raw data, SHA-256"] == DIGEST
    assert dict(method.identity)["Numbers are named"] == f"run/letter/metric: {sealed.run_id}/{pick}/energy_per_inference"


def test_each_figure_and_table_of_what_was_measured_points_to_it_once(sealed: RunResult) -> None:
    report = build(sealed)
    words = f"Samples: greenbench audit {sealed.run_id}."
    drawn = [figure for section in report.sections for figure in section.figures] + list(report.forest)
    pointed = {figure.drawing for figure in drawn if words in figure.caption}
    assert {"forest", "latency", "energy", "power"} & {figure.drawing for figure in drawn} <= pointed
    assert "pipeline" not in pointed
    assert "accuracy" not in pointed
    assert report.table_caption.count(words) == 1
    assert all(figure.caption.count("greenbench audit") <= 1 for figure in drawn)


def test_a_run_without_digest_promises_nothing(measured: RunResult) -> None:
    report = build(measured)
    assert not any("audit" in command for command in report.method.commands)
    assert dict(report.method.identity)["Raw data"] == "kept without a digest"
    assert "audit" not in report.table_caption


def test_without_energy_the_command_asks_for_latency(no_energy: RunResult) -> None:
    report = build(no_energy.model_copy(update={"raw_digest": DIGEST}))
    assert any("--metric latency_p50" in command for command in report.method.commands)


def test_the_pdf_has_the_whole_digest(sealed: RunResult) -> None:
    assert to_pdf(sealed)[:5] == b"%PDF-"
