"""From the record to what each plot draws: curves thinned to the pixels, hatching, live values, chips under the crosshair."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtGui import QColor

from greenbench.core import quote
from greenbench.core.measurement import Channel, Provenance
from greenbench.gui import quality
from greenbench.gui.live.layers import Chip
from greenbench.gui.live.legend import Entry
from greenbench.gui.live.plot import Curve
from greenbench.gui.live.record import SHARED, Latency, LiveRecord
from greenbench.gui.live.scales import MODELLED_OFF
from greenbench.gui.live.series import Series
from greenbench.gui.theme import Theme

_LOOKED_AT = 4000  # as many of a block's calls tell where the axis may end


@dataclass(frozen=True)
class View:
    """What is looked at: absolute seconds from and to, the origin that is shown as 00:00, and the pixels of the plot."""

    start: float
    end: float
    origin: float
    columns: int


@dataclass
class Picture:
    """Everything that one plot shows at one moment."""

    curves: list[Curve] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    hatched: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    word: str = ""
    title: tuple[str, str] | None = None  # words and unit over the plot, where they depend on what is shown


def _color(theme: Theme, variant: int) -> QColor:
    return theme.color("second") if variant == SHARED else theme.variant(variant).color


def power(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """Watts of every counted channel: measured solid, modelled dashed with its band hatched."""
    picture = Picture()
    for index, (channel, series) in enumerate(record.in_use()):
        modelled = channel.provenance is Provenance.MODELLED
        color = theme.color("text" if index == 0 else "muted")
        pause = pause_of(channel)
        x, y = _drawn(series, view, view.columns, pause)
        reach = 1 + MODELLED_OFF if modelled else 1.0
        picture.curves.append(Curve(channel.key, "modelled" if modelled else "line", x, y, color, reach=reach))
        if modelled:
            picture.hatched.append(_drawn(series, view, view.columns // 8, pause))
        gaps = series.gaps(view.start, min(view.end, record.newest), pause)
        picture.gaps += [(a - view.origin, b - view.origin) for a, b in gaps if index == 0]
        silent = series.last is None or record.silent or record.newest - series.t[-1] > pause
        value = "no reading" if silent else f"{'≈ ' if modelled else ''}{series.last:.1f}"
        picture.entries.append(Entry(_short(channel.title), value, "dashed" if modelled else "solid", color, channel.provenance))
    if not picture.curves:
        picture.word = "No power source has been read yet."
    elif all(np.isnan(curve.y).all() for curve in picture.curves):
        picture.word = "No reading. " + next(iter(record.why_no_reading.values()), "")
    return picture


def pause_of(channel: Channel) -> float:
    """Seconds without a sample after which there was no reading: several of its own steps, as a meter may be late."""
    return max(3.0, 5 * max(channel.refresh_s, channel.refresh_measured_s or 0.0))


def _drawn(series: Series, view: View, columns: int, pause: float) -> tuple[np.ndarray, np.ndarray]:
    """A curve thinned to so many pixels and broken where there was no reading: columns that are wider than a pause may not show it."""
    x, y = series.visible(view.start, view.end, columns)
    x, y = _broken(x, y, max(pause, 3 * (view.end - view.start) / max(columns, 1)))
    return x - view.origin, y


def _short(title: str) -> str:
    return title if len(title) <= 18 else title.split(",")[0].split("(")[0].strip()[:18]


def _timed(key: str) -> bool:
    """Whether an owner's key ("node/variant", perhaps with "/kind") is of timed calls: those of training have no variant."""
    return bool(key.split("/")[1])


def _newest(record: LiveRecord, view: View) -> str:
    """The owner of the newest call in view; the newest of all where none is in view; "" where there is none."""
    found: tuple[bool, float, str] = (False, -1.0, "")
    for key, owner in record.latency.items():
        place = int(np.searchsorted(owner.points.t, view.end, side="right")) - 1
        if place >= 0:
            t = float(owner.points.t[place])
            found = max(found, (t >= view.start, t, key))
    return found[2]


def latency(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """Single calls as points, their rolling median and 95th percentile as lines, in milliseconds."""
    picture = Picture()
    shown = {key: _in_view(owner, view) for key, owner in record.latency.items()}
    newest = _newest(record, view)
    for key, owner in record.latency.items():
        color = _color(theme, owner.variant)
        signals = (("dots", owner.points), ("thick", owner.rolling.p50), ("dashed", owner.rolling.p95))
        for kind, series in signals:
            columns = view.columns if kind == "dashed" else view.columns // (3 if kind == "dots" else 8)
            x, y = _broken(*series.visible(view.start, view.end, columns), pause=2.0)
            if len(x):
                # A thick pen is only cheap on short curves (LOOK.md): the median is thick where few points show it.
                shape = "line" if kind == "thick" and len(x) > 400 else kind
                picture.curves.append(Curve(f"{key}/{kind}", shape, x - view.origin, y * 1e3, color))
    if newest:
        # Training batches may take a thousand times as long as a timed call: the axis serves the newest kind in view.
        picture.curves = [replace(curve, scaled=_timed(curve.key) is _timed(newest)) for curve in picture.curves]
        served = [part for key, part in shown.items() if _timed(key) is _timed(newest)]
        edge = _edge_ms(served)
        picture.curves = [replace(curve, y=np.minimum(curve.y, edge)) if curve.scaled else curve for curve in picture.curves]
        owner = record.latency[newest]
        color = _color(theme, owner.variant)
        word = "call" if _timed(newest) else "batch"
        last = "" if record.in_run else "last "
        picture.entries = [
            Entry(f"{last}p50", _ms(owner.rolling.p50), "solid", color),
            Entry(f"{last}p95", _ms(owner.rolling.p95), "dashed", color),
            Entry(word, _count_above(served, edge), "dots", color),
        ]
    else:
        picture.word = "Each batch and each timed call appears here while a run goes on."
    return picture


def _in_view(owner: Latency, view: View) -> np.ndarray:
    """The single calls between the edges of the picture, in seconds."""
    first, last = np.searchsorted(owner.points.t, (view.start, view.end))
    return owner.points.y[first:last]


def _edge_ms(shown: Sequence[np.ndarray]) -> float:
    """Where the axis ends although single calls lie above it: a few stray calls would flatten all others.

    1.2 times what 99 % of an owner's calls stay under, of the slowest owner; with few calls one stray call is one of those 99 %,
    so four times the median is enough. Infinite where nothing lies above.
    """
    reach = [part[:: max(len(part) // _LOOKED_AT, 1)] for part in shown if len(part)]
    if not reach:
        return math.inf
    usual = [(float(np.percentile(part, 99)), 4 * float(np.median(part))) for part in reach]
    edge = 1.2 * max(min(pair) for pair in usual)
    return edge * 1e3 if max(float(part.max()) for part in shown if len(part)) > edge else math.inf


def _count_above(shown: Sequence[np.ndarray], edge_ms: float) -> str:
    """ "2 above 4.1" milliseconds, or "" where none is."""
    count = sum(int((part > edge_ms / 1e3).sum()) for part in shown) if math.isfinite(edge_ms) else 0
    return f"{count} above {quote.significant(edge_ms, 2)}" if count else ""


def _ms(series: Series) -> str:
    return quote.significant(series.last * 1e3, 3) if series.last is not None else quote.NO_READING


def _broken(x: np.ndarray, y: np.ndarray, pause: float) -> tuple[np.ndarray, np.ndarray]:
    """The curve with a gap wherever nothing came for `pause` seconds: blocks are not joined by lines."""
    jumps = np.flatnonzero(np.diff(x) > pause)
    if not len(jumps):
        return x, y
    return np.insert(x, jumps + 1, x[jumps]), np.insert(y, jumps + 1, np.nan)


def learning(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """The metric that judges answers: of the validation split joined dots, of the test split hollow squares; loss dashed on the right
    axis. One metric at a time: that of the node that was heard last."""
    picture = Picture()
    times = {
        key: max([float(s.t[-1]) for s in (owner.quality, owner.loss) if len(s)], default=-1.0) for key, owner in record.learning.items()
    }
    newest = max(times, key=lambda key: times[key], default="")
    if not newest:
        picture.word = "Accuracy and loss appear here while a model is trained or tested."
        return picture
    metric = _metric_of(record, newest)
    picture.title = quality.title(metric)
    for key, owner in record.learning.items():
        color = _color(theme, owner.variant)
        x, y = owner.quality.visible(view.start, view.end, view.columns)
        if len(x) and owner.metric == metric:
            kind = "test" if _timed(key) else "learning" if len(x) < 100 else "line"
            picture.curves.append(Curve(f"{key}/{metric}", kind, x - view.origin, y * quality.factor(metric), color))
        x, y = owner.loss.visible(view.start, view.end, view.columns)
        if len(x):
            picture.curves.append(Curve(f"{key}/loss", "dashed", x - view.origin, y, color, right_axis=True))
    latest = record.learning[newest]
    color = _color(theme, latest.variant)
    if latest.quality.last is not None:
        word, line = ("test", "squares") if _timed(newest) else ("validation", "solid")
        picture.entries.append(Entry(word, quality.number(latest.metric, latest.quality.last), line, color))
    if latest.loss.last is not None:
        picture.entries.append(Entry("loss", quote.significant(latest.loss.last, 2), "dashed", color))
    return picture


def _metric_of(record: LiveRecord, newest: str) -> str:
    """The metric of the node that was heard last; of the others where it has only a loss so far."""
    latest = record.learning[newest]
    if len(latest.quality):
        return latest.metric
    return next((owner.metric for owner in reversed(record.learning.values()) if len(owner.quality)), latest.metric)


def power_chips(record: LiveRecord, theme: Theme, t: float) -> list[Chip]:
    chips = []
    for index, (channel, series) in enumerate(record.in_use()[:3]):
        value = series.at(t, within=max(2.0, 5 * channel.refresh_s))
        if value is not None:
            about = "≈ " if channel.provenance is Provenance.MODELLED else ""
            chips.append(Chip(value, f"{about}{value:.1f} W", theme.color("text" if index == 0 else "muted")))
    return chips


def latency_chips(record: LiveRecord, theme: Theme, t: float) -> list[Chip]:
    """The rolling quantiles of the owner that was timed last before that moment."""
    best: tuple[float, list[Chip]] = (-1.0, [])
    for owner in record.latency.values():
        p50, p95 = owner.rolling.p50.at(t, 1.0), owner.rolling.p95.at(t, 1.0)
        if p50 is None or p95 is None:
            continue
        when = float(owner.points.t[np.searchsorted(owner.points.t, t, side="right") - 1])
        if when > best[0]:
            color = _color(theme, owner.variant)
            words = [(p95, f"p95 {quote.significant(p95 * 1e3, 3)} ms"), (p50, f"p50 {quote.significant(p50 * 1e3, 3)} ms")]
            best = (when, [Chip(value * 1e3, text, color) for value, text in words])
    return best[1]


def learning_chips(record: LiveRecord, theme: Theme, t: float) -> list[Chip]:
    """The quality and loss in force at that moment, of the node whose phase it was."""
    phase = record.phase_at(t)
    chips: list[Chip] = []
    for key, owner in record.learning.items():
        if phase is None or key.partition("/")[0] != phase.node:
            continue
        color = _color(theme, owner.variant)
        known, loss = owner.quality.at(t, 3600), owner.loss.at(t, 3600)
        if known is not None:
            words = quality.text(owner.metric, known)
            chips.append(Chip(known * quality.factor(owner.metric), f"{'test ' if _timed(key) else ''}{words}", color))
        if loss is not None and known is None:
            chips.append(Chip(loss, f"loss {quote.significant(loss, 2)}", color, right_axis=True))
    return chips[:2]
