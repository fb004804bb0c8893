"""A real run over a recorded machine whose joules are known: from the meter process to the blocks and the results."""

from pathlib import Path

import pytest

from greenbench.cli import app
from greenbench.core import messages
from greenbench.core.document import dumps
from greenbench.core.measurement import Provenance, SourceState
from greenbench.core.run import Protocol, RunResult, RunState
from greenbench.engine.runner import LocalRunner

FOLDER = Path(__file__).parents[1] / "recordings"
NS = 1_000_000_000


@pytest.fixture
def recorded(tmp_path):
    """Starts a runner whose meter plays a recording."""
    runners = []

    def start(name):
        runner = LocalRunner(tmp_path / "home", ["--replay", str(FOLDER / f"{name}.jsonl")])
        runners.append(runner)
        runner.open()
        assert runner.wait_for_meter()
        return runner

    yield start
    for runner in runners:
        runner.close()


def test_blocks_have_the_joules_of_the_recorded_machine(machines, recorded, brief_plan, until):
    runner = recorded("made-server")
    runner.start(brief_plan())
    result = until(runner, messages.ResultsReady)[-1].result
    assert result.state is RunState.FINISHED
    start_ns = int(runner.ledger.watts("rapl:0")[0][0])
    assert [len(variant.blocks) for variant in result.variants] == [3, 3]
    for variant in result.variants:
        for block in variant.blocks:
            start_s, end_s = ((t_ns - start_ns) / NS for t_ns in (block.t0_ns, block.t1_ns))
            true_j = (machines.PACKAGE_W + machines.MEMORY_W) * (end_s - start_s) + machines.board_j(end_s) - machines.board_j(start_s)
            stated = runner.ledger.window(block.t0_ns, block.t1_ns)
            assert block.energy_j == pytest.approx(stated.energy_j)
            assert abs(block.energy_j - true_j) <= stated.half_width_j + 1e-4
        energy = variant.metrics["energy_per_inference"]
        each = [block.energy_j / block.calls for block in variant.blocks]
        assert energy.provenance is Provenance.COUNTER
        assert min(each) <= energy.value <= max(each)


def test_a_gap_in_the_recording_is_a_gap_in_the_results(machines, recorded, brief_plan, until):
    """The recorded counter is away for 2.5 s of every 10: what it touches has no number, all else has the right one."""
    runner = recorded("made-gap")
    run_id = runner.start(brief_plan())
    assert until(runner, messages.ResultsReady)[-1].result.state is RunState.FINISHED
    start_ns = int(runner.ledger.watts("rapl:0")[0][0])
    away = [(turn * machines.EVERY_S + machines.AWAY_S[0], turn * machines.EVERY_S + machines.AWAY_S[1] + 0.1) for turn in range(12)]
    touched = whole = 0
    for window in runner.store.windows(run_id):
        start_s, end_s = ((t_ns - start_ns) / NS for t_ns in (window.t0_ns, window.t1_ns))
        energy = runner.ledger.window(window.t0_ns, window.t1_ns)
        if any(start_s < back_s and end_s > gone_s for gone_s, back_s in away):
            touched += 1
            assert (energy.energy_j, energy.gap) == (None, True)
            assert energy.reason.startswith("CPU package, recorded: ")
        elif not any(start_s < back_s + 0.2 and end_s > gone_s - 0.2 for gone_s, back_s in away):
            whole += 1
            assert energy.energy_j == pytest.approx(25.0 * (end_s - start_s), rel=1e-3)
    assert touched
    assert whole


def test_a_run_from_the_command_line_over_a_recording_has_measured_numbers_and_says_whose(tiny, home, tmp_path, monkeypatch, capsys):
    brief = Protocol(name="quick", idle_s=0.3, warm_up_s=0.3, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)
    monkeypatch.setitem(app.PROTOCOLS, "quick", brief)
    file = tmp_path / "tiny.greenbench"
    file.write_text(dumps(tiny()))
    assert app.main(["run", str(file), "--replay", str(FOLDER / "made-server.jsonl"), "--json"]) == 0
    result = RunResult.model_validate_json(capsys.readouterr().out)
    assert result.energy_provenance.measured
    used = [source for source in result.sources if source.state is SourceState.IN_USE]
    assert used
    assert all(source.title.endswith(", recorded") for source in used)
    assert "made-server.jsonl, not this machine" in used[0].covers
