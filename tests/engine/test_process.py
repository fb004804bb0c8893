"""A child of GreenBench's own: its end is heard whatever it left running."""

import os
import threading
from pathlib import Path

import pytest

from greenbench.engine import process


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")
def test_what_a_child_left_running_does_not_hide_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nsleep 600 &\necho left one behind\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(process.sys, "executable", str(script))
    lines: list[bytes] = []
    codes: list[int] = []
    ended = threading.Event()

    def on_end(code: int) -> None:
        codes.append(code)
        ended.set()

    child = process.Child(["worker"], on_line=lines.append, on_end=on_end)
    try:
        assert ended.wait(30)  # the sleeper holds the pipe for ten minutes
        assert (codes, lines) == ([3], [b"left one behind\n"])
    finally:
        child.stop()
