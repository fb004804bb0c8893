"""Writing a file whole or not at all: a full disk or a crash leaves the old one as it was."""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Writes `content` beside `path` and renames it into place; an existing file keeps its permissions.

    Raises:
        OSError: it cannot be written; a file that was there before is as it was.
    """
    # Not by tempfile, whose files only their owner may read.
    temporary = path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
