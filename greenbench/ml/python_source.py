"""Where a Python factory's code lies, found without running any of it: "file.py:make" or "package.module:make". No torch."""

import hashlib
import importlib.machinery
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from greenbench.core.errors import ModelError

_FORM = 'Write it like "net.py:make_model" or "package.module:make_model".'
_LARGEST_BYTES = 50 * 10**6


@dataclass(frozen=True)
class FactorySource:
    """A factory: its file, the name of its module ("" for a plain file), the name of the function in it."""

    path: Path
    module: str
    function: str

    def read(self) -> tuple[bytes, str]:
        """The bytes of the file and their sha256.

        Raises:
            ModelError: it is not there, or is far larger than any program.
        """
        try:
            if self.path.stat().st_size > _LARGEST_BYTES:
                raise ModelError(f"{self.path} is {self.path.stat().st_size / 1e6:.0f} MB; that is no Python file.", _FORM)
            content = self.path.read_bytes()
        except (OSError, ValueError) as error:
            raise ModelError(f"{self.path} cannot be read: {error}.", "Check the path.") from None
        return content, hashlib.sha256(content).hexdigest()


def locate(factory: str) -> FactorySource:
    """The source of a factory as it is typed.

    Raises:
        ModelError: it is not of this form, or there is no such file or module.
    """
    place, colon, function = factory.strip().rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in function.split(".")):
        raise ModelError(f'"{factory}" names no factory.' if factory.strip() else "No factory is named.", _FORM)
    if place.endswith((".py", ".pyw")) or "/" in place or "\\" in place:
        path = Path(place).expanduser()
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "does not exist"
            raise ModelError(f"The file {path} {what}.", _FORM)
        return FactorySource(path.absolute(), "", function)
    return FactorySource(_module_file(place), place, function)


def _module_file(name: str) -> Path:
    """The file of a module. Asking Python for a.b.c would run a and a.b; each part is looked up in the folders of the one before."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        raise ModelError(f'"{name}" is not the name of a module.', _FORM)
    folders: list[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    for index in range(len(parts)):
        full = ".".join(parts[: index + 1])
        try:
            # An installed package may be found by a hook of its own (editable installs); what is inside it lies in its folders.
            spec = importlib.util.find_spec(full) if folders is None else importlib.machinery.PathFinder.find_spec(full, folders)
        except (ImportError, ValueError, AttributeError):
            spec = None
        if spec is None:
            where = f"There is no module {full}" + ("" if index else f" in this Python ({sys.prefix})")
            raise ModelError(f"{where}.", "Install it there, or give the path of a .py file.")
        folders = list(spec.submodule_search_locations or []) or ["/nowhere"]
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        raise ModelError(f"{name} has no file of its own.", "Name the module that holds the function.")
    return Path(spec.origin).absolute()
