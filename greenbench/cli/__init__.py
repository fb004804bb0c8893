"""The command line: the same pipelines without a window. Exit 0 finished, 1 a node failed, 2 bad arguments, an invalid
pipeline or no room for the output, 130 cancelled, 141 the reader of the output went away."""

from greenbench.cli.app import main

__all__ = ["main"]
