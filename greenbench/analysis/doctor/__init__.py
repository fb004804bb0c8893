"""Why a variant is not faster, not smaller, not greener: causes that the results themselves show, each with its number and what to try.

Pure: from a RunResult to advice. The rules stand in one file for each question; `greenbench.engine.linter` has what can be known before.
"""

from greenbench.analysis.doctor.diagnosis import MOST, diagnose

__all__ = ["MOST", "diagnose"]
