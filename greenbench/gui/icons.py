"""Phosphor icons, as shapes: read from the font that qtawesome brings, filled as paths so that strokes stay smooth at any scale.

The font is read directly: importing qtawesome would load its ten other icon fonts before the first paint.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap, QRawFont, QTransform

from greenbench.gui.theme import Theme

_OVERSAMPLING = 4


@cache
def _font() -> tuple[QRawFont, dict[str, int]]:
    """The icon font and its code points by name; loaded once, it never changes."""
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("qtawesome, which brings the icon font, is not installed")
    folder = Path(spec.origin).parent / "fonts"
    font = next(iter(sorted(folder.glob("phosphor-[0-9]*.ttf"))))
    names = next(iter(sorted(folder.glob("phosphor-charmap-*.json"))))
    codes = {name: int(code, 16) for name, code in json.loads(names.read_text(encoding="utf-8")).items()}
    raw = QRawFont(str(font), 256.0)
    return raw, codes


@cache
def icon_path(name: str) -> QPainterPath:
    """The outline of an icon in a unit square.

    Raises:
        KeyError: there is no such icon.
    """
    raw, codes = _font()
    glyph = raw.glyphIndexesForString(chr(codes[name]))[0]
    outline = raw.pathForGlyph(glyph)
    # Phosphor draws on a square of one em; its baseline lies at the font's ascent.
    return QTransform.fromScale(1 / 256, 1 / 256).translate(0, raw.ascent()).map(outline)


def paint_icon(painter: QPainter, name: str, rect: QRectF, color: QColor) -> None:
    """Fills an icon into a rectangle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width(), rect.height())
    painter.fillPath(icon_path(name), color)
    painter.restore()


def icon_pixmap(name: str, color: QColor, size: float = 16, ratio: float = 1.0) -> QPixmap:
    """An icon of `size` logical pixels for a screen of that device pixel ratio."""
    return _pixmap(name, color.rgba(), size, ratio)


@cache
def _pixmap(name: str, rgba: int, size: float, ratio: float) -> QPixmap:
    side = round(size * ratio)
    big = QPixmap(side * _OVERSAMPLING, side * _OVERSAMPLING)
    big.fill(Qt.GlobalColor.transparent)
    painter = QPainter(big)
    paint_icon(painter, name, QRectF(QPointF(0, 0), big.size().toSizeF()), QColor.fromRgba(rgba))
    painter.end()
    pixmap = big.scaled(QSize(side, side), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def icon(theme: Theme, name: str, token: str = "second", size: float = 16, gap: float = 0) -> QIcon:
    """A QIcon in a colour of the theme, faint where it is disabled. Ask again after the theme has changed.

    `gap` pixels stay free on its right, before the words of a button.
    """
    result = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        for mode, tone in ((QIcon.Mode.Normal, token), (QIcon.Mode.Selected, token), (QIcon.Mode.Disabled, "faint")):
            result.addPixmap(_with_gap(icon_pixmap(name, theme.color(tone), size, ratio), gap), mode)
    return result


def _with_gap(pixmap: QPixmap, gap: float) -> QPixmap:
    if not gap:
        return pixmap
    ratio = pixmap.devicePixelRatio()
    wide = QPixmap(pixmap.width() + round(gap * ratio), pixmap.height())
    wide.setDevicePixelRatio(ratio)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    painter.drawPixmap(QPointF(0, 0), pixmap)
    painter.end()
    return wide
