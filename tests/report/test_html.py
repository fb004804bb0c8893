"""The page is whole, says what the PDF says, and shows what people type as they typed it."""

from html.parser import HTMLParser

import pytest

from greenbench.core.run import RunResult
from greenbench.report.model import build
from greenbench.report.writers.html import to_html

_VOID = {"meta", "br", "use", "path", "image", "line", "rect"}


class Reader(HTMLParser):
    """Collects the text, the tags and whether each that was opened was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(result: RunResult) -> Reader:
    reader = Reader()
    reader.feed(to_html(result))
    reader.close()
    return reader


@pytest.mark.parametrize("which", ["measured", "quick_start", "no_energy"])
def test_what_is_opened_is_closed_and_every_section_is_there(which: str, request: pytest.FixtureRequest) -> None:
    result = request.getfixturevalue(which)
    found = read(result)
    assert found.open == []
    text = " ".join(" ".join(found.words).split())
    report = build(result)
    for section in report.sections:
        assert section.title in text
        assert " ".join(section.finding.split()) in text
    drawn = [*report.forest, *(figure for section in report.sections for figure in section.figures)]
    assert found.tags.count("svg") == len(drawn)


def test_numbers_are_those_of_the_report(measured: RunResult) -> None:
    text = " ".join(" ".join(read(measured).words).split())
    row = build(measured).row("D")
    value = row.cells["energy_per_inference"].value
    assert f"{value.text} {value.mark} [{value.low}, {value.high}]" in text
    assert "Making D, without A" in text
    assert "breaks even at 3000 inferences" in text


def test_what_people_type_is_text(measured: RunResult) -> None:
    hostile = "<script>alert(1)</script> & \"x\" 'y'"
    renamed = measured.variants[1].model_copy(update={"name": hostile})
    variants = (measured.variants[0], renamed, *measured.variants[2:])
    found = read(measured.model_copy(update={"title": hostile, "variants": variants}))
    assert "script" not in found.tags
    assert sum(hostile in words for words in found.words) >= 3  # the title twice, the table


def test_it_loads_nothing_from_elsewhere(measured: RunResult) -> None:
    found = read(measured)
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    links = [value for name, value in found.attributes if name in ("src", "href", "xlink:href") and value]
    assert all(link.startswith("#") for link in links)


def test_equal_runs_give_equal_pages(measured: RunResult) -> None:
    assert to_html(measured) == to_html(measured)


def test_a_failed_variant_says_why(many: RunResult) -> None:
    text = " ".join(read(many).words)
    assert "ONNX Runtime has no CPU kernel for 2:4 sparse weights." in text
