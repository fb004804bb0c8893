"""Colours, type and measures of the window: one palette for light, one for dark, and the marks of variants.

A widget asks the `Theme` it was given; nothing else names a colour.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont

from greenbench.core.ports import PortKind
from greenbench.core.step import Group

_LIGHT = {
    "background": "#F3F5F4", "canvas": "#F7F8F8", "dots": "#DDE2E1", "surface": "#FFFFFF", "sunken": "#F6F8F7",
    "raised": "#FFFFFF", "hover": "#EDF1F0", "border": "#E2E6E5", "strong": "#C9D0CE", "text": "#182124",
    "second": "#3C484C", "muted": "#5C686C", "faint": "#8A9598", "accent": "#0A7563", "on_accent": "#FFFFFF",
    "accent_soft": "#E1F1ED", "selection": "#DCEFEA", "danger": "#B3261E", "danger_soft": "#FBE9E7",
    "warning": "#8A5A00", "warning_soft": "#FCF1DC", "success": "#1E7A3E", "success_soft": "#E4F3E8",
    "port_dataset": "#8C6A1E", "port_model": "#4F63C6", "port_results": "#9A3E74",
    "group_sources": "#3F6FB0", "group_train": "#6B57B8", "group_compress": "#0F7F8C", "group_distil": "#A5477F",
    "group_measure": "#A45F00", "group_report": "#5B676C",
}  # fmt: skip
_DARK = {
    "background": "#111516", "canvas": "#141819", "dots": "#262D2F", "surface": "#1A1F21", "sunken": "#151A1B",
    "raised": "#22292B", "hover": "#232A2C", "border": "#2A3234", "strong": "#414C4F", "text": "#E7ECEC",
    "second": "#C4CDCE", "muted": "#9BA7AA", "faint": "#74817F", "accent": "#3CC3A6", "on_accent": "#04231C",
    "accent_soft": "#16332D", "selection": "#1C3F37", "danger": "#FF8F85", "danger_soft": "#3A1F1D",
    "warning": "#F0B64A", "warning_soft": "#35290F", "success": "#6BCB86", "success_soft": "#16301F",
    "port_dataset": "#D9B45C", "port_model": "#97A5F4", "port_results": "#E392BF",
    "group_sources": "#7FAEE8", "group_train": "#A999F0", "group_compress": "#4FC0CC", "group_distil": "#E08CBC",
    "group_measure": "#E5A94F", "group_report": "#A3AFB2",
}  # fmt: skip
_VARIANTS_LIGHT = ("#3A444A", "#1A5597", "#B23A08", "#00926A", "#C08400", "#BB6BA5", "#1F97F4", "#949241")
_VARIANTS_DARK = ("#D5DBDE", "#6E9BF0", "#EE6A2C", "#1FA673", "#EFB23A", "#D95FAB", "#6FD6F5", "#DFD08F")
SHAPES = ("circle", "square", "triangle", "diamond", "triangle-down", "hexagon", "plus", "star")
UI_FONT, MONO_FONT = "Inter", "DejaVu Sans Mono"


@dataclass(frozen=True)
class VariantMark:
    """How a variant is drawn everywhere: colour, shape and letter; hollow from the ninth on."""

    color: QColor
    shape: str
    hollow: bool


class Theme:
    """The palette in force. `theme.color("accent")`; observers hear when light and dark change."""

    def __init__(self, dark: bool = False) -> None:
        self._dark = dark
        self._observers: list[Callable[[], None]] = []

    @property
    def dark(self) -> bool:
        return self._dark

    def set_dark(self, dark: bool) -> None:
        if dark != self._dark:
            self._dark = dark
            for observer in tuple(self._observers):
                observer()

    def observe(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Calls `observer` after each change of palette; returns the function that ends this."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer) if observer in self._observers else None

    def name(self, token: str) -> str:
        """A colour as "#RRGGBB", for style sheets."""
        return (_DARK if self._dark else _LIGHT)[token]

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        color = QColor(self.name(token))
        color.setAlphaF(alpha)
        return color

    def port(self, kind: PortKind) -> QColor:
        return self.color(f"port_{kind.value}")

    def group(self, group: Group) -> QColor:
        return self.color(f"group_{group.value}")

    def variant(self, index: int) -> VariantMark:
        """The mark of the index-th variant, 0 being the baseline A."""
        colors = _VARIANTS_DARK if self._dark else _VARIANTS_LIGHT
        return VariantMark(QColor(colors[index % 8]), SHAPES[index % 8], index >= 8)


def font(size: float, weight: int = 400, *, mono: bool = False) -> QFont:
    """A font in pixels of the design, with tabular figures and the house's letter spacing."""
    result = QFont(MONO_FONT if mono else UI_FONT)
    result.setPixelSize(round(size))
    result.setWeight(QFont.Weight(weight))
    if not mono:
        result.setFeature(QFont.Tag("tnum"), 1)
        result.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -0.12 if size >= 12 else 0.1)
    return result
