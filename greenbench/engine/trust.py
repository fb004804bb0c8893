"""Which files the user has allowed to run code: asked once for each content, remembered by its hash, never guessed."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from greenbench.core.errors import GreenBenchError, StoreError
from greenbench.core.pipeline import Pipeline
from greenbench.core.trust import TrustRequest
from greenbench.core.whole_file import replace_file

_FILE = "trusted-files.json"


def requests(pipeline: Pipeline) -> dict[str, tuple[TrustRequest, ...]]:
    """For each node that is not muted, the files it names that would run code when they are loaded. Loads none of them."""
    found = {}
    for id, node in pipeline.nodes.items():
        try:
            spec = pipeline.spec(id)
            asked = spec.trust(spec.params.checked(node.params, node.title)) if spec.trust and not node.muted else ()
        except GreenBenchError:
            continue  # what is wrong with the node is told elsewhere
        if asked:
            found[id] = asked
    return found


class TrustBook:
    """The remembered answers, in a file of the user's data folder. A damaged file allows nothing."""

    def __init__(self, home: Path) -> None:
        self._path = Path(home) / _FILE

    def allowed(self) -> frozenset[str]:
        """The hashes of the files that may run code."""
        return frozenset(self._read())

    def remember(self, asked: Iterable[TrustRequest]) -> None:
        """Notes that the user allowed these files.

        Raises:
            StoreError: it cannot be written down.
        """
        noted = self._read()
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        noted |= {request.sha256: {"path": request.path, "kind": request.kind, "when": now} for request in asked}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(noted, indent=1, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(f"Which files you trust cannot be remembered: {error}.", "Make room, or choose another data folder.") from None

    def _read(self) -> dict[str, object]:
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}
