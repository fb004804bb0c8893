"""The Offline scenario: all examples are there at once, so each model runs at the batch size at which it answers most of them a second."""

from collections.abc import Callable

from greenbench.core.errors import GreenBenchError
from greenbench.core.run import BatchTried
from greenbench.engine.bench.measuring import Measuring
from greenbench.engine.bench.variant import Variant

# Past the best size throughput falls slowly and unevenly; two sizes in a row this much below it are not noise.
_FALLEN = 0.95
_PATIENCE = 2
_TRIAL_S = 0.25


def sizes(largest: int, only: int | None) -> list[int]:
    """The batch sizes to try: powers of two up to the largest, and the largest; or the one the model takes."""
    if only is not None:
        return [only]
    found = [2**k for k in range(largest.bit_length()) if 2**k <= largest]
    return found if found[-1] == largest else [*found, largest]


def best_batch(candidates: list[int], throughput: Callable[[int], float]) -> tuple[int, tuple[BatchTried, ...]]:
    """The size with the most examples a second, and all that were tried; stops where it has been falling.

    `throughput` may raise for a size that does not fit: then no larger one is tried. Of the first size an error goes on through.
    """
    tried: list[BatchTried] = []
    best, fallen = candidates[0], 0
    most = 0.0
    for batch in candidates:
        try:
            found = throughput(batch)
        except (GreenBenchError, MemoryError):
            if not tried:
                raise
            break
        tried.append(BatchTried(batch=batch, throughput=found))
        if found > most:
            best, most, fallen = batch, found, 0
        else:
            fallen = fallen + 1 if found < _FALLEN * most else 0
        if fallen >= _PATIENCE:
            break
    return best, tuple(tried)


def pick(measuring: Measuring, variant: Variant) -> int:
    """The batch size of a variant; what was tried is kept in `measuring.tried`. Raises like `BenchChild.ask` if not even one fits."""

    def throughput(batch: int) -> float:
        measuring.context.progress(0.12, f"{variant.name}: batch {batch}")
        measuring.start(variant, batch)
        child = measuring.children[variant.letter]
        child.ask("warm_up", seconds=min(measuring.protocol.warm_up_s, 1.0))
        answer = child.ask("block", seconds=min(measuring.protocol.block_s, _TRIAL_S))
        durations = answer["durations_ns"]
        return float(len(durations) * batch / sum(durations) * 1e9)

    best, tried = best_batch(sizes(measuring.params.max_batch, variant.stored.model.batch), throughput)
    measuring.tried[variant.letter] = tried
    return best
