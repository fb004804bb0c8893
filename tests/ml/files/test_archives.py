"""An archive from outside is unpacked only if nothing in it leaves the folder, links elsewhere, or floods the disk."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from greenbench.core.errors import FileFormatError
from greenbench.ml.files.archives import Member, safe_members, unpack

LIMIT = 10_000_000


def zipped(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as bundle:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            bundle.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("make", [zipped, tarred])
def test_what_was_packed_comes_out_with_its_folders(make, tmp_path: Path) -> None:
    members = {"data/a.bin": b"1" * 3000, "data/deep/b.txt": b"two", "..odd/c": b""}
    archive = make(tmp_path / "archive", members)
    assert safe_members(archive, LIMIT) == tuple(Member(name, len(content)) for name, content in members.items())
    heard: list[int] = []
    written = unpack(archive, tmp_path / "out", LIMIT, lambda done, total: heard.append(done))
    assert {str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in written} == members
    assert heard[-1] == 3003


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "\\\\host\\evil"])
def test_a_name_that_leads_out_of_the_folder_is_refused_before_anything_is_written(make, name: str, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"good": b"1", name: b"2"})
    for ask in (lambda: safe_members(archive, LIMIT), lambda: unpack(archive, tmp_path / "out", LIMIT)):
        with pytest.raises(FileFormatError, match="outside its folder"):
            ask()
    assert not list(tmp_path.rglob("evil"))


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as bundle:
        entry = tarfile.TarInfo("link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        bundle.addfile(entry)
    with pytest.raises(FileFormatError, match="is a link or a device"):
        safe_members(tmp_path / "a.tar", LIMIT)
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(FileFormatError, match="is a link or a device"):
        safe_members(tmp_path / "a.zip", LIMIT)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_more_than_the_limit_is_refused_before_it_is_written(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"big": bytes(2_000_000)})
    assert archive.stat().st_size < 20_000
    with pytest.raises(FileFormatError, match="more than 1 MB of disk"):
        unpack(archive, tmp_path / "out", 1_000_000)
    assert not list((tmp_path / "out").rglob("*"))


def test_a_size_that_no_archive_can_reach_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"bomb": bytes(100)}, zipfile.ZIP_STORED)
    raw = archive.read_bytes()
    where = raw.rindex(b"PK\x01\x02") + 24  # the uncompressed size in the central directory
    archive.write_bytes(raw[:where] + (2_000_000).to_bytes(4, "little") + raw[where + 4 :])
    with pytest.raises(FileFormatError, match="which no archive can do"):
        safe_members(archive, LIMIT)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_half_a_download_is_named(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"a": bytes(range(256)) * 300, "b": b"x" * 9})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(FileFormatError, match=r"cannot be unpacked|is cut short"):
        unpack(archive, tmp_path / "out", LIMIT)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    for path, said in ((tmp_path / "a.zip", "cannot be unpacked"), (tmp_path, "is a folder"), (tmp_path / "no", "does not exist")):
        with pytest.raises(FileFormatError, match=said):
            safe_members(path, LIMIT)


def test_a_member_that_is_there_twice_does_not_overwrite(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tgz", {"a": b"1", "./a": b"2"})
    with pytest.raises(FileFormatError, match="twice"):
        unpack(archive, tmp_path / "out", LIMIT)
    assert (tmp_path / "out" / "a").read_bytes() == b"1"
