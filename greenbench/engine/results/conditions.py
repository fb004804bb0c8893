"""The machine while each block was timed, from what the meter process said of it meanwhile."""

from collections.abc import Sequence

from greenbench.core.measurement import Facts, Window
from greenbench.core.run import Conditions


def of_block(facts: Sequence[Facts], window: Window) -> Conditions | None:
    """The conditions of a block; None where nothing is known. `facts` in the order of time.

    What a slow sensor said last before the block stands for its start. Processor time was counted by the timed process, just before and
    after its calls: what the machine spent and it did not is others'.
    """
    inside = [each for each in facts if window.t0_ns <= each.t_ns <= window.t1_ns]
    before = [each for each in facts if each.t_ns < window.t0_ns]
    seen = [*before[-1:], *inside]
    own = window.cpu_s / window.seconds if window.cpu_s is not None and window.seconds > 0 else None
    if not seen and own is None:
        return None
    temperatures = [each.temperature_c for each in seen if each.temperature_c is not None]
    clocks = [each.frequency_hz for each in seen if each.frequency_hz is not None]
    gpu_clocks = [each.gpu_clock_hz for each in seen if each.gpu_clock_hz is not None]
    mains = [each.on_battery for each in seen if each.on_battery is not None]
    return Conditions(
        temperature_start_c=temperatures[0] if temperatures else None,
        temperature_end_c=temperatures[-1] if temperatures else None,
        clock_min_hz=min(clocks, default=None),
        clock_mean_hz=sum(clocks) / len(clocks) if clocks else None,
        clock_max_hz=max(clocks, default=None),
        load_own=own,
        load_others=_others(window),
        on_battery=any(mains) if mains else None,
        battery_percent=next((each.battery_percent for each in reversed(seen) if each.battery_percent is not None), None),
        gpu_temperature_c=max((each.gpu_temperature_c for each in seen if each.gpu_temperature_c is not None), default=None),
        gpu_clock_min_hz=min(gpu_clocks, default=None),
        gpu_clock_max_hz=max(gpu_clocks, default=None),
        gpu_throttle=", ".join(dict.fromkeys(each.gpu_throttle for each in inside if each.gpu_throttle)),
    )


def _others(window: Window) -> float | None:
    """What all other processes took, in cores."""
    if window.cpu_s is None or window.cpu_all_s is None or window.seconds <= 0:
        return None
    return max(window.cpu_all_s - window.cpu_s, 0.0) / window.seconds
