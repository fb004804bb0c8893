"""Which windows a slow meter is fit for: MEASUREMENT.md's rule that a window lasts at least a hundred of a meter's refresh intervals."""

from greenbench.core.measurement import Channel, Domain, Provenance

REFRESHES = 100


def shortest_block_s(refresh_s: float) -> float:
    """The shortest timed block in which a meter's refresh interval is less than one per cent."""
    return REFRESHES * refresh_s


def why_unfit(channel: Channel, block_s: float) -> str:
    """Why a wall or lab meter does not count in a run whose timed blocks last so long; "" where it does."""
    if channel.provenance is not Provenance.EXTERNAL or channel.domain is not Domain.SYSTEM:
        return ""
    # The stated interval: what is seen of it comes in while a run goes on, and no run may change what it counts.
    needed_s = shortest_block_s(channel.refresh_s)
    if block_s >= needed_s * (1 - 1e-9):
        return ""
    return (
        f"Shown beside, not counted: it has a new value every {channel.refresh_s:g} s, so a block must last {needed_s:g} s to be told by it within "
        f"1 %; here blocks last {block_s:g} s. The counters of the machine's parts count, and it calibrates them."
    )
