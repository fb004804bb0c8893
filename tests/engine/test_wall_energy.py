"""Energy at the wall is the calibration's line over the counters, marked as an estimate, and there only where nothing better is."""

import platform

import pytest

from greenbench.analysis.calibration import system_estimate
from greenbench.core import messages
from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Channel, Domain, Measurement, Provenance, Sample, Window, WindowKind
from greenbench.core.metrics import WALL
from greenbench.core.run import Plan, PlannedNode, Protocol, RunState, Source
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.environment import cpu_name
from greenbench.engine.recorder import Recorder
from greenbench.engine.results import assemble
from greenbench.engine.results.wall import wall_energy_again, with_wall_energy
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000
START, WATTS, CALLS = 100 * S, 20.0, 100
PACKAGE = Channel(
    key="package", title="Package", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="package", refresh_s=0.001, error=0.02
)
PLUG = Channel(key="plug", title="Plug", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, covers="wall", refresh_s=1.0)
CALIBRATION = Calibration(
    external="plug", external_title="Plug", counters=("package",), offset_w=12.0, offset_error_w=0.2, gain=1.25, gain_error=0.01,
    covariance=-0.001, degrees=7, n=9, windows=63, residual_w=0.1, correlation=0.999, low_w=8.0, high_w=40.0,
    date="2026-01-01T12:00:00+00:00", cpu=cpu_name(), hostname=platform.node(),
)  # fmt: skip


class NoStore:
    """A store that keeps nothing."""

    def __getattr__(self, name):
        return lambda *arguments: None


def plan(block_s):
    protocol = Protocol(name="quick", idle_s=2, warm_up_s=1, block_s=block_s, min_blocks=3, max_blocks=6, target=0.05)
    model = PlannedNode(id="a", step="train", version=1, title="A", params={}, digest="a")
    bench = PlannedNode(
        id="bench", step="benchmark", version=1, title="Bench", params={"region": "WORLD", "pue": 1.0},
        inputs={"models": (Source(node="a", output="model"), Source(node="a", output="model"))}, digest="bench",
    )  # fmt: skip
    return Plan(title="Test", nodes=(model, bench), protocol=protocol)


def run(channels=(PACKAGE,), watts=WATTS, block_s=1, hole=False):
    """Three blocks of two equal variants with a package of known watts, and a plug beside it if it is among the channels."""
    ledger = EnergyLedger(channels)
    ledger.begin_run(block_s)
    recorder = Recorder("run", plan(block_s), NoStore(), ledger, lambda text: None)
    recorder.on_event(messages.RunStarted(run_id="run", t_ns=START, plan=plan(block_s)))
    for letter, name in (("A", "One"), ("B", "Two")):
        recorder.on_event(
            messages.VariantReady(
                node="bench",
                variant=letter,
                source="a",
                name=name,
                runtime="onnxruntime",
                precision="fp32",
                batch=1,
                threads=1,
                size_bytes=1000,
                parameters=100,
                nonzero_parameters=50,
            )
        )
    now = START
    for number in range(3):
        for letter in "AB":
            end = now + block_s * S
            window = Window(
                kind=WindowKind.BLOCK, label=letter, t0_ns=now, t1_ns=end, node="bench", variant=letter, block=number, calls=CALLS
            )
            recorder.on_event(messages.WindowClosed(window=window, latencies_s=(block_s / CALLS,) * CALLS))
            now = end
    recorder.on_event(messages.RunFinished(run_id="run", state=RunState.FINISHED, t_ns=now))
    for tenth in range((now - START) // (S // 10) + 30):
        t_ns = START - S + tenth * S // 10
        gone = hole and START < t_ns < now
        reading = {"reason": "the counter is gone"} if gone else {"energy_j": watts * tenth / 10, "power_w": watts}
        ledger.add([Sample(channel="package", t_ns=t_ns, **reading)])
        if tenth % 10 == 0:
            ledger.add([Sample(channel="plug", t_ns=t_ns, power_w=12 + 1.25 * watts)])
    return recorder


def result(tmp_path, kept=CALIBRATION, **how):
    book, recorder = CalibrationBook(tmp_path), run(**how)
    if kept:
        book.keep(kept)
    return with_wall_energy(assemble(recorder, (), "2026-01-01T00:00:00+00:00"), recorder, book)


def wall(found, index=0):
    return found.variants[index].metrics[WALL]


def test_it_is_the_line_over_the_counters_for_one_example(tmp_path):
    found = result(tmp_path)
    joules = Measurement(value=WATTS, low=WATTS * 0.98, high=WATTS * 1.02, unit="J")
    expected = system_estimate(joules, 1.0, CALIBRATION)
    for index in (0, 1):
        estimate = wall(found, index)
        assert estimate.value == pytest.approx((12.0 + 1.25 * WATTS) / CALLS, rel=1e-6)
        assert estimate.high - estimate.value == pytest.approx(
            (expected.high - expected.value) / CALLS, rel=0.05
        )  # the ends of a block lie between readings
        assert (estimate.provenance, estimate.unit, estimate.n, estimate.reason) == (Provenance.MODELLED, "J", 3, "")
    assert found.calibration == CALIBRATION


def test_what_was_measured_is_not_touched_and_the_estimate_is_not_compared(tmp_path):
    found = result(tmp_path)
    for variant in found.variants:
        assert variant.metrics["energy_per_inference"].value == pytest.approx(WATTS / CALLS, rel=1e-6)
        assert variant.metrics["energy_per_inference"].provenance is Provenance.COUNTER
    assert WALL not in found.variants[1].against
    assert "energy_per_inference" in found.variants[1].against
    assert found.energy_provenance is Provenance.COUNTER


def test_without_a_calibration_there_is_a_reason_and_no_number(tmp_path):
    found = result(tmp_path, kept=None)
    assert wall(found).value is None
    assert "greenbench calibrate" in wall(found).reason
    assert found.calibration is None
    assert not [remark for remark in found.warnings if "alibrat" in remark.text], "nobody is told off for not having one"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hostname": "elsewhere"}, "another machine"),
        ({"counters": ("package", "board")}, "without board"),
        ({"recorded": True}, "recording"),
    ],
)
def test_one_that_does_not_fit_is_not_applied_and_that_is_told(tmp_path, change, says):
    found = result(tmp_path, kept=CALIBRATION.model_copy(update=change))
    assert wall(found).value is None
    assert says in wall(found).reason
    assert found.calibration is None
    assert any(says in remark.text and remark.kind == "limit" for remark in found.warnings)


def test_beyond_the_calibrated_loads_the_results_say_so(tmp_path):
    found = result(tmp_path, watts=90.0)
    assert wall(found).value == pytest.approx((12.0 + 1.25 * 90) / CALLS, rel=1e-6)
    assert "extrapolated" in wall(found).reason
    assert any("extrapolated" in remark.text for remark in found.warnings)


def test_a_quick_wall_meter_needs_no_estimate_and_a_slow_one_does(tmp_path):
    quick = PLUG.model_copy(update={"refresh_s": 0.01})
    found = result(tmp_path, channels=(PACKAGE, quick))
    assert wall(found).value is None
    assert "at the wall itself" in wall(found).reason
    slow = result(tmp_path, channels=(PACKAGE, PLUG))
    assert wall(slow).value == pytest.approx((12.0 + 1.25 * WATTS) / CALLS, rel=1e-6)
    long = result(tmp_path, channels=(PACKAGE, PLUG), block_s=100)
    assert wall(long).value is None


def test_a_hole_in_the_counters_stays_a_hole(tmp_path):
    found = result(tmp_path, hole=True)
    assert wall(found).value is None
    assert "Package" in wall(found).reason


def test_a_stored_run_is_estimated_again_with_its_own_calibration(tmp_path):
    """Whatever has been kept since: the numbers of a run stay the numbers of that run."""
    stored = result(tmp_path)
    recorder = run()
    again = wall_energy_again(assemble(recorder, (), stored.started), recorder, stored)
    assert wall(again) == wall(stored)
    assert again.calibration == stored.calibration
    without = result(tmp_path / "other", kept=None)
    again = wall_energy_again(assemble(recorder, (), stored.started), recorder, without)
    assert wall(again) == wall(without)
