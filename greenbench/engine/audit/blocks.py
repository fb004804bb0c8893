"""The samples behind one timed block: which of each counted channel lie in it, what they sum to, and what its ends leave open."""

import math
from typing import Any

import numpy as np

from greenbench.core.audit import AuditedBlock, ChannelSamples
from greenbench.core.measurement import Channel
from greenbench.core.run import Block
from greenbench.engine.audit.numbers import same
from greenbench.engine.audit.replay import Replay


def blocks(again: Replay, stored: tuple[Block, ...] | None, found: tuple[Block, ...], damaged: frozenset[int]) -> tuple[AuditedBlock, ...]:
    """The blocks of a variant as they come out of the raw data, each held against the stored one; lost ones as they were stored.
    Of the `damaged` the median is the stored one, and the joules are held against it all the same.
    `stored` None: there is nothing to hold them against."""
    if stored is None:
        return tuple(_audited(again, block, "") for block in found)
    kept, made = {block.index: block for block in stored}, {block.index: block for block in found}
    every = sorted(kept.keys() | made.keys())
    return tuple(
        _audited(again, made.get(index) or kept[index], _differs(kept.get(index), made.get(index), index in damaged)) for index in every
    )


def _differs(stored: Block | None, found: Block | None, damaged: bool) -> str:
    if stored is None:
        return "the results do not have this block"
    if found is None:
        return "its window or its calls are lost"
    pairs: dict[str, tuple[Any, Any]] = {
        "window": ((stored.t0_ns, stored.t1_ns), (found.t0_ns, found.t1_ns)),
        "calls": (stored.calls, found.calls),
        "median": (stored.median_s, found.median_s),
        "energy": (stored.energy_j, found.energy_j),
    }
    wrong = [name for name, (old, new) in pairs.items() if not same(old, new)]
    if damaged:
        return "its call times are damaged" + (f"; {' and '.join(wrong)} differ from the stored result, too" if wrong else "")
    return f"{' and '.join(wrong)} {'differ' if len(wrong) > 1 else 'differs'} from the stored result" if wrong else ""


def _audited(again: Replay, block: Block, differs: str) -> AuditedBlock:
    energy = again.ledger.window(block.t0_ns, block.t1_ns)
    samples = tuple(_samples(again, channel, block) for channel in again.ledger.counted)
    edges = [each.edge_j for each in samples if each.edge_j is not None]
    start = again.stored.started_ns
    return AuditedBlock(
        index=block.index,
        t0_s=(block.t0_ns - start) / 1e9,
        t1_s=(block.t1_ns - start) / 1e9,
        calls=block.calls,
        median_s=block.median_s,
        energy_j=energy.energy_j,
        edge_j=math.sqrt(sum(edge**2 for edge in edges)) if energy.energy_j is not None else None,
        half_width_j=energy.half_width_j if energy.energy_j is not None else None,
        provenance=energy.provenance,
        reason=energy.reason,
        samples=samples,
        agrees=not differs,
        note=differs,
    )


def _samples(again: Replay, channel: Channel, block: Block) -> ChannelSamples:
    """The readings from the last before the block's start to the first after its end: those that its energy is interpolated from."""
    series, curve = again.series.get(channel.key), again.ledger.curve(channel.key)
    bare = ChannelSamples(channel=channel.key, title=channel.title, provenance=channel.provenance, count=0)
    if series is None or not series.t_ns.size:
        return bare.model_copy(update={"gap": "No sample of this channel is kept."})
    first = max(int(np.searchsorted(series.t_ns, block.t0_ns, "right")) - 1, 0)
    last = min(int(np.searchsorted(series.t_ns, block.t1_ns, "left")), series.t_ns.size - 1)
    rows = slice(first, last + 1)
    read = ~(np.isnan(series.power_w[rows]) & np.isnan(series.energy_j[rows]))
    times = series.t_ns[rows][read]
    energy_j = curve.energy_j(block.t0_ns, block.t1_ns)
    start = again.stored.started_ns
    return bare.model_copy(
        update={
            "count": int(read.sum()),
            "first_s": (int(times[0]) - start) / 1e9 if times.size else None,
            "last_s": (int(times[-1]) - start) / 1e9 if times.size else None,
            "energy_j": energy_j,
            "edge_j": curve.edge_error_j(block.t0_ns, block.t1_ns),
            "gap": "" if energy_j is not None else curve.why_none(block.t0_ns, block.t1_ns),
        }
    )
