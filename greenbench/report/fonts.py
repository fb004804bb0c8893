"""Which font files a report is set in: the bundled ones, and for names in other scripts those of the machine that cover them.

Both Typst and Matplotlib get the same files, or text in figures would have other widths than the layout expects.
"""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import typst
from matplotlib.ft2font import FT2Font

from greenbench.core.places import resources

SANS, SERIF, MONO = "Inter", "Libertinus Serif", "DejaVu Sans Mono"
_PREFERRED = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Segoe UI",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
    "PingFang SC",
    "Hiragino Sans",
    "Droid Sans Fallback",
    "DejaVu Sans",
)


@dataclass(frozen=True)
class Typefaces:
    """The families to set text in, first choice first; the files they lie in; the characters that nothing here can draw."""

    families: tuple[str, ...]
    files: tuple[Path, ...]
    missing: frozenset[str] = frozenset()

    def spelled(self, text: str) -> str:
        """The text with each character that cannot be drawn as its code point, "U+16A0": an empty box would tell nothing."""
        if not self.missing:
            return text
        return "".join(f"[U+{ord(character):04X}]" if character in self.missing else character for character in text)


def bundled() -> tuple[Path, ...]:
    """The font files that come with the product: Inter, and DejaVu Sans Mono out of Matplotlib."""
    mono = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSansMono.ttf")
    return (*sorted((resources() / "fonts").glob("Inter-*.otf")), mono)


def typefaces(text: str) -> Typefaces:
    """The fonts that draw every character of `text`, adding those of the machine only where the bundled ones end."""
    forbidden = {character for character in set(text) if _forbidden(character)}
    needed = {character for character in set(text) if not _invisible(character)}
    own = bundled()
    needed -= _characters(own[0])
    needed -= {character for character in _characters(own[-1]) if not unicodedata.category(character).startswith("L")}
    families: list[str] = []
    files: list[Path] = []
    if needed:
        for family, path in _on_this_machine():
            found = needed & _characters(path)
            if found:
                families.append(family)
                files.append(path)
                needed -= found
            if not needed:
                break
    return Typefaces((SANS, *families, MONO), (*own, *files), frozenset(needed | forbidden))


def _forbidden(character: str) -> bool:
    """Control characters and the byte order mark, which neither XML nor PDF/UA takes, and overrides of direction, which
    would turn the words around a name."""
    return character in "\ufeff\u202a\u202b\u202c\u202d\u202e" or (
        unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n"
    )


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Mn")


def _on_this_machine() -> list[tuple[str, Path]]:
    """Upright regular fonts of the system, the well-known families with many scripts first, then by name."""
    system = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False)
    fonts = [font for font in system.fonts() if font.path and font.style == "normal" and font.weight == 400 and font.index == 0]
    order = {family: place for place, family in enumerate(_PREFERRED)}
    fonts.sort(key=lambda font: (order.get(font.family, len(order)), "Mono" in font.family, font.family, os.fspath(font.path or "")))
    return [(font.family, Path(font.path)) for font in fonts if font.path]


def _characters(path: Path) -> frozenset[str]:
    try:
        return frozenset(chr(code) for code in FT2Font(os.fspath(path)).get_charmap())
    except (RuntimeError, OSError, UnicodeError, ValueError):
        return frozenset()  # a bitmap or damaged font of the machine: another one may do
