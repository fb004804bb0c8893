"""How far the harness's latency lies from torch.utils.benchmark's, for the same callable in the same process.

    python tests/speed/harness.py

Both time the same call in turn, many short rounds. torch's median is over means of groups of calls; ours is over single
calls, which on a machine with stray slow calls is lower. So two ratios are printed: ours by torch's estimator (the mean of
as many calls, median over the groups), which tests the clockwork alone, and the plain median. Aim for the first: within 1 %.
"""

import statistics
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils import benchmark

from greenbench.core.artifact import InputSpec
from greenbench.engine.bench.child import Bench
from greenbench.ml.models.registry import architecture_for, build

ROUNDS = 101
SECONDS = 0.1


def callables():
    torch.manual_seed(0)
    cases = [("LeNet-300-100", "lenet_300_100", (1, 28, 28)), ("ResNet-8, 32 x 32", "resnet8", (1, 32, 32))]
    for title, name, shape in cases:
        module = build(architecture_for(name, InputSpec(shape=shape), 10)).eval()
        batch = np.random.default_rng(0).random((1, *shape), dtype=np.float32)

        def call(example, module=module):
            with torch.inference_mode():
                return module(torch.from_numpy(example)).numpy()

        yield title, call, batch


def grouped_median(durations, size):
    """The median over means of `size` calls, as torch.utils.benchmark forms it."""
    whole = len(durations) // size * size
    if not whole:
        return statistics.fmean(durations)
    return float(np.median(np.asarray(durations[:whole]).reshape(-1, size).mean(axis=1)))


@dataclass(frozen=True)
class Beside:
    """Ours beside torch's for one model: our median in ms, the ratio by the same estimator with its middle half, and the plain one."""

    title: str
    median_ms: float
    ratio: float
    low: float
    high: float
    plain: float


def compare(title, call, batch, rounds=ROUNDS):
    """Both time the same call in turn, so many rounds."""
    bench = Bench(lambda reply: None)
    bench.hold(call, [batch])
    bench.do_warm_up(1.0)
    timer = benchmark.Timer("call(batch)", globals={"call": call, "batch": batch}, num_threads=1)
    same, plain, medians = [], [], []
    for number in range(rounds):
        if number % 2 == 0:
            ours = bench.do_block(SECONDS)["durations_ns"]
            theirs = timer.blocked_autorange(min_run_time=SECONDS)
        else:
            theirs = timer.blocked_autorange(min_run_time=SECONDS)
            ours = bench.do_block(SECONDS)["durations_ns"]
        same.append(grouped_median(ours, theirs.number_per_run) / 1e9 / theirs.median)
        plain.append(statistics.median(ours) / 1e9 / theirs.median)
        medians.append(statistics.median(ours) / 1e6)
    low, high = np.quantile(same, [0.25, 0.75])
    return Beside(title, statistics.median(medians), statistics.median(same), float(low), float(high), statistics.median(plain))


def main() -> None:
    torch.set_num_threads(1)
    print(f"Ratios of ours to torch's over {ROUNDS} rounds.")
    print(f"{'model':24} {'median, ms':>12} {'same estimator':>16} {'middle half':>18} {'plain median':>14}")
    for title, call, batch in callables():
        found = compare(title, call, batch)
        row = f"{found.title:24} {found.median_ms:12.4f} {found.ratio:16.4f}"
        print(f"{row} {f'{found.low:.3f} to {found.high:.3f}':>18} {found.plain:14.4f}")


if __name__ == "__main__":
    main()
