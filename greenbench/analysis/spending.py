"""What several runs took together: E·D·H with H counted (Schwartz 2019, Green AI, section 3), in joules and in FLOP.

A step that was reused from the cache was paid for once: in the run that computed it, where that is one of these; else by the first that
reused it.
"""

from collections.abc import Iterable, Sequence

from greenbench.analysis.charges import add
from greenbench.core.charge import Charge, Spending


def spending(scope: str, ledgers: Sequence[Iterable[Charge]]) -> Spending:
    """The ledgers of several runs as one sum, `scope` "pipeline" or "session"."""
    runs = [tuple(lines) for lines in ledgers]
    paid = {line.digest for lines in runs for line in lines if not line.cached and line.digest}
    payer: dict[str, tuple[int, str]] = {}
    counted: list[Charge] = []
    for place, line in ((place, line) for place, lines in enumerate(runs) for line in lines):
        if line.cached and line.digest:
            node = (place, line.node)  # all lines of a step, where it has several
            if line.digest in paid or payer.setdefault(line.digest, node) != node:
                continue
        counted.append(line)
    whole, trained = add(counted), add([line for line in counted if line.trainings])
    return Spending(
        scope=scope,
        runs=len(runs),
        experiments=sum(line.trainings for line in counted),
        flop=sum(line.flop or 0.0 for line in counted),
        training=trained.energy,
        energy=whole.energy,
        seconds=whole.seconds,
        missing=len(whole.missing),
    )
