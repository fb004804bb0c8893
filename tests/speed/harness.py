"""How far the harness's median latency lies from torch.utils.benchmark's, for the same callable in the same process.

    python tests/speed/harness.py

Both time the same call in turn, several rounds; the ratio of each round is printed with its median. Aim: within 1 %.
"""

import statistics

import numpy as np
import torch
from torch.utils import benchmark

from greenbench.core.artifact import InputSpec
from greenbench.engine.bench.child import Bench
from greenbench.ml.models.registry import architecture_for, build

ROUNDS = 15
SECONDS = 1.0


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


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'model':24} {'ours, ms':>10} {'torch, ms':>10} {'ratio':>8}   range over {ROUNDS} rounds")
    for title, call, batch in callables():
        bench = Bench(lambda reply: None)
        bench.hold(call, [batch])
        bench.do_warm_up(1.0)
        timer = benchmark.Timer("call(batch)", globals={"call": call, "batch": batch}, num_threads=1)
        ratios, ours, theirs = [], [], []
        for number in range(ROUNDS):
            order = [0, 1] if number % 2 == 0 else [1, 0]
            found = {}
            for which in order:
                if which == 0:
                    found[0] = statistics.median(bench.do_block(SECONDS)["durations_ns"]) / 1e9
                else:
                    found[1] = timer.blocked_autorange(min_run_time=SECONDS).median
            ours.append(found[0])
            theirs.append(found[1])
            ratios.append(found[0] / found[1])
        row = f"{title:24} {statistics.median(ours) * 1e3:10.4f} {statistics.median(theirs) * 1e3:10.4f} {statistics.median(ratios):8.4f}"
        print(f"{row}   {min(ratios):.4f} to {max(ratios):.4f}")


if __name__ == "__main__":
    main()
