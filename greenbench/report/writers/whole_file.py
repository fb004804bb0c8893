"""Puts a report in place whole or not at all, and says why if it cannot."""

from pathlib import Path

from greenbench.core.errors import ReportError
from greenbench.core.whole_file import replace_file


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file.

    Raises:
        ReportError: says why; a file that was there before is as it was.
    """
    try:
        replace_file(path, content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReportError(
            f"{path} cannot be written: {reason}.", "Choose another folder, close the file elsewhere, or make room."
        ) from None
