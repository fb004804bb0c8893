"""results.json: everything that is known of a run, at full precision, in SI units.

Layout (format "greenbench results", version 1):

    format, version        "greenbench results", 1; a newer version may add keys
    run_id, title, description, state, started (ISO 8601), started_ns, seconds, data
    plan                   nodes in order with parameters, inputs and digests; device, threads, seed, protocol
    environment            processor, memory, system, governor, turbo, GPUs, library versions; null where it does not say
    sources                each power source: state, provenance, channels, what it covers, reason and remedy
    idle_before, idle_after, energy_total    a measurement (below) or null
    variants               a list; each has
        letter, name       "A" is the baseline
        lineage            the steps it went through, first to last: node, title, step
        state, failure     failure is null or {kind, message, remedy, log}
        runtime, precision, batch, threads, benchmark, node, notes
        metrics            by key: accuracy, mean_absolute_error, mean_iou (of these three that of the data's task has a
                           value), latency_p50, latency_p95, throughput, energy_per_inference,
                           energy_per_inference_net, energy_per_inference_wall, inferences_per_joule, wh_per_1000,
                           flops_per_joule, energy_delay_product, accuracy_per_joule, size_bytes, size_coded_bytes,
                           parameters, nonzero_parameters,
                           flops, peak_memory, co2e_per_inference. Every variant has every key, each a measurement:
                           {value, low, high, n, unit, provenance, reason}: value, and its 95 % interval, in `unit`
                           (s, J, B, g, 1/s, FLOP, 1/J, Wh, FLOP/J, J·s; "1": a fraction; "": a count; an error has the unit of the data's
                           target, "" where it has none); provenance "external", "counter", "integrated",
                           "modelled" or "unavailable". No reading: value null, and `reason` says why.
        against            by key, against A: {verdict, change, low, high, p_value, p_adjusted, together, good, text, reason};
                           `change` is relative (−0.12: 12 % less), for accuracy and mean_iou a difference of fractions;
                           `p_value` is that of no change taken alone, `p_adjusted` among the `together` variants that
                           were judged at once (Holm), at whose level verdict and interval are
        scenario           "single-stream", "offline" (batches: what was tried) or "server" (served: rate, bound_s,
                           queries, late, late_low and late_high (bounds of that share), valid, p99_s with low_s and high_s,
                           highest_rate, lowest_broken, text)
        percentiles        q, value_s, low_s, high_s (distribution-free, 95 %), n, needed (MLPerf's count), supported
        execution          what really ran, or null: runtime, version, device, precision, by_precision (heavy operators in
                           each precision), fallbacks, qdq, kernels, load_s, compile_s, first_s, threads, affinity
        latency_quantiles_s    101 numbers, 0 % to 100 % of all timed calls
        blocks             each timed block: index, t0_ns, t1_ns, calls, median_s, energy_j, and the conditions it was
                           timed under: temperature, clock, load of its own and of others (in cores), battery, GPU
        two_speeds         null, or the share of the time for which calls took `factor` times as long as they can
    nodes                  what each step did: state, seconds, energy, facts, outputs, failure
    ledger                 every joule of the run on one line: kind, node, title, seconds, energy, cached (then it is what it took at
                           first, in an earlier run), failed, variants (for which), repeat (further seeds), flop and trainings; the
                           lines add up to energy_total
    spent                  what the runs of this pipeline, and those since the program was started, took together: scope, runs,
                           experiments (H of E·D·H), flop, training and energy in J, seconds, missing (lines without a reading)
    warnings               kind "warning", "deviation" or "limit"; text; variant; code ("clock", "load", "speeds", "thermal", "battery",
                           "throttle", "idle", "gap", "cap", "process", "bootstrap"; "" for all else)
    lint                   what was told before the run: code, tone, title, text, evidence, node, remedy, proposals
    carbon                 the grid factor that was assumed, with region, year, source and PUE; or null
    calibration            the line that gives energy_per_inference_wall, a calibrated estimate that is never compared: offset_w, gain,
                           their standard errors and covariance, residual_w, the range it holds for, its meter and channels; or null
    traces                 watts of each channel over the run: t_s, low_w, high_w, counted (a part of the machine's total)
    benchmark_traces       the same over the benchmark alone, where it is a small part of the run
    phases                 what went on when: kind, label, t0_s, t1_s, variant
    raw_digest             SHA-256 of the samples, windows, calls and answers that all numbers are made of (greenbench audit)
    arithmetic             number of the rules by which they were made of it; 0: from before that was kept
    joined                 logs of meters outside the machine that were joined later: offset (s, with its interval) of their clock, whether
                           it was estimated and against what, the joules of every window, per_inference by letter, the readings
    block_trace            one timed block closely, all counted channels together, or null: power_w in spans of step_s from begin_s on
"""

from pathlib import Path

from greenbench.core.measurement import Measurement
from greenbench.core.metrics import METRICS, QUALITY
from greenbench.core.run import RunResult, VariantResult
from greenbench.report.writers.whole_file import write_whole


def write_json(result: RunResult, path: Path) -> None:
    """Writes results.json; what it holds reads back as an equal `RunResult`, with every metric present.

    Raises:
        ReportError: the file cannot be written.
    """
    write_whole(Path(path), to_json(result).encode("utf-8"))


def to_json(result: RunResult) -> str:
    """The text of results.json."""
    return complete(result).model_dump_json(indent=2) + "\n"


def complete(result: RunResult) -> RunResult:
    """The result with every metric in every variant: one that was not measured is null and says why."""
    return result.model_copy(update={"variants": tuple(_complete(variant) for variant in result.variants)})


def _complete(variant: VariantResult) -> VariantResult:
    reason = variant.failure.message if variant.failure else "not measured"
    judged = any(key in variant.metrics for key in QUALITY)
    reasons = {key: "another task's metric" for key in QUALITY if judged}
    metrics = {
        metric.key: variant.metrics.get(metric.key)
        or Measurement.missing(metric.unit.removeprefix("target"), reasons.get(metric.key, reason))
        for metric in METRICS
    }
    others = {key: measurement for key, measurement in variant.metrics.items() if key not in metrics}
    return variant.model_copy(update={"metrics": {**metrics, **others}})
