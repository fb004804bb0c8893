"""The raw data that is taken away is whole, exact, and has the digest that was printed."""

import csv
import hashlib
import subprocess

import numpy as np
import pytest

from greenbench.core.errors import ReportError
from greenbench.engine.audit import audit, write_raw
from greenbench.engine.raw_data import RAW_FILES, _nanoseconds, digest, seconds


@pytest.fixture
def written(store, play, tmp_path):
    played = play(hole=(6.5, 7.0))
    files = write_raw(store, audit(store, played.run_id), tmp_path / "raw")
    return played, tmp_path / "raw", files


def test_the_printed_digest_is_that_of_the_four_files_one_after_the_other(written):
    played, folder, _ = written
    whole = b"".join((folder / name).read_bytes() for name in RAW_FILES)
    assert hashlib.sha256(whole).hexdigest() == played.result.raw_digest
    assert len(played.result.raw_digest) == 64


def test_sha256sum_accepts_the_list(written):
    _, folder, files = written
    assert {path.name for path in folder.iterdir()} == {path.name for path in files}
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_a_blocks_joules_can_be_summed_by_hand_from_the_tables(written):
    played, folder, _ = written
    with (folder / "samples.csv").open(newline="") as file:
        rows = [(float(r["t_s"]), float(r["energy_j"])) for r in csv.DictReader(file) if r["energy_j"]]
    with (folder / "windows.csv").open(newline="") as file:
        block = next(r for r in csv.DictReader(file) if r["kind"] == "block" and r["variant"] == "B" and r["block"] == "2")
    times, joules = zip(*rows, strict=True)
    ends = np.interp([float(block["t0_s"]), float(block["t1_s"])], times, joules)
    stored = next(b for b in played.result.variants[1].blocks if b.index == 2)
    assert ends[1] - ends[0] == pytest.approx(stored.energy_j, rel=1e-9)


def test_every_call_is_a_row_in_whole_nanoseconds(written):
    played, folder, _ = written
    with (folder / "latencies.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 100 + 3 * 150
    mine = [int(row["latency_ns"]) for row in rows if row["variant"] == "A" and row["block"] == "1"]
    assert np.median(mine) / 1e9 == played.result.variants[0].blocks[1].median_s


def test_no_reading_is_an_empty_cell_with_its_reason(written):
    _, folder, _ = written
    with (folder / "samples.csv").open(newline="") as file:
        gone = [row for row in csv.DictReader(file) if row["reason"]]
    assert len(gone) == 5
    assert {(row["power_w"], row["energy_j"], row["reason"]) for row in gone} == {("", "", "the counter is gone")}


def test_the_page_beside_it_names_digest_and_columns(written):
    played, folder, _ = written
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert played.result.raw_digest in text
    assert "The raw data is what the printed digest stands for." in text
    for column in ("channel", "t_s", "power_w", "energy_j", "reason", "latency_ns"):
        assert column in text


def test_seconds_are_exact_to_the_nanosecond():
    assert [seconds(t) for t in (0, 1, 12_000_000_345, -1_500_000_000)] == ["0.000000000", "0.000000001", "12.000000345", "-1.500000000"]


def test_durations_that_no_clock_counted_keep_their_bits():
    odd = np.array([1e-3 / 3, 2e-3])
    assert [float(text) / 1e9 for text in _nanoseconds(odd)] == pytest.approx(odd.tolist(), rel=1e-15)
    assert list(_nanoseconds(np.array([1e-3, 2.5e-6]))) == ["1000000", "2500"]


def test_two_runs_with_the_same_samples_at_other_moments_have_other_digests(store, play):
    first, second = play(run_id="aaaa"), play(run_id="bbbb")
    assert first.result.raw_digest == second.result.raw_digest  # the data alone counts, not the run's name
    with store._database.writing() as connection:
        connection.execute("UPDATE sample SET t_ns = t_ns + 1 WHERE channel = (SELECT max(number) FROM channel)")
    assert digest(store, "bbbb", second.recorder.started_ns) != first.result.raw_digest


def test_a_folder_that_cannot_be_made_is_told(store, play, tmp_path):
    played = play()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match="cannot be written"):
        write_raw(store, audit(store, played.run_id), tmp_path / "file" / "raw")
