"""Where runs live: one SQLite file with plans, results, samples and windows, which survives a killed process."""

from greenbench.store.history import LogLine, RunSummary, SampleSeries
from greenbench.store.store import Store

__all__ = ["LogLine", "RunSummary", "SampleSeries", "Store"]
