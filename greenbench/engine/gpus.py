"""The NVIDIA GPUs of this machine, as their driver names them, and those that a process may see."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass


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


def processes_on(uuid: str) -> list[int]:
    """The ids of the processes that compute on a GPU; none where the driver does not say."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - as above
        return []
    try:
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        return [int(process.pid) for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)]
    except pynvml.NVMLError:
        return []
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
