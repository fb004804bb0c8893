"""Whatever bytes a user points at: a data set or one sentence that says why not."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greenbench.core.errors import DataError
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.tables import TableReading, read_table
from greenbench.ml.data.text_file import LINES, ROWS, look
from greenbench.ml.data.text_sources import TextReading, read_texts

CELLS = st.sampled_from(["a", "1", "2.5", "", '"', "x y", "é", "NaN", "yes", "\x00", "1,5", "::"])
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=30).flatmap(
    lambda rows: st.sampled_from([",", "\t", ";"]).map(lambda d: "\n".join(d.join(row) for row in rows).encode())
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), TABLES))
@example(b"\xff\xfe")
@example(b"\xff\xfea")
@example(b"\xef\xbb\xbf")
@example(b'"' * 50)
@example(b"PAR1")
@example(b"{")
@example(b'{"a": [1]}\n' * 40)
def test_any_bytes_give_data_or_a_sentence(content: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.csv").write_bytes(content)
        for read in (
            lambda: read_texts(folder / "x.csv", None, folder, TextReading(), Cut()),
            lambda: read_table(folder / "x.csv", None, folder, TableReading(missing="fill"), Cut()),
        ):
            with contextlib.suppress(DataError):
                read()


@pytest.mark.parametrize(
    ("text", "form", "delimiter"),
    [
        ("a,b\n1,2\n", ROWS, ","),
        ('a;b\n"1;5";2,5\n', ROWS, ";"),
        ("a\tb\n1, 2 and 3\t4\n", ROWS, "\t"),
        ("0 How is it, then ?\n1 Well .\n" * 6, LINES, ","),
        ('text,label\n"one, two\nthree",x\nfour,y\n', ROWS, ","),
    ],
)
def test_the_form_is_told_from_the_content(tmp_path: Path, text: str, form: str, delimiter: str) -> None:
    (tmp_path / "x").write_text(text, encoding="utf-8")
    found = look(tmp_path / "x")
    assert (found.form, found.delimiter) == (form, delimiter)


def test_an_ellipsis_of_windows_does_not_end_a_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"text,label\n" + b"well\x85 fine,good\nno\x85 never,bad\n" * 20)
    found = look(tmp_path / "x.csv")
    assert (found.form, found.encoding) == (ROWS, "latin-1")
    assert len(list(found.rows())) == 41
