"""A kept calibration reaches the results of a real run: the wall's joules are its line over the counters of the timed blocks."""

import platform
from pathlib import Path

import pytest

from greenbench.core import messages
from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Provenance
from greenbench.core.metrics import WALL
from greenbench.core.run import RunState
from greenbench.engine.audit import audit
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.environment import cpu_name
from greenbench.engine.runner import LocalRunner
from greenbench.meters.pairing import parts

RECORDING = Path(__file__).parents[1] / "recordings" / "made-server.jsonl"


@pytest.fixture
def runner(tmp_path):
    made = LocalRunner(tmp_path / "home", ["--replay", str(RECORDING)])
    made.open()
    assert made.wait_for_meter()
    yield made
    made.close()


def test_the_wall_is_estimated_beside_what_was_measured_and_audited(runner, brief_plan, until):
    counters = tuple(channel.key for channel in parts(runner.ledger.channels))
    line = Calibration(
        external="plug", external_title="Plug", counters=counters, offset_w=20.0, offset_error_w=0.3, gain=1.15, gain_error=0.005,
        covariance=-0.001, degrees=7, n=9, windows=63, residual_w=0.2, correlation=0.9999, low_w=1.0, high_w=2000.0,
        date="2026-01-01T12:00:00+00:00", cpu=cpu_name(), hostname=platform.node(), recorded=True,
    )  # fmt: skip
    CalibrationBook(runner.home).keep(line)
    run_id = runner.start(brief_plan())
    result = until(runner, messages.ResultsReady)[-1].result
    assert result.state is RunState.FINISHED
    assert result.calibration == line
    for variant in result.variants:
        at_wall = [(20.0 * (b.t1_ns - b.t0_ns) / 1e9 + 1.15 * b.energy_j) / b.calls for b in variant.blocks]
        estimate = variant.metrics[WALL]
        assert estimate.value == pytest.approx(sum(at_wall) / len(at_wall), rel=1e-6)
        assert estimate.provenance is Provenance.MODELLED
        assert variant.metrics["energy_per_inference"].provenance is Provenance.COUNTER
        assert WALL not in variant.against or variant.letter == "A"
    found = audit(runner.store, run_id, "", WALL)
    made_again = [number for variant in found.variants for number in variant.numbers if number.key == WALL]
    assert len(made_again) == len(result.variants)
    assert all(number.agrees for number in made_again), made_again
