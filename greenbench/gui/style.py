"""The look of every ordinary widget: one style sheet made from the theme's tokens, the palette, and the fonts.

Widgets are told apart by properties, not by subclasses:

    QPushButton kind = primary | plain (default) | quiet | link          QLabel tone = muted | second | accent | danger | …
    QFrame      role = card | panel | notice | warning | failure | bar   QLineEdit bad = true (a refused value)
"""

import contextlib
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template

from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from greenbench.core import places
from greenbench.gui.theme import Theme, font


def sheet(theme: Theme) -> str:
    """The style sheet in the palette of the theme."""
    folder = places.resources() / "style"
    text = (folder / "window.qss").read_text(encoding="utf-8").partition("*/")[2]
    names = set(re.findall(r"\$(\w+)", text)) - {"folder", "mode", "field", "accent_hover"}
    tokens = {name: theme.name(name) for name in names}
    accent = theme.color("accent")
    tokens["accent_hover"] = (accent.lighter(112) if theme.dark else accent.darker(112)).name()
    tokens["field"] = theme.name("sunken" if theme.dark else "surface")
    tokens["mode"] = "dark" if theme.dark else "light"
    return Template(text).substitute(tokens, folder=folder.as_posix())


def palette(theme: Theme) -> QPalette:
    """Colours for what no style sheet reaches: dialogs of the system, selections, placeholders."""
    result = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: "background", role.WindowText: "text", role.Base: "surface", role.AlternateBase: "sunken", role.Text: "text",
        role.Button: "surface", role.ButtonText: "text", role.Highlight: "selection", role.HighlightedText: "text", role.Link: "accent",
        role.ToolTipBase: "raised", role.ToolTipText: "text", role.PlaceholderText: "muted", role.Accent: "accent",
    }  # fmt: skip
    for which, token in pairs.items():
        result.setColor(which, theme.color(token))
    for which in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, which, theme.color("faint"))
    return result


def load_fonts() -> None:
    """Makes the bundled Inter and Matplotlib's DejaVu Sans Mono known to Qt, without importing Matplotlib."""
    files = sorted(path for path in (places.resources() / "fonts").glob("**/*") if path.suffix.lower() in (".otf", ".ttf"))
    with contextlib.suppress(ImportError):
        spec = find_spec("matplotlib")
        if spec and spec.origin:
            files += sorted((Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf").glob("DejaVuSansMono*.ttf"))
    for path in files:
        QFontDatabase.addApplicationFont(str(path))


def apply(application: QApplication, theme: Theme) -> None:
    """Dresses the whole application; call again after the theme has changed."""
    application.setStyle("Fusion")
    application.setFont(font(13))
    application.setPalette(palette(theme))
    application.setStyleSheet(sheet(theme))


def restyle(widget: QWidget, **properties: object) -> None:
    """Sets properties that the style sheet reads (kind, tone, role, bad) and has the widget drawn anew."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
