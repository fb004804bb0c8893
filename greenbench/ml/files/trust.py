"""Which files must be asked about before they are loaded, because loading them runs code; light, and it loads none of them."""

import hashlib
import io
import os
import zipfile
from functools import lru_cache
from pathlib import Path

from greenbench.core.errors import FileFormatError, TrustError
from greenbench.core.trust import TrustRequest
from greenbench.ml.files import exported_text, pickles
from greenbench.ml.files.sniff import Kind, Sniffed, sniff

_CHUNK_BYTES = 1 << 20
_PICKLE_LIMIT_BYTES = 1 << 28
_PLAINLY = "It could read, change or send anything that you can."
_SCRIPT = "Loading it runs the program of its author inside PyTorch, which can also read and write files."
ALLOW = "Allow it in the window, or with --trust, if you trust where it comes from."


def requests(path: str | Path) -> tuple[TrustRequest, ...]:
    """What must be asked about a model file: nothing for one that holds only numbers and a graph.

    A file that is not there, or is no model, gives nothing: that is told elsewhere. Answers are kept for as long as size and time of
    change of the file stay, because the window asks at every edit.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return _requests(os.fspath(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _requests(path: str, size: int, changed_ns: int) -> tuple[TrustRequest, ...]:
    try:
        asked = question(Path(path))
        return (TrustRequest(path=path, sha256=file_hash(Path(path)), kind=asked[0], explanation=asked[1]),) if asked else ()
    except (FileFormatError, OSError):
        return ()


def question(path: Path, sniffed: Sniffed | None = None, name: str = "") -> tuple[str, str] | None:
    """What kind of thing a file is that runs code when it is loaded, and what it could do; None for a harmless one. `name` is what to
    call it, where `path` is a copy.

    Raises:
        FileFormatError: it cannot be read as what it is.
    """
    found = sniffed or sniff(path)
    if found.kind is Kind.TORCHSCRIPT:
        return "TorchScript file", _SCRIPT
    if found.kind is Kind.EXPORTED:
        more = exported_text.foreign(path, name)
        return ("torch.export file with foreign parts", f"It names {more}, which loading it runs. {_PLAINLY}") if more else None
    if found.kind in (Kind.CHECKPOINT, Kind.OLD_CHECKPOINT, Kind.TAR_CHECKPOINT, Kind.PICKLE):
        more = "a form of pickle that PyTorch no longer reads safely" if found.kind is Kind.TAR_CHECKPOINT else _foreign(path, found, name)
        return ("pickle", f"It needs {more}, which is more than numbers: loading it runs code. {_PLAINLY}") if more else None
    return None


def _foreign(path: Path, sniffed: Sniffed, name: str) -> str:
    """The first name in the pickles of a checkpoint that the loader of bare weights refuses."""
    if sniffed.kind is Kind.CHECKPOINT:
        try:
            with zipfile.ZipFile(path) as file:
                entry = file.getinfo(sniffed.entry("data.pkl"))
                if entry.CRC:
                    with file.open(entry) as stream:
                        return pickles.foreign(stream)
                del entry.CRC  # torch can be told to write no checksums; one that is absent is not compared
                with file.open(entry) as stream:
                    return pickles.foreign(io.BytesIO(stream.read(_PICKLE_LIMIT_BYTES)))
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            raise FileFormatError(f"{name or path.name} cannot be read: {error}.", "Get the file again.") from None
    with open(path, "rb") as stream:
        # The old form is a row of pickles: a magic number, a version, the system, the object, the names of the numbers that follow.
        count = 5 if sniffed.kind is Kind.OLD_CHECKPOINT else 1
        return next((found for _ in range(count) if (found := pickles.foreign(stream))), "")


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def demand(path: Path, sha256: str, trusted: frozenset[str], name: str, sniffed: Sniffed | None = None) -> bool:
    """Looks at a file right before it is loaded; `path` must be a private copy, `sha256` that of its bytes, `name` what to call it.

    Returns whether it may run code (it is allowed to), as against that it needs not.

    Raises:
        TrustError: it would run code, and its hash is not among the allowed ones.
    """
    asked = question(path, sniffed, name)
    if asked is None:
        return False
    if sha256 not in trusted:
        raise TrustError(f"{name} is a {asked[0]} that you have not allowed. {asked[1]}", ALLOW)
    return True
