"""`greenbench join` prints the joules by a log beside the run's own, how its clock was brought over, and what to do where it cannot be."""

import json
import re
from datetime import datetime

import numpy as np
import pytest

from greenbench.cli.app import main
from greenbench.core.measurement import Measurement, Provenance, Window, WindowKind
from greenbench.core.run import QUICK, Block, Environment, NodeState, Plan, RunResult, RunState, VariantResult
from greenbench.store import Store

S = 1_000_000_000
STARTED = "2026-11-30T20:10:00.000+00:00"
LENGTHS = (7.3, 11.1, 5.2, 16.4, 9.1, 6.3)  # busy, idle, busy, …


@pytest.fixture
def run_and_log(tmp_path, monkeypatch):
    """A run of three blocks at 50 W with pauses at 10 W between, and the log of a plug whose clock is 2 s behind."""
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    windows, blocks, now_s = [], [], 0.0
    for number, length in enumerate(LENGTHS):
        times = {"t0_ns": round(now_s * S) + S, "t1_ns": round((now_s + length) * S) + S}
        kind = WindowKind.IDLE if number % 2 else WindowKind.BLOCK
        windows.append(Window(kind=kind, label="w", node="b", variant="" if number % 2 else "A", block=number, calls=10, **times))
        if kind is WindowKind.BLOCK:
            blocks.append(Block(index=number, calls=10, median_s=0.1, **times))
        now_s += length
    own = {"energy_per_inference": Measurement(value=20.0, unit="J", provenance=Provenance.MODELLED)}
    variant = VariantResult(letter="A", node="a", name="LeNet [5]", state=NodeState.DONE, blocks=tuple(blocks), metrics=own)
    result = RunResult(
        run_id="abcdef", title="T", state=RunState.FINISHED, started=STARTED, started_ns=S, seconds=now_s,
        plan=Plan(title="T", nodes=(), protocol=QUICK), variants=(variant,),
    )  # fmt: skip
    with Store(tmp_path) as store:
        store.begin_run("abcdef", result.plan, Environment(), STARTED, S)
        for window in windows:
            store.add_window("abcdef", window)
        store.finish_run("abcdef", RunState.FINISHED, result, "")
    ends = np.cumsum(LENGTHS)
    times = np.arange(-5.0, now_s + 8.0, 0.5)
    place = np.searchsorted(ends, times, "right")
    watts = np.where((place % 2 == 0) & (times >= 0) & (place < len(LENGTHS)), 50.0, 10.0)
    zero_s = datetime.fromisoformat(STARTED).timestamp() - 2.0
    path = tmp_path / "plug.csv"
    path.write_text("epoch,power_w\n" + "".join(f"{zero_s + t:.1f},{w}\n" for t, w in zip(times, watts, strict=True)))
    return path


def test_the_joules_by_the_log_stand_beside_the_runs_own(run_and_log, capsys, tmp_path):
    assert main(["join", "abc", "--log", str(run_and_log), "--title", "Desk plug", "--within", "10"]) == 0
    said = capsys.readouterr().out
    moved = re.search(r"Desk plug: its times were moved by \+(\d\.\d\d) s ± (\d\.\d\d) s", said)
    assert float(moved[1]) == pytest.approx(2.0, abs=float(moved[2]))
    assert "found against when the run was busy" in said
    assert "LeNet [5]" in said
    assert "≈ 20.0" in said
    assert "Kept with run abcdef" in said
    with Store(tmp_path) as store:
        assert store.result("abc").joined[0].title == "Desk plug"


def test_json_gives_every_window_without_the_raw_readings(run_and_log, capsys):
    assert main(["join", "abcdef", "--log", str(run_and_log), "--offset", "2", "--json"]) == 0
    joined = json.loads(capsys.readouterr().out)
    assert [round(window["energy"]["value"]) for window in joined["windows"]] == pytest.approx(
        [365, 111, 260, 164, 455, 63], abs=20
    )  # half a reading at a step of 40 W, at both ends
    assert "power_w" not in joined
    assert joined["per_inference"]["A"]["value"] == pytest.approx((365 + 260 + 455) / 30, abs=1)


def test_what_cannot_be_joined_is_said_with_exit_code_2(run_and_log, capsys):
    assert main(["join", "nothing", "--log", str(run_and_log)]) == 2
    assert main(["join", "abcdef", "--log", str(run_and_log), "--power", "leistung"]) == 2
    assert "epoch, power_w" in capsys.readouterr().err
