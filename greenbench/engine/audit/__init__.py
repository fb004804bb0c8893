"""The way back from a printed number to the samples that made it: a run is joined again from its raw data, by the same code.

store: words, windows, calls ──▶ recorder ─┐
store: samples ─────────────────▶ ledger ──┴─▶ results.assemble ──▶ compared with the stored result, number by number
"""

from greenbench.engine.audit.near import Near, near
from greenbench.engine.audit.trail import audit
from greenbench.engine.audit.write import write_raw

__all__ = ["Near", "audit", "near", "write_raw"]
