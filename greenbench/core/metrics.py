"""The numbers a variant is judged by: their keys (documented in README and used in results.json), units and words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One number of a variant. `unit` is SI; `better` says which way is good ("" where neither is).

    `margin` is the relative difference too small to matter (for accuracy and IoU: absolute, as a fraction). Unit "target": that
    of the data set's regression target.
    """

    key: str
    title: str
    short: str
    unit: str
    better: str
    help: str
    margin: float = 0.01
    counted: bool = False

    @property
    def words(self) -> str:
        """Its title inside a sentence: "mean IoU", "accuracy"; FLOPs stay FLOPs."""
        return self.title if self.title[1:2].isupper() else self.title[:1].lower() + self.title[1:]

    @property
    def fraction(self) -> bool:
        """Whether it is a share, compared by the difference in percentage points; all else is compared by the ratio."""
        return self.unit == "1"


WALL = "energy_per_inference_wall"
"""Never measured: what a calibration makes of the counters, and therefore never compared."""

METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "Accuracy", "Accuracy", "1", "higher", "Share of test examples answered right, Wilson 95 % interval.", 0.005),
    Metric(
        "mean_absolute_error",
        "Mean absolute error",
        "Mean error",
        "target",
        "lower",
        "Mean of |answer − truth| over all test examples, in the target's own unit, with its 95 % interval.",
    ),
    Metric("mean_iou", "Mean IoU", "IoU", "1", "higher", "Intersection over union of answer and truth, over classes and images.", 0.005),
    Metric(
        "latency_p50",
        "Median latency",
        "p50",
        "s",
        "lower",
        "Median time of one call, with all examples of its batch, over the timed blocks; 95 % interval over blocks.",
    ),
    Metric(
        "latency_p95",
        "95th percentile latency",
        "p95",
        "s",
        "lower",
        "Time that 95 % of calls stay under: the mean over blocks of each block's own.",
    ),
    Metric("throughput", "Throughput", "Throughput", "1/s", "higher", "Examples a second at this batch size."),
    Metric(
        "energy_per_inference",
        "Energy per inference",
        "Energy",
        "J",
        "lower",
        "Joules of all counted channels in the timed blocks, for one example.",
    ),
    Metric(
        "energy_per_inference_net",
        "Energy per inference, net of idle",
        "Energy, net",
        "J",
        "lower",
        "The same minus mean idle power × time.",
    ),
    Metric(
        WALL,
        "Energy at the wall, calibrated estimate",
        "Energy, wall ≈",
        "J",
        "lower",
        "What a wall meter would read for one example, from the counters and the line fitted by a calibration; an estimate, not compared.",
    ),
    Metric(
        "inferences_per_joule",
        "Inferences per joule",
        "Inferences/J",
        "1/J",
        "higher",
        "Examples answered for each joule: 1 ÷ energy per inference.",
    ),
    Metric("wh_per_1000", "Energy of 1,000 queries", "1,000 queries", "Wh", "lower", "Watt-hours of a thousand inferences."),
    Metric(
        "flops_per_joule",
        "FLOPs per joule",
        "FLOPs/J",
        "FLOP/J",
        "higher",
        "Operations of one example for each joule of it. A smaller model may do fewer for each joule and still be the greener one.",
    ),
    Metric(
        "energy_delay_product",
        "Energy–delay product",
        "Energy × delay",
        "J·s",
        "lower",
        "Energy of one example × time of one example (median time of a call ÷ examples in it), block by block: low where a model is both "
        "frugal and fast.",
    ),
    Metric(
        "accuracy_per_joule",
        "Accuracy per joule",
        "Accuracy/J",
        "1/J",
        "higher",
        "Accuracy as a fraction ÷ energy per inference: right answers for each joule.",
    ),
    Metric("size_bytes", "File size", "Size", "B", "lower", "Bytes of the file that the runtime loads.", counted=True),
    Metric(
        "size_coded_bytes",
        "Coded size",
        "Coded",
        "B",
        "lower",
        "Bytes of the smallest lossless file of ours that reads back bit-exact.",
        counted=True,
    ),
    Metric("parameters", "Parameters", "Parameters", "", "lower", "Trainable weights and biases.", counted=True),
    Metric("nonzero_parameters", "Non-zero parameters", "Non-zero", "", "lower", "Parameters that are not exactly zero.", counted=True),
    Metric("flops", "FLOPs", "FLOPs", "FLOP", "lower", "2 × multiply-adds of one example, of the graph as it executes.", counted=True),
    Metric(
        "peak_memory",
        "Peak memory",
        "Memory",
        "B",
        "lower",
        "Largest resident memory of the process that ran this variant, until its last timed call.",
        0.02,
    ),
    Metric("co2e_per_inference", "CO2e per inference", "CO2e", "g", "lower", "Energy per inference × PUE × grid intensity."),
)

QUALITY = ("accuracy", "mean_absolute_error", "mean_iou")
"""The metrics that judge answers, of which a run has the one of its data's task; "higher" ones are fractions."""

BY_KEY = {metric.key: metric for metric in METRICS}
