"""A sheet measured in millimetres: axes and words are placed where the layout says, nothing is scaled afterwards."""

import bisect
import io
import os
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from greenbench.core.palette import LIGHT, SHAPES, VARIANTS_LIGHT
from greenbench.report.fonts import Typefaces
from greenbench.report.parts import Row

INK, MUTED, MARK, HAIR, TINT = LIGHT["text"], LIGHT["muted"], "#A9B2B9", "#DDE2E5", "#F1F4F5"
GOOD, BAD = LIGHT["accent"], LIGHT["danger"]
MM = 1 / 25.4
_LONGEST = 60
_MARKERS = dict(zip(SHAPES, (("o", 5.2), ("s", 4.9), ("^", 5.7), ("D", 4.5), ("v", 5.7), ("h", 5.8), ("P", 6.0), ("*", 7.6)), strict=True))


def style(faces: Typefaces) -> Any:
    """Matplotlib's settings for every figure. Text is never read as mathematics, and stays text in the SVG."""
    known = {os.path.normpath(entry.fname) for entry in fontManager.ttflist}
    for path in faces.files:
        if os.path.normpath(path) not in known:
            fontManager.addfont(os.fspath(path))
    return {
        "font.family": list(faces.families),
        "font.size": 7.0,
        "text.parse_math": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "greenbench",
        "path.simplify": False,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.5,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "xtick.major.size": 2.0,
        "ytick.major.size": 2.0,
        "xtick.major.width": 0.5,
        "ytick.major.width": 0.5,
        "lines.linewidth": 1.1,
        "hatch.linewidth": 0.5,
        "grid.color": HAIR,
        "grid.linewidth": 0.35,
    }


class Canvas:
    """A figure of `width` × `height` mm. Positions are mm from the left and from the top."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width * MM, height * MM))
        FigureCanvasSVG(self.figure)
        self.sheet = self.figure.add_axes((0, 0, 1, 1))
        self.sheet.set_xlim(0, width)
        self.sheet.set_ylim(height, 0)
        self.sheet.axis("off")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes in that box, transparent, without the spine on the left."""
        axes = self.figure.add_axes((left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height))
        axes.patch.set_alpha(0)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        return axes

    def text(self, x: float, y: float, words: str, **looks: Any) -> None:
        """Words whose middle line is at `y`."""
        self.sheet.text(x, y, " ".join(words.split()), **{"va": "center_baseline", "ha": "left", **looks})

    def label(self, row: Row, y: float, room: float) -> None:
        """Shape, letter and short name of a variant, in the first `room` mm of the sheet."""
        self.mark(1.4, y, row.index)
        self.text(3.2, y, row.letter, weight=600)
        start = 7.2 if len(row.letter) == 1 else 9.2
        self.text(start, y, fitted(row.label, 7.0, room - start), weight=600 if row.pick else 400)

    def mark(self, x: float, y: float, index: int, axes: Axes | None = None) -> None:
        """The shape of a variant in its colour; hollow from the ninth on."""
        shape, size = _MARKERS[SHAPES[index % 8]]
        color = VARIANTS_LIGHT[index % 8]
        face = color if index < 8 else "white"
        (axes or self.sheet).plot([x], [y], shape, ms=size * 0.8, mfc=face, mec=color, mew=0.8, clip_on=False, zorder=5)

    def svg(self) -> bytes:
        """The sheet as SVG, without a date."""
        out = io.BytesIO()
        self.figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        return out.getvalue()


def fitted(words: str, size: float, room_mm: float) -> str:
    """The words, cut with "…" to a width in mm at that size in points."""

    face = FontProperties(size=size)
    words = " ".join(words.split())[:_LONGEST]

    def fits(text: str) -> bool:
        width, _, _ = text_to_path.get_text_width_height_descent(text, face, ismath=False)
        return bool(width / 72 * 25.4 <= room_mm)

    if len(words) < _LONGEST and fits(words):
        return words
    # The most characters that fit, by halving: measuring is slow.
    length = bisect.bisect_left(range(1, len(words) + 1), True, key=lambda n: not fits(f"{words[:n].rstrip()}…"))
    return f"{words[:length].rstrip()}…" if length else ""


def color(index: int) -> str:
    """The line colour of the index-th variant."""
    return VARIANTS_LIGHT[index % 8]


def ticks(axes: Axes, where: str, places: Sequence[float], names: Sequence[str]) -> None:
    """Ticks at exactly these places with exactly these names."""
    axis = axes.xaxis if where == "x" else axes.yaxis
    table = dict(zip(places, names, strict=True))
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _nearest(table, value)))


def _nearest(table: dict[float, str], value: float) -> str:
    place = min(table, key=lambda p: abs(p - value), default=None)
    return table[place] if place is not None and abs(place - value) <= 1e-6 * max(1.0, abs(place)) else ""


def row_height(count: int, roomy: float) -> float:
    """The height of a row in mm: `roomy` up to 12 rows, down to 4.3 for 26."""
    return roomy if count <= 12 else max(4.3, 5.3 - (count - 13) * 0.08)
