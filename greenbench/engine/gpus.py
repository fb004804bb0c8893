"""The NVIDIA GPUs of this machine, as their driver names them, those that a process may see, and who else works on them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU as its driver names it."""

    name: str
    uuid: str
    memory_bytes: int


def nvidia_gpus() -> tuple[list[Gpu], str]:
    """All NVIDIA GPUs in the order of their bus, and the driver's version; none where there is no driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no library, no driver, no permission: there is no GPU we could name
        return [], ""
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle).total
            found.append(Gpu(str(pynvml.nvmlDeviceGetName(handle)), str(pynvml.nvmlDeviceGetUUID(handle)), int(memory)))
        return found, str(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return [], ""
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def visible(gpus: Sequence[Gpu], setting: str | None) -> list[Gpu]:
    """The GPUs that a process sees under CUDA_VISIBLE_DEVICES, in its order: numbers or UUIDs (their beginnings will do), up to the
    first that does not exist. None: all."""
    if setting is None:
        return list(gpus)
    found: list[Gpu] = []
    for part in (piece.strip() for piece in setting.split(",")):
        if part.isdecimal() and int(part) < len(gpus):
            found.append(gpus[int(part)])
            continue
        named = [gpu for gpu in gpus if part.startswith("GPU-") and gpu.uuid.startswith(part)]
        if len(named) != 1:
            break
        found += named
    return found


@dataclass(frozen=True)
class GpuProcess:
    """A process on a GPU. `computes`: with CUDA, not only drawing; `memory_bytes` is None where the driver does not say."""

    pid: int
    name: str
    gpu: str
    uuid: str
    computes: bool
    memory_bytes: int | None = None


def load_pynvml() -> Any:
    """NVIDIA's binding. Raises ImportError."""
    import pynvml

    return pynvml


def gpu_processes(load: Callable[[], Any] = load_pynvml) -> list[GpuProcess]:
    """All who have work on the GPUs of this machine, those that compute first; none where there is no driver."""
    try:
        nvml = load()
        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no library, no driver, no permission: nobody whom we could name
        return []
    try:
        found = list(_processes(nvml))
    except nvml.NVMLError:
        return []
    finally:
        with suppress(nvml.NVMLError):
            nvml.nvmlShutdown()
    # One that computes and draws is listed twice by the driver.
    first = {(process.pid, process.uuid): process for process in sorted(found, key=lambda process: process.computes)}
    return sorted(first.values(), key=lambda process: (not process.computes, process.gpu, process.pid))


def processes_on(uuid: str, load: Callable[[], Any] = load_pynvml) -> list[int]:
    """The ids of the processes that compute on a GPU or a slice of it; none where the driver does not say."""
    return [process.pid for process in gpu_processes(load) if process.computes and process.uuid == uuid]


def _processes(nvml: Any) -> Iterator[GpuProcess]:
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            board = nvml.nvmlDeviceGetHandleByIndex(index)
            name, uuid = str(nvml.nvmlDeviceGetName(board)), str(nvml.nvmlDeviceGetUUID(board))
        except nvml.NVMLError:
            continue  # a board that fell off the bus still has a number
        questions = {True: nvml.nvmlDeviceGetComputeRunningProcesses, False: nvml.nvmlDeviceGetGraphicsRunningProcesses}
        for handle in (board, *_slices(nvml, board)):
            for computes, question in questions.items():
                with suppress(nvml.NVMLError):
                    for process in question(handle):
                        memory = getattr(process, "usedGpuMemory", None)
                        yield GpuProcess(process.pid, _name(process.pid), name, uuid, computes, None if memory is None else int(memory))


def _slices(nvml: Any, board: Any) -> Iterator[Any]:
    """The parts of a board that is cut up (MIG): their processes are not listed at the board."""
    try:
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(board) if nvml.nvmlDeviceGetMigMode(board)[0] else 0
    except nvml.NVMLError:
        return
    for index in range(most):
        with suppress(nvml.NVMLError):
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(board, index)


def _name(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return f"process {pid}"  # of another user's container, or gone
