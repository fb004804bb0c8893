"""Where runs live: one SQLite file with plans, results, samples and windows, which survives a killed process."""

from greenbench.store.history import LogLine, RunSummary, SampleSeries
from greenbench.store.store import Store, damage_words

__all__ = ["LogLine", "RunSummary", "SampleSeries", "Store", "damage_words"]
