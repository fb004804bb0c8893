"""The last resort where nothing is measured: processor and memory power guessed from load and size, always marked as modelled."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from greenbench.core.errors import MeterError
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.codecarbon_data import tdp_table
from greenbench.meters.facts import CpuLoad
from greenbench.meters.machine import Machine, this_machine
from greenbench.meters.meter import NS, Clock, monotonic

REFRESH_S = 0.25  # the system counts load in hundredths of a second: shorter spans would show its steps
ERROR = 0.5
IDLE_SHARE = 0.1  # codecarbon's floor: an idle processor draws a tenth of its TDP
WATTS_PER_THREAD = 4.0  # codecarbon's default for a processor it does not know

_NOISE = re.compile(
    r"\((?:r|tm)\)|@.*|\bw/.*|\bwith\b.*|\b(?:cpu|processor)\b"
    r"|\b\d+(?:st|nd|rd|th) gen\b|\b(?:\d+|dual|quad|six|eight|twelve|sixteen)-core\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Processor:
    """What the model takes for the processor's power at full load, in W, and in words where that comes from."""

    full_w: float
    covers: str


def processor(machine: Machine, threads: int, table: Mapping[str, float]) -> Processor:
    """The processor's power at full load: its TDP by name, for each socket; else a stated default for each thread."""
    default_w = WATTS_PER_THREAD * threads
    name = " ".join(machine.cpu.split()) or "unnamed processor"
    tdp_w = {_plain(known): value for known, value in table.items()}.get(_plain(machine.cpu))
    if machine.virtual:
        # Only some of the real processor's cores belong to this machine; how many it has in all is not told.
        return Processor(
            min(default_w, tdp_w or default_w),
            f"{threads} threads of {name} in a virtual machine, taken as {WATTS_PER_THREAD:g} W each at full load, ± 50 %",
        )
    if tdp_w:
        sockets = f" in {machine.packages} sockets" if machine.packages > 1 else ""
        return Processor(tdp_w * machine.packages, f"{name}{sockets}, TDP {tdp_w:g} W × load, ± 50 %")
    return Processor(
        default_w, f"{name}, whose TDP is not known: {threads} threads taken as {WATTS_PER_THREAD:g} W each at full load, ± 50 %"
    )


def package_w(full_w: float, load: float) -> float:
    """Watts of a processor at a load from 0 to 1.

    Fan, Weber and Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007: P = idle + (full − idle) · (2u − u^1.4).
    """
    idle_w = IDLE_SHARE * full_w
    return idle_w + (full_w - idle_w) * (2 * load - float(load**1.4))


def memory_w(total_bytes: int) -> float:
    """Watts of memory modules by their size: 3 W for each 8 GiB up to 64 GiB (Crucial's rule), and no less than 5 W for each 32 GiB
    (codecarbon's watts for a server module) in larger machines."""
    gib = total_bytes / 2**30
    return max(min(gib * 3 / 8, 24.0), gib * 5 / 32)


class LoadModel:
    """Processor and memory as modelled channels. `replaced_by` names the measured source that covers the processor, `whole_by` the meter
    that covers the whole machine with the processor in it; "" if none does."""

    def __init__(
        self,
        replaced_by: Callable[[], str] = lambda: "",
        clock: Clock = monotonic,
        machine: Machine | None = None,
        load: CpuLoad | None = None,
        table: Callable[[], Mapping[str, float]] = tdp_table,
        *,
        whole_by: Callable[[], str] = lambda: "",
    ) -> None:
        self._replaced_by, self._whole_by, self._clock = replaced_by, whole_by, clock
        self._load = load or CpuLoad()
        self._memory_bytes = psutil.virtual_memory().total
        self._memory_w = memory_w(self._memory_bytes)
        try:
            known = table()
        except (MeterError, OSError):
            known = {}
        self._processor = processor(machine or this_machine(), psutil.cpu_count() or 1, known)
        self._energy_j = {"model:cpu": 0.0, "model:memory": 0.0}
        self._read_ns = self._clock()
        self._in_use = False

    def report(self) -> SourceReport:
        instead = self._replaced_by()
        if not instead and not self._in_use:
            self._load.fraction()  # what happened while it stood by is not the model's
            self._read_ns = self._clock()
        self._in_use = not instead
        return SourceReport(
            key="model",
            title="Model from processor load",
            state=SourceState.STANDBY if instead else SourceState.IN_USE,
            provenance=Provenance.MODELLED,
            channels=() if instead else self._channels(),
            covers=self._processor.covers,
            refresh_s=REFRESH_S,
            reason=f"Not needed: {instead} is measured." if instead else _guess(self._whole_by()),
            remedy="" if instead or self._whole_by() else "The other sources say what would give a measurement; a wall meter always does.",
        )

    def read(self) -> tuple[Sample, ...]:
        now_ns = self._clock()
        if not self._in_use or 0 <= now_ns - self._read_ns < REFRESH_S * NS:
            return ()
        load = self._load.fraction()
        now_ns = self._clock()
        span_s, self._read_ns = max(now_ns - self._read_ns, 0) / NS, now_ns
        if load is None:
            return (
                Sample(channel="model:cpu", t_ns=now_ns, reason="The system's load counters stand still."),
                self._sample("model:memory", self._memory_w, span_s),
            )
        return (
            self._sample("model:cpu", package_w(self._processor.full_w, load), span_s),
            self._sample("model:memory", self._memory_w, span_s),
        )

    def close(self) -> None:
        self._in_use = False

    def _sample(self, channel: str, power_w: float, span_s: float) -> Sample:
        # The load is a mean over the span, so its energy is known better than two watts at the ends would give it.
        self._energy_j[channel] += power_w * span_s
        return Sample(channel=channel, t_ns=self._read_ns, power_w=power_w, energy_j=self._energy_j[channel])

    def _channels(self) -> tuple[Channel, ...]:
        memory = f"{self._memory_bytes / 2**30:.0f} GiB of memory by size, ± 50 %"
        return (
            _channel("model:cpu", "CPU package", Domain.PACKAGE, self._processor.covers),
            _channel("model:memory", "Memory", Domain.DRAM, memory),
        )


def _channel(key: str, title: str, domain: Domain, covers: str) -> Channel:
    return Channel(
        key=key, title=f"{title} (model)", domain=domain, provenance=Provenance.MODELLED, covers=covers, refresh_s=REFRESH_S, error=ERROR
    )


def _guess(whole: str) -> str:
    """What the model is good for while the processor is not measured by itself."""
    if whole:
        return f"A guess, not a measurement, of the processor alone, and never added: {whole} measures the whole machine."
    return "A guess, not a measurement: nothing else covers the processor."


def _plain(name: str) -> str:
    """A processor's name without the words that makers add around it."""
    return " ".join(_NOISE.sub(" ", name).lower().split())
