"""Marks and icons: each is there, each differs from the others, and the style sheet has no hole."""

import re
from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFontInfo

import greenbench.gui
from greenbench.core.measurement import Provenance
from greenbench.gui import style
from greenbench.gui.icons import icon_path, icon_pixmap
from greenbench.gui.marks import provenance_pixmap, variant_path, variant_pixmap
from greenbench.gui.theme import SHAPES, Theme, font

_INK = QColor("#000000")


def test_every_provenance_has_its_own_mark() -> None:
    pictures = {provenance: provenance_pixmap(provenance, _INK, 14, 2.0).toImage() for provenance in Provenance}
    for first, second in combinations(pictures, 2):
        assert pictures[first] != pictures[second], (first, second)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_about_the_same_weight(shape: str) -> None:
    path = variant_path(shape, QPointF(50, 50), 10)
    box = path.boundingRect()
    assert 8.5 <= max(box.width(), box.height()) <= 13
    assert path.contains(QPointF(50, 50))


def test_sixteen_variants_have_sixteen_marks(theme: Theme) -> None:
    pictures = [variant_pixmap(theme.variant(index), 10, 14, 2.0).toImage() for index in range(16)]
    assert all(first != second for first, second in combinations(pictures, 2))


def test_every_icon_that_the_window_names_exists() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(greenbench.gui.__file__).parent.rglob("*.py"))
    theme = r"(?:self\._)?theme, "
    named = set(re.findall(rf'\b(?:Icon|IconButton|icon)\({theme}"([a-z-]+)"', source))
    named |= set(re.findall(rf'\bButton\({theme}"[^"]*", "([a-z-]+)"', source))
    assert len(named) > 15
    for name in sorted(named):
        assert not icon_path(name).isEmpty(), name


def test_an_icon_fills_its_square_and_is_smooth() -> None:
    image = icon_pixmap("cpu", _INK, 16, 2.0).toImage()
    levels = {image.pixelColor(x, y).alpha() for x in range(32) for y in range(32)}
    assert max(levels) > 200
    assert len(levels) > 5, "strokes are antialiased"
    box = icon_path("cpu").boundingRect()
    assert 0 <= box.left() < box.right() <= 1
    assert 0 <= box.top() < box.bottom() <= 1


@pytest.mark.parametrize("dark", [False, True])
def test_the_style_sheet_has_every_token_and_every_picture(dark: bool) -> None:
    sheet = style.sheet(Theme(dark))
    assert "$" not in sheet
    for path in re.findall(r'url\("([^"]+)"\)', sheet):
        assert Path(path).is_file(), path


def test_the_bundled_fonts_are_used() -> None:
    assert QFontInfo(font(13)).family() == "Inter"
    assert QFontInfo(font(11, mono=True)).family() == "DejaVu Sans Mono"
