"""The same window over the same made-up sensors, read by GreenBench, zeus and codecarbon, and why they differ, to the last digit.

    python tests/speed/metrology.py peers

All three run their own code: GreenBench its meters and its ledger over ten dithered readings a second, zeus the reading at the start and
the one at the end (`RAPLCPU`, `NVIDIAGPU`, and `PowerMonitor` for boards without a counter), codecarbon its counters' deltas
(`IntelRAPL`) and its watts times seconds every 15 s. Each difference from the true joules is taken apart into named parts; what is left
over must be nothing.
"""

import logging
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import signals
from table import Table

from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.machine import Machine
from greenbench.meters.nvml import NvmlMeter
from greenbench.meters.rapl import RaplMeter

NS = 1_000_000_000
START_S, END_S, UNTIL_S = 3.217, 43.842, 50.0
OFFSET_J = 5000.0
HELD_S = {"cpu": 0.001, "gpu": 0.1}
CODECARBON_J_PER_J = 2.77778e-7 * 3.6e6  # its joule in kWh is rounded to six digits


@dataclass
class Register:
    """A counter or a power reading that is refreshed every `refresh_s` from `first_s` on."""

    signal: signals.Signal
    refresh_s: float
    first_s: float

    def seen_s(self, t_s: float) -> float:
        """The time of the refresh that is shown."""
        return self.first_s + math.floor((t_s - self.first_s) / self.refresh_s) * self.refresh_s

    def joules(self, t_s: float) -> float:
        return true_j(self.signal, self.seen_s(t_s)) + OFFSET_J

    def watts(self, t_s: float) -> float:
        return float(self.signal.power_w(np.array([self.seen_s(t_s)]))[0])


def true_j(signal: signals.Signal, t_s: float) -> float:
    return float(signal.energy_j(np.array([t_s]))[0])


class Bench:
    """A processor with memory in a powercap tree and a graphics board under NVML, at a time that is set."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(7)
        self.now_s = 0.0
        self.package = Register(signals.square(1.0, UNTIL_S, rng), HELD_S["cpu"], -0.4231)
        self.memory = Register(signals.constant(2.5, UNTIL_S), HELD_S["cpu"], -0.4231)
        self.board = Register(signals.square(0.5, UNTIL_S, rng, 50.0, 250.0), HELD_S["gpu"], -0.4231)
        self.folder = folder
        for place, name in (
            ("intel-rapl:0", "package-0"),
            ("intel-rapl:0/intel-rapl:0:0", "core"),
            ("intel-rapl:0/intel-rapl:0:1", "dram"),
        ):
            (self.folder / place).mkdir()
            (self.folder / place / "name").write_text(name)
            (self.folder / place / "max_energy_range_uj").write_text("262143328850")
            (self.folder / place / "energy_uj").write_text("1")
        # Linux shows the parts beside the package, too.
        for part in ("intel-rapl:0:0", "intel-rapl:0:1"):
            (self.folder / part).symlink_to(self.folder / "intel-rapl:0" / part)
        self.go(0.0)

    def go(self, t_s: float) -> None:
        """Sets the time, and all counters to what they show then."""
        self.now_s = t_s
        package, memory = (math.floor(register.joules(t_s) * 1e6) for register in (self.package, self.memory))
        for place, count in (("intel-rapl:0", package), ("intel-rapl:0:0", package * 7 // 10), ("intel-rapl:0:1", memory)):
            (self.folder / place / "energy_uj").write_text(str(count))

    def clock(self) -> int:
        return round((self.now_s + 100) * NS)

    def nvml(self, counts: bool) -> Any:
        """As much of NVML as is asked, over the board: with its counter, or with instant power alone."""

        def joules_mj(handle: Any) -> int:
            if not counts:
                raise RuntimeError("Not Supported")
            return math.floor(self.board.joules(self.now_s) * 1e3)

        def fields(handle: Any, ids: list[int]) -> list[Any]:
            milliwatts = round(self.board.watts(self.now_s) * 1e3)
            return [SimpleNamespace(nvmlReturn=0, value=SimpleNamespace(uiVal=milliwatts))]

        def unsupported(*asked: Any) -> Any:
            raise RuntimeError("Not Supported")

        return SimpleNamespace(
            NVMLError=RuntimeError,
            NVML_FI_DEV_POWER_INSTANT=186,
            nvmlInit=lambda: None,
            nvmlShutdown=lambda: None,
            nvmlDeviceGetCount=lambda: 1,
            nvmlDeviceGetHandleByIndex=lambda index: index,
            nvmlDeviceGetUUID=lambda handle: "GPU-1",
            nvmlDeviceGetName=lambda handle: "Board",
            nvmlDeviceGetMigMode=unsupported,
            nvmlDeviceGetTotalEnergyConsumption=joules_mj,
            nvmlDeviceGetFieldValues=fields,
            nvmlDeviceGetPowerUsage=unsupported,
        )


@dataclass
class Figure:
    """One tool's joules and the parts of its difference from the truth, in J by name."""

    tool: str
    joules: float
    true_j: float
    parts: dict[str, float]

    @property
    def left_j(self) -> float:
        return self.joules - self.true_j - sum(self.parts.values())


def greenbench(bench: Bench, meter: Any, registers: dict[str, Register]) -> Figure:
    """Ten dithered readings a second through the meter, the window from the ledger."""
    rng, ledger = np.random.default_rng(3), EnergyLedger(meter.report().channels)
    beats_s = np.arange(0.5, UNTIL_S - 1, 0.1)
    read_s: dict[str, list[float]] = {key: [] for key in registers}
    for t_s in beats_s + rng.random(len(beats_s)) / 10:
        bench.go(float(t_s))
        samples = meter.read()
        ledger.add(samples)
        for sample in samples:
            if sample.channel in read_s:
                read_s[sample.channel].append((sample.t_ns - 100 * NS) / NS)
    found = ledger.window(round((START_S + 100) * NS), round((END_S + 100) * NS))
    assert found.energy_j is not None, found.reason
    truth = sum(true_j(r.signal, END_S) - true_j(r.signal, START_S) for r in registers.values())
    parts = {"line between two readings": 0.0, "readings that old": 0.0, "whole µJ or mJ": 0.0}
    for key, register in registers.items():
        times = np.array(read_s[key])
        curve = ledger.curve(key)
        for sign, edge_s in ((1, END_S), (-1, START_S)):
            row = int(np.searchsorted(times, edge_s, "right")) - 1
            pair = (float(times[row]), float(times[row + 1]))
            true_line = line(edge_s, pair, tuple(true_j(register.signal, t) for t in pair))
            old_line = line(edge_s, pair, tuple(register.joules(t) - OFFSET_J for t in pair))
            parts["line between two readings"] += sign * (true_line - true_j(register.signal, edge_s))
            parts["readings that old"] += sign * (old_line - true_line)
            parts["whole µJ or mJ"] -= sign * old_line
        parts["whole µJ or mJ"] += curve.energy_j(round((START_S + 100) * NS), round((END_S + 100) * NS)) or math.nan
    return Figure("GreenBench", found.energy_j, truth, parts)


def line(t_s: float, times: tuple[float, ...], values: tuple[float, ...]) -> float:
    return values[0] + (t_s - times[0]) / (times[1] - times[0]) * (values[1] - values[0])


def at_both_ends(bench: Bench, ask: Callable[[], float]) -> float:
    """What a tool reads at the end less what it reads at the start."""
    bench.go(START_S)
    before = ask()
    bench.go(END_S)
    return ask() - before


def two_readings(tool: str, joules: float, registers: list[Register], unit_j: float) -> Figure:
    """A figure that is the difference of two readings of counters in whole units."""
    truth = sum(true_j(r.signal, END_S) - true_j(r.signal, START_S) for r in registers)
    shown = sum(r.joules(END_S) - r.joules(START_S) for r in registers)
    whole = sum(math.floor(r.joules(END_S) / unit_j) - math.floor(r.joules(START_S) / unit_j) for r in registers) * unit_j
    return Figure(tool, joules, truth, {"two readings that old, no line": shown - truth, "whole µJ or mJ": whole - shown})


def zeus_processor(bench: Bench) -> Figure:
    from zeus.device.cpu.rapl import RAPLCPU

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cpu = RAPLCPU(0, str(bench.folder))
    for file in (cpu.rapl_file, cpu.dram):
        file._wraparound_tracker = SimpleNamespace(get_num_wraparounds=lambda: 0)  # else it starts a process for each counter

    def ask() -> float:
        said = cpu.get_total_energy_consumption()
        return (said.cpu_mj + said.dram_mj) / 1000

    return two_readings("zeus", at_both_ends(bench, ask), [bench.package, bench.memory], 1e-6)


def codecarbon_processor(bench: Bench, include_dram: bool) -> Figure:
    from codecarbon.core.cpu import IntelRAPL
    from codecarbon.core.units import Time

    reader = IntelRAPL(rapl_dir=str(bench.folder), rapl_include_dram=include_dram)
    bench.go(START_S)
    reader.start()
    bench.go(END_S)
    details = reader.get_cpu_details(Time(END_S - START_S))
    kwh = sum(value for name, value in details.items() if "Energy" in name)
    figure = two_readings(f"codecarbon{', with DRAM' if include_dram else ''}", kwh * 3.6e6, [bench.package], 1e-6)
    counted_j = figure.true_j + sum(figure.parts.values())
    memory_j = true_j(bench.memory.signal, END_S) - true_j(bench.memory.signal, START_S)
    figure.true_j += memory_j
    figure.parts |= {"DRAM not counted (it lies in the package's folder)": -memory_j}
    figure.parts |= {"1 J = 2.77778e-7 kWh": counted_j * (CODECARBON_J_PER_J - 1)}
    return figure


def zeus_board(bench: Bench) -> Figure:
    from zeus.device.gpu import nvidia

    gpu = object.__new__(nvidia.NVIDIAGPU)
    gpu.handle = 0
    with mock.patch.object(nvidia.pynvml, "nvmlDeviceGetTotalEnergyConsumption", bench.nvml(True).nvmlDeviceGetTotalEnergyConsumption):
        joules = at_both_ends(bench, lambda: gpu.get_total_energy_consumption() / 1000)
    return two_readings("zeus", joules, [bench.board], 1e-3)


def zeus_watts(bench: Bench) -> Figure:
    """A board without a counter: zeus's own arithmetic over readings ten times a second."""
    from zeus.monitor.power import PowerDomain, PowerMonitor

    monitor = object.__new__(PowerMonitor)
    domain, times = PowerDomain.DEVICE_INSTANT, np.arange(0.5, UNTIL_S - 1, 0.1)
    monitor.measurement_domains, monitor.gpu_indices = [domain], [0]
    rows = [SimpleNamespace(timestamp=float(t), power_mw=bench.board.watts(float(t)) * 1e3) for t in times]
    monitor.samples = {domain: {0: rows}}
    monitor._process_queue_data = lambda which: None
    joules = monitor.get_energy(START_S, END_S)[0]
    inside = times[(times >= START_S) & (times <= END_S)]
    first, last = float(inside[0]), float(inside[-1])
    signal = bench.board.signal
    truth = true_j(signal, END_S) - true_j(signal, START_S)
    left = true_j(signal, first) - true_j(signal, START_S) + true_j(signal, END_S) - true_j(signal, last)
    area = float(np.trapezoid([bench.board.watts(float(t)) for t in inside], inside))
    between = area - (true_j(signal, last) - true_j(signal, first))
    return Figure("zeus", joules, truth, {"ends beyond its first and last reading": -left, "watts joined by straight lines": between})


def codecarbon_watts(bench: Bench) -> Figure:
    """Power of the moment times the seconds since the last look, every 15 s and at the end: what codecarbon does without counters."""
    from codecarbon.core.units import Power
    from codecarbon.external.hardware import BaseHardware

    class Board(BaseHardware):
        def description(self) -> str:
            return "board"

        def total_power(self) -> Power:
            return Power.from_watts(bench.board.watts(bench.now_s))

    board, kwh, last_s, expected_j = Board(), 0.0, START_S, 0.0
    for t_s in (START_S + 15, START_S + 30, END_S):
        bench.go(t_s)
        kwh += board.measure_power_and_energy(t_s - last_s)[1].kWh
        expected_j += bench.board.watts(t_s) * (t_s - last_s)
        last_s = t_s
    truth = true_j(bench.board.signal, END_S) - true_j(bench.board.signal, START_S)
    return Figure("codecarbon", kwh * 3.6e6, truth, {"three readings, each times 10 to 15 s": expected_j - truth})


@contextmanager
def quiet() -> Iterator[None]:
    """The peers tell a lot about hardware that is not there."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def tables() -> Iterator[Table]:
    for title, figures in found().items():
        table = Table(
            f"{title}: the window from {START_S} to {END_S} s, truly {figures[0].true_j:.6f} J",
            ("tool", "J", "off by J", "%", "because of (J)"),
            "the named parts are the whole difference (nothing left above a millionth of the joules)",
        )
        for figure in figures:
            off_j = figure.joules - figure.true_j
            because = "; ".join(f"{name} {part:+.6f}" for name, part in figure.parts.items() if abs(part) >= 5e-7)
            holds = abs(figure.left_j) <= 1e-6 * figure.true_j
            table.add(figure.tool, f"{figure.joules:.6f}", f"{off_j:+.6f}", f"{100 * off_j / figure.true_j:+.4f}", because, holds=holds)
        yield table


def found() -> dict[str, list[Figure]]:
    """The figures of all tools, by what is read."""
    with quiet(), tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "intel-rapl"  # codecarbon looks for this name
        tree.mkdir()
        bench = Bench(tree)
        machine = Machine("linux", "made up", False, False, 1)
        rapl = {"rapl:intel-rapl:0": bench.package, "rapl:intel-rapl:0:1": bench.memory}
        bench.go(0.4)
        processor = [
            greenbench(bench, RaplMeter(bench.folder, bench.clock, machine), rapl),
            zeus_processor(bench),
            codecarbon_processor(bench, include_dram=False),
            codecarbon_processor(bench, include_dram=True),
        ]
        bench.go(0.4)
        counted = [greenbench(bench, NvmlMeter(lambda: bench.nvml(True), bench.clock), {"nvml:GPU-1": bench.board}), zeus_board(bench)]
        return {"Processor and memory, RAPL (1 ms)": processor, "Graphics board, NVML's counter (100 ms)": counted} | watts(bench)


def watts(bench: Bench) -> dict[str, list[Figure]]:
    """The board by its watts alone. GreenBench's difference has one name: it, too, joins readings by straight lines."""
    bench.go(0.4)
    meter, rng = NvmlMeter(lambda: bench.nvml(False), bench.clock), np.random.default_rng(3)
    ledger, beats_s = EnergyLedger(meter.report().channels), np.arange(0.5, UNTIL_S - 1, 0.1)
    readings: list[tuple[float, float]] = []
    for t_s in beats_s + rng.random(len(beats_s)) / 10:
        bench.go(float(t_s))
        samples = meter.read()
        ledger.add(samples)
        readings += [((sample.t_ns - 100 * NS) / NS, sample.power_w or 0.0) for sample in samples]
    found_j = ledger.window(round((START_S + 100) * NS), round((END_S + 100) * NS)).energy_j
    assert found_j is not None
    times, power = (np.array(column) for column in zip(*readings, strict=True))
    edges = np.concatenate(([START_S], times[(times > START_S) & (times < END_S)], [END_S]))
    area = float(np.trapezoid(np.interp(edges, times, power), edges))
    truth = true_j(bench.board.signal, END_S) - true_j(bench.board.signal, START_S)
    own = Figure("GreenBench", found_j, truth, {"watts joined by straight lines, to both ends": area - truth})
    return {"Graphics board, instant watts (100 ms)": [own, zeus_watts(bench), codecarbon_watts(bench)]}
