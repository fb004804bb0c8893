"""The log of an outside meter stands in the report beside the run's own numbers: its joules, its clock, and that it changes nothing."""

import shutil
import subprocess
from dataclasses import replace

import pytest

from greenbench.core.joined import JoinedLog
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import RunResult
from greenbench.report.joined import clock_words, variant_words
from greenbench.report.model import build
from greenbench.report.writers.html import to_html
from greenbench.report.writers.pdf import to_pdf


def log(**changes: object) -> JoinedLog:
    """A plug at 40 mJ for A and 30 mJ for B, whose clock was found to be two seconds behind."""
    ends = {"A": (0.038, 0.040, 0.042), "B": (0.0291, 0.030, 0.0309)}
    per_inference = {
        letter: Measurement(value=value, low=low, high=high, n=5, unit="J", provenance=Provenance.EXTERNAL)
        for letter, (low, value, high) in ends.items()
    }
    made = JoinedLog(
        name="plug.csv", digest="ab", channel="log:ab", title="Desk plug", joined="2026-11-30T20:10:00+01:00",
        offset=Measurement(value=2.0, low=1.95, high=2.05, unit="s"), estimated=True, against="CPU package", correlation=0.9987,
        refresh_s=0.5, per_inference=per_inference, notes=('"power_w" is taken as W.',),
    )  # fmt: skip
    return made.model_copy(update=changes)


@pytest.fixture
def joined(measured: RunResult) -> RunResult:
    return measured.model_copy(update={"joined": (log(),)})


def test_the_table_has_the_joules_by_the_log_beside_those_of_the_run(joined: RunResult) -> None:
    (table,) = build(joined).method.joined
    assert table.head[2:] == ("Desk plug, mJ", "95 %", "the run's sources, mJ", "95 %")
    assert table.letters == ("A", "B")
    first = table.rows[0]
    own = joined.variants[0].metrics["energy_per_inference"]
    assert first[:4] == ("A", joined.variants[0].name, f"40.0 {Provenance.EXTERNAL.mark}", "[38.0–42.0]")
    assert float(first[4].split()[0]) == pytest.approx(own.value * 1e3, rel=0.01)
    assert "found against CPU package (correlation 0.999)" in table.note
    assert "moved by +2.00 s ± 0.05 s" in table.note
    assert '"power_w" is taken as W.' in table.note
    assert "plug.csv" in table.note
    assert "The run's own numbers are as they were." in table.note


def test_a_run_without_a_log_has_no_table_and_the_same_sections(measured: RunResult, joined: RunResult) -> None:
    without, with_log = build(measured), build(joined)
    assert without.method.joined == ()
    assert replace(with_log, method=without.method) == without


def test_a_clock_that_was_given_is_told_as_given() -> None:
    given = log(estimated=False, offset=Measurement(value=-2.0, low=-2.0, high=-2.0, unit="s"))
    assert clock_words(given) == "its times were moved by −2.00 s, as given."


def test_a_block_without_a_reading_is_a_dash_in_words_and_table(measured: RunResult) -> None:
    gone = log(per_inference={**log().per_inference, "B": Measurement.missing("J", "the log has a hole")})
    found = measured.model_copy(update={"joined": (gone,)})
    assert variant_words(found, gone)[0].startswith("A  40.0 mJ [38.0–42.0] ")
    assert variant_words(found, gone)[1].startswith("B  —")
    assert build(found).method.joined[0].rows[1][2].startswith("—")


def test_it_is_in_the_page(joined: RunResult) -> None:
    assert "Desk plug, mJ" in to_html(joined)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_it_is_on_paper(joined: RunResult) -> None:
    done = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=to_pdf(joined), capture_output=True, check=True)
    text = " ".join(done.stdout.decode().split())
    assert "Desk plug, mJ" in text
    assert "found against CPU package" in text
