"""Joins what the worker timed with what the meter read: the results of a run, from its events and the energy ledger."""

import math
from dataclasses import dataclass

import numpy as np

from greenbench.analysis import compare
from greenbench.analysis.intervals import Interval, block_mean, block_quantile, paired_ratio, quantiles, same_rounds
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement, Provenance, SourceReport, Window, WindowKind
from greenbench.core.metrics import BY_KEY, METRICS, QUALITY
from greenbench.core.run import (
    Block,
    CarbonFactor,
    Comparison,
    NodeState,
    PlannedNode,
    PowerTrace,
    Remark,
    RunResult,
    RunState,
    VariantResult,
)
from greenbench.engine import judging
from greenbench.engine.judging import datasets, quality
from greenbench.engine.limits import limits
from greenbench.engine.recorder import Recorder
from greenbench.meters import carbon

_TRACE_BINS = 600
_MIRROR = {"size_bytes", "size_coded_bytes", "parameters", "nonzero_parameters", "flops"}


def assemble(recorder: Recorder, sources: tuple[SourceReport, ...], started_iso: str) -> RunResult:
    """The results of a run, whatever its state: what was measured is there."""
    plan = recorder.plan
    benchmarks = [node for node in plan.nodes if node.step == "benchmark"]
    variants: list[VariantResult] = []
    idles: list[Window] = []
    factor: CarbonFactor | None = None
    warnings = list(recorder.warnings)
    for node in benchmarks:
        factor, problem = _carbon(node)
        if problem:
            warnings.append(Remark(kind="warning", text=problem))
        found = _Benchmark(recorder, node, factor).variants()
        variants.extend(_relabelled(found, len(variants)))
        idles += recorder.windows_by(WindowKind.IDLE, node.id).get("", [])
    powers = [recorder.ledger.idle_power_w(window) for window in idles]
    ended = recorder.ended_ns or recorder.started_ns
    return RunResult(
        run_id=recorder.run_id,
        title=plan.title,
        description=plan.description,
        state=recorder.state,
        started=started_iso,
        started_ns=recorder.started_ns,
        seconds=max(ended - recorder.started_ns, 0) / 1e9,
        plan=plan,
        environment=recorder.environment,
        sources=sources,
        idle_before=powers[0] if powers else None,
        idle_after=powers[-1] if len(powers) > 1 else None,
        variants=tuple(variants),
        nodes=tuple(recorder.nodes[node.id] for node in plan.nodes if node.id in recorder.nodes),
        warnings=(*warnings, *_protocol_warnings(recorder, variants), *limits(recorder, variants)),
        data=_data(recorder, benchmarks),
        energy_total=_total(recorder),
        carbon=factor,
        traces=_traces(recorder),
    )


def _relabelled(variants: list[VariantResult], offset: int) -> list[VariantResult]:
    """Letters are unique in a run: a second benchmark goes on where the first ended, and keeps its own baseline."""
    from greenbench.core.run import letter

    return [v.model_copy(update={"letter": letter(offset + i)}) if offset else v for i, v in enumerate(variants)]


def _carbon(node: PlannedNode) -> tuple[CarbonFactor | None, str]:
    try:
        return carbon.factor(node.params["region"], node.params["pue"]), ""
    except GreenBenchError as error:
        return None, str(error)


def _above(energy_j: float, idle_j: float) -> float:
    """What is left above idle; what is left of rounding alone is nothing."""
    left = energy_j - idle_j
    return 0.0 if abs(left) < 1e-9 * abs(energy_j) else left


@dataclass(frozen=True)
class _Energy:
    """Energy of one example in each block, J; None for a block without reading."""

    gross: list[float | None]
    net: list[float | None]
    provenance: Provenance
    reason: str
    relative_error: float


class _Benchmark:
    """The variants of one benchmark node, with their numbers and their comparisons with the first."""

    def __init__(self, recorder: Recorder, node: PlannedNode, factor: CarbonFactor | None) -> None:
        self.recorder, self.node, self.factor = recorder, node, factor
        self.blocks = recorder.windows_by(WindowKind.BLOCK, node.id)
        idle = recorder.windows_by(WindowKind.IDLE, node.id).get("", [])
        self.idle_w = [power.value for power in (recorder.ledger.idle_power_w(window) for window in idle) if power.value is not None]
        self.energies: dict[str, _Energy] = {}

    def variants(self) -> list[VariantResult]:
        letters = sorted(
            {key[1] for key in (*self.recorder.ready, *self.recorder.failed) if key[0] == self.node.id}, key=lambda k: (len(k), k)
        )
        found = [self._variant(key) for key in letters]
        if found and found[0].letter == "A" and found[0].failure is None:
            return [self._compared(variant, found[0]) for variant in found]
        return found

    def _variant(self, key: str) -> VariantResult:
        failed = self.recorder.failed.get((self.node.id, key))
        ready = self.recorder.ready.get((self.node.id, key))
        name, source = (failed.name, failed.source) if failed else (ready.name, ready.source) if ready else (key, "")
        bare = VariantResult(
            letter=key, node=source, name=name, benchmark=self.node.id, lineage=self.recorder.plan.lineage(source), state=NodeState.FAILED
        )
        if failed or ready is None:
            return bare.model_copy(update={"failure": failed.failure if failed else None})
        latencies = self.recorder.latencies_of(self.node.id, key)
        self.energies[key] = energy = self._energy(key, ready.batch)
        calls = np.concatenate([np.array(block) for block in latencies.values()]) if latencies else np.array([])
        more = {
            "state": NodeState.DONE if latencies else NodeState.CANCELLED,
            "runtime": ready.runtime,
            "precision": ready.precision,
            "batch": ready.batch,
            "threads": ready.threads,
            "metrics": self._metrics(key, ready.batch, energy),
            "latency_quantiles_s": tuple(float(q) for q in np.quantile(calls, np.linspace(0, 1, 101))) if calls.size else (),
            "blocks": self._blocks(key, energy, ready.batch),
            "notes": ready.notes,
            "execution": ready.execution,
        }
        return bare.model_copy(update=more)

    def _energy(self, key: str, batch: int) -> _Energy:
        gross: list[float | None] = []
        net: list[float | None] = []
        provenances, errors, reason = [], [0.0], ""
        idle_w = float(np.mean(self.idle_w)) if self.idle_w else None
        for window in self.blocks.get(key, []):
            found = self.recorder.ledger.window(window.t0_ns, window.t1_ns).measurement()
            if found.value is None or found.low is None:
                gross.append(None)
                net.append(None)
                reason = found.reason
                continue
            examples = max(window.calls, 1) * batch
            provenances.append(found.provenance)
            errors.append((found.value - found.low) / found.value if found.value else 0.0)
            gross.append(found.value / examples)
            net.append(None if idle_w is None else _above(found.value, idle_w * window.seconds) / examples)
        return _Energy(gross, net, Provenance.least(provenances), reason or "no block was measured", max(errors))

    def _metrics(self, key: str, batch: int, energy: _Energy) -> dict[str, Measurement]:
        ready = self.recorder.ready[(self.node.id, key)]
        blocks = [np.array(values) for values in self.recorder.latencies_of(self.node.id, key).values()]
        metrics: dict[str, Measurement] = dict([quality(self.recorder, self.node, key)])
        if blocks:
            metrics["latency_p50"] = block_quantile(blocks, 0.5).measurement("s")
            metrics["latency_p95"] = block_quantile(blocks, 0.95).measurement("s")
            metrics["throughput"] = block_mean([len(block) * batch / block.sum() for block in blocks]).measurement("1/s")
        else:
            for name in ("latency_p50", "latency_p95", "throughput"):
                metrics[name] = Measurement.missing(BY_KEY[name].unit, "no block was measured")
        metrics["energy_per_inference"] = _not_below_zero(_per_inference(energy.gross, energy))
        if self.idle_w or energy.provenance is Provenance.UNAVAILABLE:
            metrics["energy_per_inference_net"] = self._net(energy)
        else:
            metrics["energy_per_inference_net"] = Measurement.missing("J", "no idle power was measured")
        measured = self.recorder.measured.get((self.node.id, key))
        uncounted = "not counted for this format" if measured else "the run ended before it was counted"
        for name in _MIRROR:
            value = getattr(ready, name)
            if value is None and measured is not None:
                value = getattr(measured, name, None)
            unit = BY_KEY[name].unit
            metrics[name] = Measurement.missing(unit, uncounted) if value is None else Measurement.exact(value, unit)
        peak = measured.peak_memory_bytes if measured else None
        metrics["peak_memory"] = (
            Measurement.missing("B", "not reported by the system") if peak is None else Measurement(value=peak, unit="B")
        )
        metrics["co2e_per_inference"] = self._co2e(metrics["energy_per_inference"])
        return {metric.key: metrics[metric.key] for metric in METRICS if metric.key in metrics}

    def _net(self, energy: _Energy) -> Measurement:
        """Net energy; the drift between the two idle windows belongs to its error."""
        net = _per_inference(energy.net, energy)
        gross = _per_inference(energy.gross, energy)
        if net.value is None or net.low is None or net.high is None or gross.value is None:
            return net
        drift = (max(self.idle_w) - min(self.idle_w)) / 2 if self.idle_w else 0.0
        mean_w = float(np.mean(self.idle_w)) if self.idle_w else 0.0
        extra = drift / mean_w * (gross.value - net.value) if mean_w else 0.0
        return net.model_copy(update={"low": net.low - extra, "high": net.high + extra})

    def _co2e(self, energy: Measurement) -> Measurement:
        if energy.value is None:
            return Measurement.missing("g", energy.reason)
        if self.factor is None:
            return Measurement.missing("g", "no grid intensity for the chosen region")
        low, high = (None if end is None else carbon.co2e_g(end, self.factor) for end in (energy.low, energy.high))
        grams = carbon.co2e_g(energy.value, self.factor)
        return Measurement(value=grams, low=low, high=high, n=energy.n, unit="g", provenance=Provenance.MODELLED)

    def _blocks(self, key: str, energy: _Energy, batch: int) -> tuple[Block, ...]:
        found = []
        for window, joules in zip(self.blocks.get(key, []), energy.gross, strict=True):
            values = self.recorder.latencies[(self.node.id, key, window.block)]
            total = None if joules is None else joules * window.calls * batch
            found.append(
                Block(
                    index=window.block, t0_ns=window.t0_ns, t1_ns=window.t1_ns, calls=window.calls,
                    median_s=float(np.median(values)), energy_j=total,
                )
            )  # fmt: skip
        return tuple(found)

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
            return judging.against(metric, *(self.recorder.measured[(self.node.id, v.letter)] for v in (variant, baseline)))
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
        blocks = self.recorder.latencies_of(self.node.id, letter)
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


def _per_inference(values: list[float | None], energy: _Energy) -> Measurement:
    """The mean over blocks; its interval joins their spread with the meter's own error, as independent errors."""
    known = [value for value in values if value is not None]
    if not known or energy.provenance is Provenance.UNAVAILABLE:
        return Measurement.missing("J", energy.reason)
    mean = block_mean(known)
    spread = (mean.high - mean.low) / 2 if mean.high is not None and mean.low is not None else 0.0
    half = math.hypot(spread, energy.relative_error * abs(mean.value))
    return Measurement(
        value=mean.value, low=mean.value - half, high=mean.value + half, n=len(known), unit="J", provenance=energy.provenance
    )


def _not_below_zero(energy: Measurement) -> Measurement:
    """Gross energy cannot be negative, however wide its interval."""
    return energy if energy.low is None else energy.model_copy(update={"low": max(energy.low, 0.0)})


def _total(recorder: Recorder) -> Measurement:
    """Every joule of the run: what each node cost, cached ones at their first cost."""
    energies = [node.energy for node in recorder.nodes.values() if node.energy is not None and node.energy.value is not None]
    if not energies:
        reasons = [node.energy.reason for node in recorder.nodes.values() if node.energy is not None]
        return Measurement.missing("J", reasons[0] if reasons else "no energy was read")
    return Measurement(
        value=sum(e.value for e in energies if e.value is not None),
        low=sum(e.low or 0.0 for e in energies),
        high=sum(e.high or 0.0 for e in energies),
        n=len(energies),
        unit="J",
        provenance=Provenance.least([e.provenance for e in energies]),
    )


def _protocol_warnings(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    found = _stopped_by_cap(recorder, variants)
    failed = [variant for variant in variants if variant.failure]
    found += [Remark(kind="warning", text=f"{v.letter} failed: {v.failure.message}", variant=v.letter) for v in failed if v.failure]
    if recorder.environment.on_battery:
        found.append(Remark(kind="warning", text="The machine ran on battery, which may slow the processor."))
    if recorder.state in (RunState.LOST, RunState.CANCELLED):
        found.append(Remark(kind="deviation", text=f"The run was {recorder.state.value} before its end; what was measured is shown."))
    return found


def _stopped_by_cap(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """One remark for all variants whose interval was still wider than aimed at when the blocks ended."""
    protocol = recorder.plan.protocol
    widths: dict[str, float] = {}
    for variant in variants:
        p50 = variant.metrics.get("latency_p50")
        if len(variant.blocks) < protocol.max_blocks or p50 is None or p50.value is None or p50.low is None or p50.high is None:
            continue
        if (width := (p50.high - p50.low) / p50.value) > protocol.target:
            widths[variant.letter] = width
    if not widths:
        return []
    who = " and ".join(filter(None, (", ".join(list(widths)[:-1]), list(widths)[-1])))
    ends = list(dict.fromkeys(_width(width, protocol.target) for width in (min(widths.values()), max(widths.values()))))
    text = (
        f"{who} stopped by the cap of {protocol.max_blocks} blocks: latency {'interval' if len(widths) == 1 else 'intervals'} "
        f"{' to '.join(f'{end} %' for end in ends)} wide, more than the {protocol.target * 100:g} % aimed at."
    )
    return [Remark(kind="warning", text=text, variant=next(iter(widths)) if len(widths) == 1 else "")]


def _width(share: float, target: float) -> str:
    """A width in per cent, with as many digits as show that it is more than the one aimed at: 5.2, not 5, where that is 5."""
    shown = (round(share * 100, decimals) for decimals in range(4))
    return next((f"{width:g}" for width in shown if width > target * 100), f"just over {target * 100:g}")


def _data(recorder: Recorder, benchmarks: list[PlannedNode]) -> str:
    """ "Digits, 360 test images" in words."""
    for node in benchmarks:
        for artifact in datasets(recorder, node):
            test = artifact.splits.get("test")
            return f"{artifact.name}, {test.examples} test examples" if test else artifact.name
    return ""


def _traces(recorder: Recorder) -> tuple[PowerTrace, ...]:
    """The power of each channel over the run, thinned for drawing."""
    if not recorder.started_ns:
        return ()
    ended = recorder.ended_ns or recorder.started_ns
    return tuple(recorder.ledger.thin(channel.key, _TRACE_BINS, recorder.started_ns, ended) for channel in recorder.ledger.channels)
