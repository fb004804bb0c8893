"""Colours, type and measures of the window: one palette for light, one for dark, and the marks of variants.

A widget asks the `Theme` it was given; nothing else names a colour.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont

from greenbench.core.palette import DARK, LIGHT, SHAPES, VARIANTS_DARK, VARIANTS_LIGHT
from greenbench.core.ports import PortKind
from greenbench.core.step import Group

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
        return (DARK if self._dark else LIGHT)[token]

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
        colors = VARIANTS_DARK if self._dark else VARIANTS_LIGHT
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
