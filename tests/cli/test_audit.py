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
    told = (tmp_path / "raw" / "README.txt").read_text()
    assert "throughput          examples of a block / the sum of the durations of its calls" in told
    assert 't = 0 is the moment that is printed as "started"' in told


def test_an_unknown_run_or_metric_is_bad_input(kept, capsys):
    assert main(["audit", "beef"]) == BAD_INPUT
    assert main(["audit", "feed01", "--metric", "beauty"]) == BAD_INPUT
    assert 'There is no metric "beauty"' in capsys.readouterr().err


@pytest.fixture
def timed(home):
    """A run of one block of a thousand calls."""
    from greenbench.engine.raw_data import digest
    from greenbench.engine.results import ARITHMETIC

    plan, started = Plan(title="One block", nodes=()), "2026-11-22T12:00:00+01:00"
    with Store(home) as store:
        store.begin_run("feed02", plan, Environment(), started, 0)
        window = Window(kind=WindowKind.BLOCK, label="A 0", t0_ns=0, t1_ns=S, node="bench", variant="A", block=0, calls=1000)
        store.add_window("feed02", window, [0.001 + 1e-9 * i for i in range(1000)])
        result = RunResult(
            run_id="feed02", title=plan.title, state=RunState.FINISHED, started=started, plan=plan,
            raw_digest=digest(store, "feed02", 0), arithmetic=ARITHMETIC,
        )  # fmt: skip
        store.finish_run("feed02", RunState.FINISHED, result)
    return result


def flip(home, place):
    """Flips one bit in the blob of the block's calls."""
    with Store(home) as store, store._database.writing() as connection:
        ((blob,),) = connection.execute("SELECT latencies FROM window WHERE latencies IS NOT NULL").fetchall()
        changed = bytearray(blob)
        changed[place] ^= 4
        connection.execute("UPDATE window SET latencies = ? WHERE latencies IS NOT NULL", (bytes(changed),))


@pytest.mark.parametrize("place", [0, 1, 60, -5])
def test_one_flipped_bit_in_a_blocks_calls_is_a_disagreement_and_no_crash(timed, home, capsys, place):
    flip(home, place)
    assert main(["audit", "feed02"]) == 1
    out = capsys.readouterr().out
    assert "≠ raw data cannot be read back whole" in out
    assert "≠ feed02/A/block 1: its call times are damaged" in out
    assert main(["report", "feed02", "--output", str(home / "r.json")]) == 0
    assert "cannot be read back whole" in capsys.readouterr().err
    assert main(["audit", "feed02", "--out", str(home / "raw")]) == BAD_INPUT
    assert "block 1 of A in run feed02 are damaged" in capsys.readouterr().err


def test_a_report_of_changed_samples_is_written_and_says_so(kept, home, tmp_path, capsys):
    assert main(["report", "feed01", "--output", str(tmp_path / "r.json")]) == 0
    assert capsys.readouterr().err == ""
    with Store(home) as store, store._database.writing() as connection:
        connection.execute("UPDATE sample SET power_w = 4.0 WHERE t_ns = 0")
    assert main(["report", "feed01", "--output", str(tmp_path / "r.json")]) == 0
    assert "The raw data in the store is not what the printed digest stands for" in capsys.readouterr().err
    assert '"digest"' in (tmp_path / "r.json").read_text()


@pytest.mark.parametrize("command", [["doctor", "feed01"], ["ledger", "feed01"], ["compare", "feed01", "feed01"]])
def test_every_command_that_prints_past_numbers_doubts_changed_samples(kept, home, capsys, command):
    main(command)
    assert capsys.readouterr().err == ""
    with Store(home) as store, store._database.writing() as connection:
        connection.execute("UPDATE sample SET power_w = 4.0 WHERE t_ns = 0")
    assert main(command) == 0
    assert "Warning: The raw data in the store is not what the printed digest stands for" in capsys.readouterr().err


def test_a_history_that_was_damaged_is_told_of_by_every_command_that_opens_it(home, capsys):
    commands = (["list", "runs"], ["audit", "feed01"], ["report", "feed01", "--output", "r.pdf"], ["ledger", "feed01"],
                ["doctor", "feed01"], ["look", "feed01", "--variant", "A"], ["compare", "a", "b"], ["join", "feed01", "--log", "x.csv"],
                ["export", "feed01", "--variant", "A", "--format", "onnx"])  # fmt: skip
    for command in commands:
        home.mkdir(exist_ok=True)
        (home / "greenbench.sqlite").write_bytes(b"this is not a database")
        main(command)
        said = capsys.readouterr().err
        assert "The history was damaged. It was moved to" in said, command
        assert "greenbench-damaged-" in said
