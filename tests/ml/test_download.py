"""Downloads against a server that breaks off, lies, or has moved: what arrives is the published file or a sentence."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from greenbench.core.errors import Cancelled, DataError
from greenbench.ml.data import download
from greenbench.ml.data.download import RemoteFile, fetch

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Server:
    """Serves CONTENT and remembers every request. `cut` breaks the first answers off after so many bytes each; `ranges` off: it
    ignores them; `content` may be something else than promised."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cut: list[int] = []
        self.ranges, self.content, self.status = True, CONTENT, 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                outer.asked.append(wanted)
                if outer.status != 200:
                    self.send_error(outer.status)
                    return
                start = int(wanted[6:-1]) if wanted and outer.ranges else 0
                if start >= len(outer.content):
                    self.send_error(416)
                    return
                body = outer.content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: outer.cut.pop(0)] if outer.cut else body)

            def log_message(self, *args: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/set.bin"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def remote(*urls: str, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile("set.bin", urls, (f"sha256:{hashlib.sha256(content).hexdigest()}",), len(content))


def get(file: RemoteFile, folder: Path, heard: list[float] | None = None) -> None:
    fetch((file,), folder, "The set", lambda share, doing: heard.append(share) if heard is not None else None)


def test_a_file_arrives_whole_once_and_with_progress(server: Server, tmp_path: Path) -> None:
    heard: list[float] = []
    get(remote(server.url), tmp_path / "new", heard)
    assert (tmp_path / "new" / "set.bin").read_bytes() == CONTENT
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) > 5
    get(remote(server.url), tmp_path / "new")
    assert server.asked == [""]


def test_a_cut_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cut = [1_000_000, 500_000]
    get(remote(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=1000000-", "bytes=1500000-"]


def test_what_came_before_a_stop_is_kept_for_the_next_run(server: Server, tmp_path: Path) -> None:
    def stop(share: float, doing: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch((remote(server.url),), tmp_path, "The set", stop)
    have = (tmp_path / "set.bin.part").stat().st_size
    assert 0.3 * len(CONTENT) < have < len(CONTENT)
    assert not (tmp_path / "set.bin").exists()
    get(remote(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={have}-"]


def test_a_server_without_ranges_starts_anew(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:10])
    get(remote(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_a_part_of_something_else_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.bin.part").write_bytes(b"x" * len(CONTENT))
    get(remote(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(DataError, match=r"The set cannot be downloaded.*its hash differs"):
        get(remote(server.url), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_stands_in(server: Server, tmp_path: Path) -> None:
    get(remote("http://127.0.0.1:9/gone.bin", server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_without_a_network_the_way_by_hand_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"The set cannot be downloaded: 127.0.0.1:9: .*put set.bin into {tmp_path} by hand"):
        get(remote("http://127.0.0.1:9/gone.bin"), tmp_path)
    server.status = 404
    with pytest.raises(DataError, match="answers 404"):
        get(remote(server.url), tmp_path)
    (tmp_path / "set.bin").write_bytes(CONTENT)
    get(remote("http://127.0.0.1:9/gone.bin"), tmp_path)
    (tmp_path / "set.bin").write_bytes(b"other")
    with pytest.raises(DataError, match=r"set.bin is there, but is not the file of The set.*Delete it"):
        get(remote(server.url), tmp_path)


def test_a_gzip_packed_anew_is_known_by_what_it_holds(tmp_path: Path) -> None:
    file = RemoteFile("set.gz", (), ("md5:0", f"unpacked-sha256:{hashlib.sha256(CONTENT).hexdigest()}"), 9)
    (tmp_path / "set.gz").write_bytes(gzip.compress(CONTENT, 1))
    fetch((file,), tmp_path, "The set", lambda share, doing: None)
    (tmp_path / "set.gz").write_bytes(gzip.compress(CONTENT, 1)[:-9])
    with pytest.raises(DataError, match="its hash differs"):
        fetch((file,), tmp_path, "The set", lambda share, doing: None)


def test_a_full_disk_is_noticed_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10_000_000})())
    with pytest.raises(DataError, match=r"set.bin needs 3 MB, and .* has 10 MB left"):
        get(remote("http://127.0.0.1:9/gone.bin"), tmp_path)
