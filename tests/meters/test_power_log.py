"""Logs as meters write them: columns are found by name or given, units and clocks are understood, and what is not clear is asked for."""

from datetime import UTC, datetime

import numpy as np
import pytest

from greenbench.core.errors import FileFormatError
from greenbench.meters.power_log import Columns, read_log

START = datetime(2026, 11, 30, 20, 10, tzinfo=UTC).timestamp()


@pytest.fixture
def log(tmp_path):
    def read(text, **columns):
        path = tmp_path / "log.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_log(path, Columns(**columns))

    return read


def test_iso_times_with_a_zone_are_wall_clock(log):
    found = log("time,power_w\n2026-11-30T21:10:00+01:00,60.5\n2026-11-30T21:10:01+01:00,61\n2026-11-30T21:10:02.5+01:00,62\n")
    assert (found.wall, found.counting, found.start_s) == (True, False, START)
    assert found.t_s.tolist() == [0.0, 1.0, 2.5]
    assert found.value.tolist() == [60.5, 61.0, 62.0]


def test_times_without_a_zone_are_this_machines_and_that_is_said(log):
    found = log("Timestamp,Watts\n2026-11-30 20:10:00,1\n2026-11-30 20:10:01,2\n2026/11/30 20:10:02,3\n")
    assert found.start_s == datetime(2026, 11, 30, 20, 10).timestamp()
    assert "this machine's time zone" in found.notes[0]


@pytest.mark.parametrize("factor", [1, 1e3, 1e6, 1e9])
def test_seconds_since_1970_are_known_by_their_size_down_to_nanoseconds(log, factor):
    rows = "".join(f"{round((START + i) * factor)},{60 + i}\n" for i in range(4))
    found = log("epoch,power\n" + rows)
    assert found.wall
    assert found.start_s == pytest.approx(START, abs=1e-6)
    assert found.t_s.tolist() == pytest.approx([0, 1, 2, 3], abs=1e-3)


def test_a_log_that_counts_its_own_seconds_has_no_wall_clock(log):
    found = log("t,P\n0.5,60\n1.5,61\n2.5,62\n")
    assert (found.wall, found.start_s) == (False, 0.0)
    assert found.t_s.tolist() == [0.5, 1.5, 2.5]
    assert log("elapsed ms,P\n500,60\n1500,61\n2500,62\n").t_s.tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize(
    ("header", "watts"),
    [("power [mW]", 0.06), ("P (kW)", 60_000.0), ("power_kw", 60_000.0), ("Active Power, W", 60.0), ("apower", 60.0), ("Watts", 60.0)],
)
def test_the_unit_of_a_power_stands_in_its_name(log, header, watts):
    found = log(f"t;{header}\n0;60\n1;60\n2;60\n")
    assert found.value[0] == pytest.approx(watts)
    assert not found.counting


@pytest.mark.parametrize(("header", "joules"), [("energy [Wh]", 3600.0), ("total_kwh", 3.6e6), ("E_J", 1.0), ("Wh", 3600.0)])
def test_a_counter_gives_joules(log, header, joules):
    found = log(f"t,{header}\n0,10\n1,11\n2,13\n", value=header)
    assert found.counting
    assert found.energy_j.tolist() == pytest.approx([0.0, joules, 3 * joules])


def test_a_power_is_preferred_to_a_counter_beside_it(log):
    found = log("time,voltage,current,power,energy_kwh\n0,230,0.2,46,1.1\n1,230,0.3,69,1.1\n2,230,0.2,46,1.1\n")
    assert found.value.tolist() == [46, 69, 46]


def test_columns_and_unit_can_be_named(log):
    text = "zeit,leistung,andere\n0,60000,1\n1,61000,1\n2,60000,1\n"
    with pytest.raises(FileFormatError, match="zeit, leistung, andere"):
        log(text)
    assert log(text, time="Zeit", value="leistung", unit="mW").value.tolist() == [60, 61, 60]
    with pytest.raises(FileFormatError, match='no column "leer"'):
        log(text, time="zeit", value="leer")
    with pytest.raises(FileFormatError, match="no unit"):
        log(text, time="zeit", value="leistung", unit="PS")


def test_two_columns_without_names_are_time_and_watts(log):
    found = log("0,60\n1,61\n2,62\n3,63\n")
    assert found.value.tolist() == [60, 61, 62, 63]


def test_date_and_time_in_two_columns_are_one_moment(log):
    found = log("Date,Time,Power\n2026-11-30,23:59:59,1\n2026-12-01,00:00:00,2\n2026-12-01,00:00:01,3\n")
    assert found.t_s.tolist() == [0, 1, 2]


def test_comments_a_preamble_a_byte_order_mark_and_decimal_commas_are_passed_over(log):
    text = "\ufeff# exported\nYokogawa WT310;C2QG\nStore No.;Time;P-E1 [W]\n1;0,0;60,5\n2;0,1;61,5\n3;0,2;-----\n4;0,3;62,5\n"
    found = log(text)
    assert found.value.tolist() == [60.5, 61.5, 62.5]
    assert found.t_s.tolist() == pytest.approx([0.0, 0.1, 0.3])
    assert "1 of 4 rows" in found.notes[1]


def test_how_often_it_has_a_new_value_is_seen_through_repeats(log):
    rows = "".join(f"{i / 10},{60 + i // 10}\n" for i in range(200))
    assert log("t,P\n" + rows).refresh_s == pytest.approx(1.0)


def test_energy_of_watts_is_the_area_under_the_lines(log):
    found = log("t,P\n0,0\n1,10\n3,10\n4,0\n")
    assert found.energy_j.tolist() == [0, 5, 25, 30]
    assert np.all(np.diff(found.energy_j) >= 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("power\n1\n2\n", "one column"),
        ("t,P\n0,a\n1,b\n2,c\n", "fewer than three"),
        ("time,power\n0,1\n2,2\n1,3\n", "goes back"),
        ("time,power\nnoon,1\ntea,2\nsupper,3\n", "no time that can be read"),
        ("t,energy\n0,1\n1,2\n2,3\n", "--unit"),
        (b"\x00\x01\x02\xff\xfe", "column"),
    ],
)
def test_what_cannot_be_read_is_said(log, text, words):
    with pytest.raises(FileFormatError, match=words):
        log(text)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_log(tmp_path / "nothing.csv")


@pytest.mark.parametrize(("title", "watts"), [("W", 60.0), ("[kW]", 60_000.0)])
def test_a_lone_column_named_by_its_unit_is_the_power(tmp_path, title, watts):
    path = tmp_path / "log.csv"
    path.write_text(f"time,{title},V\n" + "".join(f"{1_790_000_000 + i},60.0,230\n" for i in range(5)))
    log = read_log(path)
    assert log.value.tolist() == [watts] * 5


def test_a_lone_counter_named_by_its_unit_counts(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,kWh\n" + "".join(f"{1_790_000_000 + i},{i}\n" for i in range(5)))
    assert read_log(path).counting


def test_of_two_columns_named_by_units_nobody_knows_which(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,W,kW\n" + "".join(f"{1_790_000_000 + i},60,0.06\n" for i in range(5)))
    with pytest.raises(FileFormatError, match="clearly the power"):
        read_log(path)
