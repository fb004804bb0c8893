"""Puts a file in place whole or not at all, so that a full disk never leaves half a report."""

import contextlib
import os
import secrets
from pathlib import Path

from greenbench.core.errors import ReportError


def write_whole(path: Path, content: bytes) -> None:
    """Writes `content` to a temporary file beside `path` and renames it.

    Raises:
        ReportError: says why; a file that was there before is as it was.
    """
    temporary = path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise ReportError(
            f"{path} cannot be written: {reason}.", "Choose another folder, close the file elsewhere, or make room."
        ) from None
