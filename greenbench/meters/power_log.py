"""Reading the CSV log of any power meter: which column is the time, which the power, and in which units they are.

time      ISO 8601 (2026-11-30T20:10:00+01:00; without a zone: this machine's), seconds, milli-, micro- or nanoseconds since 1970, or
          seconds that the log counts itself
value     W, mW, kW; or a counter in J, Wh, kWh
"""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import FileFormatError

WATTS = {"W": 1.0, "mW": 1e-3, "kW": 1e3}
JOULES = {"J": 1.0, "kJ": 1e3, "Wh": 3600.0, "kWh": 3.6e6, "mWh": 3.6}
_TIME = re.compile(r"^(time|timestamp|date ?time|date|epoch|unix|utc|elapsed|seconds?|secs?|t)\b", re.IGNORECASE)
_POWER = re.compile(r"(^|\b|_)(active power|apower|power|watts?|p)(\b|_)", re.IGNORECASE)
_ENERGY = re.compile(r"(^|\b|_)(energy|total|wh|kwh)(\b|_)", re.IGNORECASE)
_UNIT = re.compile(r"(?:^|[\s\[(_,/])(kWh|mWh|Wh|kJ|J|kW|mW|W)(?:$|[\s\])_,])", re.IGNORECASE)
_MOST_BYTES = 1 << 30
_HEAD_BYTES = 1 << 16
_LONE_UNIT = re.compile(r"^[\s\[(]*(kWh|mWh|Wh|kJ|J|kW|mW|W)[\s\])]*$", re.IGNORECASE)
_ENOUGH = 8  # changes of a value that show a beat
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e8, 1.0))  # the least number that is so, and its seconds


@dataclass(frozen=True)
class Columns:
    """Which columns a user named, and their unit; "" where they shall be found by name."""

    time: str = ""
    value: str = ""
    unit: str = ""


@dataclass(frozen=True)
class PowerLog:
    """A log. `t_s` counts from `start_s`, which is seconds since 1970 if the log has a `wall` clock, else 0. `value` is W, or cumulative
    J where it is `counting`. `notes` say what was taken for what."""

    name: str
    digest: str
    start_s: float
    t_s: NDArray[np.float64]
    value: NDArray[np.float64]
    counting: bool
    wall: bool
    notes: tuple[str, ...]

    @property
    def refresh_s(self) -> float:
        """How often the log has a new value: from row to row, or from change to change where rows repeat a value in a steady beat."""
        rows_s = float(np.median(np.diff(self.t_s))) or 1.0
        changes = np.diff(self.t_s[np.flatnonzero(np.diff(self.value) != 0) + 1])
        if changes.size < _ENOUGH:
            return rows_s
        low_s, middle_s, high_s = np.quantile(changes, (0.25, 0.5, 0.75))
        return float(middle_s) if high_s <= 1.5 * low_s else rows_s

    @property
    def energy_j(self) -> NDArray[np.float64]:
        """Cumulative joules at each time, from the first."""
        if self.counting:
            gained: NDArray[np.float64] = self.value - self.value[0]
            return gained
        steps = (self.value[1:] + self.value[:-1]) / 2 * np.diff(self.t_s)
        total: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(steps)])
        return total


def read_log(path: Path, columns: Columns = Columns()) -> PowerLog:
    """The log in a CSV file.

    Raises:
        FileFormatError: it cannot be read, a column is not there or not found, a unit is not known, or its time goes back.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileFormatError(f'The log "{path}" is larger than 1 GiB.', "Cut out the hours of the run.")
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    rows, decimal_comma = _rows(raw.decode("utf-8-sig", errors="replace"), path)
    header, body = _split(rows, path)
    time_at, date_at, value_at = _places(header, columns, path)
    unit, note = _unit(header[value_at], columns.unit, path)
    counting = unit in JOULES
    scale = JOULES[unit] if counting else WATTS[unit]
    stamps, values = _values(body, (time_at, date_at, value_at), decimal_comma)
    if len(values) < 3:
        raise FileFormatError(f'The log "{path}" has fewer than three rows with a time and a number.', _remedy(header))
    start_s, t_s, wall, words = _seconds(stamps, header[time_at], path)
    left_out = len(body) - len(values)
    notes = [f'"{header[value_at]}" is taken as {unit}{note}, "{header[time_at]}" as {words}.']
    notes += [f"{left_out} of {len(body)} rows have no number and are left out."] if left_out else []
    return PowerLog(path.name, hashlib.sha256(raw).hexdigest(), start_s, t_s, np.array(values) * scale, counting, wall, tuple(notes))


def columns_of(path: Path) -> tuple[str, ...]:
    """The names of a log's columns, from its beginning; "column 1" and so on where it names none.

    Raises:
        FileFormatError: it cannot be read, or is no table.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from None
    text = head.decode("utf-8-sig", errors="replace")
    return tuple(_split(_rows(text.rpartition("\n")[0] if len(head) == _HEAD_BYTES else text, path)[0], path)[0])


def _unreadable(path: Path, error: OSError) -> FileFormatError:
    return FileFormatError(f'The log "{path}" cannot be read: {(error.strerror or str(error)).lower()}.', "Check the path.")


def _rows(text: str, path: Path) -> tuple[list[list[str]], bool]:
    """The cells of all rows that are no comments, and whether numbers have a decimal comma."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise FileFormatError(f'The log "{path}" is empty.', "Give a CSV file with a column of times and one of watts.")
    middle = lines[len(lines) // 2]
    separator = max(";\t,", key=middle.count)
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)], separator != ","


def _split(rows: list[list[str]], path: Path) -> tuple[list[str], list[list[str]]]:
    """The names of the columns and the rows below; what a meter writes above them is passed over."""
    width = len(rows[-1])
    if width < 2:
        raise FileFormatError(f'The log "{path}" has one column only.', "It needs a time and a power in each row, divided by commas.")
    for number, row in enumerate(rows):
        if len(row) == width:
            if not any(re.match(r"[-+.]?\d", cell) for cell in row):
                return row, [other for other in rows[number + 1 :] if len(other) == width]
            return [f"column {place + 1}" for place in range(width)], [other for other in rows[number:] if len(other) == width]
    return rows[0], rows[1:]


def _places(header: Sequence[str], columns: Columns, path: Path) -> tuple[int, int | None, int]:
    """Where the time, its date if that stands apart, and the value are."""
    unnamed = header[0] == "column 1"
    time_at = _named(header, columns.time, path) if columns.time else 0 if unnamed else _first(header, _TIME)
    if columns.value:
        value_at: int | None = _named(header, columns.value, path)
    elif unnamed and len(header) == 2:
        value_at = 1
    else:
        value_at = _first(header, _POWER, energy=False)
        value_at = _first(header, _ENERGY) if value_at is None else value_at
        value_at = _lone_unit(header) if value_at is None else value_at
    if time_at is None or value_at is None or time_at == value_at:
        missing = "time" if time_at is None else "power"
        raise FileFormatError(f'The log "{path}" has no column that is clearly the {missing}.', _remedy(header))
    date_at = None
    if header[time_at].lower() == "date":
        clock = next((place for place, name in enumerate(header) if name.lower() == "time"), None)
        if clock is not None:
            time_at, date_at = clock, time_at
    return time_at, date_at, value_at


def _named(header: Sequence[str], name: str, path: Path) -> int:
    for place, title in enumerate(header):
        if title.lower() == name.strip().lower():
            return place
    raise FileFormatError(f'The log "{path}" has no column "{name}".', _remedy(header))


def _first(header: Sequence[str], pattern: re.Pattern[str], energy: bool = True) -> int | None:
    found = (place for place, name in enumerate(header) if pattern.search(name.replace("_", " ")))
    return next((place for place in found if energy or _unit_in(header[place]) not in JOULES), None)


def _lone_unit(header: Sequence[str]) -> int | None:
    """The one column that is called by a unit alone: "W", "[kWh]". Of several nobody knows which."""
    found = [place for place, name in enumerate(header) if _LONE_UNIT.match(name)]
    return found[0] if len(found) == 1 else None


def _unit_in(name: str) -> str:
    found = _UNIT.search(name)
    if not found:
        return ""
    exact = next((unit for unit in (*WATTS, *JOULES) if unit == found[1]), "")
    return exact or next((unit for unit in (*WATTS, *JOULES) if unit.lower() == found[1].lower()), "")


def _unit(name: str, given: str, path: Path) -> tuple[str, str]:
    known = {unit.lower(): unit for unit in (*WATTS, *JOULES)}
    if given:
        if given.strip().lower() not in known:
            raise FileFormatError(f'"{given}" is no unit of power or energy.', f"Choose one of: {', '.join(known.values())}.")
        return known[given.strip().lower()], ""
    found = _unit_in(name)
    if found:
        return found, ""
    if _ENERGY.search(name.replace("_", " ")) and not _POWER.search(name.replace("_", " ")):
        raise FileFormatError(f'The unit of "{name}" in "{path}" is not known.', "Give it (--unit Wh).")
    return "W", " (its name has no unit)"


def _values(body: list[list[str]], places: tuple[int, int | None, int], decimal_comma: bool) -> tuple[list[str], list[float]]:
    time_at, date_at, value_at = places
    stamps, values = [], []
    for row in body:
        cell = row[value_at].replace(",", ".") if decimal_comma else row[value_at]
        try:
            value = float(cell)
        except ValueError:
            continue
        if not np.isfinite(value) or not row[time_at]:
            continue
        time = row[time_at].replace(",", ".") if decimal_comma else row[time_at]
        stamps.append(time if date_at is None else f"{row[date_at]} {time}")
        values.append(value)
    return stamps, values


def _seconds(stamps: list[str], name: str, path: Path) -> tuple[float, NDArray[np.float64], bool, str]:
    """Start and seconds since, whether the clock is the wall's, and in words what the stamps were taken for."""
    try:
        numbers = [float(stamp) for stamp in stamps]
    except ValueError:
        return _dated(stamps, path)
    factor = next((factor for least, factor in _EPOCHS if numbers[0] >= least), None)
    wall = factor is not None
    if factor is None:
        factor = 1e-3 if re.search(r"\b(ms|msec|milliseconds?)\b", name.replace("_", " "), re.IGNORECASE) else 1.0
    start = numbers[0] if wall else 0.0
    t_s = (np.array(numbers) - start) * factor
    unit = {1e-9: "nanoseconds", 1e-6: "microseconds", 1e-3: "milliseconds"}.get(factor, "seconds")
    _check_order(t_s, stamps, path)
    return start * factor, t_s, wall, f"{unit} since 1970" if wall else f"{unit} of the log's own clock"


def _dated(stamps: list[str], path: Path) -> tuple[float, NDArray[np.float64], bool, str]:
    try:
        moments = [datetime.fromisoformat(stamp.replace("/", "-")) for stamp in stamps]
    except ValueError:
        bad = next(stamp for stamp in stamps if not _is_date(stamp))
        raise FileFormatError(
            f'"{bad}" in "{path}" is no time that can be read.', "Write times as 2026-11-30T20:10:00+01:00, or as seconds since 1970."
        ) from None
    seconds = [moment.timestamp() for moment in moments]  # without a zone: this machine's local time
    t_s = np.array([second - seconds[0] for second in seconds])
    _check_order(t_s, stamps, path)
    return seconds[0], t_s, True, "date and time" + ("" if moments[0].tzinfo else " in this machine's time zone")


def _is_date(stamp: str) -> bool:
    try:
        datetime.fromisoformat(stamp.replace("/", "-"))
    except ValueError:
        return False
    return True


def _check_order(t_s: NDArray[np.float64], stamps: list[str], path: Path) -> None:
    back = np.flatnonzero(np.diff(t_s) < 0)
    if back.size:
        raise FileFormatError(
            f'The time in "{path}" goes back from {stamps[int(back[0])]} to {stamps[int(back[0]) + 1]}.',
            "Was the clock set, or did summer time end? Cut the log there.",
        )


def _remedy(header: Sequence[str]) -> str:
    return f"Its columns: {', '.join(header)}. Name the right ones (--time, --power), and the unit (--unit)."
