"""A laptop's battery as a power meter: slow, and only unplugged, but it covers the whole machine."""

from collections.abc import Callable
from pathlib import Path

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import PowerTrack

POWER_SUPPLY = Path("/sys/class/power_supply")
REFRESH_S = 2.0
ERROR = 0.05  # gauges are specified for charge, not power; as much as the other software sensors
_SHORTEST_NS = NS // 2  # a read may wake the embedded controller


class BatteryMeter:
    """All batteries of the machine as one channel: they feed it in turn or together.

    `parts_measured` names a counter that already covers the processor, or "": then the battery is shown but not counted.
    """

    def __init__(self, root: Path = POWER_SUPPLY, clock: Clock = monotonic, parts_measured: Callable[[], str] = lambda: "") -> None:
        self._root, self._clock, self._parts_measured = root, clock, parts_measured
        # An unchanged reading is confirmed sooner than it may change, so that a window need not wait two seconds for its end.
        self._track = PowerTrack("battery", REFRESH_S / 2, 1e-6)
        self._in_use = False
        self._read_ns = self._clock() - _SHORTEST_NS

    @property
    def measuring(self) -> str:
        """The name of the channel while it counts the whole machine, else ""."""
        return "Battery" if self._in_use and not self._track.trouble and not self._parts_measured() else ""

    def report(self) -> SourceReport:
        batteries = self._batteries()
        state, reason, remedy = self._state(batteries)
        self._in_use = state in (SourceState.IN_USE, SourceState.SILENT)
        counted = not self._parts_measured()
        if self._in_use and not counted:
            reason = f"Shown, not added: it contains {self._parts_measured()}, which has a counter of its own. {reason}".strip()
        channel = Channel(
            key="battery",
            title="Battery",
            domain=Domain.BATTERY,
            provenance=Provenance.INTEGRATED,
            covers="whole laptop, screen included",
            refresh_s=REFRESH_S,
            counted=counted,
            error=ERROR,
        )
        return SourceReport(
            key="battery",
            title="Battery",
            state=state,
            provenance=Provenance.INTEGRATED if self._in_use else Provenance.UNAVAILABLE,
            channels=(as_seen(channel, self._track.watch),) if self._in_use else (),
            covers=channel.covers,
            refresh_s=REFRESH_S if self._in_use else None,
            reason=reason,
            remedy=remedy,
        )

    def read(self) -> tuple[Sample, ...]:
        if not self._in_use or 0 <= self._clock() - self._read_ns < _SHORTEST_NS:
            return ()
        self._read_ns = self._clock()
        batteries = self._batteries()
        if not _discharging(batteries):
            return (self._track.lost(self._clock(), "The machine is not running on its battery."),)
        power_w = _total_w(batteries)
        if power_w is None:
            return (self._track.lost(self._clock(), "The battery does not say its power."),)
        sample = self._track.advance(power_w, self._clock())
        return (sample,) if sample else ()

    def close(self) -> None:
        self._in_use = False

    def _batteries(self) -> list[Path]:
        try:
            folders = sorted(self._root.iterdir())
        except OSError:
            return []
        # A mouse or a phone has a battery too; theirs have the scope "Device".
        return [folder for folder in folders if _word(folder / "type") == "Battery" and _word(folder / "scope") != "Device"]

    def _state(self, batteries: list[Path]) -> tuple[SourceState, str, str]:
        if not batteries:
            if self._root.is_dir():
                return SourceState.ABSENT, "This machine has no battery.", ""
            return SourceState.ABSENT, "This system does not show a battery's power.", "Measure with a wall meter."
        if not _discharging(batteries):
            return SourceState.STANDBY, "On mains: the battery does not carry the machine.", "Unplug to use it."
        if _total_w(batteries) is None:
            return (
                SourceState.SILENT,
                "The battery does not say its power.",
                "Its firmware may need an update; a wall meter would measure it.",
            )
        return SourceState.IN_USE, "", ""


def _discharging(batteries: list[Path]) -> bool:
    return any(_word(battery / "status") == "Discharging" for battery in batteries)


def _total_w(batteries: list[Path]) -> float | None:
    """The power of all batteries that discharge, in W; None if one of them does not say."""
    powers = [_power_w(battery) for battery in batteries if _word(battery / "status") == "Discharging"]
    known = [power for power in powers if power is not None]
    return sum(known) if known and len(known) == len(powers) else None


def _power_w(battery: Path) -> float | None:
    power_uw = _number(battery / "power_now")
    if power_uw is not None:
        return abs(power_uw) * 1e-6
    current_ua, voltage_uv = _number(battery / "current_now"), _number(battery / "voltage_now")
    # Some drivers write a discharging current with a minus.
    return None if current_ua is None or voltage_uv is None else abs(current_ua) * voltage_uv * 1e-12


def _number(path: Path) -> int | None:
    try:
        return int(_word(path))
    except ValueError:
        return None


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
