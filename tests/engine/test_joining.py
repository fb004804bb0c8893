"""A log of a meter outside is laid over a finished run: known watts give known joules, the planted clock error is found or refused."""

from datetime import datetime

import numpy as np
import pytest

from greenbench.core.errors import FileFormatError, MeterError
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.core.run import Block, Environment, NodeState, Plan, Protocol, RunResult, RunState, VariantResult
from greenbench.engine.joining import JoinOptions, join_log
from greenbench.meters.power_log import Columns
from greenbench.store import Store

S = 1_000_000_000
RECORDED = 5000 * S  # the monotonic moment of `STARTED`
ZERO = RECORDED + 2 * S  # the worker began two seconds later
STARTED = "2026-11-30T20:10:00.250+00:00"
PROTOCOL = Protocol(name="lab", idle_s=7, warm_up_s=3, block_s=10, min_blocks=3, max_blocks=3, target=0.01)
# What the run did: kind, variant, watts of its package, seconds.
COURSE = [
    (WindowKind.STEP, "", 48.0, 17.0),
    (WindowKind.IDLE, "", 8.0, 7.0),
    *((WindowKind.BLOCK, letter, {"A": 40.0, "B": 25.0}[letter], 10.0) for letter in "ABBAAB"),
    (WindowKind.IDLE, "", 8.0, 7.0),
]
SECONDS = sum(length for *_, length in COURSE)


def watts_at(seconds):
    """The package's watts at seconds since ZERO."""
    ends = np.cumsum([length for *_, length in COURSE])
    powers = np.array([power for _, _, power, _ in COURSE] + [8.0])
    return powers[np.minimum(np.searchsorted(ends, seconds, "right"), len(COURSE))]


def wall_w(package_w):
    return 12.0 + 1.25 * package_w


def windows():
    now_ns, found, seen = ZERO, [], {"A": 0, "B": 0}
    for kind, letter, _, length in COURSE:
        end_ns = now_ns + round(length * S)
        block = seen[letter] if letter else 0
        found.append(Window(kind=kind, label=str(kind), t0_ns=now_ns, t1_ns=end_ns, node="bench", variant=letter, block=block, calls=100))
        if letter:
            seen[letter] += 1
        now_ns = end_ns
    return found


def variant(letter):
    mine = [window for window in windows() if window.variant == letter]
    blocks = tuple(Block(index=w.block, t0_ns=w.t0_ns, t1_ns=w.t1_ns, calls=100, median_s=0.1) for w in mine)
    return VariantResult(
        letter=letter, node=letter, name=f"Variant {letter}", state=NodeState.DONE, benchmark="bench", batch=2, blocks=blocks
    )


def result(state=RunState.FINISHED, started=STARTED):
    channel = Channel(key="cpu", title="CPU package", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="CPU", refresh_s=0.1)
    source = SourceReport(key="rapl", title="RAPL", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=(channel,))
    plan = Plan(title="Test", nodes=(), protocol=PROTOCOL)
    return RunResult(
        run_id="run1", title="Test", state=state, started=started, started_ns=ZERO, seconds=SECONDS, plan=plan, sources=(source,),
        variants=(variant("A"), variant("B")), raw_digest="abc",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """A store with the run: its windows, and a counter read ten times a second."""
    with Store(tmp_path / "home") as made:
        keep(made)
        yield made


def keep(store, samples=True, **changes):
    found = result(**changes)
    store.begin_run("run1", found.plan, Environment(), found.started, RECORDED)
    if samples:
        times = np.arange(0, SECONDS, 0.1)
        energy = np.concatenate([[0.0], np.cumsum(watts_at(times[:-1]) * 0.1)])
        rows = zip(times.tolist(), energy.tolist(), watts_at(times).tolist(), strict=True)
        store.add_samples("run1", [Sample(channel="cpu", t_ns=ZERO + round(t * S), energy_j=e, power_w=w) for t, e, w in rows])
    for window in windows():
        store.add_window("run1", window)
    store.finish_run("run1", found.state, found, "A is best")


@pytest.fixture
def log(tmp_path):
    """Writes the log of a wall meter whose clock is ahead by `ahead_s`, from a while before the run until a while after."""

    def write(ahead_s=3.7, refresh_s=1.0, noise_w=0.4, own_clock=False, counting=False, power=lambda t: wall_w(watts_at(t))):
        rng = np.random.default_rng(2)
        ends = np.arange(-30.0, SECONDS + 20.0, refresh_s)
        fine = np.linspace(-refresh_s / 2, refresh_s / 2, 51)
        watts = np.array([np.mean(power(t + fine)) for t in ends]) + rng.normal(0, noise_w, ends.size)
        zero_s = datetime.fromisoformat(STARTED).timestamp() + (ZERO - RECORDED) / S
        times = ends + ahead_s + (0.0 if own_clock else zero_s)
        if counting:
            lines = [f"{t:.3f},{wh:.4f}" for t, wh in zip(times, np.cumsum(watts) * refresh_s / 3600, strict=True)]
        else:
            lines = [f"{t:.3f},{w:.1f}" for t, w in zip(times, watts, strict=True)]
        path = tmp_path / "wall.csv"
        path.write_text("\n".join([f"t,{'energy_wh' if counting else 'power_w'}", *lines]))
        return path

    return write


def truth_j(letter):
    """Joules at the wall for one example: 10 s, 100 calls of 2."""
    return wall_w({"A": 40.0, "B": 25.0}[letter]) * 10 / 200


def test_the_clock_error_is_found_and_the_joules_follow(store, log):
    joined = join_log(store, "run1", log(ahead_s=3.7)).joined[0]
    assert joined.estimated
    assert joined.offset.low <= -3.7 <= joined.offset.high
    assert joined.offset.high - joined.offset.low < 0.8
    assert joined.correlation > 0.98
    assert joined.against == "CPU package"
    for letter in "AB":
        found = joined.per_inference[letter]
        assert found.low <= truth_j(letter) <= found.high
        assert found.value == pytest.approx(truth_j(letter), rel=0.03)
        assert (found.n, found.provenance) == (3, Provenance.EXTERNAL)


def test_every_window_has_its_joules_with_the_clocks_error_in_them(store, log):
    joined = join_log(store, "run1", log()).joined[0]
    assert len(joined.windows) == len(COURSE)
    for window, (_, _, power, length) in zip(joined.windows, COURSE, strict=True):
        assert window.energy.low <= wall_w(power) * length <= window.energy.high
    step = joined.windows[0].energy  # from 48 W to idle: a moved clock would change it most
    assert step.high - step.value > 0.05 * (wall_w(48) - wall_w(8))


def test_it_is_kept_with_the_run_and_changes_nothing_else(store, log):
    before = result()
    join_log(store, "run1", log())
    kept = store.result("run1")
    assert len(kept.joined) == 1
    assert kept.model_copy(update={"joined": (), "traces": before.traces}) == before
    assert [trace.provenance for trace in kept.traces] == [Provenance.EXTERNAL]
    assert store.channels("run1") == ("cpu",)  # the raw samples that the digest is of
    assert (store.runs()[0].headline, store.runs()[0].state) == ("A is best", RunState.FINISHED) or store.runs()[0].headline
    joined = kept.joined[0]
    assert len(joined.digest) == 64
    inside = [t for t in joined.t_s if 0 <= t <= SECONDS]
    assert len(inside) == pytest.approx(SECONDS, abs=2)
    assert len(joined.power_w) == len(joined.t_s)


def test_joining_the_same_file_again_replaces_it_and_another_is_kept_beside(store, log):
    join_log(store, "run1", log())
    again = join_log(store, "run1", log(), JoinOptions(offset_s=-3.7, title="Plug"))
    assert [joined.title for joined in again.joined] == ["Plug"]
    both = join_log(store, "run1", log(noise_w=0.3))
    assert len(both.joined) == 2
    assert len(both.traces) == 2


def test_an_offset_that_is_given_is_taken_and_said_to_be_given(store, log):
    joined = join_log(store, "run1", log(ahead_s=500.0), JoinOptions(offset_s=-500.0)).joined[0]
    assert not joined.estimated
    assert joined.correlation is None
    assert joined.offset.value == -500.0
    assert joined.per_inference["A"].value == pytest.approx(truth_j("A"), rel=0.02)


def test_a_log_of_its_own_seconds_is_placed_by_its_shape(store, log):
    joined = join_log(store, "run1", log(ahead_s=4000.0, own_clock=True)).joined[0]
    assert joined.offset.value == pytest.approx(-4000.0, abs=0.2)
    assert joined.per_inference["B"].low <= truth_j("B") <= joined.per_inference["B"].high


def test_a_watt_hour_counter_is_joined_as_joules(store, log):
    joined = join_log(store, "run1", log(refresh_s=0.5, counting=True)).joined[0]
    assert joined.power_w == ()
    assert joined.energy_j
    assert joined.offset.value == pytest.approx(-3.7, abs=0.6)
    assert joined.per_inference["A"].value == pytest.approx(truth_j("A"), rel=0.05)


def test_when_a_run_was_busy_alone_does_not_place_a_log_that_fits_at_several_places(tmp_path, log):
    with Store(tmp_path / "bare") as store:
        keep(store, samples=False)
        with pytest.raises(MeterError, match="nearly as well"):
            join_log(store, "run1", log(noise_w=0.1))


def test_a_start_known_to_the_second_only_is_in_the_interval(tmp_path, log):
    with Store(tmp_path / "old") as store:
        keep(store, started="2026-11-30T20:10:00+00:00")
        joined = join_log(store, "run1", log(ahead_s=0.0), JoinOptions(offset_s=0.0)).joined[0]
    assert joined.offset.high - joined.offset.low == pytest.approx(1.0)
    assert any("to the second only" in note for note in joined.notes)


def test_the_meters_own_error_is_in_the_interval_when_it_is_given(store, log):
    bare = join_log(store, "run1", log()).joined[0]
    given = join_log(store, "run1", log(), JoinOptions(error=0.05)).joined[0]
    width = [found.per_inference["A"].high - found.per_inference["A"].value for found in (bare, given)]
    assert width[1] > width[0] + 0.03 * truth_j("A")
    assert any("--error" in note for note in bare.notes)
    assert not any("--error" in note for note in given.notes)


def test_slow_logs_are_told_to_be_slow_for_the_blocks(store, log):
    assert any("shorter than the 100 s" in note for note in join_log(store, "run1", log()).joined[0].notes)


def test_a_log_whose_shape_tells_nothing_is_refused_with_a_way_out_and_nothing_is_kept(store, log):
    with pytest.raises(MeterError, match="cannot be told") as raised:
        join_log(store, "run1", log(power=lambda t: np.full_like(t, 60.0), noise_w=2.0))
    assert "--offset" in raised.value.remedy
    assert store.result("run1").joined == ()


def test_a_log_of_another_time_is_refused(store, log):
    with pytest.raises(MeterError, match="120 s"):
        join_log(store, "run1", log(ahead_s=7200.0))
    with pytest.raises(MeterError, match="no energy for any block"):
        join_log(store, "run1", log(ahead_s=7200.0), JoinOptions(offset_s=0.0))


def test_an_hour_of_summer_time_is_found_where_it_is_looked_for(store, log):
    joined = join_log(store, "run1", log(ahead_s=3600.0), JoinOptions(within_s=4000.0)).joined[0]
    assert joined.offset.value == pytest.approx(-3600.0, abs=0.2)


def test_a_run_under_way_and_a_column_that_is_not_there_are_refused(tmp_path, log):
    with Store(tmp_path / "going") as store:
        keep(store, state=RunState.RUNNING)
        with pytest.raises(MeterError, match="under way"):
            join_log(store, "run1", log())
        store.finish_run("run1", RunState.FINISHED, result(), "")
        with pytest.raises(FileFormatError, match="no column"):
            join_log(store, "run1", log(), JoinOptions(columns=Columns(value="leistung")))
