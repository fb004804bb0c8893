"""How a variant stood its scenario: the verdict on the bound of the Server scenario, and the batch that Offline chose."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from greenbench.analysis.percentiles import STATED_WITH, fewest_calls, percentile, share_above
from greenbench.core.measurement import WindowKind
from greenbench.core.messages import VariantMeasured
from greenbench.core.quote import count, number, significant, significant_decimals
from greenbench.core.run import PlannedNode, Scenario, Served
from greenbench.core.timed import PROBE_S
from greenbench.engine.recorder import Recorder

_Q = 0.99
_MAY_BE_LATE = 0.01
_SURE = f"{STATED_WITH * 100:g} % confidence"


def scenario(node: PlannedNode) -> Scenario:
    """The scenario of a benchmark; plans from before there were several have the first."""
    return Scenario(node.params.get("scenario", Scenario.SINGLE_STREAM))


def throughputs(recorder: Recorder, node: PlannedNode, letter: str) -> dict[int, float]:
    """Examples a second in each block of a variant: over the time in its calls, or where they wait in a queue over the time that passed."""
    latencies, batch = recorder.latencies_of(node.id, letter), recorder.ready[(node.id, letter)].batch
    if scenario(node) is not Scenario.SERVER:
        return {index: batch * len(calls) / sum(calls) for index, calls in latencies.items()}
    windows = {window.block: window for window in recorder.windows_by(WindowKind.BLOCK, node.id).get(letter, [])}
    return {index: batch * len(calls) / windows[index].seconds for index, calls in latencies.items()}


def served(node: PlannedNode, blocks: Sequence[np.ndarray], measured: VariantMeasured | None) -> Served | None:
    """The verdict on the queries of all blocks, each block's times in seconds; None in other scenarios, and without a query.

    One rule: valid where, with 99 % confidence, at most 1 % of queries are late; not valid where with that confidence more are.
    """
    if scenario(node) is not Scenario.SERVER or not any(block.size for block in blocks):
        return None
    rate, bound_s = float(node.params["rate"]), float(node.params["bound_s"])
    found = percentile(blocks, _Q)
    calls = np.concatenate(list(blocks))
    late = int((calls > bound_s).sum())
    least, most = share_above(blocks, bound_s)
    valid = True if most <= _MAY_BE_LATE else False if least > _MAY_BE_LATE else None
    told = Served(
        rate=rate, bound_s=bound_s, queries=calls.size, late=late, late_low=least, late_high=most, valid=valid, p99_s=found.value_s,
        low_s=found.low_s, high_s=found.high_s, highest_rate=measured.highest_rate if measured else None,
        lowest_broken=measured.lowest_broken if measured else None,
    )  # fmt: skip
    return told.model_copy(update={"text": _words(told)})


def _words(s: Served) -> str:
    rate = _rate_words(s)
    return f"{_verdict(s)}; {rate}" if rate else _verdict(s)


def _verdict(s: Served) -> str:
    """What was counted, and what follows from it: "valid: 0 of 930 were late, so with 99 % confidence at most 0.50 % are"."""
    allowed = f"{_MAY_BE_LATE * 100:g} % may be"
    counted = f"{count(s.late)} of {count(s.queries)} were late"
    if s.valid:
        return f"valid: {counted}, so with {_SURE} at most {_share(s.late_high, math.ceil)} are; {allowed}"
    if s.valid is False:
        return f"not valid: {counted}, so with {_SURE} more than {_share(s.late_low, math.floor)} are; {allowed}"
    needed = fewest_calls(_MAY_BE_LATE)
    if s.late == 0 and s.queries < needed:
        return f"cannot tell yet: none was late, but {count(s.queries)} queries are too few; {needed} without a late one would do"
    return f"cannot tell yet: {counted}, so with {_SURE} up to {_share(s.late_high, math.ceil)} are; {allowed}"


def _share(share: float | None, towards: Callable[[float], int]) -> str:
    """A bound in per cent, two significant digits, rounded to the side on which what is said of it stays true."""
    percent = (share or 0.0) * 100
    decimals = significant_decimals(percent, 2)
    return f"{number(towards(percent * 10.0**decimals) / 10.0**decimals, decimals)} %"


def _rate_words(s: Served) -> str:
    """How many a second it bears, as far as the search looked: between the highest rate that held and the lowest that did not."""
    held, broken = s.highest_rate, s.lowest_broken
    if held is None:
        return ""
    tried = f"each tried for {PROBE_S:g} s"
    if held == 0:
        lowest = f", down to {significant(broken, 2)} a second" if broken else ""
        return f"no rate that was tried keeps it{lowest}, {tried}"
    if broken is None:
        return f"it bears at least {significant(held, 2)} a second, the highest rate tried, {tried}"
    apart = max(2, next((d for d in range(2, 6) if significant(held, d) != significant(broken, d)), 2))
    return (
        f"it bears between {significant(held, apart)} and {significant(broken, apart)} a second: the one held, the other did not, {tried}"
    )
