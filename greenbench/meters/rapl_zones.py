"""The powercap tree as Linux shows it: which RAPL zones there are, what lies in what, and which show one counter twice.

psys ─────────────────────────────┐      counted: package + dram
  package-0 ─────────┐   dram     │      shown only: psys, core, uncore (each lies in something counted,
    core    uncore   │            │      or contains it)
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from greenbench.core.measurement import Domain

POWERCAP = Path("/sys/class/powercap")

# The same registers are also reachable through memory-mapped access and, on AMD, through a driver of its own. Other control
# types in the tree (dtpm: a model of devices' power) measure nothing.
_CONTROL_TYPES = ("intel-rapl", "amd-rapl", "intel-rapl-tpmi", "intel-rapl-mmio")


@dataclass(frozen=True)
class Zone:
    """One energy counter. `id` is the kernel's name ("intel-rapl:0:2"), `parent` that of the zone around it, or ""."""

    id: str
    name: str
    domain: Domain
    path: Path
    range_j: float
    parent: str = ""

    @property
    def counter(self) -> Path:
        return self.path / "energy_uj"


class CounterFile:
    """A counter kept open: reading it again at the same place takes a microsecond, opening it anew twenty."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)

    def read_j(self) -> float:
        """Joules. Raises OSError or ValueError where there is no number to read."""
        return int(os.pread(self._fd, 32, 0)) * 1e-6

    def close(self) -> None:
        os.close(self._fd)


OpenCounter = Callable[[Path], CounterFile]


def find_zones(root: Path = POWERCAP) -> list[Zone]:
    """The RAPL zones under a powercap folder, parents first; empty if there are none."""
    try:
        names = [entry.name for entry in os.scandir(root)]
    except OSError:
        return []
    ids = sorted((name for name in names if _order(name) is not None), key=lambda name: _order(name) or (0, ()))
    return [zone for id in ids if (zone := _zone(root / id, ids))]


def _order(name: str) -> tuple[int, tuple[int, ...]] | None:
    control, *numbers = name.split(":")
    if control not in _CONTROL_TYPES or not numbers or not all(number.isdigit() for number in numbers):
        return None
    return _CONTROL_TYPES.index(control), tuple(int(number) for number in numbers)


def _zone(path: Path, ids: Iterable[str]) -> Zone | None:
    try:
        name = (path / "name").read_text().strip()
        range_j = int((path / "max_energy_range_uj").read_text()) * 1e-6
    except (OSError, ValueError):
        return None
    above = path.name.rpartition(":")[0]
    return Zone(path.name, name, _domain(name), path, range_j, above if above in ids else "")


def _domain(name: str) -> Domain:
    if name.startswith("package"):
        return Domain.PACKAGE
    return {"psys": Domain.PLATFORM, "core": Domain.CORE, "uncore": Domain.UNCORE, "dram": Domain.DRAM}.get(name, Domain.OTHER)


def without_mirrors(zones: list[Zone], open_counter: OpenCounter = CounterFile) -> list[Zone]:
    """The zones without those that show a counter which another one shows already.

    Two zones are one counter if they have the same name and place under different control types, or if the second's value, read
    twice, lies each time between two reads of the first (two counters of hundreds of kilojoules in microjoules do not meet by chance).
    """
    kept: list[Zone] = []
    names = {zone.id: zone.name for zone in zones}
    for zone in zones:
        orphan = zone.parent != "" and zone.parent not in {other.id for other in kept}
        alike = [other for other in kept if other.domain is zone.domain]
        if not orphan and not any(_same_place(other, zone, names) or _mirrored(other, zone, open_counter) for other in alike):
            kept.append(zone)
    return kept


def _same_place(one: Zone, other: Zone, names: dict[str, str]) -> bool:
    place, control = (one.name, names.get(one.parent)), one.id.partition(":")[0]
    return place == (other.name, names.get(other.parent)) and control != other.id.partition(":")[0]


def _mirrored(one: Zone, other: Zone, open_counter: OpenCounter) -> bool:
    try:
        files = open_counter(one.counter), open_counter(other.counter)
    except OSError:
        return False
    try:
        return all(_between(*files) for _ in range(2))
    except (OSError, ValueError):
        return False
    finally:
        for file in files:
            file.close()


def _between(one: CounterFile, other: CounterFile) -> bool:
    before, value, after = one.read_j(), other.read_j(), one.read_j()
    # A counter that never ran stands at 0, as any other such does.
    return 0 < before <= value <= after
