"""Joins what the worker timed with what the meter read: the results of a run, from its events and the energy ledger.

assemble ─▶ variants (numbers of each) ─▶ comparisons (with the baseline) ─▶ remarks (what a reader must know)
                └─▶ energies (joules of each block)
"""

from greenbench.engine.results.assembly import ARITHMETIC, assemble

__all__ = ["ARITHMETIC", "assemble"]
