"""How the queries of a benchmark arrived, in a few words: for the head of the results page and for each variant. No Qt."""

from greenbench.core import quote
from greenbench.core.run import RunResult, Scenario, Served, VariantResult

_NAMES = {Scenario.SINGLE_STREAM: "Single stream", Scenario.OFFLINE: "Offline", Scenario.SERVER: "Server"}
_HELD = {True: "Held", False: "Broke", None: "Not shown"}


def asked(variant: VariantResult) -> tuple[str, str, str]:
    """What stands in the table: the batch that was chosen, or whether it held the rate; what it was asked below; the sentence."""
    served = variant.served
    if served is not None:
        return _HELD[served.valid], f"{_rate(served.rate)}, {_late(served)}", served.text
    if variant.scenario is Scenario.OFFLINE:
        tried = f"best of {len(variant.batches)}" if variant.batches else ""
        return (
            f"Batch {variant.batch}",
            tried,
            "\n".join(f"batch {b.batch}: {quote.significant(b.throughput, 3)} /s" for b in variant.batches),
        )
    return _NAMES[variant.scenario], "", ""


def scenario_words(result: RunResult) -> tuple[str, ...]:
    """Of a run that was not asked one query after the other: "Server", "200 queries a second within 10 ms", "A, B held it, C broke"."""
    kinds = dict.fromkeys(v.scenario for v in result.measured if v.scenario is not Scenario.SINGLE_STREAM)
    served = [(v.letter, v.served) for v in result.measured if v.served is not None]
    words = [_NAMES[kind] for kind in kinds]
    if served:
        first = served[0][1]
        words.append(f"{_rate(first.rate)} within {_time(first.bound_s)}")
        words.append(", ".join(_verdicts([(letter, each.valid) for letter, each in served])))
    return tuple(words)


def _verdicts(found: list[tuple[str, bool | None]]) -> list[str]:
    """ "A and B held it", "C broke"."""
    words = {True: "held", False: "broke", None: "not shown"}
    groups = {valid: [letter for letter, own in found if own is valid] for valid in (True, False, None)}
    return [f"{' '.join(letters)} {words[valid]}" for valid, letters in groups.items() if letters]


def _rate(rate: float) -> str:
    return f"{quote.significant(rate, 3)} /s"


def _late(served: Served) -> str:
    share = served.late / served.queries if served.queries else 0.0
    return f"{quote.significant(share * 100, 2) if share else '0'} % late"


def _time(seconds: float) -> str:
    shown = quote.scale("s", [seconds])
    return f"{quote.significant(seconds * shown.factor, 3)} {shown.unit}"
