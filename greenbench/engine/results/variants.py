"""The variants of one benchmark node with their numbers."""

import numpy as np

from greenbench.analysis import energy_metrics
from greenbench.analysis.intervals import block_mean, block_quantile
from greenbench.analysis.percentiles import percentiles
from greenbench.analysis.speeds import two_speeds
from greenbench.core.carbon import grams
from greenbench.core.measurement import Measurement, WindowKind
from greenbench.core.messages import VariantReady
from greenbench.core.metrics import BY_KEY, METRICS
from greenbench.core.run import Block, CarbonFactor, NodeState, PlannedNode, Remark, Scenario, VariantResult
from greenbench.engine.judging import quality
from greenbench.engine.recorder import Recorder
from greenbench.engine.results import energies
from greenbench.engine.results.comparisons import Comparisons
from greenbench.engine.results.conditions import of_block
from greenbench.engine.results.energies import BlockEnergies
from greenbench.engine.results.scenarios import scenario, served, throughputs

_MIRROR = {"size_bytes", "size_coded_bytes", "parameters", "nonzero_parameters", "flops"}


class BenchmarkResults:
    """The variants of one benchmark node, with their numbers and their comparisons with the first."""

    def __init__(self, recorder: Recorder, node: PlannedNode, factor: CarbonFactor | None) -> None:
        self.recorder, self.node, self.factor = recorder, node, factor
        self.blocks = recorder.windows_by(WindowKind.BLOCK, node.id)
        idle = recorder.windows_by(WindowKind.IDLE, node.id).get("", [])
        read = [recorder.ledger.window(window.t0_ns, window.t1_ns) for window in idle]
        self.idle = [energy for energy in read if energy.mean_power_w is not None]
        self.energies: dict[str, BlockEnergies] = {}
        self.remarks: list[Remark] = []

    def variants(self) -> list[VariantResult]:
        letters = sorted(
            {key[1] for key in (*self.recorder.ready, *self.recorder.failed) if key[0] == self.node.id}, key=lambda k: (len(k), k)
        )
        found = [self._variant(key) for key in letters]
        comparisons = Comparisons(self.recorder, self.node.id, self.energies)
        compared = comparisons.compared(found)
        self.remarks = comparisons.remarks
        return compared

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
        self.energies[key] = energy = energies.of_blocks(self.recorder, self.blocks.get(key, []), ready.batch, self.idle)
        blocks = [np.array(block) for block in latencies.values()]
        calls = np.concatenate(blocks) if blocks else np.array([])
        measured, at_work = self.recorder.measured.get((self.node.id, key)), scenario(self.node)
        more = {
            "state": NodeState.DONE if latencies else NodeState.CANCELLED,
            "runtime": ready.runtime,
            "precision": ready.precision,
            "batch": ready.batch,
            "threads": ready.threads,
            "metrics": self._metrics(key, energy),
            "scenario": at_work,
            "batches": ready.batches,
            "served": served(self.node, blocks, measured),
            "percentiles": percentiles(blocks),
            "latency_quantiles_s": tuple(float(q) for q in np.quantile(calls, np.linspace(0, 1, 101))) if calls.size else (),
            "blocks": self._blocks(key, energy, ready.batch),
            "two_speeds": None if at_work is Scenario.SERVER else two_speeds(blocks),  # a server's queries wait for each other
            "notes": ready.notes,
            "execution": ready.execution,
        }
        return bare.model_copy(update=more)

    def _metrics(self, key: str, energy: BlockEnergies) -> dict[str, Measurement]:
        ready = self.recorder.ready[(self.node.id, key)]
        blocks = [np.array(values) for values in self.recorder.latencies_of(self.node.id, key).values()]
        metrics: dict[str, Measurement] = dict([quality(self.recorder, self.node, key)])
        if blocks:
            metrics["latency_p50"] = block_quantile(blocks, 0.5).measurement("s")
            metrics["latency_p95"] = block_quantile(blocks, 0.95).measurement("s")
            rates = throughputs(self.recorder, self.node, key)
            metrics["throughput"] = block_mean(list(rates.values())).measurement("1/s")
        else:
            for name in ("latency_p50", "latency_p95", "throughput"):
                metrics[name] = Measurement.missing(BY_KEY[name].unit, "no block was measured")
        metrics["energy_per_inference"] = energy.gross_per_inference()
        metrics["energy_per_inference_net"] = energy.net_per_inference()
        metrics.update(self._counted(key, ready))
        metrics.update(self._energy_aware(key, energy, metrics))
        metrics["co2e_per_inference"] = grams(metrics["energy_per_inference"], self.factor)
        return {metric.key: metrics[metric.key] for metric in METRICS if metric.key in metrics}

    def _counted(self, key: str, ready: VariantReady) -> dict[str, Measurement]:
        """What is a count or one reading: sizes, parameters, memory."""
        metrics: dict[str, Measurement] = {}
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
        return metrics

    def _energy_aware(self, key: str, energy: BlockEnergies, metrics: dict[str, Measurement]) -> dict[str, Measurement]:
        """What energy gives together with time, operations and right answers."""
        joules = metrics["energy_per_inference"]
        batch = self.recorder.ready[(self.node.id, key)].batch
        times = [float(np.median(self.recorder.latencies[(self.node.id, key, w.block)])) / batch for w in self.blocks.get(key, [])]
        return {
            "inferences_per_joule": energy_metrics.inferences_per_joule(joules),
            "wh_per_1000": energy_metrics.wh_per_1000(joules),
            "flops_per_joule": energy_metrics.flops_per_joule(joules, metrics.get("flops")),
            "energy_delay_product": energy_metrics.energy_delay_product(energy.gross, times, joules, energy.relative_error),
            "accuracy_per_joule": energy_metrics.accuracy_per_joule(metrics.get("accuracy"), joules),
        }

    def _blocks(self, key: str, energy: BlockEnergies, batch: int) -> tuple[Block, ...]:
        found = []
        for window, joules, edge in zip(self.blocks.get(key, []), energy.gross, energy.edges, strict=True):
            values = self.recorder.latencies[(self.node.id, key, window.block)]
            total, open_j = (None if each is None else each * window.calls * batch for each in (joules, edge))
            found.append(
                Block(
                    index=window.block, t0_ns=window.t0_ns, t1_ns=window.t1_ns, calls=window.calls,
                    median_s=float(np.median(values)), energy_j=total, edge_j=open_j,
                    conditions=of_block(self.recorder.facts, window),
                )
            )  # fmt: skip
        return tuple(found)
