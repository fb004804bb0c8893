"""Copies a file that may be hostile to where nobody else writes, and names it by its content: what was checked is what gets loaded."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from greenbench.core.errors import FileFormatError

_CHUNK_BYTES = 1 << 22


def bring(source: Path, target: Path, check: Callable[[], None] = lambda: None) -> str:
    """Copies a file and returns the sha256 of what was copied. `check` is called between the chunks, and may raise to stop.

    Raises:
        FileFormatError: it cannot be read, or not written.
    """
    digest = hashlib.sha256()
    try:
        with open(source, "rb") as stream, open(target, "wb") as sink:
            while chunk := stream.read(_CHUNK_BYTES):
                check()
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
    except OSError as error:
        raise FileFormatError(f"{source} cannot be copied: {error.strerror or error}.", "Check its permissions, and the disk.") from None
    if os.path.getsize(target) != os.path.getsize(source):
        raise FileFormatError(f"{source} changed while it was read.", "Wait until it is complete, and try again.")
    return digest.hexdigest()
