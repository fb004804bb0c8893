"""Chooses a door: window, command line, or one of GreenBench's own processes. Each is imported only when it is taken."""

import os
import sys
from pathlib import Path

# Set before any numeric library is loaded, whatever the door: idle OpenMP threads shall sleep, not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main() -> int:
    """Runs what the arguments ask for and returns the exit code. Without arguments, or with a pipeline file: the window."""
    arguments = sys.argv[1:]
    match arguments:
        case ["worker", *_]:
            from greenbench.engine.worker import main as worker

            return worker()
        case ["bench", *_]:
            from greenbench.engine.bench.child import main as bench

            return bench()
        case ["job", *_]:
            from greenbench.engine.jobs import main as job

            return job()
        case ["load", *_]:
            from greenbench.engine.load import main as load

            return load(arguments[1:])
        case ["meter", *_]:
            from greenbench.meters.sampler import main as meter

            return meter(arguments[1:])
        case [] | ["window", *_]:
            return window(arguments[1:])
        case given if all(word == "--run" or Path(word).suffix == ".greenbench" for word in given):
            return window(arguments)
    from greenbench.cli import main as cli

    return cli(arguments)


def window(arguments: list[str] | None = None) -> int:
    """Opens the window; where that cannot be, says what is missing."""
    given = sys.argv[1:] if arguments is None else arguments
    from greenbench.cli.display import missing_for_window

    missing = missing_for_window()
    if missing:
        print(missing, file=sys.stderr)  # noqa: T201 - the terminal is all there is
        return 2
    from greenbench.gui.app import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
