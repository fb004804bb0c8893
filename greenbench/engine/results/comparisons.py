"""Each variant of a benchmark against its baseline, metric by metric."""

from greenbench.analysis import compare
from greenbench.analysis.intervals import Interval, paired_ratio, quantiles, same_rounds
from greenbench.core.metrics import BY_KEY, METRICS, QUALITY
from greenbench.core.run import Comparison, VariantResult
from greenbench.engine import judging
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.energies import BlockEnergies


class Comparisons:
    """What may be said of the variants of one benchmark against the first of them."""

    def __init__(self, recorder: Recorder, node: str, energies: dict[str, BlockEnergies]) -> None:
        self.recorder, self.node, self.energies = recorder, node, energies

    def compared(self, variants: list[VariantResult]) -> list[VariantResult]:
        """The variants with their comparisons; as they are where the baseline has no result."""
        if not variants or variants[0].letter != "A" or variants[0].failure is not None:
            return variants
        return [self._compared(variant, variants[0]) for variant in variants]

    def _compared(self, variant: VariantResult, baseline: VariantResult) -> VariantResult:
        if variant.letter == baseline.letter:
            return variant.model_copy(update={"against": {metric.key: compare.baseline() for metric in METRICS}})
        if variant.failure is not None or not variant.metrics:
            return variant
        against = {metric.key: self._against(metric.key, variant, baseline) for metric in METRICS}
        return variant.model_copy(update={"against": {key: comparison for key, comparison in against.items() if comparison}})

    def _against(self, key: str, variant: VariantResult, baseline: VariantResult) -> Comparison | None:
        metric = BY_KEY[key]
        mine, other = variant.metrics.get(key), baseline.metrics.get(key)
        if mine is None or other is None or mine.value is None or other.value is None:
            return None
        if key in QUALITY:
            return judging.against(metric, *(self.recorder.measured[(self.node, v.letter)] for v in (variant, baseline)))
        if metric.counted:
            return compare.compare_counts(metric, mine.value, other.value)
        if key in ("latency_p50", "latency_p95", "throughput"):
            return compare.compare_ratio(metric, self._latency_ratio(key, variant.letter, baseline.letter))
        if key.startswith(("energy", "co2e")):
            return self._energy_against(key, variant, baseline)
        return compare.not_compared("one reading for each process, so no interval")

    def _latency_ratio(self, key: str, mine: str, other: str) -> Interval:
        """The paired ratio over the rounds in which both were timed."""
        return paired_ratio(*same_rounds(self._by_round(key, mine), self._by_round(key, other)))

    def _by_round(self, key: str, letter: str) -> dict[int, float]:
        """One number for each block of a variant."""
        blocks = self.recorder.latencies_of(self.node, letter)
        if key == "throughput":
            return {index: len(calls) / sum(calls) for index, calls in blocks.items()}
        found = quantiles(list(blocks.values()), {"latency_p50": 0.5, "latency_p95": 0.95}[key])
        return dict(zip(blocks, found.tolist(), strict=True))

    def _energy_against(self, key: str, variant: VariantResult, baseline: VariantResult) -> Comparison:
        mine, other = self.energies[variant.letter], self.energies[baseline.letter]
        if not (mine.provenance.measured and other.provenance.measured):
            return compare.not_compared("modelled from load: an estimate is not compared")
        net = key.endswith("net")
        rounds_a = dict(zip((b.index for b in variant.blocks), mine.net if net else mine.gross, strict=True))
        rounds_b = dict(zip((b.index for b in baseline.blocks), other.net if net else other.gross, strict=True))
        pairs = [(rounds_a[r], rounds_b[r]) for r in sorted(rounds_a.keys() & rounds_b.keys())]
        usable = [(a, b) for a, b in pairs if a is not None and b is not None]
        if len(usable) < 2:
            return compare.not_compared("fewer than two rounds have a reading for both")
        return compare.compare_ratio(BY_KEY[key], paired_ratio([a for a, _ in usable], [b for _, b in usable]))
