"""How fast the live plots draw: four curves of 100,000 points each, offscreen. Prints a table; run it by hand.

python tests/speed/live_plots.py
"""

import os
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport, SourceState
from greenbench.gui import style
from greenbench.gui.live.dock import LiveDock
from greenbench.gui.live.series import Series
from greenbench.gui.theme import Theme

POINTS = 100_000
FRAMES = 60
AIM_FRAMES_PER_S = 30
AIM_BLOCK_MS = 100


def dock_with(curves: int, points: int) -> LiveDock:
    """A dock whose power plot holds so many channels of so many samples at 100 Hz."""
    dock = LiveDock(Theme())
    channels = tuple(
        Channel(key=f"c{i}", title=f"Channel {i}", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="", refresh_s=0.01)
        for i in range(curves)
    )
    report = SourceReport(key="r", title="r", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=channels)
    dock.on_event(messages.Sources(reports=(report,)))
    noise = np.random.default_rng(0)
    for index, channel in enumerate(channels):
        series = Series()
        series.extend(np.arange(points) / 100, 20 + 10 * index + noise.normal(0, 2, points))
        dock.record.power[channel.key] = series
    dock.record.origin, dock.record.newest = 0.0, points / 100
    return dock


def measure(curves: int, points: int, application: QApplication) -> tuple[float, float]:
    """Milliseconds of a mean frame and of the slowest, with the whole history in view."""
    dock = dock_with(curves, points)
    dock._range.setCurrentIndex(dock._range.count() - 1)
    dock.resize(1440, 218)
    dock.show()
    application.processEvents()
    times = []
    for frame in range(FRAMES):
        for series in dock.record.power.values():
            series.append(points / 100 + frame / 100, 25.0)
        dock.record.newest += 0.01
        start = time.perf_counter()
        dock._redraw()
        application.processEvents()
        times.append((time.perf_counter() - start) * 1e3)
    dock.stop()
    dock.close()
    return float(np.mean(times)), max(times)


def main() -> int:
    application = QApplication(sys.argv[:1])
    style.load_fonts()
    style.apply(application, Theme())
    print(f"{'curves':>6} {'points each':>12} {'mean ms':>8} {'worst ms':>9} {'frames/s':>9}")
    good = True
    for curves, points in ((1, 1_000), (4, 10_000), (4, POINTS), (4, 10 * POINTS)):
        mean, worst = measure(curves, points, application)
        print(f"{curves:>6} {points:>12,} {mean:>8.1f} {worst:>9.1f} {1e3 / mean:>9.0f}")
        if points <= POINTS:
            good = good and 1e3 / mean >= AIM_FRAMES_PER_S and worst <= AIM_BLOCK_MS
    print(
        f"aim: at least {AIM_FRAMES_PER_S} frames/s and no frame above {AIM_BLOCK_MS} ms at 4 × {POINTS:,}: {'met' if good else 'NOT met'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
