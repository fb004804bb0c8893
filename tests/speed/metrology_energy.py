"""Joules of loads that are known in closed form, by the way that every reading goes: sensor, track, curve, window.

Where the readings are dense enough the error itself is held to 0.5 %. A step of power is placed to within a refresh and a reading interval,
together d. Dense enough is: for a counter any load, in windows of 250 d, since it loses nothing in between; for watts that are sampled, a
period of 200 d, so that all but 0.4 % of a square wave's swing lies below half their rate (8/(πk)² summed over the odd harmonics k beyond
the hundredth). Everywhere else the stated interval must contain the truth in 95 of 100 windows.

    python tests/speed/metrology.py energy
"""

import importlib.util
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import signals
from scipy import stats
from table import Table

from greenbench.core.measurement import Channel, Domain, Provenance
from greenbench.meters.discover import MeterSettings, channels_in_use, discover, reports
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.track import CounterTrack, PowerTrack

NS = 1_000_000_000
RECORDINGS = Path(__file__).parents[1] / "recordings"
T0_NS = 10 * NS
REFRESHES_S = (0.001, 0.01, 0.1)
RATES_HZ = (10, 100, 1000)
FREQUENCIES_HZ = (0.1, 0.5, 1, 5, 10, 50)
CLOSE, SURE = 0.005, 0.95


@dataclass(frozen=True)
class Found:
    """What came out of many windows: errors and stated half widths, each as a share of the true joules."""

    error: np.ndarray
    half: np.ndarray

    @property
    def close(self) -> float:
        """The error that 95 of 100 windows keep."""
        return float(np.quantile(np.abs(self.error), 0.95))

    @property
    def covered(self) -> float:
        return float(np.mean(np.abs(self.error) <= self.half))


def read(
    signal: signals.Signal,
    sensor: signals.Sensor,
    rate_hz: float,
    until_s: float,
    rng: np.random.Generator,
    away_s: tuple[float, float] = (math.inf, math.inf),
) -> EnergyLedger:
    """What the readings of a sensor, at the dithered beat of the meter process, become; `away_s` is a time in which it does not answer."""
    beats = np.arange(1, int(until_s * rate_hz))
    t_s = (beats + rng.random(len(beats))) / rate_hz
    channel = Channel(
        key="c",
        title="C",
        domain=Domain.PACKAGE,
        provenance=Provenance.COUNTER if sensor.counts else Provenance.INTEGRATED,
        covers="",
        refresh_s=sensor.refresh_s,
    )
    ledger = EnergyLedger([channel], 1 / rate_hz)
    track = CounterTrack("c", sensor.range_j) if sensor.counts else PowerTrack("c", sensor.refresh_s)
    times_ns = T0_NS + np.round(t_s * NS).astype(np.int64)
    for value, t_ns in zip(sensor.read(signal, t_s, rng).tolist(), times_ns.tolist(), strict=True):
        gone = away_s[0] < (t_ns - T0_NS) / NS < away_s[1]
        sample = track.lost(t_ns, "The sensor has disappeared.") if gone else track.advance(value, t_ns)
        if sample:
            ledger.add((sample,))
    return ledger


def windows(ledger: EnergyLedger, signal: signals.Signal, length_s: float, starts_s: np.ndarray) -> Found:
    """Windows of one length at these times against the closed form."""
    return judged(ledger, length_s, starts_s, signal.energy_j(starts_s + length_s) - signal.energy_j(starts_s))


def judged(ledger: EnergyLedger, length_s: float, starts_s: np.ndarray, true_j: np.ndarray) -> Found:
    """Windows of one length at these times against their true joules."""
    found = [ledger.window(T0_NS + round(a * NS), T0_NS + round((a + length_s) * NS)) for a in starts_s.tolist()]
    joules = np.array([math.nan if one.energy_j is None else one.energy_j for one in found])
    assert not np.isnan(joules).any(), next(one.reason for one in found if one.energy_j is None)
    return Found((joules - true_j) / true_j, np.array([one.half_width_j for one in found]) / true_j)


def placed_s(sensor: signals.Sensor, rate_hz: float) -> float:
    """To within which time a step of power is seen."""
    return sensor.refresh_s + 1 / rate_hz


def window_s(sensor: signals.Sensor, rate_hz: float) -> float:
    return max(250 * placed_s(sensor, rate_hz), 2.0)


def made(name: str, until_s: float, rng: np.random.Generator) -> signals.Signal:
    """The load of a column."""
    if name == "constant":
        return signals.constant(20.0, until_s)
    if name == "ramps":
        return signals.ramps(until_s, rng)
    return signals.bursts(until_s, rng) if name == "bursts" else signals.square(float(name), until_s, rng)


def dense(name: str, sensor: signals.Sensor, rate_hz: float) -> bool:
    """Whether the readings can be exact."""
    if sensor.counts or name in ("constant", "ramps"):
        return True
    return name != "bursts" and float(name) * placed_s(sensor, rate_hz) <= 1 / 200


def in_step(name: str, sensor: signals.Sensor) -> bool:
    """Whether the sensor itself refreshes in step with the load, so that no reading of it can tell the load from a steady one."""
    if sensor.counts or name in ("constant", "ramps", "bursts"):
        return False
    turns = float(name) * sensor.refresh_s
    return turns >= 1 and abs(turns - round(turns)) < 1e-9


def trial(name: str, sensor: signals.Sensor, rate_hz: float, rng: np.random.Generator, traces: int, each: int) -> Found:
    """Windows at random times over several traces, each of a phase, a sensor's clock and a beat of its own."""
    length_s = window_s(sensor, rate_hz)
    until_s = 3 * length_s + 2
    several = []
    for _ in range(traces):
        signal = made(name, until_s + 1, rng)
        ledger = read(signal, sensor, rate_hz, until_s, rng)
        several.append(windows(ledger, signal, length_s, rng.uniform(1, until_s - length_s - 1, each)))
    return Found(np.concatenate([one.error for one in several]), np.concatenate([one.half for one in several]))


def synthetic(rng: np.random.Generator) -> Iterator[Table]:
    names = ("constant", *(f"{f:g}" for f in FREQUENCIES_HZ), "ramps", "bursts")
    for counts in (True, False):
        table = Table(
            f"{'Energy counter' if counts else 'Sampled watts'}: error in % that 95 of 100 windows keep / stated ± % / truth in it %",
            ("refresh", "reads/s", "window", *(f"{name} Hz" if name[0].isdigit() else name for name in names)),
            "error ≤ 0.5 % where marked =, truth in the stated interval ≥ 95 % where not; ~ refreshes in step with the load (see below)",
        )
        for refresh_s in REFRESHES_S:
            for rate_hz in RATES_HZ:
                sensor = signals.Sensor(counts, refresh_s)
                cells, holds = [], True
                for name in names:
                    found = trial(name, sensor, rate_hz, rng, *((4, 60) if rate_hz == 1000 else (16, 25)))
                    exact, strobed = dense(name, sensor, rate_hz), in_step(name, sensor)
                    mark = "=" if exact else "~" if strobed else " "
                    cells.append(f"{100 * found.close:.2f}/{100 * found.half.mean():.2f}/{100 * found.covered:.0f}{mark}")
                    holds &= found.close <= CLOSE if exact else strobed or found.covered >= SURE
                table.add(f"{refresh_s * 1e3:g} ms", rate_hz, f"{window_s(sensor, rate_hz):g} s", *cells, holds=holds)
        yield table


def strobed(rng: np.random.Generator, repeats: int = 150) -> Table:
    """A load that swings in step with the sensor's own refresh, measured as a run does it: in blocks with gaps, judged by their spread."""
    table = Table(
        "In step with the sensor (watts sampled every 100 ms): one window cannot tell, blocks can",
        ("load", "blocks", "truth in one window's interval %", "truth in the blocks' interval %"),
        "Student's interval over 8 blocks of 10 s, with gaps of chance length between, contains the truth ≥ 95 %",
    )
    table.notes.append("The sensor's clock is up to 3 % off its 100 ms here. Were it exact, no block would show the swing either.")
    for name in ("10", "50"):
        sensor, length_s, inside, single = signals.Sensor(False, 0.1), 10.0, [], []
        for _ in range(repeats):
            starts_s = 1 + np.cumsum(length_s + rng.uniform(0, 10, 8)) - length_s
            until_s = float(starts_s[-1] + length_s + 2)
            signal = made(name, until_s + 1, rng)
            found = windows(read(signal, sensor, 20, until_s, rng), signal, length_s, starts_s)
            half = stats.t.ppf(0.975, 7) * np.std(found.error, ddof=1) / math.sqrt(8) + found.half.mean() / math.sqrt(8)
            inside.append(abs(found.error.mean()) <= half)
            single.append(found.covered)
        table.add(f"{name} Hz", 8, f"{100 * np.mean(single):.0f}", f"{100 * np.mean(inside):.0f}", holds=float(np.mean(inside)) >= SURE)
    return table


def wrapped(rng: np.random.Generator) -> Table:
    """A counter that comes round every few seconds."""
    table = Table(
        "A counter that wraps (1 ms refresh, 100 reads/s, windows of 20 s)",
        ("range", "wraps in a window", "error in % that 95 of 100 windows keep"),
        "no joule is lost: error as without wraps, ≤ 0.5 %",
    )
    for range_j in (1000.0, 40.0, 5.0):
        sensor, signal = signals.Sensor(True, 0.001, range_j=range_j), signals.square(0.5, 65, rng)
        found = windows(read(signal, sensor, 100, 62, rng), signal, 20.0, rng.uniform(1, 40, 200))
        table.add(f"{range_j:g} J", f"{400 / range_j:g}", f"{100 * found.close:.3f}", holds=found.close <= CLOSE)
    return table


def gapped(rng: np.random.Generator) -> Table:
    """A sensor that is away for a while: windows beside the gap are as good as ever, windows that touch it have no number."""
    table = Table(
        "A sensor that goes and comes back (10 ms refresh, 100 reads/s, away for 1.5 s of 60 s, windows of 5 s)",
        ("sensor", "windows", "touch the gap", "of these with a number", "beside it without", "error of the rest %"),
        "no window that touches the gap has a number, every other has one",
    )
    for counts in (True, False):
        signal, sensor = signals.square(0.1, 65, rng), signals.Sensor(counts, 0.01)
        ledger = read(signal, sensor, 100, 62, rng, away_s=(30.0, 31.5))
        starts_s = rng.uniform(1, 55, 400)
        found = [ledger.window(T0_NS + round(a * NS), T0_NS + round((a + 5) * NS)) for a in starts_s.tolist()]
        touch = (starts_s + 5 > 29.99) & (starts_s < 31.51)
        known = np.array([one.energy_j is not None for one in found])
        true_j = signal.energy_j(starts_s + 5) - signal.energy_j(starts_s)
        error = [abs(one.energy_j - j) / j for one, j in zip(found, true_j, strict=True) if one.energy_j is not None]
        wrong, lacking = int((touch & known).sum()), int((~touch & ~known).sum())
        # A window that ends within one reading of the gap may fall on either side of it.
        near = int(((starts_s + 5 > 29.95) & ~touch).sum() + ((starts_s < 31.55) & (starts_s > 31.51)).sum())
        cells = ("counter" if counts else "sampled", 400, int(touch.sum()), wrong, lacking, f"{100 * float(np.quantile(error, 0.95)):.2f}")
        table.add(*cells, holds=wrong == 0 and lacking <= near)
    return table


def recorded(rng: np.random.Generator) -> Table:
    """The recordings that are kept for replay, through the meter that plays them back."""
    table = Table(
        "Recordings of made-up machines, played back (tests/recordings)",
        ("recording", "windows", "length", "error in % that 95 of 100 windows keep", "stated ± %", "truth in it %"),
        "error ≤ 0.5 % for the counters; truth in the stated interval ≥ 95 % for all",
    )
    spec = importlib.util.spec_from_file_location("make_recordings", RECORDINGS / "make_recordings.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    loads: dict[str, tuple[float, Callable[[float], float]]] = {
        "made-server": (115.0, lambda t: (made.PACKAGE_W + made.MEMORY_W) * t + made.board_j(t)),
        "made-watts": (55.0, lambda t: made.PACKAGE_W * t + made.board_j(t)),
        "made-battery": (115.0, lambda t: made.DRAIN_W * t + (made.LATER_DRAIN_W - made.DRAIN_W) * max(t - 60.0, 0.0)),
    }
    length_s = 27.5
    for name, (until_s, joules) in loads.items():
        ledger = play(RECORDINGS / f"{name}.jsonl")
        starts_s = rng.uniform(2.5, until_s - length_s - 2.5, 300)
        true_j = np.array([joules(a + length_s) - joules(a) for a in starts_s.tolist()])
        found = judged(ledger, length_s, starts_s, true_j)
        cells = (name, 300, f"{length_s:g} s", f"{100 * found.close:.3f}", f"{100 * found.half.mean():.2f}", f"{100 * found.covered:.0f}")
        table.add(*cells, holds=found.covered >= SURE and (found.close <= CLOSE or name != "made-server"))
    return table


def play(path: Path) -> EnergyLedger:
    """The ledger of a recording that was played to its end; its time 0 is T0_NS."""
    now_ns = [T0_NS]
    meters = discover(MeterSettings(replay=path, clock=lambda: now_ns[0]))
    ledger = EnergyLedger(channels_in_use(reports(meters)))
    now_ns[0] += 3600 * NS
    for meter in meters:
        ledger.add(meter.read())
    return ledger


def tables() -> Iterator[Table]:
    rng = np.random.default_rng(20)
    yield from synthetic(rng)
    yield strobed(rng)
    yield wrapped(rng)
    yield gapped(rng)
    yield recorded(rng)
