"""GreenBench: compress a model, run the variants, and say honestly what it did to power, latency and accuracy."""

__version__ = "0.1.0"
