"""A clock that stands until it is told, powercap and battery in folders, an NVIDIA library without a board, and a plug that speaks HTTP."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from greenbench.core.measurement import Channel, Domain, Provenance

NS = 1_000_000_000


class FakeClock:
    """Monotonic nanoseconds that pass only when asked to."""

    def __init__(self, now_ns: int = 1000 * NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def tick(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS)


class PowercapTree:
    """A folder laid out like /sys/class/powercap."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)

    def zone(self, id: str, name: str, energy_uj: int = 1_000_000, range_uj: int = 262_143_328_850) -> Path:
        folder = self.root / id
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
        self.set(id, energy_uj)
        return folder

    def set(self, id: str, energy_uj: int) -> None:
        (self.root / id / "energy_uj").write_text(f"{energy_uj}\n")

    def laptop(self) -> None:
        """One package with its parts, memory, and the platform around them."""
        self.zone("intel-rapl:0", "package-0", 5_000_000)
        self.zone("intel-rapl:0:0", "core", 3_000_000)
        self.zone("intel-rapl:0:1", "uncore", 1_000_000)
        self.zone("intel-rapl:0:2", "dram", 2_000_000)
        self.zone("intel-rapl:1", "psys", 9_000_000)


class NvmlError(Exception):
    """What the fake library raises; the real one has a class for each code too."""


class LibraryNotFound(NvmlError):
    pass


class DriverNotLoaded(NvmlError):
    pass


class LibRmVersionMismatch(NvmlError):
    pass


class NoPermission(NvmlError):
    pass


class NotSupported(NvmlError):
    pass


class FakeBoard:
    """A board; None stands for a question that it does not support, an exception for one that fails now."""

    def __init__(self, uuid: str, name: str = "NVIDIA H200", **answers: Any) -> None:
        self.uuid, self.name = uuid, name
        self.energy_mj: Any = answers.get("energy_mj")
        self.instant_mw: Any = answers.get("instant_mw")
        self.usage_mw: Any = answers.get("usage_mw")
        self.mig: Any = answers.get("mig")
        self.slices: list[FakeBoard] = answers.get("slices", [])
        self.percent: Any = answers.get("percent", 40)
        self.heat_c: Any = answers.get("heat_c")
        self.clock_mhz: Any = answers.get("clock_mhz")
        self.held_back: Any = answers.get("held_back")


class FakeNvml:
    """As much of pynvml as the meter uses, over a list of boards."""

    NVML_FI_DEV_POWER_INSTANT = 186
    NVML_TEMPERATURE_GPU = 0
    NVML_CLOCK_SM = 1
    NVMLError = NvmlError
    NVMLError_LibraryNotFound = LibraryNotFound
    NVMLError_DriverNotLoaded = DriverNotLoaded
    NVMLError_LibRmVersionMismatch = LibRmVersionMismatch
    NVMLError_NoPermission = NoPermission

    def __init__(self, *boards: FakeBoard) -> None:
        self.boards = list(boards)
        self.init_error: NvmlError | None = None
        self.open = 0

    def nvmlInit(self) -> None:
        if self.init_error:
            raise self.init_error
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.boards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeBoard:
        return self.boards[index]

    def nvmlDeviceGetUUID(self, board: FakeBoard) -> str:
        return board.uuid

    def nvmlDeviceGetName(self, board: FakeBoard) -> str:
        return board.name

    def nvmlDeviceGetMigMode(self, board: FakeBoard) -> list[int]:
        return self._answer(board.mig)

    def nvmlDeviceGetTotalEnergyConsumption(self, board: FakeBoard) -> int:
        return self._answer(board.energy_mj)

    def nvmlDeviceGetPowerUsage(self, board: FakeBoard) -> int:
        return self._answer(board.usage_mw)

    def nvmlDeviceGetFieldValues(self, board: FakeBoard, fields: list[int]) -> list[SimpleNamespace]:
        assert fields == [186]
        if isinstance(board.instant_mw, Exception):
            raise board.instant_mw
        code = 3 if board.instant_mw is None else 0
        return [SimpleNamespace(nvmlReturn=code, value=SimpleNamespace(uiVal=board.instant_mw or 0))]

    def nvmlDeviceGetUtilizationRates(self, board: FakeBoard) -> SimpleNamespace:
        return SimpleNamespace(gpu=self._answer(board.percent))

    def nvmlDeviceGetTemperature(self, board: FakeBoard, sensor: int) -> int:
        assert sensor == 0
        return self._answer(board.heat_c)

    def nvmlDeviceGetClockInfo(self, board: FakeBoard, kind: int) -> int:
        assert kind == 1
        return self._answer(board.clock_mhz)

    def nvmlDeviceGetCurrentClocksEventReasons(self, board: FakeBoard) -> int:
        return self._answer(board.held_back)

    nvmlDeviceGetCurrentClocksThrottleReasons = nvmlDeviceGetCurrentClocksEventReasons

    def nvmlDeviceGetMaxMigDeviceCount(self, board: FakeBoard) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, board: FakeBoard, index: int) -> "FakeBoard":
        if index >= len(board.slices):
            raise NotSupported("Not Found")
        return board.slices[index]

    def _answer(self, answer: Any) -> Any:
        if answer is None:
            raise NotSupported("Not Supported")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def powercap(tmp_path: Path) -> PowercapTree:
    return PowercapTree(tmp_path / "powercap")


@pytest.fixture
def battery_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes the files of one power supply and gives the folder of all of them."""

    def write(name: str = "BAT0", **files: object) -> Path:
        folder = tmp_path / "power_supply" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in {"type": "Battery", **files}.items():
            (folder / file).write_text(f"{content}\n")
        return folder.parent

    return write


@pytest.fixture
def nvml() -> type[FakeNvml]:
    return FakeNvml


@pytest.fixture
def board() -> type[FakeBoard]:
    return FakeBoard


@pytest.fixture
def channel() -> Callable[..., Channel]:
    """A channel of a measured package, but for what is given."""

    def make(key: str = "rapl:intel-rapl:0", **changes: Any) -> Channel:
        fields = {"title": "CPU package", "domain": Domain.PACKAGE, "provenance": Provenance.COUNTER}
        return Channel(key=key, **{**fields, "covers": "package", "refresh_s": 0.001, **changes})

    return make


class FakePlug:
    """A plug on this machine's own network: it counts, stalls, repeats, errs, asks for a password, disappears and comes back.

    `answers` maps a path (with or without its query) to what is answered: a dict, text, or (status, dict). Where a password is set,
    `login` says how it is asked for: "basic", "digest" (SHA-256, RFC 7616) or "address" (Tasmota's old way).
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.password, self.login, self.open_paths = "", "basic", ("/shelly",)
        self.asked: list[str] = []
        self.stalled, self.released = False, threading.Event()
        self.breaks_off = False  # in the middle of its answer
        self.drops = False  # closes each connection without a word, as small devices do that are short of memory
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.appear()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def appear(self) -> None:
        plug = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def do_GET(self) -> None:
                plug.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def disappear(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def close(self) -> None:
        self.released.set()
        if self._server is not None:
            self.disappear()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        path, _, query = request.path.partition("?")
        self.asked.append(request.path)
        if self.stalled:
            self.released.wait(10)
            return
        refusal = self._refusal(request, path, parse_qs(query))
        if refusal is not None:
            found, status, challenge = refusal
            self._send(request, status, json.dumps(found), challenge)
            return
        found = self.answers.get(request.path, self.answers.get(path, (404, {"code": 404, "message": "No handler"})))
        status, found = found if isinstance(found, tuple) else (200, found)
        self._send(request, status, found if isinstance(found, str) else json.dumps(found))

    def _send(self, request: BaseHTTPRequestHandler, status: int, text: str, challenge: str = "") -> None:
        request.send_response(status)
        if challenge:
            request.send_header("WWW-Authenticate", challenge)
        if not self.drops:
            request.send_header("Connection", "close")
        request.send_header("Content-Length", str(len(text.encode()) + (10 if self.breaks_off else 0)))
        request.end_headers()
        request.wfile.write(text.encode())
        if self.breaks_off:
            request.wfile.flush()
            self.released.wait(10)

    def _refusal(self, request: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]]) -> tuple[Any, int, str] | None:
        if not self.password or path in self.open_paths:
            return None
        given = request.headers.get("Authorization", "")
        if self.login == "address":
            known = query.get("user") == ["admin"] and query.get("password") == [self.password]
            return None if known else ({"WARNING": "Need user=<username>&password=<password>"}, 200, "")
        if self.login == "basic":
            known = given == "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()
            return None if known else ({}, 401, 'Basic realm="plug"')
        parts = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        challenge = 'Digest qop="auth", realm="shelly", nonce="60dc59c6", algorithm=SHA-256'
        return None if parts and parts.get("response") == self._digest(parts, request.path) else ({}, 401, challenge)

    def _digest(self, parts: dict[str, str], uri: str) -> str:
        def sha256(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        who, what = sha256(f"admin:shelly:{self.password}"), sha256(f"GET:{uri}")
        return sha256(f"{who}:{parts['nonce']}:{parts['nc']}:{parts['cnonce']}:{parts['qop']}:{what}")


@pytest.fixture
def plug():
    """A FakePlug, gone at the end."""
    made = FakePlug()
    yield made
    made.close()
