"""The energy ledger of a run by what it was for: making one variant, making the others, measuring, what came to nothing.

    all in = what the baseline needs anyway + making the variant + making the others + measuring + discarded + between the nodes

Every line is in exactly one of these groups, so that the groups add up to the run. What a variant shares with the baseline (the data,
the network it was trained from) the baseline needs anyway; what it shares with others (a teacher) is charged to each of them in full
and counted once in the whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenbench.core.artifact import TRAINING_WORK
from greenbench.core.charge import Charge, ChargeKind, step_kind
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import NodeResult, NodeState, Plan, RunResult, VariantResult


@dataclass(frozen=True)
class Sum:
    """Joules and seconds of several lines. `energy` carries the least direct provenance of its parts; `missing` are the titles of the
    lines without a reading, and where there are some the sum is the least that it can have been."""

    energy: Measurement
    seconds: float
    missing: tuple[str, ...] = ()
    lines: int = 0

    @property
    def at_least(self) -> bool:
        return bool(self.missing) and self.energy.value is not None


@dataclass(frozen=True)
class Account:
    """The ledger as it looks for one variant. `baseline` is what the baseline needs too, `making` what only the variant needs beyond
    that; `others` is for other variants and further seeds, `measuring` for all of them, `discarded` came to nothing."""

    letter: str
    baseline: tuple[Charge, ...]
    making: tuple[Charge, ...]
    others: tuple[Charge, ...]
    measuring: tuple[Charge, ...]
    discarded: tuple[Charge, ...]
    overhead: tuple[Charge, ...]

    @property
    def lines(self) -> tuple[Charge, ...]:
        """All of them, each once."""
        return (*self.baseline, *self.making, *self.others, *self.measuring, *self.discarded, *self.overhead)


def ledger(result: RunResult) -> tuple[Charge, ...]:
    """The lines of a run. A run of before there was a ledger has one line for each node that kept its joules."""
    return result.ledger or tuple(of_node(node, result) for node in result.nodes if node.seconds is not None or node.energy is not None)


def of_node(node: NodeResult, result: RunResult) -> Charge:
    """The line of a whole node, from what it kept of itself."""
    work, trainings = training_work((node,))
    return Charge(
        kind=step_kind(node.step),
        node=node.node,
        title=node.title,
        seconds=node.seconds,
        energy=node.energy or Measurement.missing("J", "no energy was read"),
        cached=node.state is NodeState.CACHED,
        failed=node.state in (NodeState.FAILED, NodeState.CANCELLED),
        variants=served(result.plan, result.variants, node.node),
        repeat=next((planned.repeat for planned in result.plan.nodes if planned.id == node.node), 0),
        digest=node.digest,
        flop=work if trainings else None,
        trainings=trainings,
    )


def training_work(nodes: Iterable[NodeResult]) -> tuple[float, int]:
    """FLOP of training, and in how many steps it was spent."""
    spent = [fact.value for node in nodes for fact in node.facts if fact.title == TRAINING_WORK and fact.value]
    return float(sum(spent)), len(spent)


def makers(plan: Plan, node: str) -> frozenset[str]:
    """A node and everything that feeds it, directly or through others: its data and its teacher among them."""
    inputs = {planned.id: planned.inputs for planned in plan.nodes}
    found: set[str] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current in found or current not in inputs:
            continue
        found.add(current)
        waiting += [source.node for many in inputs[current].values() for source in many]
    return frozenset(found)


def served(plan: Plan, variants: Iterable[VariantResult], node: str) -> tuple[str, ...]:
    """The letters of the measured variants that a node was needed for."""
    return tuple(v.letter for v in variants if v.failure is None and node in makers(plan, v.node))


def add(charges: Iterable[Charge]) -> Sum:
    """The lines together. Their errors may lie the same way (a meter's gain), so they are added as they are."""
    lines = tuple(charges)
    known = [line.energy for line in lines if line.energy.value is not None]
    missing = tuple(line.title for line in lines if line.energy.value is None)
    seconds = sum(line.seconds or 0.0 for line in lines)
    if not lines:
        nothing = Measurement(value=0.0, low=0.0, high=0.0, n=0, unit="J", provenance=Provenance.COUNTER)
        return Sum(nothing, 0.0)
    if not known:
        return Sum(Measurement.missing("J", lines[0].energy.reason or "no energy was read"), seconds, missing, len(lines))
    return Sum(together(known), seconds, missing, len(lines))


def together(energies: Sequence[Measurement]) -> Measurement:
    """The sum of readings, with the least direct provenance of them. Each must have a value."""
    value = sum(energy.value or 0.0 for energy in energies)
    low = sum(_end(energy.low, energy.value) for energy in energies)
    high = sum(_end(energy.high, energy.value) for energy in energies)
    provenance = Provenance.least([energy.provenance for energy in energies])
    return Measurement(value=value, low=low, high=high, n=len(energies), unit="J", provenance=provenance)


def _end(end: float | None, value: float | None) -> float:
    return end if end is not None else value or 0.0


def account(result: RunResult, letter: str) -> Account:
    """The ledger for one variant, by its letter.

    Raises:
        KeyError: there is no such variant.
    """
    variant = variant_of(result, letter)
    first = baseline_of(result, variant)
    needed = makers(result.plan, variant.node)
    anyway = makers(result.plan, first.node) if first is not None else frozenset()
    groups: dict[str, list[Charge]] = {name: [] for name in ("baseline", "making", "others", "measuring", "discarded", "overhead")}
    claims = [node.id for node in result.plan.nodes if step_kind(node.step) is ChargeKind.JUDGING]
    used = frozenset().union(*(makers(result.plan, claim) for claim in claims))
    for line in ledger(result):
        groups[_group(line, needed, anyway, used)].append(line)
    return Account(letter, **{name: tuple(lines) for name, lines in groups.items()})


def _group(line: Charge, needed: frozenset[str], anyway: frozenset[str], used: frozenset[str]) -> str:
    if line.failed:
        return "discarded"
    if line.kind.measuring:
        return "measuring"
    if not line.kind.making:
        return "overhead"
    if line.node in anyway:
        return "baseline"
    if line.node in needed:
        return "making"
    return "others" if line.variants or line.repeat or line.node in used else "discarded"


def variant_of(result: RunResult, letter: str) -> VariantResult:
    """The variant with that letter. Raises KeyError: there is none."""
    variant = next((v for v in result.variants if v.letter == letter), None)
    if variant is None:
        raise KeyError(letter)
    return variant


def baseline_of(result: RunResult, variant: VariantResult) -> VariantResult | None:
    """The first variant of the same benchmark, whether it could be measured or not."""
    return next((v for v in result.variants if v.benchmark == variant.benchmark), None)


def making(result: RunResult, letter: str) -> Sum:
    """What making a variant took beyond what its baseline needs anyway. Raises KeyError like `account`."""
    return add(account(result, letter).making)
