"""NVIDIA boards through NVML: joules from the board's own counter where it has one, else its instant power, sampled.

Each board and each field is asked on its own: a laptop GPU without a power reading takes nothing away from the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Any

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.facts import GpuFacts
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.nvml_facts import gpu_facts
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import CounterTrack, PowerTrack

REFRESH_S = 0.1  # seen on Volta to Hopper: counter and power change about ten times a second
ERROR = 0.05  # NVML API reference, nvmlDeviceGetPowerUsage: "accurate to within +/- 5%"
_SHORTEST_NS = NS // 50  # asking more often costs driver time and tells nothing new
_UNIT = 1e-3  # it speaks in whole mJ and mW
_BRISK_NS = NS // 250  # for the short time in which the refresh interval is looked for
_RETRY_NS = 10 * NS


class Way(Enum):
    """How a board's energy is obtained, best first."""

    COUNTER = "energy counter"
    INSTANT = "instant power"
    USAGE = "power, averaged over a second on Ampere and later"


@dataclass(frozen=True)
class Board:
    """One GPU. `way` is None if it gives no power at all; `slices` are the UUIDs of what it is cut into (MIG)."""

    handle: Any
    index: int
    uuid: str
    name: str
    mig: bool
    way: Way | None
    visible: bool = True
    slices: tuple[str, ...] = ()

    def channel(self) -> Channel:
        """The board's line of power. Raises AssertionError for a board without one."""
        assert self.way is not None
        slices = "; its MIG slices have no power of their own, so what others do on it is included" if self.mig else ""
        hidden = "" if self.visible else "; hidden from programs by CUDA_VISIBLE_DEVICES, so not counted"
        return Channel(
            key=f"nvml:{self.uuid}",
            title=self.name,
            domain=Domain.GPU,
            provenance=Provenance.COUNTER if self.way is Way.COUNTER else Provenance.INTEGRATED,
            covers=f"whole graphics board with its memory ({self.way.value}){slices}{hidden}",
            refresh_s=REFRESH_S,
            counted=self.visible,
            error=ERROR,
        )


def load_pynvml() -> Any:
    """NVIDIA's own binding, not yet initialised. Raises ImportError."""
    import pynvml  # a hundredth of a second, needed in the meter process alone

    return pynvml


class NvmlMeter:
    """All NVIDIA boards of the machine. `load` gives the library, `environ` tells which boards programs may see."""

    def __init__(self, load: Callable[[], Any] = load_pynvml, clock: Clock = monotonic, environ: Mapping[str, str] | None = None) -> None:
        self._load, self._clock, self._environ = load, clock, environ or {}
        self._nvml: Any = None
        self._boards: list[Board] = []
        self._tracks: dict[str, CounterTrack | PowerTrack] = {}
        self._absence = (SourceState.ABSENT, "", "")
        self._read_ns = self._searched_ns = self._clock() - _RETRY_NS
        self._shortest_ns = _SHORTEST_NS
        self._search()

    def brisk(self, on: bool) -> None:
        """Whether to read fast, to see how often the boards say something new."""
        self._shortest_ns = _BRISK_NS if on else _SHORTEST_NS

    def report(self) -> SourceReport:
        if (not self._boards or self._silent()) and self._clock() - self._searched_ns >= _RETRY_NS:
            self._search()
        readable = [board for board in self._boards if board.way]
        state, reason, remedy = self._state(readable) if self._boards else self._absence
        channels = tuple(self._channel(board) for board in readable) if state in (SourceState.IN_USE, SourceState.SILENT) else ()
        return SourceReport(
            key="nvml",
            title="NVIDIA graphics boards (NVML)",
            state=state,
            provenance=Provenance.least(tuple(channel.provenance for channel in channels)),
            channels=channels,
            covers="whole graphics boards with their memory",
            refresh_s=REFRESH_S if channels else None,
            reason=reason,
            remedy=remedy,
        )

    def _channel(self, board: Board) -> Channel:
        return as_seen(board.channel(), self._tracks[board.uuid].watch)

    def read(self) -> tuple[Sample, ...]:
        if 0 <= self._clock() - self._read_ns < self._shortest_ns:
            return ()
        self._read_ns = self._clock()
        samples = [self._read(board) for board in self._boards if board.way]
        return tuple(sample for sample in samples if sample)

    def look_again(self) -> None:
        self._searched_ns = self._clock() - _RETRY_NS

    @property
    def measuring(self) -> str:
        """The name of a measured board, or "" while there is none."""
        return next((board.name for board in self._boards if board.way and not self._tracks[board.uuid].trouble), "")

    def facts(self) -> GpuFacts:
        """What the boards say of themselves beside their power."""
        boards = [board.handle for board in self._boards if board.handle is not None]
        return gpu_facts(self._nvml, boards) if self._nvml is not None and boards else GpuFacts()

    def close(self) -> None:
        self._boards = []
        self._shut_down()

    def _shut_down(self) -> None:
        if self._nvml is not None:
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                pass  # it was not open any more
            self._nvml = None

    def _read(self, board: Board) -> Sample | None:
        track = self._tracks[board.uuid]
        if self._nvml is None or board.handle is None:
            return track.lost(self._clock(), "The board has disappeared.")
        try:
            if isinstance(track, CounterTrack):
                joules = self._nvml.nvmlDeviceGetTotalEnergyConsumption(board.handle) * 1e-3
                return track.advance(joules, self._clock())
            watts = instant_w(self._nvml, board.handle) if board.way is Way.INSTANT else usage_w(self._nvml, board.handle)
            return track.advance(watts, self._clock())
        except (self._nvml.NVMLError, _NoFieldError) as error:
            return track.lost(self._clock(), f"The driver does not answer: {error}.")

    def _search(self) -> None:
        self._shut_down()
        self._searched_ns = self._clock()
        found = self._find()
        # A board that was there and is not any more stays, silent: a total that goes on without it would be a lower one.
        gone = [replace(board, handle=None) for board in self._boards if board.uuid not in {other.uuid for other in found}]
        self._boards = _mark_visible(found, self._environ) + gone
        for board in found:
            if board.way and not isinstance(self._tracks.get(board.uuid), CounterTrack if board.way is Way.COUNTER else PowerTrack):
                key = f"nvml:{board.uuid}"
                counts = board.way is Way.COUNTER
                self._tracks[board.uuid] = CounterTrack(key, unit_j=_UNIT) if counts else PowerTrack(key, REFRESH_S, _UNIT)

    def _find(self) -> list[Board]:
        try:
            nvml = self._load()
        except ImportError:
            self._absence = SourceState.ABSENT, "The library nvidia-ml-py is not installed.", "Install it: pip install nvidia-ml-py"
            return []
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            self._absence = _why_not(nvml, error)
            return []
        self._nvml = nvml
        self._absence = (
            SourceState.ABSENT,
            "The NVIDIA driver finds no board.",
            "Check the board and its power cables; nvidia-smi should list it.",
        )
        try:
            boards = [self._board(index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError as error:
            self._absence = SourceState.SILENT, f"The NVIDIA driver does not answer: {error}.", "Restart the machine."
            return []
        return [board for board in boards if board]

    def _board(self, index: int) -> Board | None:
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = _text(nvml.nvmlDeviceGetUUID(handle))
        except nvml.NVMLError:
            return None  # a board that fell off the bus still has a number
        name = self._ask(nvml.nvmlDeviceGetName, handle)
        mig = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        cut = bool(mig and mig[0])
        slices = self._slices(handle) if cut else ()
        return Board(handle, index, uuid, _text(name or f"GPU {index}"), cut, self._way(handle), slices=slices)

    def _slices(self, handle: Any) -> tuple[str, ...]:
        nvml = self._nvml
        most = self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0
        parts = [self._ask(partial(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle), index) for index in range(most)]
        uuids = [self._ask(nvml.nvmlDeviceGetUUID, part) for part in parts if part is not None]
        return tuple(_text(uuid) for uuid in uuids if uuid)

    def _way(self, handle: Any) -> Way | None:
        # A counter that stands at 0 on a board that is switched on does not run.
        if self._ask(self._nvml.nvmlDeviceGetTotalEnergyConsumption, handle):
            return Way.COUNTER
        if self._ask(lambda asked: instant_w(self._nvml, asked), handle) is not None:
            return Way.INSTANT
        return Way.USAGE if self._ask(lambda asked: usage_w(self._nvml, asked), handle) is not None else None

    def _ask(self, question: Callable[[Any], Any], handle: Any) -> Any:
        try:
            return question(handle)
        except (self._nvml.NVMLError, _NoFieldError):
            return None

    def _silent(self) -> list[Board]:
        return [board for board in self._boards if board.way and self._tracks[board.uuid].trouble]

    def _state(self, readable: list[Board]) -> tuple[SourceState, str, str]:
        silent = self._silent()
        mute = [board.name for board in self._boards if not board.way]
        if not readable:
            return (
                SourceState.ABSENT,
                f"No power reading on {', '.join(mute)}.",
                "Some laptop boards and virtual GPUs have no sensor; a newer driver or a wall meter may help.",
            )
        if silent:
            words = " ".join(f"{board.name}: {self._tracks[board.uuid].trouble}" for board in silent)
            return SourceState.SILENT, words, "Reading goes on by itself when the board answers again; nvidia-smi should list it."
        return SourceState.IN_USE, f"No power reading on {', '.join(mute)}." if mute else "", ""


class _NoFieldError(Exception):
    """The board does not have the field."""


def instant_w(nvml: Any, handle: Any) -> float:
    """The board's power at this moment in W (NVML field 186). Raises NVMLError or _NoFieldError."""
    field = nvml.nvmlDeviceGetFieldValues(handle, [nvml.NVML_FI_DEV_POWER_INSTANT])[0]
    if field.nvmlReturn != 0:
        raise _NoFieldError(f"no instant power (NVML code {field.nvmlReturn})")
    return float(field.value.uiVal) * 1e-3


def usage_w(nvml: Any, handle: Any) -> float:
    """The board's power in W as nvidia-smi shows it. Raises NVMLError."""
    return float(nvml.nvmlDeviceGetPowerUsage(handle)) * 1e-3


def _mark_visible(boards: list[Board], environ: Mapping[str, str]) -> list[Board]:
    """The boards with `visible` as CUDA_VISIBLE_DEVICES has it, by UUID.

    CUDA numbers boards fastest first, NVML by bus: a number means the same board to both only where the order is set to the bus's
    or all boards are the same model. Where that is open, all count.
    """
    wanted = environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return boards
    entries = [entry.strip() for entry in wanted.split(",") if entry.strip()]
    numbered = environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" or len({board.name for board in boards}) == 1
    unknown = any(entry.startswith("MIG-") and not any(_names(entry, board) for board in boards) for entry in entries)
    if unknown or any(entry.isdigit() and not numbered for entry in entries):
        return boards
    return [replace(board, visible=any(_names(entry, board) for entry in entries)) for board in boards]


def _names(entry: str, board: Board) -> bool:
    """Whether an entry of CUDA_VISIBLE_DEVICES means a board: its number, the beginning of its UUID, or a slice of it, whose UUID is one of
    its own or, before driver 470, has the board's inside."""
    if entry.isdigit():
        return entry == str(board.index)
    return board.uuid.startswith(entry) or entry.startswith(f"MIG-{board.uuid}/") or any(one.startswith(entry) for one in board.slices)


def _why_not(nvml: Any, error: Exception) -> tuple[SourceState, str, str]:
    if isinstance(error, nvml.NVMLError_LibraryNotFound):
        return SourceState.ABSENT, "There is no NVIDIA driver on this machine.", "If it has an NVIDIA board, install NVIDIA's driver."
    if isinstance(error, nvml.NVMLError_DriverNotLoaded):
        return SourceState.ABSENT, "The NVIDIA driver is installed but not loaded.", "Load it: sudo modprobe nvidia"
    if isinstance(error, nvml.NVMLError_LibRmVersionMismatch):
        return SourceState.SILENT, "The NVIDIA driver was updated and does not fit the loaded one.", "Restart the machine."
    if isinstance(error, nvml.NVMLError_NoPermission):
        return (
            SourceState.PERMISSION,
            "The NVIDIA driver does not let this user in.",
            "Ask for access to /dev/nvidia*; often the group is video.",
        )
    return SourceState.SILENT, f"The NVIDIA driver does not answer: {error}.", "Check that nvidia-smi works."


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
