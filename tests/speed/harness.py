"""How far the harness's latency lies from torch.utils.benchmark's, for the same callable in the same process.

    python tests/speed/harness.py

Both time the same call in turn, many short rounds, so that a machine which speeds up and slows down does so for both. torch's Timer
gives the mean of a group of calls; ours times single calls, whose median on a machine with stray slow calls is lower. So two ratios are
printed: the mean of as many calls, which tests the clockwork alone, and the plain median. Aim for the first: within 1 %.
"""

import statistics
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils import benchmark

from greenbench.analysis.percentiles import ranks
from greenbench.core.artifact import InputSpec
from greenbench.engine.bench.child import Bench
from greenbench.ml.models.registry import architecture_for, build

ROUNDS = 401
SECONDS = 0.01


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


@dataclass(frozen=True)
class Beside:
    """Ours beside torch's for one model: our median in ms; over the rounds, the median ratio by the same estimator with its 95 % interval
    (of order statistics), and that of our plain median."""

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
            theirs = timer.timeit(count := len(ours)).mean
        else:
            theirs = timer.timeit(count).mean
            ours = bench.do_block(SECONDS)["durations_ns"]
        same.append(statistics.fmean(ours) / 1e9 / theirs)
        plain.append(statistics.median(ours) / 1e9 / theirs)
        medians.append(statistics.median(ours) / 1e6)
    first, last = ranks(rounds, 0.5)
    low, high = sorted(same)[first - 1], sorted(same)[last - 1]
    return Beside(title, statistics.median(medians), statistics.median(same), low, high, statistics.median(plain))


def main() -> None:
    torch.set_num_threads(1)
    print(f"Ratios of ours to torch's over {ROUNDS} rounds.")
    print(f"{'model':24} {'median, ms':>12} {'same estimator':>16} {'95 %':>18} {'plain median':>14}")
    for title, call, batch in callables():
        found = compare(title, call, batch)
        row = f"{found.title:24} {found.median_ms:12.4f} {found.ratio:16.4f}"
        print(f"{row} {f'{found.low:.3f} to {found.high:.3f}':>18} {found.plain:14.4f}")


if __name__ == "__main__":
    main()
