"""The live dock: it follows, holds still, tells joules and values under the mouse, and keeps calm while a block is timed."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.core.run import Plan
from greenbench.gui.energy import SpanEnergy
from greenbench.gui.live import curves
from greenbench.gui.live.dock import LiveDock
from greenbench.gui.theme import Theme

S = 1_000_000_000


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def dock(qtbot: QtBot, theme: Theme, clock: _Clock) -> Iterator[LiveDock]:
    """A minute of 20 W measured and 4 W modelled, at 10 Hz, from a run that began at 100 s."""
    dock = LiveDock(theme, lambda a, b: SpanEnergy(20.0 * (b - a) / 1e9, Provenance.COUNTER), clock)
    qtbot.addWidget(dock)
    dock._timer.stop()
    dock.resize(1366, 220)
    channels = (_channel("package", Provenance.COUNTER), _channel("memory", Provenance.MODELLED))
    report = SourceReport(key="s", title="s", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=channels)
    dock.on_event(messages.Sources(reports=(report,)))
    dock.on_event(messages.RunStarted(run_id="r", t_ns=100 * S, plan=Plan(title="p", nodes=())))
    for index in range(600):
        t = 100 * S + index * S // 10
        dock.on_event(
            messages.Samples(
                samples=(Sample(channel="package", t_ns=t, power_w=20.0, energy_j=1.0), Sample(channel="memory", t_ns=t, power_w=4.0))
            )
        )
    dock.show()
    clock.now = 10.0
    dock._redraw()
    yield dock
    dock.stop()


def _channel(key: str, provenance: Provenance) -> Channel:
    return Channel(key=key, title=key.capitalize(), domain=Domain.PACKAGE, provenance=provenance, covers="", refresh_s=0.1)


def _pixel(dock: LiveDock, second: float) -> QPoint:
    scene = dock.power.box.mapViewToScene(QPointF(second, 10.0))
    return dock.power.view.mapFromScene(scene)


def test_measured_is_solid_and_modelled_dashed_with_its_band(dock: LiveDock) -> None:
    pens = {key: item.opts["pen"] for key, item in dock.power._curves.items()}
    assert not pens["package"].dashPattern()
    assert pens["memory"].dashPattern() == [4, 3]
    assert len(dock.power.underlay.hatched) == 1
    assert [entry.value for entry in dock.power.legend.entries] == ["20.0", "≈ 4.0"]
    assert all(item.opts["pen"].widthF() == 1.0 for item in dock.power._curves.values())


def test_a_signal_keeps_its_curve_for_life(dock: LiveDock) -> None:
    before = dict(dock.power._curves)
    dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=161 * S, power_w=30.0),)))
    dock._redraw()
    assert dock.power._curves == before
    assert before["package"].yData[-1] == 30.0


def test_a_dragged_span_tells_its_joules(dock: LiveDock) -> None:
    view = dock.power.view.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=_pixel(dock, 10))
    QTest.mouseMove(view, _pixel(dock, 40))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=_pixel(dock, 40))
    span = dock.power.overlay.span
    assert span is not None
    assert span.start == pytest.approx(10, abs=0.5)
    assert span.end == pytest.approx(40, abs=0.5)
    assert span.title.startswith(("600 J in", "599 J in", "601 J in", "602 J in", "598 J in", "604 J in", "596 J in"))
    assert span.detail == "mean 20.0 W"
    assert dock.latency.overlay.span is not None


def test_a_span_without_reading_says_so(dock: LiveDock) -> None:
    dock._energy_of = lambda a, b: SpanEnergy(None, Provenance.UNAVAILABLE, "The counter vanished.")
    dock._drag(1.0, 2.0, True)
    assert dock.power.overlay.span.title == "No reading for these 1.0 s"


def test_the_crosshair_has_values_in_all_plots(dock: LiveDock) -> None:
    dock.on_event(messages.NodeStarted(node="train", t_ns=100 * S))
    dock.on_event(messages.Metric(node="train", name="batch_s", value=0.012, t_ns=110 * S))
    dock.on_event(messages.Metric(node="train", name="accuracy", value=0.93, t_ns=110 * S))
    QTest.mouseMove(dock.power.view.viewport(), _pixel(dock, 10.5))
    assert [chip.text for chip in dock.power.overlay.chips] == ["20.0 W", "≈ 4.0 W"]
    assert [chip.text for chip in dock.latency.overlay.chips] == ["p95 12.0 ms", "p50 12.0 ms"]
    assert [chip.text for chip in dock.learning.overlay.chips] == ["93.0 %"]


def test_it_draws_once_a_second_while_a_block_is_timed(dock: LiveDock, clock: _Clock) -> None:
    block = Window(kind=WindowKind.BLOCK, label="block 1", t0_ns=150 * S, node="bench", variant="A")
    dock.on_event(messages.WindowOpened(window=block))
    assert dock._notice.isVisible()
    clock.now = 20.0
    frames = dock.frames
    for step in range(50):
        clock.now = 20.0 + step * 0.04
        dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=round(160.0 * S + step * 0.04 * S), power_w=20.0),)))
        dock._tick()
    assert dock.frames - frames == 2
    dock.on_event(messages.WindowClosed(window=block))
    assert not dock._notice.isVisible()


def test_paused_it_stays_where_it_is_while_data_come(dock: LiveDock) -> None:
    dock.set_following(False)
    held = dock.span_shown()
    dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=300 * S, power_w=20.0),)))
    assert dock.span_shown() == held
    dock.set_following(True)
    assert dock.span_shown()[1] == 300.0


def test_zooming_holds_the_second_under_the_mouse(dock: LiveDock) -> None:
    start, end = dock.span_shown()
    around = start - 100 + 0.25 * (end - start)
    dock._zoom(around, 0.5)
    start2, end2 = dock.span_shown()
    assert end2 - start2 == pytest.approx((end - start) / 2)
    assert (around + 100 - start2) / (end2 - start2) == pytest.approx(0.25)
    assert not dock.following


def test_a_gap_is_a_gap_in_the_curve(dock: LiveDock) -> None:
    dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=161 * S, reason="gone"),)))
    dock._redraw()
    assert np.isnan(dock.power._curves["package"].yData[-1])
    assert dock.power.legend.entries[0].value == "no reading"


def test_stray_calls_are_drawn_at_the_edge_and_counted(dock: LiveDock) -> None:
    t = tuple(110 * S + index * S // 100 for index in range(1000))
    latency = [0.002 + 0.0001 * (index % 10) for index in range(1000)]
    latency[500] = latency[700] = 0.5
    dock.on_event(messages.Calls(node="bench", variant="B", t_ns=t, latency_s=tuple(latency)))
    dock._redraw()
    entry = dock.latency.legend.entries[-1]
    assert entry.value.startswith("2 above")
    assert dock.latency.box.viewRange()[1][1] < 20
    assert dock.record.latency["bench/B"].points.y.max() == 0.5, "the record keeps what was measured"


def test_each_tick_draws_one_plot_and_a_picture_comes_at_most_five_times_a_second(dock: LiveDock, clock: _Clock, monkeypatch) -> None:
    drawn: list[tuple[int, float]] = []
    draw = dock._draw
    monkeypatch.setattr(dock, "_draw", lambda index: (drawn.append((index, clock.now)), draw(index)))
    for step in range(24):
        clock.now = 20.0 + step * 0.06
        dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=round(160.0 * S + step * 0.06 * S), power_w=20.0),)))
        dock._tick()
    assert [index for index, _ in drawn] == [0, 1, 2] * 6
    assert len({now for _, now in drawn}) == len(drawn)


@pytest.mark.parametrize("second", [18.0, 22.0, 25.0, 29.0])
def test_the_joules_of_a_span_are_covered_by_no_chip(dock: LiveDock, second: float) -> None:
    """The cursor is where the mouse let go, or anywhere in the span: its watts stand beside the card."""
    dock._drag(20.0, 30.0, True)
    dock._hover(dock.power, second)
    overlay = dock.power.overlay
    area = overlay.boundingRect()
    assert overlay.span is not None
    card = overlay._card(area, overlay.span)
    placed = overlay.placed_chips(area, overlay.x(second), card)
    assert [chip.text for chip, _, _ in placed] == ["20.0 W", "≈ 4.0 W"]
    for _, _, box in placed:
        assert not box.intersects(card)
        assert area.contains(box)


def test_one_slow_call_at_the_start_of_each_variant_flattens_none(dock: LiveDock) -> None:
    """Seven variants of 0.1 ms with a first call of 40 ms: also while they have made only a few calls."""
    for count in (8, 500):
        for place, letter in enumerate("ABCDEFG"):
            start = 110 + place + (10 if count > 8 else 0)
            t = tuple(start * S + index * S // 1000 for index in range(count))
            calls = (0.040, *(0.0001 + 0.00001 * (index % 5) for index in range(count - 1)))
            dock.on_event(messages.Calls(node="bench", variant=letter, t_ns=t, latency_s=calls))
        dock._redraw()
        low, high = dock.latency.box.viewRange()[1]
        assert low <= 0.1 < high < 1.5
    assert dock.latency.legend.entries[-1].value.startswith("14 above")
    assert "call 14 above" in dock.latency.legend.toolTip(), "also where the legend has no room for it"


def test_the_latency_axis_serves_what_is_in_view(dock: LiveDock) -> None:
    """Training batches of 20 ms, then calls of 0.2 ms; looked at again, the training has its own scale."""
    for index in range(100):
        dock.on_event(messages.Metric(node="train", name="batch_s", value=0.020, t_ns=105 * S + index * S // 10))
    t = tuple(130 * S + index * S // 100 for index in range(500))
    dock.on_event(messages.Calls(node="bench", variant="A", t_ns=t, latency_s=(0.0002,) * 500))
    dock._redraw()
    assert dock.latency.box.viewRange()[1][1] < 1.0
    assert dock.latency.legend.entries[-1].name == "call"
    dock._held = (104.0, 116.0)
    dock._redraw()
    assert 20.0 < dock.latency.box.viewRange()[1][1] < 100.0
    assert dock.latency.legend.entries[-1].name == "batch"


def test_test_accuracy_is_told_from_validation_accuracy(dock: LiveDock) -> None:
    for index in range(3):
        dock.on_event(messages.Metric(node="train", name="accuracy", value=0.9 + index / 100, t_ns=(110 + index) * S))
    dock._redraw()
    assert [entry.name for entry in dock.learning.legend.entries] == ["validation"]
    dock.on_event(messages.Metric(node="bench", variant="B", name="accuracy", value=0.95, t_ns=120 * S))
    dock._redraw()
    assert [entry.name for entry in dock.learning.legend.entries] == ["test"]
    symbols = {key: item.opts["symbol"] for key, item in dock.learning._curves.items()}
    assert symbols == {"train//accuracy": "o", "bench/B/accuracy": "s"}
    assert dock.learning._curves["bench/B/accuracy"].opts["pen"].style() == Qt.PenStyle.NoPen


def test_a_gap_breaks_the_line_and_has_a_word(dock: LiveDock) -> None:
    dock.on_event(messages.Samples(samples=(Sample(channel="package", t_ns=190 * S, power_w=30.0),)))
    dock._range.setCurrentIndex(4)  # the whole run
    dock._redraw()
    picture = curves.power(dock.record, dock._theme, curves.View(100.0, 190.0, 100.0, 500))
    package = next(curve for curve in picture.curves if curve.key == "package")
    assert np.isnan(package.y).sum() == 1
    assert dock.power.underlay.gaps == [(pytest.approx(59.9), pytest.approx(90.0))]
    assert picture.entries[1].value == "no reading", "the memory has been silent for half a minute"


def test_a_silent_meter_has_no_value_until_it_is_heard_again(dock: LiveDock) -> None:
    def values() -> list[str]:
        dock._redraw()
        return [entry.value for entry in dock.power.legend.entries]

    dock.on_event(messages.MeterState(alive=False, text="It is started again."))
    assert values() == ["no reading", "no reading"]
    dock.on_event(messages.MeterState(alive=True))
    assert values() == ["20.0", "≈ 4.0"]


def test_the_band_of_a_modelled_channel_has_room(dock: LiveDock) -> None:
    dock.on_event(messages.Samples(samples=(Sample(channel="memory", t_ns=160 * S, power_w=40.0),)))
    dock._redraw()
    assert dock.power.box.viewRange()[1][1] > 60.0


def test_another_pipeline_has_no_curves_of_the_old_one(dock: LiveDock, plan: Plan) -> None:
    dock.on_event(messages.Calls(node="bench", variant="A", t_ns=(159 * S,), latency_s=(0.002,)))
    dock.on_event(messages.RunFinished(run_id="r", state="finished", t_ns=160 * S))
    dock._redraw()
    assert dock.latency.legend.entries[0].name == "last p50"
    dock.forget_run()
    dock._redraw()
    assert not dock.latency.legend.entries
    assert not dock.record.phases
    assert dock.power.legend.entries
