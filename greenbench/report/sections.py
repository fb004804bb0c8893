"""The numbered sections: each opens with a finding, one sentence made from the data by a rule."""

from collections.abc import Sequence

from greenbench.analysis.doctor.greener import idle_share
from greenbench.analysis.headline import limit_words
from greenbench.core.measurement import Provenance
from greenbench.core.metrics import BY_KEY, Metric
from greenbench.core.quote import Scale, count, number, quote, significant
from greenbench.core.run import Comparison, NodeState, RunResult, RunState, VariantResult
from greenbench.report import energy_aware
from greenbench.report.columns import ENERGY, LATENCY, gaps, has_reading, of_call
from greenbench.report.labels import listed, plural, spelled
from greenbench.report.parts import Column, Figure, Row, Section
from greenbench.report.percentiles import longest_tail, percentile_table, scenario_sentences

LONGEST_PART = 26
_ONE_IN = {0.99: "a hundred", 0.95: "twenty", 0.9: "ten"}


def parts(letters: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of a figure in parts of at most 26."""
    return [tuple(letters[start : start + LONGEST_PART]) for start in range(0, len(letters), LONGEST_PART)]


def of(index: int, several: Sequence[object]) -> str:
    """ "Part 2 of 3." where there is more than one part."""
    return f" Part {index + 1} of {len(several)}." if len(several) > 1 else ""


def measured_rows(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.cells]


def comparison(result: RunResult, columns: dict[str, Column], finding: str) -> Section:
    """Section 1: the table itself is drawn from the report's rows."""
    words = ["Brackets: 95 % interval; digits follow it."] if result.measured else []
    if has_reading(result, ENERGY):
        words.append("Energy is gross of idle.")
    if of_call(result) and result.timing == LATENCY:
        words.append(f"Latency is that{of_call(result)}{', energy that of one example' if has_reading(result, ENERGY) else ''}.")
    if any(column.compared for column in columns.values()):
        words += [
            "= within: the whole interval lies there, a difference too small to matter.",
            "? cannot tell yet: it holds zero and reaches beyond that.",
            "▼ ▲ point the way, the word and its colour say if it is good.",
        ]
    return Section("comparison", "Comparison", finding, gaps=gaps(result), text=(" ".join(words),) if words else ())


def latency(result: RunResult, columns: dict[str, Column], rows: Sequence[Row]) -> Section | None:
    """Distribution of single calls: a ridge for each variant, and the percentiles with their intervals."""
    drawn = [row for row in measured_rows(rows) if _variant(result, row).latency_quantiles_s]
    if not drawn:
        return None
    shown = columns[LATENCY].scale
    groups = parts([row.letter for row in drawn])
    calls = of_call(result) or " of single calls"
    caption = f"Latency{calls}, one log axis. Height: density. Ticks: median, p90 and p99 of all timed calls."
    figures = tuple(
        Figure("latency", group, caption + of(i, groups), _latency_alt(result, group, shown), name=f"latency-{i + 1}")
        for i, group in enumerate(groups)
    )
    table = percentile_table(result, drawn, columns)
    return Section("latency", "Latency", _latency_finding(result, drawn, shown), figures, (table,), text=scenario_sentences(result))


def _variant(result: RunResult, row: Row) -> VariantResult:
    return next(variant for variant in result.variants if variant.letter == row.letter)


def _latency_alt(result: RunResult, letters: Sequence[str], shown: Scale) -> str:
    medians = [f"{v.letter} {significant(_median_s(v) * shown.factor, 3)} {shown.unit}" for v in result.variants if v.letter in letters]
    return "Median latency of single calls: " + ", ".join(medians) + "."


def _median_s(variant: VariantResult) -> float:
    """The median that table 1 prints: over blocks, not over all calls together."""
    measurement = variant.metrics.get(LATENCY)
    return variant.latency_quantiles_s[50] if measurement is None or measurement.value is None else measurement.value


def _latency_finding(result: RunResult, rows: Sequence[Row], shown: Scale) -> str:
    first = min(rows, key=lambda row: _median_s(_variant(result, row)))
    fastest = _variant(result, first)
    median = f"{first.cells[LATENCY].value.text} {shown.unit}"
    if len({variant.batch for variant in result.measured}) > 1:
        return f"Half of the calls of {fastest.letter} end within {median}. Times of calls are not compared: other batch size."
    tail = longest_tail([_variant(result, row) for row in rows])
    if len(rows) == 1:
        share = f"; one in {_ONE_IN[tail.q]} takes {tail.ratio} times as long or longer" if tail else ""
        return f"Half of all calls end within {median}{share}."
    if tail is None:
        return f"{fastest.letter} has the shortest median, {median}."
    if fastest.letter == tail.letter:
        return f"{fastest.letter} has the shortest median, {median}, and the longest tail: its {tail.name} is {tail.ratio} times that."
    longest = f"{tail.letter} the longest tail, its {tail.name} {tail.ratio} times its median"
    return f"{fastest.letter} has the shortest median, {median}; {longest}."


def accuracy_and_energy(result: RunResult, columns: dict[str, Column], rows: Sequence[Row], limit: float) -> Section | None:
    """Two figures side by side; one alone where the other has no reading, and a sentence that says why."""
    figures: list[Figure] = []
    sentences: list[str] = []
    drawn = measured_rows(rows)
    missing = [gap for gap in gaps(result) if not gap.title.startswith("Median")]
    for key, make in ((result.quality, _quality_figure), (ENERGY, _energy_figure)):
        letters = [row.letter for row in drawn if row.cells[key].value.text != "—"]
        groups = parts(letters)
        for i, group in enumerate(groups):
            name = "energy" if key == ENERGY else "accuracy"
            figures.append(make(result, columns, group, f"{name}-{i + 1}", of(i, groups)))
    if not figures:
        return None
    judged = has_reading(result, result.quality)
    word = BY_KEY[result.quality].title
    if judged:
        sentences.append(_quality_finding(result, columns, limit))
    if has_reading(result, ENERGY):
        sentences.append(_energy_finding(result))
    title = f"{word} and energy" if len(sentences) == 2 else word if judged else "Energy"
    # Parts of the two kinds in turn, so that the pairs stand side by side.
    half = [f for f in figures if f.drawing == "accuracy"], [f for f in figures if f.drawing == "energy"]
    paired = [f for pair in zip(*half, strict=False) for f in pair] if all(half) else figures
    aware = energy_aware.table(result, columns, rows)
    return Section("pairs", title, " ".join(sentences), tuple(paired), (aware,) if aware else (), gaps=tuple(missing))


def _quality_figure(result: RunResult, columns: dict[str, Column], letters: tuple[str, ...], name: str, part: str) -> Figure:
    key = result.quality
    found = [v for v in result.variants if v.letter in letters]
    examples = max(v.metrics[key].n for v in found)
    line = " Vertical line: A." if result.baseline and result.baseline.metrics.get(key) else ""
    interval = "Wilson interval" if key == "accuracy" else "interval, Student's t over examples"
    title = BY_KEY[key].title
    caption = f"{title} ◉ over {count(examples)} test examples, the same file and runtime that was timed; 95 % {interval}.{line}{part}"
    said = ", ".join(f"{v.letter} {quote(v.metrics[key], columns[key].scale).full}" for v in found)
    return Figure("accuracy", letters, caption, f"{title}: {said}.", 84.0, name)


def _energy_figure(result: RunResult, columns: dict[str, Column], letters: tuple[str, ...], name: str, part: str) -> Figure:
    found = [v for v in result.variants if v.letter in letters]
    mark = result.energy_provenance.mark
    if result.energy_provenance is Provenance.MODELLED:
        caption = f"Energy per inference {mark}, hatched: modelled from load, ± 50 %, not measured and not compared."
    elif any(net_energy(v) is not None for v in found):
        caption = f"Energy per inference {mark}. Filled: net of idle. Hollow: idle share. Whisker: 95 % interval of the gross value."
    else:
        caption = f"Energy per inference {mark}, gross of idle. Whisker: 95 % interval."
    said = ", ".join(f"{v.letter} {quote(v.metrics[ENERGY], columns[ENERGY].scale).full}" for v in found)
    return Figure("energy", letters, caption + part, f"Energy per inference: {said}.", 84.0, name)


def net_energy(variant: VariantResult) -> float | None:
    """Joules of one inference above idle, where known."""
    measurement = variant.metrics.get("energy_per_inference_net")
    return measurement.value if measurement else None


def _quality_finding(result: RunResult, columns: dict[str, Column], limit: float) -> str:
    metric = BY_KEY[result.quality]
    others = [v for v in result.measured if v.letter != "A" and metric.key in v.against and v.against[metric.key].change is not None]
    if not others:
        values = [v.metrics[metric.key] for v in result.measured if v.metrics.get(metric.key)]
        return _alone(metric, quote(values[0], columns[metric.key].scale).full) if len(values) == 1 else ""
    losses = [(v.letter, *_loss(metric, v.against[metric.key])) for v in others]
    losers = [letter for letter, least, _ in losses if least is not None and least > limit]
    unclear = [letter for letter, _, most in losses if letter not in losers and most is not None and most > limit]
    tail = f"; for {_several(unclear)} it cannot be told yet" if unclear else ""
    one, many, rest = _loss_words(metric, limit)
    if not losers:
        return f"No variant {'is shown to ' + many if unclear else one} {rest}{tail}."
    who = f"{_several(losers)} {one if len(losers) == 1 else many}"
    return f"{who[0].upper()}{who[1:]} {rest}{tail}."


def _alone(metric: Metric, value: str) -> str:
    if metric.key == "accuracy":
        return f"{value} of the test examples are answered right."
    return f"The {metric.words} is {value}."


def _loss(metric: Metric, difference: Comparison) -> tuple[float | None, float | None]:
    """The least and the most that is lost, as the interval has it: points as a fraction, or how much more error."""
    if metric.better == "higher":
        return (None if difference.high is None else -difference.high), (None if difference.low is None else -difference.low)
    return difference.low, difference.high


def _loss_words(metric: Metric, limit: float) -> tuple[str, str, str]:
    """The verb for one, for several, and what follows: "loses", "lose", "more than 1 point of accuracy"."""
    if metric.fraction:
        return "loses", "lose", f"more than {limit_words(metric, limit)} of {metric.words}"
    return "makes", "make", f"errors more than {limit_words(metric, limit)} larger"


def _several(letters: Sequence[str]) -> str:
    """ "C and F"; "seven variants" where they are many."""
    return listed(letters) if len(letters) <= 4 else f"{spelled(len(letters))} variants"


def _energy_finding(result: RunResult) -> str:
    if result.energy_provenance is Provenance.MODELLED:
        return "Energy was not measured: what is drawn is modelled."
    if not any(net_energy(variant) is not None for variant in result.measured):
        return "Energy is gross: idle power was not measured."
    shares = [share.value for variant in result.measured if (share := idle_share(variant)) is not None and share.value is not None]
    if not shares:
        return "How much of a joule is idle draw cannot be told: the intervals of net energy are too wide."
    middle = sorted(shares)[len(shares) // 2]
    return f"{number(middle * 100, 0)} % of a joule is idle draw, at the median over variants."


def pipeline(result: RunResult, pick: str | None) -> Section:
    """The picture of what ran, and how to repeat it."""
    steps = len(result.plan.nodes)
    cached = sum(node.state is NodeState.CACHED for node in result.nodes)
    failed = sum(node.state is NodeState.FAILED for node in result.nodes)
    whole = result.state in (RunState.FINISHED, RunState.FAILED)
    words = [plural(steps, "step").capitalize() + ("" if cached else " ran" if whole else " planned")]
    words += [f"{spelled(cached)} of them from the cache"] if cached else []
    if failed:
        words.append(f"{spelled(failed)} failed")
    finding = f"{', '.join(words)}; one file, one seed and the hashes below repeat it."
    path = f" Green: the path of {pick}." if pick else ""
    caption = f"The pipeline as it ran.{path} “Cached” was not run again. A link that another path implies is left out."
    alt = "Steps in order: " + ", ".join(node.title for node in result.plan.nodes) + "."
    figures = (Figure("pipeline", (), caption, alt, name="pipeline"),) if result.plan.nodes else ()
    return Section("pipeline", "Pipeline, how to repeat", finding, figures)


def comparison_finding(result: RunResult) -> str:
    """How many variants were measured and how many failed: the finding where nothing was compared."""
    failed = sum(variant.failure is not None for variant in result.variants)
    if not result.measured:
        return "No variant was measured."
    text = f"{plural(len(result.measured), 'variant')} measured".capitalize()
    return f"{text}, {spelled(failed)} failed." if failed else f"{text}."
