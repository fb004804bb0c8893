"""Which channels make up the machine's total, and which wall meters are too slow for the blocks of a run.

A window must last at least a hundred of a meter's refresh intervals (MEASUREMENT.md, section 2). All windows of a run are told by the same
channels, or its variants, its idle and its training could not be compared; so the shortest, a timed block, decides for all:

    plug        1 s     100 s blocks    in quick and lab runs shown beside the counters, which it calibrates
    analyser    0.1 s    10 s blocks    counts in lab runs
    either, and no counter of the parts: counts all the same, with the interval that its slowness gives
"""

from collections.abc import Iterable

from greenbench.core.measurement import Channel, Domain, Provenance

REFRESHES = 100
NOT_COUNTED = "Shown beside the counters, not counted in this run."


def shortest_block_s(refresh_s: float) -> float:
    """The shortest timed block in which a meter's refresh interval is no more than one per cent."""
    return REFRESHES * refresh_s


def counts_from(refresh_s: float) -> str:
    """When a wall meter makes up the total, as long as there is no run to say it of."""
    return (
        f"Counts as the whole machine where timed blocks last {shortest_block_s(refresh_s):g} s or more, or where nothing else measures; "
        "in shorter ones the counters of its parts do."
    )


def counts_in_run(slow: str) -> str:
    """The same of a run in which it does; `slow` says why its blocks are too short for it ("": they are not)."""
    return "Counts as the whole machine in this run" + (f": nothing else measures here. {slow}" if slow else ".")


def is_wall(channel: Channel) -> bool:
    """Whether it is a meter outside the machine that the whole machine hangs on."""
    return channel.counted and channel.provenance is Provenance.EXTERNAL and channel.domain is Domain.SYSTEM


def counted(channels: Iterable[Channel], aside: Iterable[str] = ()) -> tuple[Channel, ...]:
    """The channels that add up to the machine's total, all of one tier and none covering what another does.

    What covers the whole machine (wall meter, else battery) stands in for its parts; of several wall meters the quickest does. Those in
    `aside` (keys) do so only where nothing else is measured. Modelled channels count only where nothing at all is measured.
    """
    known = [channel for channel in channels if channel.counted]
    measured = [channel for channel in known if channel.provenance.measured]
    walls = sorted(filter(is_wall, measured), key=lambda channel: (channel.refresh_s, channel.error))
    put_aside = set(aside)
    quick = [channel for channel in walls if channel.key not in put_aside]
    if quick:
        return (quick[0],)
    others = tuple(channel for channel in measured if not is_wall(channel))
    for domain in (Domain.SYSTEM, Domain.BATTERY):
        whole = tuple(channel for channel in others if channel.domain is domain)
        if whole:
            return whole
    return others or tuple(walls[:1]) or tuple(channel for channel in known if channel.provenance is Provenance.MODELLED)


def too_slow(channels: Iterable[Channel], block_s: float) -> dict[str, str]:
    """The wall meters that are too slow for timed blocks of that length: their keys, and why in a sentence.

    By the stated refresh interval: what is seen of it comes in while a run goes on, and no run may change what it counts."""
    found = {}
    for channel in channels:
        needed_s = shortest_block_s(channel.refresh_s)
        if is_wall(channel) and block_s < needed_s * (1 - 1e-9):
            found[channel.key] = (
                f"It has a new value every {channel.refresh_s:g} s, so a block must last {needed_s:g} s for that to be 1 % of it; "
                f"the blocks of this run last {block_s:g} s."
            )
    return found
