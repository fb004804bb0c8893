"""Figures: ticks a person would choose, densities with the shape they should have, pictures that follow the plan."""

import math
import xml.etree.ElementTree as ET
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from greenbench.core.measurement import Provenance
from greenbench.core.run import Plan, PlannedNode, PowerTrace, RunResult, Source
from greenbench.report import figures
from greenbench.report.figures.latency import ridge
from greenbench.report.figures.pipeline import layout, reduced
from greenbench.report.figures.power import holes
from greenbench.report.figures.scales import log_ticks, ratio_ticks, straight_ticks, tick_name
from greenbench.report.fonts import typefaces
from greenbench.report.model import build
from greenbench.report.writers.pdf import all_figures


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 10.0, [0, 2, 4, 6, 8, 10]), (-3.2, 1.1, [-3, -2, -1, 0, 1]), (91.8, 95.2, [92, 92.5, 93, 93.5, 94, 94.5, 95])],
)
def test_straight_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert straight_ticks(low, high, 7) == pytest.approx(expected)


def test_log_ticks_lie_inside_and_are_few() -> None:
    for low, high in ((0.18, 1.4), (3.9, 5.1), (1.0, 900.0), (1.02, 1.04)):
        found = log_ticks(low, high)
        assert 2 <= len(found) <= 9
        assert all(low * 0.998 <= tick <= high * 1.002 for tick in found)


def test_ratio_ticks_are_fractions_of_two() -> None:
    assert ratio_ticks(1 / 300, 300)[1] == ["1/64", "1", "64"]  # five would run into each other
    assert ratio_ticks(1 / 100, 5)[1] == ["1/64", "⅛", "1"]
    assert ratio_ticks(0.11, 1.3) == ([0.125, 0.25, 0.5, 1.0], ["⅛", "¼", "½", "1"])


def test_tick_names_have_no_needless_decimals() -> None:
    assert [tick_name(value) for value in (0.0, 0.5, 10.0, -2.0, 0.125)] == ["0", "0.5", "10", "−2", "0.125"]


def test_the_ridge_of_a_log_normal_is_a_bell_on_the_log_axis() -> None:
    sigma = 0.2
    inside = [max(q / 100, 0.0005) if q < 100 else 0.9995 for q in range(101)]
    quantiles = np.array([math.exp(sigma * NormalDist().inv_cdf(q)) for q in inside])
    x, height = ridge(quantiles, 0.4, 2.5)
    assert x[np.nanargmax(height)] == pytest.approx(1.0, rel=0.03)
    # One standard deviation out, a Gaussian has exp(−1/2) of its height; the kernel widens it by a few per cent.
    for place in (math.exp(sigma), math.exp(-sigma)):
        assert np.interp(place, x, height) == pytest.approx(math.exp(-0.5) ** 0.6, rel=0.06)


def test_equal_latencies_do_not_break_the_ridge() -> None:
    _, height = ridge(np.full(101, 2.0), 1.0, 4.0)
    assert np.nanmax(height) == pytest.approx(1.0)


def test_a_link_that_a_longer_path_implies_is_not_drawn() -> None:
    links = {("data", "train"), ("train", "prune"), ("data", "prune"), ("prune", "benchmark"), ("data", "benchmark")}
    assert reduced(links) == (("data", "train"), ("prune", "benchmark"), ("train", "prune"))


def _node(id: str, *sources: str) -> PlannedNode:
    inputs = {"model": tuple(Source(node=source, output="model") for source in sources)} if sources else {}
    return PlannedNode(id=id, step="s", version=1, title=id, params={}, inputs=inputs, digest=id)


def test_boxes_stand_after_what_feeds_them_and_never_on_each_other() -> None:
    nodes = (
        _node("m"),
        _node("t", "m"),
        *(_node(f"p{k}", "t") for k in range(5)),
        _node("f", "p0"),
        _node("b", "t", "p1", "p2", "p3", "p4", "f"),
    )
    found = layout(Plan(title="", nodes=nodes), ("b",), [("A", "t"), ("B", "f"), ("C", "p1"), ("D", "p2"), ("E", "p3"), ("F", "p4")])
    assert all(found.column[source] < found.column[target] for source, target in found.links)
    assert found.column["b"] == max(found.column.values())
    for column in set(found.column.values()):
        rows = sorted(found.row[id] for id in found.row if found.column[id] == column)
        assert all(after - before >= 1 for before, after in pairwise(rows))
    assert min(found.row.values()) >= 0


def test_a_hole_in_the_readings_stays_a_hole() -> None:
    trace = PowerTrace(
        channel="c", title="c", provenance=Provenance.COUNTER, t_s=(0, 1, 2, 9, 10), low_w=(1, 1, 1, 1, 1), high_w=(2, 2, 2, 2, 2)
    )
    times, low, high = holes(trace)
    assert len(times) == len(low) == len(high) == 6
    assert np.isnan(low[3])
    assert times[3] == 2
    assert np.isfinite(np.delete(low, 3)).all()


def test_every_figure_is_svg_of_its_width_with_real_text(measured: RunResult) -> None:
    report = build(measured)
    faces = typefaces("")
    for figure in all_figures(report):
        svg = figures.draw(figure, report, measured, faces)
        root = ET.fromstring(svg)
        assert float((root.get("width") or "0").removesuffix("pt")) == pytest.approx(figure.width_mm / 25.4 * 72, abs=0.01)
        assert "<text" in svg.decode()
        assert svg == figures.draw(figure, report, measured, faces)


def test_the_figures_name_every_variant(measured: RunResult) -> None:
    report = build(measured)
    svg = {figure.drawing: figures.draw(figure, report, measured, typefaces("")).decode() for figure in all_figures(report)}
    for row in report.rows[1:]:
        assert all(f">{row.label}<" in svg[drawing] for drawing in ("forest", "latency", "accuracy", "energy"))
    assert "Prune channels" in svg["pipeline"]


def test_modelled_bars_are_hatched_and_measured_ones_are_not(measured: RunResult, quick_start: RunResult) -> None:
    for result, hatched in ((measured, False), (quick_start, True)):
        report = build(result)
        figure = next(figure for figure in all_figures(report) if figure.drawing == "energy")
        assert ("<pattern" in figures.draw(figure, report, result, typefaces("")).decode()) is hatched
