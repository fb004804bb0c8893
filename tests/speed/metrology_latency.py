"""Whether verdicts on latency can be believed: against another harness, on equal models, and on models that are slower by a known share.

    python tests/speed/metrology_latency.py [--repeats N] [--record FILE]
    python tests/speed/metrology.py latency

One repeat is a benchmark of four models (A, A again, 5 % more of the same layers, 2 % more) as the engine makes it: a process for each
variant and round, warm-up, blocks of 0.25 s in balanced order, 8 rounds, so that two variants are measured for 4 s. It takes about 35 s,
and in the first 25 about 6 s more for the same pair with one process each for all rounds, which shows what new processes are for. 100
repeats are an hour on a quiet machine, on which nothing else may run; with `--record` each is written down as it is done, and a broken-off
study goes on where it ended.

    A/A, 5 %      judged on each repeat's own 8 rounds at quick's resolution (±2.5 %): really measured, one verdict for each repeat
    2 %, lab      judged by the lab's stop rule (5 to 20 rounds, ±0.5 %) and margin (±1 %) on runs of consecutive rounds of the record, in
                  the order in which they were measured: real noise, of blocks of 0.25 s where the lab's have 10 s, so the harder case
    percentiles   intervals of eight recorded blocks, drawn at random, against the percentile of all calls that were recorded
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import harness
import numpy as np
import planted
import torch
from table import Table

from greenbench.analysis.compare import compare_ratio
from greenbench.analysis.intervals import paired_ratio
from greenbench.analysis.percentiles import SHOWN, percentiles
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import LAB, QUICK, Protocol, Verdict
from greenbench.engine.bench.schedule import round_order, still_needed

ROUNDS = 8
BLOCK_S = 0.25
WARM_UP_S = 0.6
MODELS = {"A": planted.LAYERS, "B": planted.LAYERS, "C": planted.SLOWER_5, "D": planted.SLOWER_2}
TIME = BY_KEY["latency_p50"]
DIFFERENT = (Verdict.LOWER, Verdict.HIGHER)
_LASTING = 25  # repeats in which the pair is also measured with one process each
DRAWS = 400
_KEPT = 501  # of a block's calls, in their order of length
Repeat = dict[str, Any]


def measure(made: planted.Models, models: dict[str, int], renew: bool) -> dict[str, list[list[float]]]:
    """Calls of each variant's blocks in seconds; `renew`: every round has new processes."""
    children = {letter: made.child(letter, layers) for letter, layers in models.items()}
    found: dict[str, list[list[float]]] = {letter: [] for letter in models}
    try:
        for number in range(ROUNDS):
            for letter, layers in models.items():
                if number and renew:
                    children[letter].close()
                    children[letter] = made.child(letter, layers)
                if renew or number == 0:
                    children[letter].ask("warm_up", seconds=WARM_UP_S)
            for letter in round_order(list(models), number):
                durations = np.array(children[letter].ask("block", seconds=BLOCK_S)["durations_ns"]) / 1e9
                found[letter].append(durations.tolist())
    finally:
        for child in children.values():
            child.close()
    return found


def one_repeat(made: planted.Models, number: int) -> Repeat:
    """Medians of all blocks, and the calls of the unchanged model, evenly thinned."""
    renewed = measure(made, MODELS, renew=True)
    lasting = measure(made, {"A": planted.LAYERS, "B": planted.LAYERS}, renew=False) if number < _LASTING else {}
    return {
        "medians": {letter: [statistics.median(block) for block in blocks] for letter, blocks in renewed.items()},
        "lasting": {letter: [statistics.median(block) for block in blocks] for letter, blocks in lasting.items()},
        "calls": [np.quantile(block, np.linspace(0, 1, _KEPT)).tolist() for block in (*renewed["A"], *renewed["B"])],
    }


def study(repeats: int, record: Path | None) -> list[Repeat]:
    """The repeats, those that a record already has among them."""
    known = [json.loads(line) for line in record.read_text().splitlines()] if record and record.exists() else []
    with planted.models() as made:
        while len(known) < repeats:
            began = time.monotonic()
            known.append(one_repeat(made, len(known)))
            if record:
                with record.open("a") as file:
                    file.write(json.dumps(known[-1]) + "\n")
            print(f"    repeat {len(known)} of {repeats}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return known[:repeats]


def verdict(variant: Sequence[float], baseline: Sequence[float], protocol: Protocol) -> Verdict:
    return compare_ratio(TIME, paired_ratio(variant, baseline), protocol.resolution).verdict


def verdicts(repeats: Sequence[Repeat], letter: str, key: str = "medians") -> Counter[Verdict]:
    """How often each verdict was given on a variant against A."""
    return Counter(verdict(each[key][letter], each[key]["A"], QUICK) for each in repeats if each[key])


def lab_verdicts(repeats: Sequence[Repeat], letter: str) -> Counter[Verdict]:
    """Verdicts of the lab's stop rule on runs of consecutive rounds, which begin at up to 100 places of the record."""
    rounds = {key: [median for each in repeats for median in each["medians"][key]] for key in ("A", letter)}
    last = len(rounds["A"]) - LAB.max_blocks
    if last < 0:
        return Counter()
    starts = sorted({round(last * k / 99) for k in range(100)})
    return Counter(verdict(*(_until_settled(rounds, start)[key] for key in (letter, "A")), LAB) for start in starts)


def _until_settled(rounds: dict[str, list[float]], start: int) -> dict[str, list[float]]:
    """As many rounds from a place on as the lab would measure."""
    for count in range(LAB.min_blocks, LAB.max_blocks + 1):
        taken = {key: values[start : start + count] for key, values in rounds.items()}
        if not still_needed({key: [np.array([median]) for median in values] for key, values in taken.items()}, LAB):
            break
    return taken


def tables(repeats: int = 10, record: Path | None = None) -> Iterator[Table]:
    """The tables, each as soon as it is known."""
    yield against_torch(rounds=harness.ROUNDS if repeats >= 50 else 101)
    yield planted_slowdowns()
    found = study(repeats, record)
    yield judged(found)
    yield covered(found)
    yield scatter(found)


def against_torch(rounds: int) -> Table:
    table = Table(
        "Median latency against torch.utils.benchmark, the same call in the same process, in turn",
        ("model", "median, ms", "ours : torch's", "95 %", "plain median : torch's"),
        "within 1 % by the same estimator (the mean of as many calls, median over the rounds)",
    )
    torch.set_num_threads(1)
    for title, call, batch in harness.callables():
        found = harness.compare(title, call, batch, rounds)
        row = (title, f"{found.median_ms:.4f}", f"{found.ratio:.4f}", f"{found.low:.3f} to {found.high:.3f}", f"{found.plain:.4f}")
        table.add(*row, holds=abs(found.ratio - 1) <= 0.01)
    return table


def planted_slowdowns() -> Table:
    table = Table(
        "How much longer the slowed models really take, call by call in turn in one process",
        ("planted", "layers", "measured", "±"),
        "the interval of the slowdown reaches into 4 to 6 %, and into 1.5 to 2.5 %",
    )
    with planted.models() as made:
        for name, layers, low, high in (("5 %", planted.SLOWER_5, 1.04, 1.06), ("2 %", planted.SLOWER_2, 1.015, 1.025)):
            ratio, half = planted.true_ratio(made, planted.LAYERS, layers)
            table.add(
                name, f"{planted.LAYERS} and {layers}", f"{ratio:.4f}", f"{half:.4f}", holds=low <= ratio + half and ratio - half <= high
            )
    return table


def judged(repeats: Sequence[Repeat]) -> Table:
    many = len(repeats)
    table = Table(
        f"Verdicts of {many} repeats: 8 rounds of 0.25 s, 4 s of measuring for a pair",
        ("models", "faster", "no difference", "cannot tell", "slower", "judged"),
        "equal models show no difference in ≥ 95 of 100; 5 % slower is found in ≥ 95 of 100 within 4 s, 2 % in ≥ 90 of 100 by the lab",
    )
    same, five = verdicts(repeats, "B"), verdicts(repeats, "C")
    _row(table, "A/A", same, holds=same[Verdict.SAME] >= many - _allowed(many, 0.05))
    _row(table, "5 % slower", five, holds=five[Verdict.HIGHER] >= many - _allowed(many, 0.05))
    lab_same, two = lab_verdicts(repeats, "B"), lab_verdicts(repeats, "D")
    if two:
        runs = sum(two.values())
        _row(table, "2 % slower, lab's rule", two, holds=two[Verdict.HIGHER] >= runs - _allowed(runs, 0.10))
        _row(table, "A/A, lab's rule", lab_same, holds=_wrong(lab_same) <= _allowed(sum(lab_same.values()), 0.05))
    else:
        table.notes.append(
            f"The lab's rule needs {LAB.max_blocks} rounds of the record: ask for {math.ceil(LAB.max_blocks / ROUNDS)} repeats."
        )
    _row(table, "2 % slower, 4 s", verdicts(repeats, "D"), holds=True)
    _row(table, "A/A, one process each", verdicts(repeats, "B", "lasting"), holds=True)
    table.notes.append("The last two are for comparison: no promise is made of them. Rounds under the lab's rule overlap between its runs.")
    return table


def _wrong(found: Counter[Verdict]) -> int:
    return sum(found[each] for each in DIFFERENT)


def _allowed(many: int, share: float) -> int:
    """As many as that share of the repeats, and always one: a single unlucky one would else break a promise that is made of a hundred."""
    return max(math.floor(many * share), 1)


def _row(table: Table, name: str, found: Counter[Verdict], *, holds: bool) -> None:
    order = (Verdict.LOWER, Verdict.SAME, Verdict.UNCLEAR, Verdict.HIGHER)
    table.add(name, *(found[each] for each in order), sum(found.values()), holds=holds)


def covered(repeats: Sequence[Repeat]) -> Table:
    """How often the interval of a percentile, of eight real blocks drawn from all that were recorded, holds the percentile of them all."""
    table = Table(
        f"Distribution-free intervals of percentiles: {DRAWS} draws of {ROUNDS} recorded blocks, against all of them",
        ("percentile", "of all calls, ms", "held, %", "without upper end, %"),
        "held in ≥ 95 of 100, but for 2 that the draws leave open",
    )
    blocks = [np.array(block) for each in repeats for block in each["calls"]]
    every = np.concatenate(blocks)
    random = np.random.default_rng(0)
    drawn = [percentiles([blocks[k] for k in random.integers(0, len(blocks), ROUNDS)]) for _ in range(DRAWS)]
    for place, q in enumerate(SHOWN):
        truth = float(np.quantile(every, q))
        found = [each[place] for each in drawn]
        held = sum((p.low_s is None or p.low_s <= truth) and (p.high_s is None or truth <= p.high_s) for p in found) / DRAWS
        open_ended = sum(p.high_s is None for p in found) / DRAWS
        table.add(f"p{q * 100:g}", f"{truth * 1e3:.4f}", f"{held * 100:.1f}", f"{open_ended * 100:.1f}", holds=held >= 0.93)
    table.notes.append("Whole blocks are drawn, so that calls of one block keep what they share.")
    return table


def scatter(repeats: Sequence[Repeat]) -> Table:
    """What a pair's ratio scatters by, and how much of that is where a process lies in memory."""
    table = Table(
        "Scatter of the ratio A : A from round to round",
        ("processes", "standard deviation, %", "of the repeats' means, %", "expected of them, %"),
    )
    for name, key in (("new each round", "medians"), ("one for all rounds", "lasting")):
        logs = np.array([np.log(np.array(each[key]["B"]) / np.array(each[key]["A"])) for each in repeats if each[key]])
        within = float(np.sqrt(np.mean(logs.var(axis=1, ddof=1))))
        between = float(logs.mean(axis=1).std(ddof=1)) if len(logs) > 1 else float("nan")
        table.add(name, f"{within * 100:.2f}", f"{between * 100:.2f}", f"{within / math.sqrt(ROUNDS) * 100:.2f}")
    table.notes.append("Means that scatter more than is expected of them rest on fewer observations than there are rounds.")
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--record", type=Path, default=None, help="a file of JSON lines that repeats are added to")
    asked = parser.parse_args()
    began, broken = time.monotonic(), 0
    for table in tables(asked.repeats, asked.record):
        table.show()
        broken += len(table.broken)
    print(f"\n{asked.repeats} repeats took {(time.monotonic() - began) / 60:.1f} minutes.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
