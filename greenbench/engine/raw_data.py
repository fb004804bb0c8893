"""The raw data of a run as text that anyone can read, and the digest that ties a printed figure to it.

The four files below are the whole of what was measured; every number of a report is made from them. Their bytes are fixed by what the
store holds (exact decimals, rows in a fixed order), so the digest of a run can be made again from the store, or from the written files
with nothing but `cat samples.csv windows.csv latencies.csv variants.jsonl | sha256sum`.
"""

import csv
import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DamagedCallsError
from greenbench.core.measurement import Window
from greenbench.core.run import Remark, RunResult
from greenbench.store.store import Store

RAW_FILES = ("samples.csv", "windows.csv", "latencies.csv", "variants.jsonl")
_CHUNK = 20_000
_WINDOW = ("kind", "label", "node", "variant", "block", "t0_s", "t1_s", "calls", "batch")


def digest(store: Store, run_id: str, started_ns: int) -> str:
    """SHA-256 over the raw files of a run, one after the other, in hexadecimal; times count from `started_ns`.

    Raises:
        StoreError: the store cannot be read.
    """
    found = hashlib.sha256()
    for name in RAW_FILES:
        for chunk in raw_bytes(store, run_id, name, started_ns):
            found.update(chunk)
    return found.hexdigest()


def doubt(store: Store, result: RunResult) -> str:
    """In a sentence why the raw data in the store is not what a run's printed digest stands for; "" if it is, or there is no digest.

    Raises:
        StoreError: the store cannot be read.
    """
    if not result.raw_digest:
        return ""
    check = f"See what differs: greenbench audit {result.run_id}"
    try:
        found = digest(store, result.run_id, result.started_ns)
    except DamagedCallsError as error:
        return f"The raw data of this run cannot be read back whole. {error.message} {check}"
    if found == result.raw_digest:
        return ""
    both = f"its digest is now {found[:12]}…, printed is {result.raw_digest[:12]}…"
    return f"The raw data in the store is not what the printed digest stands for: {both} {check}"


def proved(store: Store, result: RunResult) -> RunResult:
    """The result for a report, held against the raw data: with `doubt` as its first warning where there is one.

    Raises:
        StoreError: the store cannot be read.
    """
    found = doubt(store, result)
    if not found:
        return result
    return result.model_copy(update={"warnings": (Remark(kind="warning", text=found, code="digest"), *result.warnings)})


def raw_bytes(store: Store, run_id: str, name: str, started_ns: int) -> Iterator[bytes]:
    """One of the raw files, in pieces.

    Raises:
        StoreError: the store cannot be read.
        KeyError: no such file.
    """
    make = {"samples.csv": _samples, "windows.csv": _windows, "latencies.csv": _latencies, "variants.jsonl": _words}[name]
    return (text.encode() for text in make(store, run_id, started_ns))


def _samples(store: Store, run_id: str, started_ns: int) -> Iterator[str]:
    yield "channel,t_s,power_w,energy_j,reason\n"
    for key in sorted(store.channels(run_id)):
        found = store.samples(run_id, key)
        rows = zip(found.t_ns.tolist(), found.power_w.tolist(), found.energy_j.tolist(), found.reasons, strict=True)
        named = ((key, seconds(t_ns - started_ns), _known(power), _known(energy), reason) for t_ns, power, energy, reason in rows)
        yield from _in_chunks(named)


def _windows(store: Store, run_id: str, started_ns: int) -> Iterator[str]:
    """What a later version adds to windows stands in the last column, so that the digests of older runs stay true."""
    yield ",".join((*_WINDOW, "more")) + "\n"
    yield from _in_chunks(_window_row(window, started_ns) for window in store.windows(run_id))


def _window_row(window: Window, started_ns: int) -> Sequence[Any]:
    told = window.model_dump(mode="json", exclude_defaults=True)
    more = {name: value for name, value in told.items() if name not in (*_WINDOW, "t0_ns", "t1_ns")}
    times = {"t0_s": seconds(window.t0_ns - started_ns), "t1_s": seconds(window.t1_ns - started_ns)}
    fixed = [times[name] if name in times else getattr(window, name) for name in _WINDOW]
    return [*fixed, json.dumps(more, sort_keys=True) if more else ""]


def _latencies(store: Store, run_id: str, started_ns: int) -> Iterator[str]:
    yield "node,variant,block,latency_ns\n"
    for window, durations_s in store.blocks(run_id):
        # Every call of a long run is a row: joining is many times faster than writing them one by one.
        before = _line((window.node, window.variant, window.block, "")).rstrip("\n")
        yield before + f"\n{before}".join(_nanoseconds(durations_s)) + "\n"


def _nanoseconds(durations_s: NDArray[np.float64]) -> Iterable[str]:
    """Durations as the clock counted them, in whole nanoseconds where they are such."""
    scaled = durations_s * 1e9
    whole = np.rint(scaled)
    if np.all(np.isfinite(scaled)) and np.array_equal(whole / 1e9, durations_s):
        return map(str, whole.astype(np.int64).tolist())
    return map(repr, scaled.tolist())


def _words(store: Store, run_id: str, started_ns: int) -> Iterator[str]:
    return (f"{line}\n" for line in store.words(run_id))


def seconds(t_ns: int) -> str:
    """Nanoseconds as exact seconds: "12.000000345"."""
    whole, rest = divmod(abs(t_ns), 10**9)
    return f"{'-' if t_ns < 0 else ''}{whole}.{rest:09d}"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _in_chunks(rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    while piece := list(itertools.islice(rows, _CHUNK)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(piece)
        yield text.getvalue()


def _line(row: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()
