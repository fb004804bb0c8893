"""Power over time: band of smallest and largest reading for each channel, phases and blocks named above, idle watts written."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.run import PowerTrace, RunResult
from greenbench.report.figures.canvas import HAIR, INK, MARK, MUTED, Canvas, color, fitted, ticks
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.labels import variant_index
from greenbench.report.parts import Figure, Report
from greenbench.report.power import idle_words, shown_traces

TOP, HEIGHT, FOOT = 12.5, 42.0, 8.5
_LEFT = 9.0
Array = npt.NDArray[np.float64]
_SHADES = (INK, "#5C686C", "#8C6A1E", "#4F63C6")
_WORDS = {
    WindowKind.IDLE: "idle",
    WindowKind.WARM_UP: "warm",
    WindowKind.ACCURACY: "accuracy",
    WindowKind.COOL_DOWN: "cool",
}
_LETTER_MM = 2.6  # letters closer than that would touch


@dataclass(frozen=True)
class _Span:
    """Something that went on between two moments, in seconds since the start; a block has the letter of its variant."""

    begin: float
    end: float
    word: str
    letter: str = ""


def draw_power(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """All channels on one axis of watts from 0; phases and blocks are named where the clock of traces and blocks is known."""
    traces = shown_traces(result)
    right = 1.5 if len(traces) == 1 else 26.0
    canvas = Canvas(figure.width_mm, TOP + HEIGHT + FOOT)
    width = figure.width_mm - _LEFT - right
    axes = canvas.axes(_LEFT, TOP, width, HEIGHT)
    first = min(trace.t_s[0] for trace in traces) if result.benchmark_traces else 0.0
    last = max(trace.t_s[-1] for trace in traces) or 1.0
    highest = max(max(trace.high_w) for trace in traces) * 1.08 or 1.0
    axes.set_xlim(first, last)
    axes.set_ylim(0, highest)
    axes.grid(axis="y")
    for where, low, high in (("x", first, last), ("y", 0.0, highest)):
        places = straight_ticks(low, high, 6 if where == "x" else 5)
        ticks(axes, where, places, [tick_name(place) for place in places])
    canvas.text(0, TOP - 7.2, "Power (W)")
    canvas.text(_LEFT + width / 2, canvas.height - 2.0, "Time since the start (s)", ha="center")
    if result.started_ns:
        _draw_spans(canvas, axes, result, width)
    if len(traces) == 1 or traces[0].channel == "total":  # idle watts are those of the whole: beside a part of it they would mislead
        _draw_idle(canvas, axes, result, width)
    ends = [_draw_trace(axes, trace, _SHADES[index % len(_SHADES)]) for index, trace in enumerate(traces)]
    if len(traces) > 1:
        _draw_names(canvas, traces, [TOP + HEIGHT * (1 - end / highest) for end in ends], _LEFT + width + 1.5)
    return canvas


def _draw_trace(axes: Axes, trace: PowerTrace, paint: str) -> float:
    times, low, high = holes(trace)
    middle = (low + high) / 2
    axes.fill_between(times, low, high, color=paint, alpha=0.22, lw=0)
    axes.plot(times, middle, color=paint, lw=0.8, dashes=(4, 3) if trace.provenance is Provenance.MODELLED else (None, None))
    return float(middle[-1])


def holes(trace: PowerTrace) -> tuple[Array, Array, Array]:
    """Times, least and most watts, with a NaN in each hole of the readings: a line across it would invent them."""
    times, low, high = (np.asarray(values, dtype=np.float64) for values in (trace.t_s, trace.low_w, trace.high_w))
    steps = np.diff(times)
    if not steps.size:
        return times, low, high
    after = np.flatnonzero(steps > 2.5 * np.median(steps)) + 1
    gap = np.full(after.size, np.nan)
    return np.insert(times, after, times[after - 1]), np.insert(low, after, gap), np.insert(high, after, gap)


def _draw_names(canvas: Canvas, traces: list[PowerTrace], places: list[float], left: float) -> None:
    """Each line is named at its right end; names that would touch are pushed 3.2 mm apart."""
    order = sorted(range(len(traces)), key=lambda i: places[i])
    least = TOP
    for index in order:
        y = max(places[index], least)
        canvas.text(left, y, fitted(traces[index].title, 6.2, canvas.width - left), size=6.2)
        least = y + 3.2


def _spans(result: RunResult) -> list[_Span]:
    """Phases and blocks in the order in which they began. Steps are named but for the benchmark, whose parts are."""
    benchmarks = {node.title for node in result.plan.nodes if node.step == "benchmark"}
    found = [
        _Span(phase.t0_s, phase.t1_s, _WORDS.get(phase.kind, phase.label))
        for phase in result.phases
        if phase.kind is not WindowKind.PART and (phase.kind is not WindowKind.STEP or phase.label not in benchmarks)
    ]
    for variant in result.variants:
        for block in variant.blocks:
            begin, end = ((moment - result.started_ns) / 1e9 for moment in (block.t0_ns, block.t1_ns))
            found.append(_Span(begin, end, "", variant.letter))
    return sorted(found, key=lambda span: (span.begin, span.end))


def _draw_spans(canvas: Canvas, axes: Axes, result: RunResult, width: float) -> None:
    """A bar above the axes for each phase (grey) and block (in its colour); words and letters where they have room."""
    first, last = axes.get_xlim()
    per_mm = (last - first) / width
    taken = -10.0
    for span in _merged(_spans(result)):
        begin, end = max(span.begin, first), min(span.end, last)
        if end <= begin:
            continue
        left, right = _LEFT + (begin - first) / per_mm, _LEFT + (end - first) / per_mm
        paint = color(variant_index(span.letter)) if span.letter else MARK
        canvas.sheet.add_patch(Rectangle((left, TOP - 1.2), max(right - left - 0.15, 0.2), 0.8, color=paint, lw=0))
        middle = (left + right) / 2
        if span.letter:
            axes.axvspan(begin, end, color=paint, alpha=0.11, lw=0)
            if middle - taken >= _LETTER_MM:
                canvas.text(middle, TOP - 3.2, span.letter, ha="center", size=6.2, weight=600)
                taken = middle
        else:
            word = fitted(span.word, 6, right - left)
            if word == span.word or len(word) > 4:
                canvas.text(middle, TOP - 3.2, word, ha="center", size=6, color=MUTED)
                taken = right - _LETTER_MM
    _draw_rounds(canvas, result, first, per_mm, width)


def _merged(spans: list[_Span]) -> list[_Span]:
    """Phases of one kind that follow each other as one: eight warm-ups are "warm"."""
    found: list[_Span] = []
    for span in spans:
        before = found[-1] if found else None
        if before and span.word and before.word == span.word and span.begin - before.end < 0.5 * (span.end - span.begin) + 0.5:
            found[-1] = _Span(before.begin, max(before.end, span.end), span.word)
        else:
            found.append(span)
    return found


def _draw_rounds(canvas: Canvas, result: RunResult, first: float, per_mm: float, width: float) -> None:
    """A line above the letters of each round, named where there is room."""
    rounds: dict[int, list[tuple[float, float, str]]] = {}
    for variant in result.variants:
        for block in variant.blocks:
            begin, end = ((moment - result.started_ns) / 1e9 for moment in (block.t0_ns, block.t1_ns))
            rounds.setdefault(block.index, []).append((begin, end, variant.letter))
    if len({variant.letter for variant in result.variants if variant.blocks}) < 2:
        return
    for index, blocks in sorted(rounds.items()):
        blocks.sort()
        left, right = (_LEFT + (moment - first) / per_mm for moment in (blocks[0][0], blocks[-1][1]))
        if left < _LEFT or right > _LEFT + width + 0.1:
            continue
        canvas.sheet.plot([left, right - 0.6], [TOP - 6.0] * 2, color=MUTED, lw=0.4)
        words = f"round {index + 1}, {blocks[0][2]} to {blocks[-1][2]}"
        for said in (words, f"round {index + 1}", str(index + 1)):
            if fitted(said, 6, right - left) == said:
                canvas.text((left + right) / 2, TOP - 8.0, said, ha="center", size=6)
                break


def _draw_idle(canvas: Canvas, axes: Axes, result: RunResult, width: float) -> None:
    """A dashed line at the idle power, its watts written in the idle windows before and after, where there is room."""
    idle = [m.value for m in (result.idle_before, result.idle_after) if m is not None and m.value is not None]
    if not idle:
        return
    axes.axhline(sum(idle) / len(idle), color=MUTED, lw=0.5, dashes=(3, 2))
    first, last = axes.get_xlim()
    per_mm = (last - first) / width
    windows = [phase for phase in result.phases if phase.kind is WindowKind.IDLE]
    ends = (windows[0], windows[-1]) if len(windows) > 1 else tuple(windows[:1])
    for phase, words, watts in zip(ends, idle_words(result), (result.idle_before, result.idle_after), strict=False):
        if not words or watts is None or watts.value is None:
            continue
        middle = _LEFT + ((phase.t0_s + phase.t1_s) / 2 - first) / per_mm
        room = min(middle - _LEFT, _LEFT + width - middle) * 2
        if fitted(words, 6.2, room) == words:
            y = TOP + HEIGHT * (1 - watts.value / axes.get_ylim()[1]) - 2.6
            canvas.sheet.add_patch(Rectangle((middle - 4.6, y - 1.5), 9.2, 2.6, color="white", alpha=0.75, lw=0, ec=HAIR))
            canvas.text(middle, y, words, ha="center", size=6.2, weight=600)
