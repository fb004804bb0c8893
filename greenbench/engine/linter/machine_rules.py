"""What of the machine and the protocol would spoil a run."""

from collections.abc import Callable

from greenbench.analysis.doctor.greener import blocking, remedy
from greenbench.analysis.doctor.proposals import LAB as USE_LAB
from greenbench.core.advice import Advice, Evidence, Tone
from greenbench.core.measurement import Channel, SourceState
from greenbench.core.quote import duration, significant
from greenbench.core.run import LAB
from greenbench.engine.limits import QUICK_IS_A_LOOK, VIRTUAL
from greenbench.engine.linter.surroundings import Surroundings
from greenbench.engine.plan import Conditions
from greenbench.meters.fitness import counted, too_slow
from greenbench.meters.outer import KEY as OUTER

_BUSY, _REFRESHES = 0.25, 100


def on_battery(around: Surroundings, conditions: Conditions) -> Advice | None:
    """Battery mode slows a processor by tens of per cent, and drains in the middle of a run."""
    if not around.on_battery:
        return None
    return Advice(
        code="on-battery", weight=80, tone=Tone.WARNING, title="The machine runs on battery",
        text="Most machines lower the clock on battery, and lower it further as it drains.",
        evidence=(Evidence(words="Power supply", number="battery", where="this machine, now"),), remedy="Connect the mains.",
    )  # fmt: skip


def other_run(around: Surroundings, conditions: Conditions) -> Advice | None:
    """Two runs on one machine measure each other."""
    if not around.other_runs:
        return None
    return Advice(
        code="other-run", weight=90, tone=Tone.WARNING, title="Another run is under way on this machine",
        text="Two runs share cores, caches and the power counter: each measures the other too.",
        evidence=(Evidence(words="Other runs of GreenBench", number=str(around.other_runs), where="this machine, now"),),
        remedy="Wait for its end.",
    )  # fmt: skip


def gpu_process(around: Surroundings, conditions: Conditions) -> Advice | None:
    """Another program on the graphics board that shall be measured."""
    if not around.gpu_processes:
        return None
    names = ", ".join(around.gpu_processes[:3])
    return Advice(
        code="gpu-process", weight=85, tone=Tone.WARNING, title="Another program computes on the graphics board",
        text="Its work takes turns with the model's, and its joules are counted with the model's.",
        evidence=(Evidence(words=f"On {conditions.device}", number=names, where="NVML, now"),), remedy="End it, or choose another device.",
    )  # fmt: skip


def busy(around: Surroundings, conditions: Conditions) -> Advice | None:
    """Other programs keep the processor busy."""
    if around.load is None or around.load < _BUSY:
        return None
    return Advice(
        code="load", weight=75, tone=Tone.WARNING, title="Other programs keep the processor busy",
        text="They take cores, clock and cache from what is measured; latency rises and its interval widens.",
        evidence=(Evidence(words="Processor busy", number=f"{around.load * 100:.0f} %", where="this machine, now"),),
        remedy="Close other programs.",
    )  # fmt: skip


def governor(around: Surroundings, conditions: Conditions) -> Advice | None:
    """A governor that saves power keeps the clock low until there was load for a while."""
    if around.governor != "powersave":
        return None
    return Advice(
        code="governor", weight=40, title="The processor's governor is “powersave”",
        text="The clock follows the load late, so short calls run at a lower clock than long ones.",
        evidence=(Evidence(words="Governor", number=around.governor, where="/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),),
        remedy="sudo cpupower frequency-set -g performance",
    )  # fmt: skip


def virtual_machine(around: Surroundings, conditions: Conditions) -> Advice | None:
    """Neighbours on the same host."""
    if not around.virtual:
        return None
    name = around.virtual if around.virtual != "yes" else "a hypervisor"
    return Advice(
        code="virtual", weight=20, title="This is a virtual machine", text=VIRTUAL,
        evidence=(Evidence(words="Runs on", number=name, where="processor flags"),),
    )  # fmt: skip


def no_energy(around: Surroundings, conditions: Conditions) -> Advice | None:
    """No power source measures: energy would be modelled, or missing."""
    if not around.sources or any(s.state is SourceState.IN_USE and s.provenance.measured for s in around.sources):
        return None
    reasons = tuple(
        Evidence(words=s.title, number=s.reason.rstrip(".") or s.state.value, where="sensors", provenance=s.provenance)
        for s in blocking(around.sources)[:3]
    )
    modelled = any(s.state is SourceState.IN_USE for s in around.sources)
    return Advice(
        code="no-energy", weight=35, title="Energy will not be measured",
        text="It will be modelled from load, which is right within a half and is not compared." if modelled else "No power source answers.",
        evidence=reasons, remedy=remedy(around.sources),
    )  # fmt: skip


def meter_list(around: Surroundings, conditions: Conditions) -> Advice | None:
    """The list of wall and lab meters cannot be read: what was added there is left out without another word."""
    out = next((source for source in around.sources if source.key == OUTER and source.state is SourceState.SILENT), None)
    if out is None:
        return None
    return Advice(
        code="meter-list", weight=72, tone=Tone.WARNING, title="The list of wall and lab meters cannot be used", text=out.reason,
        evidence=(Evidence(words=out.title, number="left out", where="meters.json", provenance=out.provenance),), remedy=out.remedy,
    )  # fmt: skip


def short_blocks(around: Surroundings, conditions: Conditions) -> Advice | None:
    """A window must hold a hundred readings, or the first and the last weigh too much (the reading's share of its error is then 1 %)."""
    block_s = conditions.protocol.block_s
    slowest = max(_counted(around, block_s), key=_refresh_s, default=None)
    if slowest is None or block_s >= _REFRESHES * _refresh_s(slowest):
        return None
    seen = "measured" if _measured_s(slowest) else "as its maker says"
    enough = _REFRESHES * _refresh_s(slowest) <= LAB.block_s and conditions.protocol.name != LAB.name
    return Advice(
        code="short-blocks", weight=70, tone=Tone.WARNING, title="Blocks are short for this power sensor",
        text=f"It gives a new value every {significant(_refresh_s(slowest) * 1e3, 2)} ms, so a block of {duration(block_s)} holds about "
        f"{block_s / _refresh_s(slowest):.0f} of them. Under {_REFRESHES} the error of its edges is more than 1 % of a block's energy.",
        evidence=(
            Evidence(words=f"Refresh interval of {slowest.title}, {seen}", number=f"{significant(_refresh_s(slowest) * 1e3, 2)} ms",
                     where="sensors", provenance=slowest.provenance),
            Evidence(words="Block", number=duration(block_s), where=f"{conditions.protocol.name} protocol"),
        ),
        remedy="" if enough else "Rely on the interval that is printed with the energy: it includes this error.",
        proposals=(USE_LAB,) if enough else (),
    )  # fmt: skip


def _counted(around: Surroundings, block_s: float) -> list[Channel]:
    """The measured channels that would make up the total of a run with such blocks."""
    used = [channel for source in around.sources if source.state is SourceState.IN_USE for channel in source.channels]
    return [channel for channel in counted(used, too_slow(used, block_s)) if channel.provenance.measured]


def _measured_s(channel: Channel) -> float | None:
    return channel.refresh_measured_s


def _refresh_s(channel: Channel) -> float:
    """As measured, where it was."""
    return _measured_s(channel) or channel.refresh_s


def quick(around: Surroundings, conditions: Conditions) -> Advice | None:
    """A quick look is not for a report."""
    if conditions.protocol.name != "quick":
        return None
    return Advice(
        code="quick", weight=10, title="A quick look is not for publication", text=QUICK_IS_A_LOOK,
        evidence=(
            Evidence(words="Blocks", number=f"{conditions.protocol.min_blocks} to {conditions.protocol.max_blocks} of "
                     f"{duration(conditions.protocol.block_s)}", where="quick protocol"),
        ),
        proposals=(USE_LAB,),
    )  # fmt: skip


RULES: tuple[Callable[[Surroundings, Conditions], Advice | None], ...] = (
    other_run, gpu_process, on_battery, busy, meter_list, short_blocks, governor, no_energy, virtual_machine, quick,
)  # fmt: skip
