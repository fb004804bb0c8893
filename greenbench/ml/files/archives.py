"""Archives from outside (zip, tar) are looked at before anything is unpacked: no path leaves the folder, no link, no flood of bytes.

A download or a model file may be hostile, or merely broken off half way; both become a sentence.
"""

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from greenbench.core.errors import FileFormatError

MEMBERS_LIMIT = 5_000_000
_RATIO_LIMIT = 1100  # deflate cannot pack more than 1032 to 1: what claims more lies about its size
_SMALL_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_GET_IT_AGAIN = "Get the file again from a source that you trust."


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, as given, and its size when unpacked."""

    name: str
    size_bytes: int


def safe_members(archive: Path, limit_bytes: int) -> tuple[Member, ...]:
    """The files in a zip or tar (.gz, .bz2, .xz), in their order; folders are left out. Nothing is unpacked.

    Raises:
        FileFormatError: it is no such archive or is cut short; a name leads out of the folder, a member is a link or a device, or
            what it holds is more than `limit_bytes`.
    """
    with _reading(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:
                return tuple(member for member, _ in _zip_members(file, archive.name, limit_bytes))
        with tarfile.open(archive) as bundle:
            return tuple(member for member, _ in _tar_members(bundle, archive.name, limit_bytes))


def unpack(
    archive: Path, folder: Path, limit_bytes: int, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Path, ...]:
    """Writes the files of an archive into `folder`, which may exist; returns their paths. `on_progress` hears bytes done and in all
    (0: not known before the end), and may raise to stop. The limit also holds for what really comes out.

    Raises:
        FileFormatError: as `safe_members`; files written until then stay.
    """
    with _reading(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:
                entries = list(_zip_members(file, archive.name, limit_bytes))
                total = sum(member.size_bytes for member, _ in entries)
                opened = ((member, file.open(entry)) for member, entry in entries)
                return _write_all(opened, folder, archive.name, limit_bytes, lambda done: on_progress(done, total))
        with tarfile.open(archive) as bundle:
            streams = ((member, _opened(bundle, entry, archive.name)) for member, entry in _tar_members(bundle, archive.name, limit_bytes))
            return _write_all(streams, folder, archive.name, limit_bytes, lambda done: on_progress(done, 0))


def check_sums(archive: IO[bytes], name: str) -> None:
    """Reads a zip through and demands that each file in it is as it was written; one without a checksum (0) is taken as it is.

    Raises:
        FileFormatError: one is damaged; `name` is what to call the archive.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                if not entry.CRC:
                    continue
                with file.open(entry) as stream:
                    while stream.read(_CHUNK_BYTES):
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise FileFormatError(f"{name} is damaged: {str(error).rstrip('.')}.", "Get the file again; it may be half a download.") from None


def check_name(name: str, archive: str) -> PurePosixPath:
    """The path inside a folder that a member's name means.

    Raises:
        FileFormatError: it leads out of the folder, on any operating system.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    windows = PureWindowsPath(name)
    if not name or "\0" in name or plain.is_absolute() or windows.drive or windows.root or ".." in plain.parts:
        raise FileFormatError(f'{archive} holds a file "{name}" that would be written outside its folder.', _GET_IT_AGAIN)
    return plain


def _zip_members(file: zipfile.ZipFile, archive: str, limit_bytes: int) -> Iterator[tuple[Member, zipfile.ZipInfo]]:
    total = 0
    entries = file.infolist()
    _check_count(len(entries), archive)
    for entry in entries:
        check_name(entry.filename, archive)
        if entry.is_dir():
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _odd(archive, entry.filename)
        if entry.file_size > _SMALL_BYTES and entry.file_size > _RATIO_LIMIT * max(1, entry.compress_size):
            raise FileFormatError(
                f'{archive}: "{entry.filename}" claims {_size(entry.file_size)} packed into {_size(entry.compress_size)}, which no '
                "archive can do.",
                _GET_IT_AGAIN,
            )
        total += entry.file_size
        _check_total(total, archive, limit_bytes)
        yield Member(entry.filename, entry.file_size), entry


def _tar_members(bundle: tarfile.TarFile, archive: str, limit_bytes: int) -> Iterator[tuple[Member, tarfile.TarInfo]]:
    total = 0
    for count, entry in enumerate(bundle, 1):
        _check_count(count, archive)
        check_name(entry.name, archive)
        if entry.isdir():
            continue
        if not entry.isreg():
            raise _odd(archive, entry.name)
        total += entry.size
        _check_total(total, archive, limit_bytes)
        yield Member(entry.name, entry.size), entry


def _write_all(
    opened: Iterator[tuple[Member, IO[bytes]]], folder: Path, archive: str, limit_bytes: int, on_bytes: Callable[[int], None]
) -> tuple[Path, ...]:
    written: list[Path] = []
    done = 0
    for member, stream in opened:
        target = folder / check_name(member.name, archive)
        target.parent.mkdir(parents=True, exist_ok=True)
        own = 0
        with stream, open(target, "xb") as sink:  # "x": a second member of the same name is no overwriting
            while chunk := stream.read(_CHUNK_BYTES):
                own += len(chunk)
                done += len(chunk)
                _check_total(done, archive, limit_bytes)
                sink.write(chunk)
                on_bytes(done)
        if own != member.size_bytes:
            raise FileFormatError(f'{archive} is cut short: "{member.name}" has {own} of {member.size_bytes} bytes.', _GET_IT_AGAIN)
        written.append(target)
    return tuple(written)


def _opened(bundle: tarfile.TarFile, entry: tarfile.TarInfo, archive: str) -> IO[bytes]:
    stream = bundle.extractfile(entry)
    if stream is None:
        raise _odd(archive, entry.name)
    return stream


def _check_count(count: int, archive: str) -> None:
    if count > MEMBERS_LIMIT:
        raise FileFormatError(f"{archive} holds more than {MEMBERS_LIMIT:,} files.", _GET_IT_AGAIN)


def _check_total(total: int, archive: str, limit_bytes: int) -> None:
    if total > limit_bytes:
        raise FileFormatError(f"{archive} would fill more than {_size(limit_bytes)} of disk when unpacked.", _GET_IT_AGAIN)


def _odd(archive: str, name: str) -> FileFormatError:
    return FileFormatError(f'{archive}: "{name}" is a link or a device, not a file.', _GET_IT_AGAIN)


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Turns what the archive libraries raise about a file into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise FileFormatError(f"The file {archive} does not exist.", "Check the path.") from None
    except FileExistsError as error:
        double = os.path.basename(error.filename or "")
        raise FileFormatError(f'{archive.name} holds "{double}" twice, or the folder already has it.', "Choose an empty folder.") from None
    except IsADirectoryError:
        raise FileFormatError(f"{archive} is a folder, not a file.", "Choose the archive itself.") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # RuntimeError: an encrypted zip; NotImplementedError: a way of packing that Python does not know.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(f"{archive.name} cannot be unpacked: {reason}. It may be half a download.", _GET_IT_AGAIN) from None


def _size(count: int) -> str:
    """Bytes as a person reads them: "4.2 GB"."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.3g} {unit}"
