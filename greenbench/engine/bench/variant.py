"""A variant as the benchmark handles it: its letter, its name, and the child process that runs it."""

import json
import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from greenbench.core.errors import StepError, WorkerError
from greenbench.core.step import Stored
from greenbench.engine.bench.examples import Examples
from greenbench.engine.process import Child, how_it_ended, quiet_threads

_WAKE_S = 0.25


@dataclass(frozen=True)
class Variant:
    """One model at the benchmark. `stored` is what the runtime loads, `original` the model before any export folded or rearranged its
    weights, `converted` what that export was, in words; `examples` are the test examples to time it with."""

    letter: str
    name: str
    source: str
    stored: Stored
    original: Stored
    examples: Examples
    converted: str = ""


def described(stored: Stored, title: str = "") -> dict[str, str]:
    """An artefact in a request to a child."""
    return {"artifact": stored.artifact.model_dump_json(), "folder": str(stored.folder), "title": title or stored.title}


class BenchChild:
    """The process of one variant. Every question blocks until it is answered, and looks four times a second whether the user
    pressed Stop."""

    def __init__(self, variant: Variant, threads: int, check: Callable[[], None]) -> None:
        self.variant = variant
        self._check = check
        self._replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._child = Child(
            ["bench"], environment=quiet_threads(threads), on_line=lambda line: self._replies.put(json.loads(line)), on_end=self._ended
        )

    def _ended(self, code: int) -> None:
        remedy = f"Run again; if memory was short, use a smaller batch or model. {self._child.tail(5)}".strip()
        self._replies.put({"error": f"its process {how_it_ended(code)}", "remedy": remedy, "gone": True})

    def ask(self, do: str, *, on_progress: Callable[[dict[str, Any]], None] | None = None, **request: Any) -> dict[str, Any]:
        """One question, one answer.

        Raises:
            Cancelled: the user pressed Stop.
            WorkerError: the process is gone.
            MemoryError: the model does not fit.
            StepError: the child said why it cannot.
        """
        self._child.send(json.dumps({"do": do, **request}).encode() + b"\n")
        while True:
            try:
                reply = self._replies.get(timeout=_WAKE_S)
            except queue.Empty:
                self._check()
                continue
            if "progress" in reply:
                if on_progress:
                    on_progress(reply)
                continue
            if reply.get("memory"):
                raise MemoryError(reply["error"])
            if "error" in reply:
                error = WorkerError if reply.get("gone") else StepError
                raise error(self._sentence(reply["error"]), reply.get("remedy", ""))
            return reply

    def _sentence(self, reason: str) -> str:
        """What the child said, as a sentence that names the variant."""
        named = f'"{self.variant.name}"'
        return f"{reason.rstrip('.')}." if named in reason else f"{named} cannot be measured: {reason.rstrip('.')}."

    def close(self) -> None:
        with suppress(OSError):
            self._child.stop(grace_s=1.0)
