"""Who works on a GPU: named from the driver's lists, with what lies in slices; nobody where there is no driver."""

import os
from types import SimpleNamespace

import pytest

from greenbench.engine.gpus import Gpu, GpuProcess, gpu_processes, processes_on, visible


class NvmlError(Exception):
    pass


class FakeNvml:
    """As much of pynvml as is asked. A board: name, uuid, computing and drawing processes as {pid: bytes}, slices."""

    NVMLError = NvmlError

    def __init__(self, *boards):
        self.boards, self.open = boards, 0

    def nvmlInit(self):
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlDeviceGetCount(self):
        return len(self.boards)

    def nvmlDeviceGetHandleByIndex(self, index):
        if self.boards[index] is None:
            raise NvmlError("GPU is lost")
        return self.boards[index]

    def nvmlDeviceGetName(self, board):
        return board.name

    def nvmlDeviceGetUUID(self, board):
        return board.uuid

    def nvmlDeviceGetMigMode(self, board):
        return [bool(board.slices), bool(board.slices)]

    def nvmlDeviceGetMaxMigDeviceCount(self, board):
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, board, index):
        if index >= len(board.slices):
            raise NvmlError("Not Found")
        return board.slices[index]

    def nvmlDeviceGetComputeRunningProcesses(self, board):
        return self.told(board.computing)

    def nvmlDeviceGetGraphicsRunningProcesses(self, board):
        return self.told(board.drawing)

    def told(self, processes):
        if processes is None:
            raise NvmlError("Not Supported")
        return [SimpleNamespace(pid=pid, usedGpuMemory=memory) for pid, memory in processes.items()]


def board(name="NVIDIA A2000", uuid="GPU-1", computing=(), drawing=(), slices=()):
    dicts = (dict(computing) if computing is not None else None, dict(drawing) if drawing is not None else None)
    return SimpleNamespace(name=name, uuid=uuid, computing=dicts[0], drawing=dicts[1], slices=list(slices))


def test_all_are_named_those_that_compute_first_and_none_twice():
    library = FakeNvml(board(computing={999_999_999: 2**30}, drawing={999_999_998: None, 999_999_999: 2**30}))
    assert gpu_processes(lambda: library) == [
        GpuProcess(999_999_999, "process 999999999", "NVIDIA A2000", "GPU-1", True, 2**30),
        GpuProcess(999_999_998, "process 999999998", "NVIDIA A2000", "GPU-1", False, None),
    ]
    assert library.open == 0
    assert processes_on("GPU-1", lambda: library) == [999_999_999]
    assert processes_on("GPU-2", lambda: library) == []


def test_a_living_process_has_its_own_name():
    found = gpu_processes(lambda: FakeNvml(board(computing={os.getpid(): 1})))
    assert [process.pid for process in found] == [os.getpid()]
    assert not found[0].name.startswith("process ")


def test_what_runs_in_a_slice_is_found():
    library = FakeNvml(board(computing=None, drawing=None, slices=[board(computing={999_999_999: 7})]))
    assert [process.memory_bytes for process in gpu_processes(lambda: library)] == [7]


def test_a_board_that_is_lost_hides_nobody_on_the_next():
    library = FakeNvml(None, board(uuid="GPU-2", computing={999_999_999: 1}, drawing=None))
    assert [process.uuid for process in gpu_processes(lambda: library)] == ["GPU-2"]


def test_without_a_driver_there_is_nobody():
    def missing():
        raise ImportError("pynvml")

    assert gpu_processes(missing) == []


@pytest.mark.parametrize(("setting", "expected"), [(None, "ab"), ("1", "b"), ("GPU-b,0", "ba"), ("0,9,1", "a"), ("", "")])
def test_what_a_process_sees_follows_its_setting(setting, expected):
    gpus = [Gpu("A", "GPU-aa", 1), Gpu("B", "GPU-bb", 1)]
    assert "".join(gpu.name.lower() for gpu in visible(gpus, setting)) == expected
