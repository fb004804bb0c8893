"""Tells running out of memory from other failures: every library says it in its own words."""

import errno

_WORDS = (
    "can't allocate memory",  # torch on the processor
    "not enough memory",  # torch on Windows
    "cannot allocate memory",
    "failed to allocate memory",  # ONNX Runtime
    "failed to map segment",  # the loader, when a library itself does not fit
    "bad_alloc",
    "bad allocation",
)


def short_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory was not enough, on the processor or a GPU."""
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    text = str(error).lower()
    return any(word in text for word in _WORDS)
