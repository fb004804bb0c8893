"""Damaged files, full disks and folders that cannot be used: each gives a sentence with a remedy, and nothing is lost."""

import os
import sqlite3
import subprocess
import sys

import pytest

from greenbench.core.errors import StoreError
from greenbench.core.measurement import Sample
from greenbench.core.run import Environment
from greenbench.store import Store
from greenbench.store.database import FILE_NAME

STARTED = "2026-11-22T12:00:00+01:00"


def put_aside(folder):
    return sorted(path.name for path in folder.glob("greenbench-damaged-*.sqlite"))


def filled(folder, plan, rows=3000):
    with Store(folder) as store:
        store.begin_run("r", plan, Environment(), STARTED, 0)
        store.add_samples("r", [Sample(channel="rapl", t_ns=i, power_w=1.0) for i in range(rows)])
    return folder / FILE_NAME


@pytest.mark.parametrize("content", [b"this is not a database", b"SQLite format 3\0" + b"\xff" * 5000], ids=["text", "header only"])
def test_a_file_that_is_no_database_is_put_aside_and_the_caller_is_told(tmp_path, plan, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with Store(tmp_path) as store:
        assert store.moved_aside is not None
        assert store.moved_aside.read_bytes() == content
        assert put_aside(tmp_path) == [store.moved_aside.name]
        store.begin_run("r", plan, Environment(), STARTED, 0)
        assert [run.id for run in store.runs()] == ["r"]
    with Store(tmp_path) as store:
        assert store.moved_aside is None
        assert [run.id for run in store.runs()] == ["r"]


def test_two_damaged_files_in_one_second_are_both_kept(tmp_path):
    for _ in range(2):
        (tmp_path / FILE_NAME).write_bytes(b"broken")
        Store(tmp_path).close()
    assert len(put_aside(tmp_path)) == 2


def test_damage_inside_is_found_at_the_next_start(tmp_path, plan):
    path = filled(tmp_path, plan)
    whole = bytearray(path.read_bytes())
    whole[8192 : len(whole) - 4096] = os.urandom(len(whole) - 12288)
    path.write_bytes(whole)
    with Store(tmp_path) as store:
        assert store.moved_aside is not None
        assert store.runs() == []


def test_damage_met_during_work_is_a_sentence_and_the_next_start_mends_it(tmp_path, plan, monkeypatch):
    # As if the file were too large to be checked at each start.
    monkeypatch.setattr("greenbench.store.database._CHECKED_BYTES", 0)
    path = filled(tmp_path, plan, rows=20_000)
    whole = bytearray(path.read_bytes())
    whole[-200_000:] = b"\xff" * 200_000
    path.write_bytes(whole)
    store = Store(tmp_path)
    assert store.moved_aside is None
    with pytest.raises(StoreError, match=r"is damaged\. Close GreenBench and start it again"):
        store.samples("r", "rapl")
    store.close()
    with Store(tmp_path) as store:
        assert store.moved_aside is not None
        assert store.runs() == []


def test_an_empty_file_is_taken_for_a_new_one(tmp_path):
    (tmp_path / FILE_NAME).touch()
    with Store(tmp_path) as store:
        assert store.moved_aside is None


def test_a_full_disk_is_told_keeps_what_was_written_and_work_goes_on_when_there_is_room(store, plan):
    store.begin_run("r", plan, Environment(), STARTED, 0)
    store.add_samples("r", [Sample(channel="rapl", t_ns=0, power_w=1.0)])
    # SQLite's own limit on the size of the file stands in for the disk's: the same error comes out of the same place.
    pages = store._database._writer.execute("PRAGMA page_count").fetchone()[0]
    store._database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match=r"The disk is full: .* Make room"):
        store.add_samples("r", [Sample(channel="rapl", t_ns=i, power_w=1.0) for i in range(1, 5000)])
    assert store.samples("r", "rapl").t_ns.tolist() == [0]
    store._database._writer.execute("PRAGMA max_page_count = 1000000")
    store.add_samples("r", [Sample(channel="rapl", t_ns=i, power_w=1.0) for i in range(1, 5000)])
    assert store.samples("r", "rapl").t_ns.size == 5000


# A process whose files may not grow beyond 300 kB, as on a disk with a quota.
SMALL_DISK = """
import resource, signal, sys
from greenbench.core.errors import StoreError
from greenbench.core.measurement import Sample
from greenbench.core.run import Environment, Plan
from greenbench.store import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
with Store(sys.argv[1]) as store:
    store.begin_run("r", Plan(title="Test", nodes=()), Environment(), "2026-11-22T12:00:00+01:00", 0)
    written = 0
    try:
        while True:
            store.add_samples("r", [Sample(channel="rapl", t_ns=written + i, power_w=1.0) for i in range(200)])
            written += 200
    except StoreError as error:
        print(written, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file size")
def test_files_that_may_not_grow_give_a_remedy_and_keep_what_was_committed(tmp_path):
    found = subprocess.run([sys.executable, "-c", SMALL_DISK, str(tmp_path)], capture_output=True, text=True, check=True)
    written, _, told = found.stdout.partition(" ")
    assert int(written) > 0
    assert "Check the disk" in told or "Make room" in told
    with Store(tmp_path) as store:
        assert store.moved_aside is None
        assert store.samples("r", "rapl").t_ns.size == int(written)


def test_a_store_that_may_not_be_written_says_so(store, plan):
    store._database._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"may not be written to\. Change its permissions"):
        store.begin_run("r", plan, Environment(), STARTED, 0)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind the administrator")
def test_a_folder_without_permission_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="GREENBENCH_HOME"):
        Store(tmp_path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="GREENBENCH_HOME"):
        Store(tmp_path / "file" / "home")


def test_a_folder_in_place_of_the_file_says_so(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match=r"cannot be opened\. Check the folder"):
        Store(tmp_path)


def test_another_program_that_holds_the_file_is_named_as_the_reason(store, plan, monkeypatch):
    store._database._writer.execute("PRAGMA busy_timeout = 0")
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by another program"):
        store.begin_run("r", plan, Environment(), STARTED, 0)
    holder.execute("ROLLBACK")
    holder.close()
    store.begin_run("r", plan, Environment(), STARTED, 0)
