"""Energy at the wall in words: always called a calibrated estimate, with the line it comes from."""

from greenbench.analysis.calibration import gain_half, offset_half_w
from greenbench.core.calibration import Calibration
from greenbench.core.metrics import WALL
from greenbench.core.quote import quote, scale, significant
from greenbench.core.run import RunResult


def at_the_wall(result: RunResult) -> str:
    """ "≈ 4.21 [4.02, 4.40] mJ (A) to … for one inference, calibrated estimate, not compared ◌"; "" where there is none."""
    found = [(v.letter, m) for v in result.measured if (m := v.metrics.get(WALL)) is not None and m.value is not None]
    if not found or result.calibration is None:
        return ""
    found.sort(key=lambda entry: entry[1].value or 0.0)
    shown = scale("J", [measurement.value for _, measurement in found])
    ends = [found[0], found[-1]] if len(found) > 1 else found
    quoted = [f"{q.full} [{q.interval}] ({letter})" for letter, measurement in ends if (q := quote(measurement, shown))]
    beyond = next((measurement.reason for _, measurement in found if measurement.reason), "")
    words = f"{' to '.join(quoted)} for one inference, calibrated estimate, not compared {found[0][1].provenance.mark}"
    return f"{words}; {beyond}" if beyond else words


def line_words(calibration: Calibration) -> str:
    """The line with its errors, what it was made with, and when."""
    c = calibration
    offset = f"{significant(c.offset_w, 3)} W ± {significant(offset_half_w(c), 2)}"
    gain = f"{c.gain:.3f} ± {significant(gain_half(c), 2)}"
    where = f"{c.external_title} against {', '.join(c.counter_titles or c.counters)}"
    return f"wall = {offset} + ({gain}) × counters, 95 %; residual {significant(c.residual_w, 2)} W; {where}, {c.date[:10]}"
