"""The command line: the same pipelines without a window. Exit 0 finished, 1 a node failed, 2 bad arguments or an invalid
pipeline, 130 cancelled."""

from greenbench.cli.app import main

__all__ = ["main"]
