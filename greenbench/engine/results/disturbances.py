"""What moved while blocks were timed, in named warnings: clock, load, heat, battery, throttling, speed, idle power, gaps in readings."""

from collections.abc import Callable, Sequence

from greenbench.core.measurement import Measurement
from greenbench.core.quote import significant
from greenbench.core.run import Block, Conditions, Environment, Remark, VariantResult

CLOCK_MOVED = 0.10
"""Time goes as the reciprocal of the clock, so a tenth is ten times the margin of "no difference"; less is what idle cores read anyway."""
LOAD_OF_OTHERS = 0.25
"""Of one core. Meter, runner and an open window together take less than a tenth; a quarter is somebody else's work."""
HOT_C = 90.0
"""Most processors begin to slow down between 90 and 105 °C."""
WARMED_C = 10.0
"""From a variant's first block to its last. Leakage current then grows by about a tenth, and with it the power."""
IDLE_DRIFT = 0.05
"""Of the smaller of both. The drift is inside the error bar of net energy; from here on it dominates most of them."""
_SLOWING = ("clock", "load", "thermal", "throttle")

Where = list[tuple[str, Block]]


def disturbances(
    variants: Sequence[VariantResult], environment: Environment, idle_before: Measurement | None, idle_after: Measurement | None
) -> list[Remark]:
    """One warning for each kind of disturbance, with the blocks it touched."""
    found = [_clock(variants, environment), _load(variants), *_heat(variants), _battery(variants, environment)]
    found += [_throttled(variants)]
    seen = any(remark is not None and remark.code in _SLOWING for remark in found)
    found += [_speeds(variants, seen, bool(environment.virtual)), _idle(idle_before, idle_after), *_gaps(variants)]
    return [remark for remark in found if remark is not None]


def _where(variants: Sequence[VariantResult], true: Callable[[Conditions], bool]) -> Where:
    return [(v.letter, block) for v in variants for block in v.blocks if block.conditions is not None and true(block.conditions)]


def _clock(variants: Sequence[VariantResult], environment: Environment) -> Remark | None:
    touched = _where(variants, lambda c: _moved(c) > CLOCK_MOVED)
    if not touched:
        return None
    most = max(_moved(block.conditions) for _, block in touched if block.conditions)
    opening = "Turbo active: clocks" if environment.turbo.lower() in ("on", "yes", "enabled") else "Clocks"
    return _remark(
        "clock", f"{opening} moved {'up to ' if len(touched) > 1 else ''}{most * 100:.0f} % during {during(touched, variants)}.", touched
    )


def _moved(conditions: Conditions) -> float:
    """From the lowest clock to the highest, as a share of the mean."""
    low, mean, high = conditions.clock_min_hz, conditions.clock_mean_hz, conditions.clock_max_hz
    return (high - low) / mean if low is not None and high is not None and mean else 0.0


def _load(variants: Sequence[VariantResult]) -> Remark | None:
    touched = _where(variants, lambda c: (c.load_others or 0.0) > LOAD_OF_OTHERS)
    if not touched:
        return None
    most = max(block.conditions.load_others or 0.0 for _, block in touched if block.conditions)
    amount = f"{'up to ' if len(touched) > 1 else ''}{most * 100:.0f} % of a core"
    return _remark("load", f"Other processes used {amount} during {during(touched, variants)}.", touched)


def _heat(variants: Sequence[VariantResult]) -> list[Remark]:
    found = []
    hot = _where(variants, lambda c: max(c.temperature_start_c or 0.0, c.temperature_end_c or 0.0) >= HOT_C)
    if hot:
        most = max(block.conditions.temperature_end_c or 0.0 for _, block in hot if block.conditions)
        text = f"The processor reached {most:.0f} °C during {during(hot, variants)}: near there it slows itself down."
        found.append(_remark("thermal", text, hot))
    rises = [(rise, variant.letter) for variant in variants if (rise := _rise(variant)) is not None and rise > WARMED_C]
    if rises:
        who = _listed([letter for _, letter in rises])
        text = f"The machine was {max(rises)[0]:.0f} °C warmer at the last block of {who} than at the first."
        found.append(Remark(kind="warning", text=text, variant=rises[0][1] if len(rises) == 1 else "", code="thermal"))
    return found


def _rise(variant: VariantResult) -> float | None:
    """How much warmer the machine was at a variant's last block than at its first, °C."""
    found = [c.temperature_start_c for block in variant.blocks if (c := block.conditions) and c.temperature_start_c is not None]
    return found[-1] - found[0] if len(found) > 1 else None


def _battery(variants: Sequence[VariantResult], environment: Environment) -> Remark | None:
    touched = _where(variants, lambda c: c.on_battery is True)
    if environment.on_battery or (touched and len(touched) == sum(len(v.blocks) for v in variants)):
        return Remark(kind="warning", text="The machine ran on battery, which may slow the processor.", code="battery")
    if not touched:
        return None
    text = f"The machine ran on battery during {during(touched, variants)} and on mains power else."
    return _remark("battery", text, touched)


def _throttled(variants: Sequence[VariantResult]) -> Remark | None:
    touched = _where(variants, lambda c: bool(c.gpu_throttle))
    if not touched:
        return None
    reasons = list(dict.fromkeys(block.conditions.gpu_throttle for _, block in touched if block.conditions))
    text = f"The graphics board held its clock back ({', '.join(reasons)}) during {during(touched, variants)}."
    return _remark("throttle", text, touched)


def _speeds(variants: Sequence[VariantResult], seen: bool, virtual: bool) -> Remark | None:
    """Calls that were long for a while; `seen`: another warning says why."""
    touched = [(v.letter, v.two_speeds) for v in variants if v.two_speeds is not None]
    if not touched:
        return None
    shares = _percents([speeds.share for _, speeds in touched])
    times = " to ".join(dict.fromkeys(f"{factor:.1f}" for factor in _ends([speeds.factor for _, speeds in touched])))
    text = f"For {shares} of the time calls of {_listed([letter for letter, _ in touched])} took {times} times as long as else"
    if not seen:
        why = (
            "a virtual machine's neighbour does that, unseen from inside" if virtual else "what slowed the processor is not seen from here"
        )
        text += f", though neither load nor clock says why: {why}. Small differences may stay open"
    return Remark(kind="warning", text=f"{text}.", variant=touched[0][0] if len(touched) == 1 else "", code="speeds")


def _percents(shares: Sequence[float]) -> str:
    """ "12 %", "12 to 30 %"."""
    return f"{' to '.join(dict.fromkeys(f'{share * 100:.0f}' for share in _ends(shares)))} %"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _idle(before: Measurement | None, after: Measurement | None) -> Remark | None:
    """Idle power that moved by more than both readings leave open."""
    if (
        before is None
        or after is None
        or not before.value
        or not after.value
        or not (before.provenance.measured and after.provenance.measured)
    ):
        return None
    moved = after.value / before.value - 1
    if max(moved, -moved / (1 + moved)) <= IDLE_DRIFT:
        return None
    ends = f"from {significant(before.value, 3)} W before to {significant(after.value, 3)} W after"
    return Remark(kind="warning", text=f"Idle power moved {ends}: net energy carries that in its interval.", code="idle")


def _gaps(variants: Sequence[VariantResult]) -> list[Remark]:
    """Blocks without energy where the variant has it in others; a run without any source is told elsewhere."""
    measured = [v for v in variants if any(block.energy_j is not None for block in v.blocks)]
    touched = [(v.letter, block) for v in measured for block in v.blocks if block.energy_j is None]
    if not touched:
        return []
    verb = "has" if len(touched) == 1 else "have"
    where = during(touched, variants)
    text = f"{where[0].upper()}{where[1:]} {verb} no energy: the readings have a gap there."
    return [_remark("gap", text, touched)]


def _remark(code: str, text: str, touched: Where) -> Remark:
    letters = list(dict.fromkeys(letter for letter, _ in touched))
    return Remark(kind="warning", text=text, variant=letters[0] if len(letters) == 1 else "", code=code)


def during(touched: Where, variants: Sequence[VariantResult]) -> str:
    """The blocks in words, counted from 1: "block 3 of B", "blocks 1 to 3 of A and all of B", "all blocks"."""
    if len(touched) == sum(len(v.blocks) for v in variants):
        return "all blocks" if len(touched) > 1 else "the only block"
    parts = []
    for variant in variants:
        numbers = [block.index + 1 for letter, block in touched if letter == variant.letter]
        if numbers:
            every = len(numbers) == len(variant.blocks) and len(numbers) > 1
            parts.append(f"all blocks of {variant.letter}" if every else f"{_numbers(numbers)} of {variant.letter}")
    return _listed(parts)


def _numbers(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"block {numbers[0]}"
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"blocks {numbers[0]} to {numbers[-1]}"
    return f"blocks {_listed([str(number) for number in numbers])}"


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
