"""Which power sources this machine has, and which of them are in use: the measured ones, and a model only where nothing is measured."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenbench.core.measurement import Channel, SourceReport, SourceState
from greenbench.meters.battery import POWER_SUPPLY, BatteryMeter
from greenbench.meters.facts import HWMON, FactsReader, MachineFacts
from greenbench.meters.intel_gpu import IntelGpuMeter
from greenbench.meters.load_model import LoadModel
from greenbench.meters.machine import this_machine
from greenbench.meters.meter import Clock, LooksSeldom, Meter, monotonic
from greenbench.meters.nvml import NvmlMeter, load_pynvml
from greenbench.meters.outer import OuterMeters
from greenbench.meters.rapl import RaplMeter
from greenbench.meters.rapl_zones import POWERCAP
from greenbench.meters.replay import Playback, ReplayFacts, load_recording, replay_meters
from greenbench.meters.windows_emi import WindowsEmiMeter
from greenbench.meters.zeus_source import zeus_meters


@dataclass(frozen=True)
class MeterSettings:
    """Where sources are looked for. With `replay`, a recording stands in for all of them. `home` is the folder with the list of meters
    outside the machine; None: none."""

    powercap: Path = POWERCAP
    power_supply: Path = POWER_SUPPLY
    load_nvml: Callable[[], Any] = load_pynvml
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    replay: Path | None = None
    speed: float = 1.0
    clock: Clock = monotonic
    home: Path | None = None
    hwmon: Path = HWMON


def discover(settings: MeterSettings | None = None) -> list[Meter]:
    """All power sources, present or not, in the order in which they are shown.

    Raises:
        FileFormatError: the recording to be played back cannot be read.
    """
    return equip(settings)[0]


def equip(settings: MeterSettings | None = None) -> tuple[list[Meter], FactsReader]:
    """The power sources as `discover` gives them, and the reader of facts that belongs to them; raises like it."""
    settings = settings or MeterSettings()
    clock = settings.clock
    if settings.replay is not None:
        playback = Playback(load_recording(settings.replay), clock, settings.speed)
        return list(replay_meters(playback)), ReplayFacts(playback)
    machine = this_machine()
    rapl = RaplMeter(settings.powercap, clock, machine)
    nvml = NvmlMeter(settings.load_nvml, clock, settings.environ)
    emi = WindowsEmiMeter(clock=clock)
    chips = zeus_meters(clock, lambda: nvml.measuring)

    def processor() -> str:
        """What already measures the processor, or ""."""
        return rapl.measuring or emi.measuring or next((chip.measuring for chip in chips if chip.measuring), "")

    battery = BatteryMeter(settings.power_supply, clock, parts_measured=processor)
    outer = [OuterMeters(settings.home, clock)] if settings.home is not None else []

    def whole() -> str:
        """What already measures the machine as a whole, or ""."""
        return next((meters.measuring_whole for meters in outer), "")

    model = LoadModel(lambda: processor() or battery.measuring, clock, machine, whole_by=whole)
    intel = IntelGpuMeter(settings.hwmon, clock)
    return [*outer, rapl, emi, nvml, intel, *chips, battery, model], MachineFacts(nvml.facts, clock, settings.hwmon)


def reports(meters: Iterable[Meter]) -> tuple[SourceReport, ...]:
    """What became of each source by now; one that is not in use says why, and what to do."""
    return tuple(report for meter in meters for report in (meter.reports() if isinstance(meter, OuterMeters) else (meter.report(),)))


def wait_for_outer(meters: Iterable[Meter], timeout_s: float = 1.0) -> None:
    """Waits until the meters outside the machine have answered or failed once, at most so long."""
    for meter in meters:
        if isinstance(meter, OuterMeters):
            meter.wait(timeout_s)


def look_again(meters: Iterable[Meter]) -> None:
    """Makes those sources that look seldom by themselves look at once, when they report next."""
    for meter in meters:
        if isinstance(meter, LooksSeldom):
            meter.look_again()


def channels_in_use(reported: Iterable[SourceReport]) -> tuple[Channel, ...]:
    """The channels that give samples, or did and fell silent: what an EnergyLedger adds up."""
    alive = (SourceState.IN_USE, SourceState.SILENT)
    return tuple(channel for report in reported if report.state in alive for channel in report.channels)
