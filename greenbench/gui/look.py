"""Light or dark: follows the system unless the user has chosen, and dresses the application when that changes."""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from greenbench.gui import style
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme

MODES = ("system", "light", "dark")


class Look(QObject):
    """Keeps the theme, the system's wish and the user's choice together. `changed` comes after the new dress is on."""

    changed = Signal()

    def __init__(self, application: QApplication, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self._application, self.theme, self._settings = application, theme, settings
        mode = settings.text("theme", "system")
        self.mode = mode if mode in MODES else "system"
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        theme.set_dark(self._wanted())
        style.apply(application, theme)

    def set_mode(self, mode: str) -> None:
        """ "system", "light" or "dark"; remembered."""
        self.mode = mode
        self._settings.set_text("theme", mode)
        self._follow()

    def toggle(self) -> None:
        """To the other of light and dark."""
        self.set_mode("light" if self.theme.dark else "dark")

    def _wanted(self) -> bool:
        if self.mode == "system":
            return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self.mode == "dark"

    def _follow(self, *_: object) -> None:
        dark = self._wanted()
        if dark != self.theme.dark:
            # The sheet goes first: painters that ask the theme repaint after it.
            style.apply(self._application, Theme(dark))
            self.theme.set_dark(dark)
        self.changed.emit()
