"""The PDF says what the model says, in fonts it carries itself, whatever the names are; equal input gives equal bytes."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from greenbench.core.run import Failure, NodeState, RunResult, RunState
from greenbench.report import fonts
from greenbench.report.model import build
from greenbench.report.parts import Report, Section
from greenbench.report.writers import pdf as pdf_writer
from greenbench.report.writers.pdf import to_pdf

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
HOSTILE = '*b* $x^2$ #let _u_ @r <t> \\ [x] ~ // `raw` "q" #panic() {{}} %d 学生 ⅞ =1+1'


def text_of(pdf: bytes) -> str:
    """All text without white space, in the order of the page's content."""
    done = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True)
    return bare(done.stdout.decode())


def bare(text: str) -> str:
    return re.sub(r"\s|\u202f|\u200b|\x0c", "", text)


def words_of(report: Report) -> Iterator[str]:
    """What a reader must find on paper."""
    yield from (report.title, *report.what, *report.who, report.bold, report.rest)
    yield from (stamp.text.upper() for stamp in report.stamps)
    for key in report.keys:
        yield from (key.title, key.value.text, key.below, key.baseline)
    for row in report.rows:
        yield from (row.name, row.facts, row.failure)
        for cell in (row.cells[key] for key in report.shown if row.cells):
            yield from (cell.value.text, cell.verdict.text, cell.verdict.detail)
    for section in report.sections:
        yield from (section.title, section.finding, *section.text, *(figure.caption for figure in section.figures))
        yield from (f"{gap.title} {gap.reason}" for gap in section.gaps)
        yield from (word for table in section.tables for line in table.rows for word in line)
    yield from (word for pair in (*report.method.machine, *report.method.protocol) for word in pair)
    yield from (note.text for note in (*report.method.warnings, *report.method.limits))


@needs_poppler
@pytest.mark.parametrize("which", ["quick_start", "measured", "no_energy"])
def test_every_word_of_the_model_is_on_the_pages(which: str, request: pytest.FixtureRequest) -> None:
    result: RunResult = request.getfixturevalue(which)
    text = text_of(to_pdf(result))
    missing = [words for words in words_of(build(result)) if bare(words) not in text]
    assert missing == []


@needs_poppler
def test_24_variants_with_long_names_are_all_there(many: RunResult) -> None:
    text = text_of(to_pdf(many))
    faces = fonts.typefaces("".join(variant.name for variant in many.variants))
    for variant in many.variants:
        if variant.letter != "P":  # right-to-left text comes back in the order it is seen
            assert bare(faces.spelled(variant.name)) in text
    assert bare("Export stopped: ONNX Runtime has no CPU kernel") in text


@needs_poppler
def test_no_word_of_the_user_is_read_as_markup(maker: Any, case: Callable[..., Any]) -> None:
    cases = [case(f"{HOSTILE} {k}", 1e-3 / (k + 1), 0.95, energy=0.01, steps=(f"{HOSTILE} {k}",)) for k in range(3)]
    result = maker(cases, title=HOSTILE).make()
    failure = Failure(kind=HOSTILE, message=HOSTILE, remedy=HOSTILE)
    nodes = tuple(node.model_copy(update={"state": NodeState.FAILED, "failure": failure}) for node in result.nodes)
    traces = tuple(trace.model_copy(update={"title": HOSTILE}) for trace in result.traces)
    result = result.model_copy(update={"data": HOSTILE, "run_id": HOSTILE, "started": HOSTILE, "nodes": nodes, "traces": traces})
    text = text_of(to_pdf(result))
    assert text.count(bare(fonts.typefaces(HOSTILE).spelled(HOSTILE))) >= 8


@needs_poppler
def test_only_bundled_fonts_are_used_and_all_are_embedded(measured_pdf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(measured_pdf)
    done = subprocess.run(["pdffonts", str(path)], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert {re.sub(r"^[A-Z]{6}\+", "", line.split()[0]).split("-")[0] for line in done} <= {"Inter", "LibertinusSerif", "DejaVuSansMono"}
    assert all(line.split()[-5] == "yes" for line in done)


@needs_poppler
def test_the_sections_and_nothing_else_are_bookmarks(measured: RunResult, measured_pdf: bytes) -> None:
    # "= no difference" at the start of a line is a heading to a typesetter that reads markup.
    count = re.search(rb"/Type\s*/Outlines[^>]*?/Count\s+(-?\d+)", measured_pdf)
    assert count is not None
    assert abs(int(count.group(1))) == len(build(measured).sections)


def test_the_bytes_are_the_same_each_time(measured: RunResult, measured_pdf: bytes) -> None:
    assert to_pdf(measured) == measured_pdf


def test_it_is_tagged_for_those_who_do_not_see_it(measured_pdf: bytes) -> None:
    assert b"pdfuaid" in measured_pdf
    assert b"/Lang" in measured_pdf


def test_odd_runs_are_still_reports(measured: RunResult, maker: Any, case: Callable[..., Any]) -> None:
    nothing = {"variants": (), "nodes": (), "traces": (), "sources": (), "warnings": (), "idle_before": None, "idle_after": None}
    one = maker([case("Alone", 1e-3)]).make()
    broken = maker([case("A", 1e-3, failure=Failure(kind="export", message="It broke.")), case("B", 1e-3)]).make()
    for result in (measured.model_copy(update={**nothing, "state": RunState.LOST}), one, broken):
        assert to_pdf(result).startswith(b"%PDF")


@needs_poppler
def test_what_no_font_can_draw_is_spelled_as_its_code_point(maker: Any, case: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_on_this_machine", list)
    result = maker([case("王 model\x00", 1e-3, steps=("王",))], title="王").make()
    text = text_of(to_pdf(result))
    assert "[U+738B]model[U+0000]" in text


def test_a_date_that_is_no_date_does_not_stop_a_report(measured: RunResult) -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        datetime.fromisoformat("yesterday")
    assert to_pdf(measured.model_copy(update={"started": "yesterday"})).startswith(b"%PDF")


def test_fonts_of_the_product_are_there_with_their_licence() -> None:
    names = {path.name for path in fonts.bundled()}
    assert names == {"Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "DejaVuSansMono.ttf"}
    licence = fonts.resources() / "fonts" / "Inter-LICENSE.txt"
    assert "SIL OPEN FONT LICENSE" in licence.read_text(encoding="utf-8")


def test_a_start_with_milliseconds_is_a_date_too(measured: RunResult) -> None:
    assert to_pdf(measured.model_copy(update={"started": "2026-11-22T14:03:00.123+00:00"})).startswith(b"%PDF")


@needs_poppler
def test_a_number_of_two_digits_does_not_touch_the_title_of_its_section(measured: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    report = build(measured)
    ten = (*report.sections, *(Section("advice", f"Part{n}", "Said.") for n in range(len(report.sections) + 1, 11)))
    monkeypatch.setattr(pdf_writer, "build", lambda result: replace(report, sections=ten))
    names = [section.title for section in ten]
    pdf = to_pdf(measured)
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    found = re.findall(r'xMin="([\d.]+)"[^>]*xMax="([\d.]+)"[^>]*>([^<]*)<', done)
    words = [(float(left), float(right), word) for left, right, word in found]
    first = names[9].split()[0].rstrip(",")
    gaps = [after[0] - before[1] for before, after in pairwise(words) if before[2] == "10" and after[2].rstrip(",") == first]
    assert gaps, "the number is a word of its own"
    assert min(gaps) > 5.0  # points
