"""`greenbench audit`: exit code, what it prints, and what it writes."""

import json

import pytest

from greenbench.cli.app import BAD_INPUT, main
from greenbench.core.measurement import Measurement, Provenance, Sample, Window, WindowKind
from greenbench.core.run import Environment, Plan, RunResult, RunState
from greenbench.store import Store

S = 10**9


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "home"


@pytest.fixture
def kept(home):
    """A run without variants, with a sample and an idle window, whose digest is right."""
    from greenbench.engine.raw_data import digest
    from greenbench.engine.results import ARITHMETIC

    plan = Plan(title="Nothing but idle", nodes=())
    with Store(home) as store:
        store.begin_run("feed01", plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
        store.add_samples("feed01", [Sample(channel="cpu", t_ns=t * S, power_w=5.0) for t in range(3)])
        store.add_window("feed01", Window(kind=WindowKind.IDLE, label="idle", t0_ns=0, t1_ns=S))
        result = RunResult(
            run_id="feed01", title=plan.title, state=RunState.FINISHED, started="2026-11-22T12:00:00+01:00", plan=plan,
            raw_digest=digest(store, "feed01", 0), arithmetic=ARITHMETIC,
        )  # fmt: skip
        store.finish_run("feed01", RunState.FINISHED, result)
    return result


def test_a_whole_run_ends_with_code_0_and_says_the_digest(kept, capsys):
    assert main(["audit", "feed"]) == 0
    out = capsys.readouterr().out
    assert f"= raw data {kept.raw_digest}, as printed" in out
    assert "0 disagree" in out


def test_a_tampered_one_ends_with_code_1_and_says_where(kept, home, capsys):
    with Store(home) as store, store._database.writing() as connection:
        connection.execute("UPDATE sample SET power_w = 4.0 WHERE t_ns = 0")
    assert main(["audit", "feed01"]) == 1
    assert "≠ The raw data is not what the printed digest stands for." in capsys.readouterr().out


def test_other_rules_are_told_and_end_with_code_0(kept, home, capsys):
    idle = Measurement(value=4.0, unit="W", provenance=Provenance.INTEGRATED)
    with Store(home) as store:
        store.finish_run("feed01", RunState.FINISHED, kept.model_copy(update={"arithmetic": 0, "idle_before": idle}))
    assert main(["audit", "feed01"]) == 0
    out = capsys.readouterr().out
    assert "another arithmetic (an older one, this is" in out
    assert "0 disagree; 1 differs by the rules" in out
    assert "≠ feed01/idle_before" in out


def test_json_is_the_whole_audit(kept, capsys):
    assert main(["audit", "feed01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["run_id"], told["digest_found"]) == ("feed01", kept.raw_digest)


def test_out_writes_the_raw_data(kept, tmp_path, capsys):
    assert main(["audit", "feed01", "--out", str(tmp_path / "raw")]) == 0
    assert (tmp_path / "raw" / "samples.csv").read_text().splitlines()[1] == "cpu,0.000000000,5.0,,"
    assert "Written: 11 files" in capsys.readouterr().out


def test_an_unknown_run_or_metric_is_bad_input(kept, capsys):
    assert main(["audit", "beef"]) == BAD_INPUT
    assert main(["audit", "feed01", "--metric", "beauty"]) == BAD_INPUT
    assert 'There is no metric "beauty"' in capsys.readouterr().err
