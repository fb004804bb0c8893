"""A process of GreenBench's own at the other end of two pipes: one line in, one line out, its stderr as the log.

The same class serves worker, meter and bench children. Waiting blocks on the pipe; nothing polls.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO

LOG_LINES = 2000


def quiet_threads(threads: int) -> dict[str, str]:
    """The environment in which numeric libraries use so many threads and let idle ones sleep.

    Spinning OpenMP threads slow a neighbour twentyfold and burn watts that look like the model's; the policy must be set
    before the library is loaded.
    """
    number = str(max(threads, 1))
    return {
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "OMP_NUM_THREADS": number,
        "MKL_NUM_THREADS": number,
        "OPENBLAS_NUM_THREADS": number,
        "NUMEXPR_NUM_THREADS": number,
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # as the driver counts GPUs, so that a number means the same one everywhere
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


class Child:
    """A running child. `on_line` and `on_log` are called on reader threads; `on_end` once, after the last line."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[bytes], None] | None = None,
        on_log: Callable[[str], None] | None = None,
        on_end: Callable[[int], None] | None = None,
    ) -> None:
        """Starts `python -m greenbench` with these arguments.

        Without `on_line` nobody reads the output but the caller, through `receive`.
        """
        self._on_log, self._on_end = on_log, on_end
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "greenbench", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            start_new_session=os.name == "posix",  # Ctrl+C in the terminal is the parent's to handle
        )
        self._write_lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read_log, daemon=True, name=f"{arguments[0]} log")]
        if on_line is not None:
            self._threads.append(threading.Thread(target=self._read_lines, args=(on_line,), daemon=True, name=f"{arguments[0]} lines"))
        if os.name == "posix":
            self._threads.append(threading.Thread(target=self._clean_up_behind, daemon=True, name=f"{arguments[0]} end"))
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, line: bytes) -> bool:
        """Writes a line; False if the child is gone."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with self._write_lock:
                stdin.write(line)
                stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def receive(self) -> bytes:
        """The next line; empty when the child has closed its output."""
        stdout = self._process.stdout
        assert stdout is not None
        return stdout.readline()

    def _read_lines(self, on_line: Callable[[bytes], None]) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        with stdout:
            for line in stdout:
                on_line(line)
        code = self._process.wait()
        self.close_input()
        self._threads[0].join(timeout=1.0)
        if self._on_end:
            self._on_end(code)

    def _read_log(self) -> None:
        stderr: IO[bytes] | None = self._process.stderr
        assert stderr is not None
        with stderr:
            for raw in stderr:
                text = raw.decode(errors="replace").rstrip("\r\n")
                self.log.append(text)
                if self._on_log:
                    self._on_log(text)

    def close_input(self) -> None:
        """Tells the child to end: end of input is its sign."""
        with suppress(OSError, ValueError), self._write_lock:
            if self._process.stdin:
                self._process.stdin.close()

    def terminate(self) -> None:
        with suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        with suppress(OSError):
            self._process.kill()

    def stop(self, grace_s: float = 2.0) -> int:
        """Ends the child: end of input, then terminate, then kill, `grace_s` apart; returns its exit code."""
        self.close_input()
        for last_resort in (self.terminate, self.kill):
            try:
                self._process.wait(grace_s)
                break
            except subprocess.TimeoutExpired:
                last_resort()
        code = self._process.wait()
        self._end_what_it_left()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=2.0)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                with suppress(OSError, ValueError):
                    pipe.close()
        return code

    def _clean_up_behind(self) -> None:
        """Waits for the child's end, and ends what it left at once: its output would stay open, and nobody would hear of the end."""
        with suppress(ChildProcessError):  # somebody else has heard of it already
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)  # not reaped yet, so the number is still its own
        self._end_what_it_left()

    def _end_what_it_left(self) -> None:
        """Ends processes that foreign code started in the child and left behind: they hold its pipes, so its output would never end."""
        if os.name == "posix":
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it began a session of its own, so its number names its group

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(list(self.log)[-lines:])


def how_it_ended(code: int) -> str:
    """An exit code in words: "was killed (SIGKILL)", "ended with code 3"."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed ({name})"
    return f"ended with code {code}"


class Wire:
    """The child's end: takes over the real standard output for messages and points fd 1 at stderr, so that a library's
    print cannot spoil a message."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def send(self, line: bytes) -> None:
        """Writes one line. A parent that is gone means that nobody wants the rest: the process ends."""
        try:
            with self._lock:
                self._out.write(line)
                self._out.flush()
        except OSError:
            os._exit(0)
