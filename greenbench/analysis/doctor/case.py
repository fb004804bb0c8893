"""One variant beside its baseline, with the questions that the rules ask of both."""

from collections.abc import Iterable
from dataclasses import dataclass

from greenbench.core.advice import Evidence
from greenbench.core.artifact import DatasetArtifact, Fact
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import BY_KEY, QUALITY
from greenbench.core.quote import change_decimals, ends, percent, quote, scale
from greenbench.core.run import Comparison, LineageStep, PlannedNode, RunResult, VariantResult, Verdict
from greenbench.core.timed import call_words

COMPRESSES = ("prune.", "share.", "quantize.", "cast.", "factorize.", "encode.", "distil.quantised")
LIGHTENS = (*COMPRESSES, "distil.")
SAME = "the same"
NOT_LOWER = (Verdict.SAME, Verdict.HIGHER, Verdict.UNCLEAR)


@dataclass(frozen=True)
class Case:
    """A variant and the first of its benchmark. `own` are the steps that only the variant went through."""

    result: RunResult
    variant: VariantResult
    baseline: VariantResult

    @property
    def letter(self) -> str:
        return self.variant.letter

    @property
    def own(self) -> tuple[LineageStep, ...]:
        shared = {step.node for step in self.baseline.lineage}
        return tuple(step for step in self.variant.lineage if step.node not in shared)

    def did(self, *prefixes: str) -> LineageStep | None:
        """The last of the variant's own steps whose key begins like that."""
        return next((step for step in reversed(self.own) if step.step.startswith(prefixes)), None)

    def planned(self, node: str) -> PlannedNode | None:
        return next((each for each in self.result.plan.nodes if each.id == node), None)

    def facts(self, code: str) -> list[tuple[LineageStep, Fact]]:
        """What the variant's own steps found out about it, by the code of the fact."""
        return [(step, fact) for step in self.own for fact in self._facts_of(step.node) if fact.code == code]

    def fact(self, title: str) -> tuple[LineageStep, Fact] | None:
        """The last fact of that title among the variant's own steps."""
        found = [(step, fact) for step in self.own for fact in self._facts_of(step.node) if fact.title == title and fact.value is not None]
        return found[-1] if found else None

    def _facts_of(self, node: str) -> tuple[Fact, ...]:
        return next((each.facts for each in self.result.nodes if each.node == node), ())

    def value(self, key: str) -> float | None:
        return value(self.variant, key)

    def base(self, key: str) -> float | None:
        return value(self.baseline, key)

    def ratio(self, key: str) -> float | None:
        """The variant's number over the baseline's: by their comparison where that knows it, which pairs rounds. None where one is not
        known, or where the baseline's is not above zero beyond doubt, as an energy net of idle need not be."""
        if (found := self._compared(key)) is not None and found.change is not None:
            return 1 + found.change
        mine, other = self.value(key), self.baseline.metrics.get(key)
        if mine is None or other is None or not other.value or min(other.value, other.value if other.low is None else other.low) <= 0:
            return None
        return mine / other.value

    def _compared(self, key: str) -> Comparison | None:
        """The comparison with the baseline, where it holds a relative change with its interval."""
        found = self.against(key)
        whole = found is not None and found.change is not None and found.low is not None and found.high is not None
        return found if whole and key not in QUALITY else None

    def change(self, key: str) -> str:
        """ "−90 %": the change against the baseline as the comparison's table has it; with "cannot tell yet" where it says that, "" where
        no change can be told."""
        ratio, found = self.ratio(key), self._compared(key)
        if ratio is None:
            return ""
        words = change_words(ratio, found.low if found else None, found.high if found else None)
        return f"{words}, {Verdict.UNCLEAR.value}" if self.verdict(key) is Verdict.UNCLEAR else words

    def against(self, key: str) -> Comparison | None:
        return self.variant.against.get(key)

    def verdict(self, key: str) -> Verdict | None:
        found = self.against(key)
        return found.verdict if found else None

    @property
    def timing(self) -> str:
        """The metric of its speed."""
        return self.variant.timing

    def time_ratio(self) -> float | None:
        """The time of an example over the baseline's: from the calls where both have as many examples, else from the throughput."""
        found = self.ratio(self.timing)
        return 1 / found if found and self.timing == "throughput" else found

    def time_verdict(self) -> Verdict | None:
        """LOWER: it is faster, by the metric of its speed."""
        found = self.verdict(self.timing)
        turned = {Verdict.LOWER: Verdict.HIGHER, Verdict.HIGHER: Verdict.LOWER}
        return turned.get(found, found) if found and self.timing == "throughput" else found

    def changed_time(self) -> Evidence:
        """The metric of its speed, of the baseline and of the variant; of a latency for how many examples."""
        call = call_words([self.variant.batch]) if self.timing == "latency_p50" else ""
        return self.changed(self.timing, f"{BY_KEY[self.timing].title} of {call}" if call else "")

    def changed(self, key: str, words: str = "") -> Evidence:
        """A metric of the baseline and of the variant as one piece of evidence: "308 k → 32 k (−90 %)"."""
        mine, other = self.variant.metrics.get(key), self.baseline.metrics.get(key)
        shown = scale(mine.unit if mine else "", [m.value for m in (mine, other) if m])
        before, now = (quote(measured, shown).full.removeprefix("≈ ") for measured in (other, mine))
        change = self.change(key)
        number = f"{now}, the same" if change == SAME else f"{before} → {now}{f' ({change})' if change else ''}"
        return Evidence(
            words=words or BY_KEY[key].title,
            number=number,
            where=f"{key} of {self.baseline.letter} and {self.letter}",
            provenance=Provenance.least([m.provenance for m in (mine, other) if m]),
        )

    def verdict_evidence(self, key: str) -> Evidence:
        """What the comparison with the baseline said, with its interval."""
        found = self.against(key)
        text = found.text if found and found.text else "not compared"
        if found and found.low is not None and found.high is not None and found.low != found.high:
            unit = "pp" if BY_KEY[key].fraction else "%"
            decimals = change_decimals(found.change or 0.0, found.low, found.high)
            low, high = ends(found.low * 100, found.high * 100, decimals, signs=True)
            text += f" (from {low} to {high} {unit})"
        return Evidence(words=f"{BY_KEY[key].title} against {self.baseline.letter}", number=text, where=f"{key} of {self.letter}, against")

    def data_node(self) -> str:
        """The node that gives data to the variant's own steps, else to its benchmark; "" where none does."""
        for id in (*(step.node for step in reversed(self.own)), self.variant.benchmark):
            node = self.planned(id)
            sources = node.inputs.get("data", ()) if node else ()
            if sources:
                return self.result.plan.base(sources[0].node)
        return ""

    def can_train(self) -> bool:
        """Whether the data of the run has examples to train on, as far as it is known."""
        found = next((each for each in self.result.nodes if each.node == self.data_node()), None)
        artifacts = [a for a in found.outputs.values() if isinstance(a, DatasetArtifact)] if found else []
        return all("train" in artifact.splits and not artifact.random for artifact in artifacts)

    def before(self, step: LineageStep) -> LineageStep | None:
        """The step that the variant went through just before."""
        place = next((i for i, each in enumerate(self.variant.lineage) if each.node == step.node), 0)
        return self.variant.lineage[place - 1] if place else None

    def others(self) -> list[VariantResult]:
        """The other measured variants of the same benchmark."""
        return [v for v in self.result.measured if v.benchmark == self.variant.benchmark and v.letter != self.letter]

    def sibling(self, prefix: str) -> "Case | None":
        """Another variant that went from the same baseline through a step like that: what would be proposed is there already."""
        cases = (Case(self.result, other, self.baseline) for other in self.others() if other.letter != self.baseline.letter)
        return next((case for case in cases if case.did(prefix) is not None), None)


def value(variant: VariantResult, key: str) -> float | None:
    measured = variant.metrics.get(key)
    return measured.value if measured else None


def cases(result: RunResult) -> list[Case]:
    """Every measured variant that has a baseline, beside it: the first variant of its benchmark."""
    first: dict[str, VariantResult] = {}
    found = []
    for variant in result.measured:
        if value(variant, "latency_p50") is None:
            continue
        baseline = first.setdefault(variant.benchmark, variant)
        compared = variant.against.get(variant.timing)
        if baseline is not variant and compared is not None:
            found.append(Case(result, variant, baseline))
    return found


def change_words(ratio: float, low: float | None = None, high: float | None = None) -> str:
    """ "−90 %", "+12 %", "the same"; of large changes "× 3.1". `low` and `high`: the interval of the change, beyond which no digit goes."""
    if abs(ratio - 1) < 0.0005:
        return SAME
    if ratio >= 2:
        return f"× {ratio:.2g}"
    return f"{signed_percent(ratio - 1, low, high)} %"


def signed_percent(change: float, low: float | None = None, high: float | None = None) -> str:
    """A relative change in per cent with its sign: "−12", "+0.6"."""
    text = percent(change, low, high)
    return text if text == "0" else f"{'−' if change < 0 else '+'}{text}"


def quoted(amount: float, unit: str) -> str:
    """A number alone, in the unit that suits it."""
    return quote(Measurement(value=amount, unit=unit)).full


def named(letters: Iterable[str]) -> str:
    """ "B", "B and C", "B, C and D"."""
    several = list(letters)
    return several[0] if len(several) == 1 else f"{', '.join(several[:-1])} and {several[-1]}"
