"""Devices are found without torch, and a GPU is the same one whatever name it is given."""

import os
import subprocess
import sys

import pytest

from greenbench.core.errors import PlanError
from greenbench.engine import devices as module
from greenbench.engine.devices import check_affinity, check_device, devices
from greenbench.engine.gpus import Gpu, visible

A = Gpu("Card A", "GPU-aaaa1111-0000", 16 * 2**30)
B = Gpu("Card B", "GPU-bbbb2222-0000", 80 * 2**30)
C = Gpu("Card C", "GPU-bbbb3333-0000", 80 * 2**30)


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(module, "nvidia_gpus", lambda: ([A, B, C], "580.1"))
    monkeypatch.setattr(module, "torch_builds", lambda: frozenset({"cpu", "cuda"}))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, [A, B, C]),
        ("", []),
        ("2,0", [C, A]),
        ("GPU-aaaa", [A]),
        ("1,GPU-aaaa1111", [B, A]),
        ("GPU-bbbb", []),  # two fit: CUDA sees none
        ("0,7,1", [A]),  # CUDA stops at the first that does not exist
        ("-1", []),
    ],
)
def test_visible_gpus_are_those_that_cuda_would_show(setting, expected) -> None:
    assert visible([A, B, C], setting) == expected


def test_gpus_are_listed_with_name_uuid_and_memory(three) -> None:
    found = devices()
    assert [device.key for device in found] == ["cpu", "cuda:0", "cuda:1", "cuda:2"]
    assert (found[1].title, found[1].uuid, found[1].memory_bytes) == (A.name, A.uuid, A.memory_bytes)
    assert found[1].detail == "16 GiB, driver 580.1"


@pytest.mark.parametrize(
    ("key", "full"), [("cpu", "cpu"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cuda:GPU-bbbb3", "cuda:2"), ("cuda:gpu-AAAA", "cuda:0")]
)
def test_a_gpu_can_be_named_by_number_or_uuid(three, key, full) -> None:
    assert check_device(key) == full


def test_a_uuid_resolves_to_the_number_that_the_process_sees(three, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    assert check_device(f"cuda:{C.uuid}") == "cuda:0"
    with pytest.raises(PlanError, match='There is no GPU "GPU-bbbb2222-0000" on this machine'):
        check_device(f"cuda:{B.uuid}")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("cuda:3", 'There is no device "cuda:3" on this machine.'),
        ("cuda:GPU-bbbb", '"cuda:GPU-bbbb" fits 2 GPUs.'),
        ("tpu", 'There is no device "tpu"'),
    ],
)
def test_a_device_that_is_not_there_is_named_with_those_that_are(three, key, sentence) -> None:
    with pytest.raises(PlanError, match=sentence.replace("?", r"\?")) as caught:
        check_device(key)
    assert "cuda:1 (GPU-bbbb2222-0000)" in str(caught.value)


def test_cores_are_ranges_and_numbers(monkeypatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(module.sys, "platform", "linux")
    assert check_affinity("0-3,6") == (0, 1, 2, 3, 6)
    assert check_affinity("") == ()
    assert check_affinity(" 5 , 5,4") == (4, 5)
    for text, sentence in (("3-1", "names no cores"), ("a", "names no cores"), ("8", "There is no core 8")):
        with pytest.raises(PlanError, match=sentence):
            check_affinity(text)
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    with pytest.raises(PlanError, match="may not run on core 2"):
        check_affinity("0-2")
    monkeypatch.setattr(module.sys, "platform", "darwin")
    with pytest.raises(PlanError, match="macOS cannot keep a process to chosen cores"):
        check_affinity("0")


def test_devices_are_found_without_torch() -> None:
    code = "import sys; from greenbench.engine.devices import devices; devices(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let a process choose its cores")
def test_all_threads_of_a_bench_child_keep_to_the_cores() -> None:
    core = min(os.sched_getaffinity(0))
    code = (
        "import os, threading, numpy; from greenbench.engine.bench.cores import keep_to\n"
        "stop = threading.Event(); threading.Thread(target=stop.wait, daemon=True).start()\n"
        f"print(keep_to([{core}]), {{tuple(os.sched_getaffinity(int(t))) for t in os.listdir('/proc/self/task')}})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"({core},) {{({core},)}}"
