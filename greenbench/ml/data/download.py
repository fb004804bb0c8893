"""Files from the network: resumed where they broke off, checked by their hash, never half a file under the right name.

name.part ── grows, survives a cut connection ──▶ all bytes there ── hash right ──▶ name
"""

import gzip
import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from greenbench.core.errors import DataError

_CHUNK = 1 << 18
_TIMEOUT_S = 20.0
_TRIES = 3
_SPARE_BYTES = 50_000_000
_BROKEN = (OSError, urllib.error.URLError, http.client.HTTPException)


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch. `size_bytes` is about what it takes; `digests` name its content, any of them will do: "md5:…", "sha256:…", or
    "unpacked-sha256:…" of what a .gz holds, which stays the same when someone packs it anew."""

    name: str
    urls: tuple[str, ...]
    digests: tuple[str, ...]
    size_bytes: int


def fetch(files: tuple[RemoteFile, ...], folder: Path, what: str, tick: Callable[[float, str], None]) -> None:
    """Makes sure that all files are in `folder`; those that are there and right are not fetched again.

    `tick` hears the share done and what is being done, and may raise to stop: what has come stays for the next time.

    Raises:
        DataError: no connection, a full disk, or a file whose content is not the published one.
    """
    total = sum(file.size_bytes for file in files)
    done = 0
    for file in files:
        if not _present(file, folder, what, tick):
            _room(file, folder)
            _fetch_one(file, folder, (what, files), partial(_heard, tick, (done, total), file.name))
        done += file.size_bytes


def _heard(tick: Callable[[float, str], None], before: tuple[int, int], name: str, got: int) -> None:
    tick(min(1.0, (before[0] + got) / before[1]), f"downloading {name}")


def _present(file: RemoteFile, folder: Path, what: str, tick: Callable[[float, str], None]) -> bool:
    """Whether the right file is there.

    Raises:
        DataError: one of that name is there, with other content.
    """
    path = folder / file.name
    if not path.is_file():
        return False
    if not _right(file, path, lambda: tick(0.0, f"checking {file.name}")):
        raise DataError(
            f"{path} is there, but is not the file of {what} that was published: its hash differs.", "Delete it, so that it is fetched."
        )
    return True


def _fetch_one(file: RemoteFile, folder: Path, asked: tuple[str, tuple[RemoteFile, ...]], tick: Callable[[int], None]) -> None:
    part = folder / f"{file.name}.part"
    reason = "no address is known"
    for url in file.urls:
        for _ in range(_TRIES):
            resumed = part.is_file()
            try:
                whole = _receive(url, part, tick)
            except _BROKEN as error:
                reason = _reason(error, url)
                if isinstance(error, urllib.error.HTTPError):
                    break
                continue
            if not whole:
                reason = f"the connection to {_host(url)} broke off"
                continue
            if _right(file, part, lambda: None):
                part.replace(folder / file.name)
                return
            part.unlink()
            reason = f"what {_host(url)} sent is not the published file: its hash differs"
            if not resumed:  # else the old part may be to blame: once more from the start
                break
    what, files = asked
    names = ", ".join(wanted.name for wanted in files)
    raise DataError(
        f"{what} cannot be downloaded: {reason}.",
        f"Try again when there is a connection (what has come is kept), or put {names} into {folder} by hand.",
    )


def _receive(url: str, part: Path, tick: Callable[[int], None]) -> bool:
    """Appends what is missing to `part`; whether all has come."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "greenbench", "Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing after what is there: it was all, or it is not this file
            error.close()
            return True
        raise
    with answer:
        if answer.status != 206:
            have = 0  # the server sends the whole again
        length = answer.headers.get("Content-Length")
        with part.open("ab" if have else "wb") as sink:
            got = have
            while chunk := answer.read(_CHUNK):
                sink.write(chunk)
                got += len(chunk)
                tick(got)
    return length is None or got == have + int(length)


def _right(file: RemoteFile, path: Path, tick: Callable[[], None]) -> bool:
    """Whether the content is one of those that are known."""
    for digest in file.digests:
        kind, _, wanted = digest.partition(":")
        unpacked = kind.startswith("unpacked-")
        found = hashlib.new(kind.removeprefix("unpacked-"), usedforsecurity=False)
        try:
            with gzip.open(path, "rb") if unpacked else path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    found.update(chunk)
                    tick()
        except (OSError, EOFError, zlib.error):
            continue
        if found.hexdigest() == wanted:
            return True
    return False


def _room(file: RemoteFile, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DataError(f'The folder "{folder}" cannot be used: {error.strerror}.', "Choose another folder.") from None
    if free < file.size_bytes + _SPARE_BYTES:
        raise DataError(
            f"{file.name} needs {file.size_bytes / 1e6:.0f} MB, and {folder} has {free / 1e6:.0f} MB left.",
            "Make room, or choose a folder on another disk.",
        )


def _host(url: str) -> str:
    return urllib.request.Request(url).host


def _reason(error: BaseException, url: str) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{_host(url)} answers {error.code} ({error.reason})"
    inner = getattr(error, "reason", error)
    said = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return f"{_host(url)}: {said[0].lower()}{said[1:]}"
