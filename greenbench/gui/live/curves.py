"""From the record to what each plot draws: curves thinned to the pixels, hatching, live values, chips under the crosshair."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtGui import QColor

from greenbench.core import quote
from greenbench.core.measurement import Provenance
from greenbench.gui.live.layers import Chip
from greenbench.gui.live.legend import Entry
from greenbench.gui.live.plot import Curve
from greenbench.gui.live.record import SHARED, LiveRecord
from greenbench.gui.live.series import Series
from greenbench.gui.theme import Theme


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
    word: str = ""


def _color(theme: Theme, variant: int) -> QColor:
    return theme.color("second") if variant == SHARED else theme.variant(variant).color


def power(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """Watts of every counted channel: measured solid, modelled dashed with its band hatched."""
    picture = Picture()
    for index, (channel, series) in enumerate(record.in_use()):
        modelled = channel.provenance is Provenance.MODELLED
        color = theme.color("text" if index == 0 else "muted")
        x, y = series.visible(view.start, view.end, view.columns)
        x = x - view.origin
        picture.curves.append(Curve(channel.key, "modelled" if modelled else "line", x, y, color))
        if modelled:
            coarse, level = series.visible(view.start, view.end, view.columns // 8)
            picture.hatched.append((coarse - view.origin, level))
        value = "no reading" if series.last is None else f"{'≈ ' if modelled else ''}{series.last:.1f}"
        picture.entries.append(Entry(_short(channel.title), value, "dashed" if modelled else "solid", color, channel.provenance))
    if not picture.curves:
        picture.word = "No power source has been read yet."
    elif all(np.isnan(curve.y).all() for curve in picture.curves):
        picture.word = "No reading. " + next(iter(record.why_no_reading.values()), "")
    return picture


def _short(title: str) -> str:
    return title if len(title) <= 18 else title.split(",")[0].split("(")[0].strip()[:18]


def latency(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """Single calls as points, their rolling median and 95th percentile as lines, in milliseconds."""
    picture = Picture()
    newest: tuple[float, str] = (-1.0, "")
    for key, owner in record.latency.items():
        color = _color(theme, owner.variant)
        signals = (("dots", owner.points), ("thick", owner.rolling.p50), ("dashed", owner.rolling.p95))
        if len(owner.points) and owner.points.t[-1] > newest[0]:
            newest = (float(owner.points.t[-1]), key)
        for kind, series in signals:
            columns = view.columns if kind == "dashed" else view.columns // (3 if kind == "dots" else 8)
            x, y = _broken(*series.visible(view.start, view.end, columns), pause=2.0)
            if len(x):
                # A thick pen is only cheap on short curves (LOOK.md): the median is thick where few points show it.
                shape = "line" if kind == "thick" and len(x) > 400 else kind
                picture.curves.append(Curve(f"{key}/{kind}", shape, x - view.origin, y * 1e3, color))
    # Training batches may take a thousand times as long as a timed call: the axis serves what is going on now.
    timed = {curve.key: bool(curve.key.split("/")[1]) for curve in picture.curves}
    if newest[1] and len(set(timed.values())) == 2:
        now = bool(newest[1].split("/")[1])
        picture.curves = [replace(curve, scaled=timed[curve.key] is now) for curve in picture.curves]
    picture.curves, cap = _capped(picture.curves)
    if newest[1]:
        owner = record.latency[newest[1]]
        color = _color(theme, owner.variant)
        word = "call" if newest[1].rpartition("/")[2] else "batch"
        picture.entries = [
            Entry("p50", _ms(owner.rolling.p50), "solid", color),
            Entry("p95", _ms(owner.rolling.p95), "dashed", color),
            Entry(word, _beyond(record, view, picture.curves, cap), "dots", color),
        ]
    else:
        picture.word = "Each batch and each timed call appears here while a run goes on."
    return picture


def _capped(drawn: list[Curve]) -> tuple[list[Curve], float]:
    """A few stray calls would flatten all others: single points far above the rest are drawn at the upper edge.

    The edge is 1.5 times the highest rolling 95th percentile but one in fifty; infinite where nothing strays.
    """
    points = [curve.y for curve in drawn if curve.kind == "dots" and curve.scaled]
    lines = [curve.y[~np.isnan(curve.y)] for curve in drawn if curve.kind != "dots" and curve.scaled]
    if not points or not any(len(part) for part in lines):
        return drawn, math.inf
    cap = 1.5 * float(np.percentile(np.concatenate(lines), 98))
    if max(float(np.nanmax(part)) for part in points if len(part)) < 2 * cap:
        return drawn, math.inf
    return [replace(curve, y=np.minimum(curve.y, cap)) if curve.scaled else curve for curve in drawn], cap


def _beyond(record: LiveRecord, view: View, drawn: list[Curve], cap_ms: float) -> str:
    """How many single calls in view lie above the edge: "2 above 4.1", or "" if none."""
    keys = {curve.key.rpartition("/")[0] for curve in drawn if curve.kind == "dots" and curve.scaled}
    count = 0
    for key in keys if math.isfinite(cap_ms) else ():
        points = record.latency[key].points
        first, last = np.searchsorted(points.t, (view.start, view.end))
        count += int((points.y[first:last] > cap_ms / 1e3).sum())
    return f"{count} above {quote.significant(cap_ms, 2)}" if count else ""


def _ms(series: Series) -> str:
    return quote.significant(series.last * 1e3, 3) if series.last is not None else quote.NO_READING


def _broken(x: np.ndarray, y: np.ndarray, pause: float) -> tuple[np.ndarray, np.ndarray]:
    """The curve with a gap wherever nothing came for `pause` seconds: blocks are not joined by lines."""
    jumps = np.flatnonzero(np.diff(x) > pause)
    if not len(jumps):
        return x, y
    return np.insert(x, jumps + 1, x[jumps]), np.insert(y, jumps + 1, np.nan)


def learning(record: LiveRecord, theme: Theme, view: View) -> Picture:
    """Validation accuracy in per cent with dots, loss dashed on the right axis."""
    picture = Picture()
    newest, latest = -1.0, None
    for key, owner in record.learning.items():
        color = _color(theme, owner.variant)
        x, y = owner.accuracy.visible(view.start, view.end, view.columns)
        if len(x):
            picture.curves.append(Curve(f"{key}/accuracy", "learning" if len(x) < 100 else "line", x - view.origin, y * 100, color))
        x, y = owner.loss.visible(view.start, view.end, view.columns)
        if len(x):
            picture.curves.append(Curve(f"{key}/loss", "dashed", x - view.origin, y, color, right_axis=True))
        last = max([float(s.t[-1]) for s in (owner.accuracy, owner.loss) if len(s)], default=-1.0)
        if last > newest:
            newest, latest = last, owner
    if latest:
        color = _color(theme, latest.variant)
        if latest.accuracy.last is not None:
            picture.entries.append(Entry("accuracy", f"{latest.accuracy.last * 100:.1f}", "solid", color))
        if latest.loss.last is not None:
            picture.entries.append(Entry("loss", quote.significant(latest.loss.last, 2), "dashed", color))
    else:
        picture.word = "Accuracy and loss appear here while a model is trained or tested."
    return picture


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
    """The accuracy and loss in force at that moment, of the node whose phase it was."""
    phase = record.phase_at(t)
    chips: list[Chip] = []
    for key, owner in record.learning.items():
        if phase is None or key.partition("/")[0] != phase.node:
            continue
        color = _color(theme, owner.variant)
        accuracy, loss = owner.accuracy.at(t, 3600), owner.loss.at(t, 3600)
        if accuracy is not None:
            chips.append(Chip(accuracy * 100, f"{accuracy * 100:.1f} %", color))
        if loss is not None and accuracy is None:
            chips.append(Chip(loss, f"loss {quote.significant(loss, 2)}", color, right_axis=True))
    return chips[:2]
