"""Each variant of a benchmark against its baseline, metric by metric; of several variants, corrected for their number."""

from greenbench.analysis import compare
from greenbench.analysis.bootstrap import FEWEST_BLOCKS, ratio_by_bootstrap
from greenbench.analysis.energy_metrics import ENERGY_AWARE
from greenbench.analysis.holm import holm
from greenbench.analysis.intervals import CONFIDENCE, Interval, paired_ratio
from greenbench.core.metrics import METRICS, QUALITY, Metric
from greenbench.core.run import Comparison, Remark, VariantResult, Verdict
from greenbench.engine import judging
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.energies import BlockEnergies
from greenbench.engine.results.energy_ratios import Rounds, in_round, left_open, mean_edges, ratio, with_accuracy
from greenbench.engine.results.pairs import Pairs

_OF_ENERGY = ("energy_per_inference", "energy_per_inference_net", "co2e_per_inference", *ENERGY_AWARE)
_OF_A_CALL = ("latency_p50", "latency_p95")
_TIMED = (*_OF_A_CALL, "throughput")
SHORT_BLOCKS = "blocks are short for this meter"
"""Why an energy cannot be told from the baseline's where the meter's edges leave more open than the rounds scatter."""


class Comparisons:
    """What may be said of the variants of one benchmark against the first of them. `remarks` are filled while they are compared."""

    def __init__(self, recorder: Recorder, node: str, energies: dict[str, BlockEnergies]) -> None:
        self.recorder, self.node, self.energies = recorder, node, energies
        self.pairs = Pairs(recorder, node)
        self.remarks: list[Remark] = []
        self._resolution = recorder.plan.protocol.resolution

    def compared(self, variants: list[VariantResult]) -> list[VariantResult]:
        """The variants with their comparisons; as they are where the baseline has no result."""
        if not variants or variants[0].letter != "A" or variants[0].failure is not None:
            return variants
        baseline, others = variants[0], [v for v in variants[1:] if v.failure is None and v.metrics]
        found: dict[str, dict[str, Comparison]] = {baseline.letter: {metric.key: compare.baseline() for metric in METRICS}}
        for metric in METRICS:
            for letter, comparison in self._of_metric(metric, others, baseline).items():
                found.setdefault(letter, {})[metric.key] = comparison
        return [v.model_copy(update={"against": found[v.letter]}) if v.letter in found else v for v in variants]

    def _of_metric(self, metric: Metric, variants: list[VariantResult], baseline: VariantResult) -> dict[str, Comparison]:
        """The verdicts in one metric. Those that rest on a test are tested together (greenbench.analysis.holm)."""
        alone = {v.letter: self._against(metric, v, baseline, CONFIDENCE) for v in variants}
        found = {letter: comparison for letter, comparison in alone.items() if comparison is not None}
        tested = {letter: comparison.p_value for letter, comparison in found.items() if comparison.p_value is not None}
        if len(tested) > 1:
            by_letter = {v.letter: v for v in variants}
            for letter, corrected in zip(tested, holm(list(tested.values())), strict=True):
                again = self._against(metric, by_letter[letter], baseline, corrected.confidence)
                if again is not None:
                    found[letter] = again.model_copy(update={"p_adjusted": corrected.p_value, "together": len(tested)})
        return found

    def _against(self, metric: Metric, variant: VariantResult, baseline: VariantResult, confidence: float) -> Comparison | None:
        mine, other = variant.metrics.get(metric.key), baseline.metrics.get(metric.key)
        if mine is None or other is None or mine.value is None or other.value is None:
            return None
        if metric.key in QUALITY:
            answers, others = (self.recorder.measured[(self.node, v.letter)] for v in (variant, baseline))
            return judging.against(metric, answers, others, confidence)
        if metric.counted:
            return compare.compare_counts(metric, mine.value, other.value)
        if metric.key in _OF_A_CALL and variant.batch != baseline.batch:
            reason = f"a call has {variant.batch} examples, one of {baseline.letter} {baseline.batch}: compare the throughput"
            return compare.not_compared(reason, "other batch size")
        if metric.key in _TIMED:
            pairs = self.pairs.timed(metric.key, variant.letter, baseline.letter)
            return self._ratio(metric, variant, pairs, confidence)
        if metric.key in _OF_ENERGY:
            return self._energy_against(metric, variant, baseline, confidence)
        return compare.not_compared("one reading for each process, so no interval")

    def _ratio(self, metric: Metric, variant: VariantResult, pairs: tuple[list[float], list[float]], confidence: float) -> Comparison:
        if not pairs[0]:
            return compare.not_compared("no round has a block of both")
        found = compare.compare_ratio(metric, paired_ratio(*pairs, confidence), self._resolution)
        if metric.key == "latency_p50":
            self._cross_check(metric, variant, found, pairs, confidence)
        return found

    def _cross_check(
        self, metric: Metric, variant: VariantResult, found: Comparison, pairs: tuple[list[float], list[float]], confidence: float
    ) -> None:
        """Tells where a bootstrap over the same rounds would judge otherwise; the last level that is asked for stays."""
        if len(pairs[0]) < FEWEST_BLOCKS or min(*pairs[0], *pairs[1]) <= 0:
            return
        second = compare.compare_ratio(metric, ratio_by_bootstrap(*pairs, confidence), self._resolution)
        self.remarks = [remark for remark in self.remarks if remark.variant != variant.letter]
        if second.verdict is not found.verdict:
            text = (
                f"The verdict on the latency of {variant.letter} hangs on few blocks: a bootstrap over its {len(pairs[0])} rounds says "
                f"\u201c{second.text}\u201d."
            )
            self.remarks.append(Remark(kind="warning", text=text, variant=variant.letter, code="bootstrap"))

    def _energy_against(self, metric: Metric, variant: VariantResult, baseline: VariantResult, confidence: float) -> Comparison:
        mine, other = self.energies[variant.letter], self.energies[baseline.letter]
        if not (mine.provenance.measured and other.provenance.measured):
            return compare.not_compared("modelled from load: an estimate is not compared")
        key, known_a, known_b = metric.key, self._energy_by_round(metric.key, variant), self._energy_by_round(metric.key, baseline)
        pairs = self.pairs.of(known_a.values, known_b.values, variant.letter, baseline.letter)
        if len(pairs[0]) < 2:
            return compare.not_compared("fewer than two rounds have a reading for both")
        open_ = left_open(key, known_a, known_b)
        if key == "accuracy_per_joule":
            found = with_accuracy(pairs, open_, variant, baseline, confidence)
        else:
            edges = mean_edges(key, variant, known_a, known_b.values), mean_edges(key, baseline, known_b, known_a.values)
            found = ratio(pairs, open_, edges, confidence)
        verdict = compare.compare_ratio(metric, found, self._resolution)
        if verdict.verdict is Verdict.UNCLEAR and max(open_.down, open_.up) > _scatter(paired_ratio(*pairs, confidence)):
            return verdict.model_copy(update={"reason": SHORT_BLOCKS})
        return verdict

    def _energy_by_round(self, key: str, variant: VariantResult) -> Rounds:
        """The metric of each block that has a reading."""
        energy, found = self.energies[variant.letter], Rounds({}, {}, {})
        joules, edges = (energy.net, energy.net_edges) if key.endswith("_net") else (energy.gross, energy.edges)
        for block, joule, edge in zip(variant.blocks, joules, edges, strict=True):
            value = None if joule is None else in_round(key, variant, joule, block.median_s / variant.batch)
            if joule is not None and value is not None:
                found.values[block.index], found.energies_j[block.index], found.edges_j[block.index] = value, joule, edge or 0.0
        return found


def _scatter(alone: Interval) -> float:
    """Half the width of a ratio's interval from its rounds alone, as a share of it; none where there is no interval."""
    return (alone.relative_width or 0.0) / 2
