"""What NVIDIA's driver says of a board beside its power: load, heat, clock, and what holds the clock back.

Each is asked on its own: a board that does not know one of them keeps the others.
"""

from collections.abc import Callable, Iterable
from typing import Any

from greenbench.meters.facts import GpuFacts

# nvml.h, nvmlClocksEventReasons; an idle board, a clock set by the user or by a display is not held back.
_REASONS = {
    0x0004: "power limit",
    0x0008: "hardware slowdown",
    0x0010: "kept at the clock of another board",
    0x0020: "heat",
    0x0040: "heat (hardware)",
    0x0080: "power brake",
}


def gpu_facts(nvml: Any, handles: Iterable[Any]) -> GpuFacts:
    """The busiest, the hottest and the slowest of the boards, and all reasons for which one holds its clock back."""
    boards = list(handles)
    percents = _known(nvml, boards, lambda board: float(nvml.nvmlDeviceGetUtilizationRates(board).gpu))
    heats_c = _known(nvml, boards, lambda board: float(nvml.nvmlDeviceGetTemperature(board, nvml.NVML_TEMPERATURE_GPU)))
    clocks_hz = _known(nvml, boards, lambda board: nvml.nvmlDeviceGetClockInfo(board, nvml.NVML_CLOCK_SM) * 1e6)
    bits = 0
    for found in _known(nvml, boards, lambda board: int(_reasons(nvml)(board))):
        bits |= int(found)
    return GpuFacts(
        percent=max(percents, default=None),
        temperature_c=max(heats_c, default=None),
        clock_hz=min(clocks_hz, default=None),
        throttle=", ".join(word for bit, word in _REASONS.items() if bits & bit),
    )


def _reasons(nvml: Any) -> Callable[[Any], Any]:
    """The question for the reasons: drivers before 535 know it by its older name alone."""
    new: Callable[[Any], Any] | None = getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None)
    old: Callable[[Any], Any] = nvml.nvmlDeviceGetCurrentClocksThrottleReasons

    def ask(board: Any) -> Any:
        try:
            return new(board) if new else old(board)
        except nvml.NVMLError:
            return old(board)

    return ask


def _known(nvml: Any, boards: Iterable[Any], question: Callable[[Any], float]) -> list[float]:
    found = []
    for board in boards:
        try:
            found.append(question(board))
        except (nvml.NVMLError, AttributeError):  # an older binding does not have every question
            continue
    return found
