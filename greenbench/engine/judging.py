"""The one number that judges a variant's answers, by the task of its data: accuracy, mean error or mean IoU."""

import math
from collections.abc import Iterator

from greenbench.analysis import compare
from greenbench.analysis.intervals import CONFIDENCE, wilson
from greenbench.analysis.scores import infinite, mean_score
from greenbench.core.artifact import DatasetArtifact
from greenbench.core.measurement import Measurement
from greenbench.core.messages import VariantMeasured
from greenbench.core.metrics import BY_KEY, QUALITY, Metric
from greenbench.core.run import Comparison, PlannedNode
from greenbench.core.task import TASKS
from greenbench.engine.recorder import Recorder


def datasets(recorder: Recorder, benchmark: PlannedNode) -> Iterator[DatasetArtifact]:
    """The data sets that reached a benchmark, as far as the steps that make them came to an end."""
    for source in benchmark.inputs.get("data", ()):
        result = recorder.nodes.get(source.node)
        artifact = result.outputs.get(source.output) if result else None
        if isinstance(artifact, DatasetArtifact):
            yield artifact


def quality(recorder: Recorder, benchmark: PlannedNode, letter: str) -> tuple[str, Measurement]:
    """The key of the metric that judges a variant and its value with a 95 % interval, or why there is none: Wilson's for the share of
    right answers, Student's t for scores. A regression's error has the unit of the data set's target."""
    measured = recorder.measured.get((benchmark.id, letter))
    data = next(datasets(recorder, benchmark), None)
    asked = TASKS[data.task].metric if data else ""
    metric = BY_KEY[(measured.metric if measured else asked) or QUALITY[0]]
    unit = (data.unit if data else "") if metric.unit == "target" else metric.unit
    return metric.key, _value(metric, unit, measured)


def _value(metric: Metric, unit: str, measured: VariantMeasured | None) -> Measurement:
    if measured is None:
        return Measurement.missing(unit, f"the run ended before {metric.words} was measured")
    if measured.correct:
        return wilson(measured.correct.count("1"), len(measured.correct)).measurement(unit)
    if not measured.scores:
        return Measurement.missing(unit, measured.reason)
    if wrong := infinite(measured.scores):
        return Measurement.missing(unit, f"the model's answer is not a number for {wrong} of {len(measured.scores)} test examples")
    if all(math.isnan(score) for score in measured.scores):
        return Measurement.missing(unit, "no test example has anything to judge")
    return mean_score(measured.scores, metric.fraction).measurement(unit)


def against(metric: Metric, variant: VariantMeasured, baseline: VariantMeasured, confidence: float = CONFIDENCE) -> Comparison:
    """The verdict on the answers of two variants to the same test examples."""
    if metric.key == "accuracy":
        return compare.compare_accuracy(variant.correct, baseline.correct, confidence)
    return compare.compare_scores(metric, variant.scores, baseline.scores, confidence)
