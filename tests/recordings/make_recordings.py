"""Writes the recordings made-*.jsonl: what the meter process says of machines whose power is known in closed form.

They are made by this script, not taken from hardware; their channels say so. What tests expect of them are the products below.
Run it from the project's root: python tests/recordings/make_recordings.py

    made-server    RAPL package 25 W (its counter wraps at 65.536 J, as unwrapped by the meter), memory 4 W, and a graphics board whose
                   counter is refreshed every 100 ms: 60 W, and 180 W in every second second
    made-watts     RAPL package 25 W, and a board without a counter: instant power, 60 and 180 W by turns of one second
    made-battery   a laptop on its battery: 12 W, from 60 s on 18 W, refreshed every 2 s
    made-gap       RAPL package 25 W that does not answer from 5.0 to 7.5 s in every 10 s
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from greenbench.core.measurement import Channel, Domain, Facts, Provenance, Sample, SourceReport, SourceState
from greenbench.core.messages import Message, Samples, Sources, encode
from greenbench.meters.meter import NS
from greenbench.meters.track import CounterTrack, PowerTrack

T0_NS = 5 * NS
PACKAGE_W, MEMORY_W, LOW_W, HIGH_W, DRAIN_W, LATER_DRAIN_W = 25.0, 4.0, 60.0, 180.0, 12.0, 18.0
WRAP_J = 65.536
AWAY_S, EVERY_S = (5.0, 7.5), 10.0

Read = Callable[[float, int], Sample | None]


def board_w(t_s: float) -> float:
    return HIGH_W if int(t_s) % 2 else LOW_W


def board_j(t_s: float) -> float:
    """The integral of `board_w` from 0 on."""
    pairs, rest = divmod(t_s, 2.0)
    return pairs * (LOW_W + HIGH_W) + min(rest, 1.0) * LOW_W + max(rest - 1.0, 0.0) * HIGH_W


def held(t_s: float, refresh_s: float) -> float:
    """When a register that is refreshed so often was last refreshed."""
    return math.floor(t_s / refresh_s + 1e-9) * refresh_s


def away(t_s: float) -> bool:
    return AWAY_S[0] <= t_s % EVERY_S < AWAY_S[1]


def channel(key: str, title: str, domain: Domain, provenance: Provenance, refresh_s: float) -> Channel:
    covers = "made by tests/recordings/make_recordings.py, not measured"
    return Channel(key=key, title=title, domain=domain, provenance=provenance, covers=covers, refresh_s=refresh_s)


def package(gaps: bool = False) -> tuple[Channel, Read]:
    made = channel("rapl:0", "CPU package", Domain.PACKAGE, Provenance.COUNTER, 0.001)
    track = CounterTrack(made.key, WRAP_J)

    def read(t_s: float, t_ns: int) -> Sample | None:
        if gaps and away(t_s):
            return track.lost(t_ns, "The counter has disappeared.")
        return track.advance(math.floor((1.0 + PACKAGE_W * t_s) % WRAP_J * 1e6) * 1e-6, t_ns)

    return made, read


def memory() -> tuple[Channel, Read]:
    made = channel("rapl:0:0", "Memory", Domain.DRAM, Provenance.COUNTER, 0.001)
    track = CounterTrack(made.key, WRAP_J)
    return made, lambda t_s, t_ns: track.advance(math.floor((1.0 + MEMORY_W * t_s) % WRAP_J * 1e6) * 1e-6, t_ns)


def board(counts: bool) -> tuple[Channel, Read]:
    provenance = Provenance.COUNTER if counts else Provenance.INTEGRATED
    made = channel("nvml:GPU-1", "Board", Domain.GPU, provenance, 0.1)
    counter, watts = CounterTrack(made.key), PowerTrack(made.key, 0.1)
    if counts:
        return made, lambda t_s, t_ns: counter.advance(math.floor(board_j(held(t_s, 0.1)) * 1e3 + 1e-6) * 1e-3 + 50.0, t_ns)
    return made, lambda t_s, t_ns: watts.advance(board_w(held(t_s, 0.1)), t_ns)


def battery() -> tuple[Channel, Read]:
    made = channel("battery", "Battery", Domain.BATTERY, Provenance.INTEGRATED, 2.0)
    track = PowerTrack(made.key, 1.0)
    return made, lambda t_s, t_ns: track.advance(DRAIN_W if held(t_s, 2.0) < 60 else LATER_DRAIN_W, t_ns)


def messages(title: str, lines: list[tuple[Channel, Read]], seconds: float, interval_s: float = 0.1) -> Iterator[Message]:
    """What a meter process says of these channels, ten readings a second."""
    channels = tuple(made for made, _ in lines)
    least = Provenance.least([made.provenance for made in channels])
    yield Sources(
        reports=(SourceReport(key="made", title=title, state=SourceState.IN_USE, provenance=least, channels=channels, covers="made up"),)
    )
    for beat in range(round(seconds / interval_s) + 1):
        t_s = beat * interval_s
        t_ns = T0_NS + round(t_s * NS)
        said = [read(t_s, t_ns) for _, read in lines]
        facts = Facts(t_ns=t_ns, cpu_percent=50.0) if beat % 5 == 0 else None
        yield Samples(samples=tuple(sample for sample in said if sample), facts=facts)


def recordings() -> dict[str, Iterator[Message]]:
    """The messages of each recording, by the name of its file."""
    return {
        "made-server": messages("Made-up server", [package(), memory(), board(True)], 120.0),
        "made-watts": messages("Made-up board without a counter", [package(), board(False)], 60.0),
        "made-battery": messages("Made-up laptop", [battery()], 120.0, 1.0),
        "made-gap": messages("Made-up processor that goes and comes", [package(gaps=True)], 120.0),
    }


if __name__ == "__main__":
    for name, said in recordings().items():
        Path(__file__).with_name(f"{name}.jsonl").write_bytes(b"".join(encode(message) for message in said))
