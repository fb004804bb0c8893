"""Tells a full disk from other failures: not every library passes on the system's number for it."""

import errno
import re

_WORDS = ("no space left", "disk quota exceeded", "disk is full")
# numpy, where a file was written short: the error has no number, only how many items were asked for and how many were written.
_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")


def disk_full(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, means that the disk has no room."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen)
        if isinstance(seen, OSError) and (seen.errno in (errno.ENOSPC, errno.EDQUOT) or _SHORT_WRITE.match(text)):
            return True
        if any(word in text.lower() for word in _WORDS):
            return True
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return False
