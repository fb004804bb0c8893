"""What the window remembers between starts: sizes of panels, recent files, light or dark. Kept in an INI file in the data folder."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from greenbench.core import places

_RECENT = 10


class Settings:
    """A small typed face of QSettings; a damaged or missing file gives the defaults."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = QSettings(str((folder or places.home()) / "window.ini"), QSettings.Format.IniFormat)

    def text(self, key: str, default: str = "") -> str:
        return str(self._file.value(key, default))

    def flag(self, key: str, default: bool = False) -> bool:
        return self.text(key, "yes" if default else "no") == "yes"

    def set_text(self, key: str, value: str) -> None:
        self._file.setValue(key, value)

    def set_flag(self, key: str, value: bool) -> None:
        self.set_text(key, "yes" if value else "no")

    def state(self, key: str) -> QByteArray | None:
        """The saved state of a splitter or window, or None."""
        value = self._file.value(key)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_state(self, key: str, value: QByteArray) -> None:
        self._file.setValue(key, value)

    def recent(self) -> list[Path]:
        """The files opened or saved last, newest first; those that are gone are left out."""
        names = [name for name in self.text("recent").split("\n") if name]
        return [Path(name) for name in names if Path(name).is_file()]

    def add_recent(self, path: Path) -> None:
        names = [str(path.resolve()), *(str(old) for old in self.recent() if old != path.resolve())]
        self.set_text("recent", "\n".join(names[:_RECENT]))

    def clear_recent(self) -> None:
        self.set_text("recent", "")

    def sync(self) -> None:
        self._file.sync()
