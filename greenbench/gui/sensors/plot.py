"""The last minute of every channel, in watts: measured solid, modelled dashed with its band hatched, a gap where there is no reading.

It draws from the record that the live dock keeps; it is drawn at most four times a second, and only while the page is seen.
"""

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QColor

from greenbench.gui.live.axes import TimeAxis
from greenbench.gui.live.legend import Entry
from greenbench.gui.live.plot import Curve, LivePlot
from greenbench.gui.live.record import LiveRecord
from greenbench.gui.sensors.rows import SensorRow
from greenbench.gui.theme import Theme

SPAN_S = 60.0
_MOST = 5
_MARGIN_S = 2.5  # room for the words at both ends of the axis
_TOKENS = ("text", "group_sources", "group_distil", "group_compress", "muted", "group_train")


class _Ago(TimeAxis):
    """Seconds before now: "−45 s", "now"."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        return [(15.0 if size > 320 else 30.0, 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return ["now" if abs(value) < 0.5 else f"−{abs(value):.0f} s" for value in values]


def shown(rows: Sequence[SensorRow], selected: str) -> list[SensorRow]:
    """The rows that are drawn: what is added, what covers the whole, what is modelled, and the selected one; at most five."""
    read = [row for row in rows if row.channel is not None]
    first = [row for row in read if row.added or row.external or row.modelled]
    chosen = [row for row in read if row.key == selected and row not in first]
    rest = [row for row in read if row not in first and row not in chosen]
    rest.sort(key=lambda row: not (row.channel is not None and row.channel.counted))  # parts before what lies inside them
    drawn = [*first, *chosen, *rest][:_MOST]
    return [row for row in read if row in drawn]  # in the order of the table, whichever is selected


class LastMinute(LivePlot):
    """Watts of the last sixty seconds."""

    def __init__(self, theme: Theme) -> None:
        self._places: dict[str, int] = {}
        super().__init__(theme, "Last minute", "W", from_zero=True, times=_Ago("bottom"))
        self.view.setAccessibleName("Power of the last minute")

    def show_record(self, record: LiveRecord | None, rows: Sequence[SensorRow], selected: str, now_s: float) -> None:
        """Draws what the record has of these rows up to `now_s`, in monotonic seconds."""
        curves, entries, hatched = [], [], []
        names: set[str] = set()
        drawn = shown(rows, selected) if record is not None else []
        guesses = [row.key for row in drawn if row.modelled]
        self._take_places(drawn)
        for row in drawn:
            series = record.power.get(row.key) if record is not None else None
            if series is None or not len(series):
                continue
            x, y = series.visible(now_s - SPAN_S, now_s, self.columns)
            keep = x >= now_s - SPAN_S - 5
            x, y = _held_until_now(x[keep] - now_s, y[keep], row)
            if not len(x):
                continue
            color = self._color(row)
            second = row.key in guesses[1:]
            curves.append(Curve(row.key, "modelled, second" if second else "modelled" if row.modelled else "line", x, y, color))
            if row.modelled:
                hatched.append((x, y))
                unseen = QColor(color)
                unseen.setAlpha(0)
                curves.append(Curve(f"{row.key}/band", "line", x, y * 1.5, unseen))  # so that the axis has room for its band
            value = "no reading" if series.last is None else f"{'≈ ' if row.modelled else ''}{series.last:.1f}"
            entries.append(Entry(row.title, value, "dotted" if second else "dashed" if row.modelled else "solid", color, row.provenance))
            if series.last is None or np.isnan(y).any():
                names.add(row.title)
        self.underlay.hatched = hatched
        self.overlay.word = "" if curves else "No power source has been read in the last minute."
        self.unit.setText(f"W, gaps: no reading of {', '.join(sorted(names))}" if names else "W")
        self.legend.show_entries(entries)
        self.draw(curves, -SPAN_S - _MARGIN_S, _MARGIN_S)

    def _take_places(self, drawn: Sequence[SensorRow]) -> None:
        """A channel keeps its colour for as long as the page lives; a new one gets the first that no other on the plot has."""
        measured = [row.key for row in drawn if not row.modelled]
        for key in measured:
            if key not in self._places:
                taken = {self._places[other] for other in measured if other in self._places}
                self._places[key] = next(place for place in range(len(_TOKENS)) if place not in taken)

    def _color(self, row: SensorRow) -> QColor:
        return self._theme.color("warning" if row.modelled else _TOKENS[self._places[row.key]])


def _held_until_now(x: np.ndarray, y: np.ndarray, row: SensorRow) -> tuple[np.ndarray, np.ndarray]:
    """What is read seldom is still in force until the next reading is due: its line goes on to now, not further."""
    if len(x) and not np.isnan(y[-1]) and -x[-1] <= 3 * max(row.refresh_s or 0.0, 0.5):
        return np.append(x, 0.0), np.append(y, y[-1])
    return x, y
