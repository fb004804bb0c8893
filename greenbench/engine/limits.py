"""What a reader must not conclude from a run."""

from typing import TYPE_CHECKING

from greenbench.analysis.resolution import indistinct, least_difference
from greenbench.core.metrics import BY_KEY, QUALITY
from greenbench.core.order import NOTHING_DONE, after
from greenbench.core.quote import count, significant
from greenbench.core.run import Remark, VariantResult
from greenbench.core.step import Group, Trait
from greenbench.steps import installed

if TYPE_CHECKING:  # the window reads the words of this module before it needs NumPy
    from greenbench.engine.recorder import Recorder

VIRTUAL = "A virtual machine: neighbours on the same host can move latency, and power counters are usually hidden."
QUICK_IS_A_LOOK = "The quick protocol is for a look: use the lab protocol for numbers that others shall rely on."


def limits(recorder: "Recorder", variants: list[VariantResult]) -> list[Remark]:
    """One remark for each limit of what was measured; none where nothing was."""
    if not variants:
        return []
    texts = [("", _one_machine(variants))]
    texts.append(("", _batches(variants)))
    if recorder.environment.virtual:
        texts.append(("virtual", VIRTUAL))
    if accuracy := _accuracy(variants):
        texts.append(("examples", accuracy))
    if recorder.plan.protocol.name == "quick":
        texts.append(("quick", QUICK_IS_A_LOOK))
    return [*(Remark(kind="limit", text=text, code=code) for code, text in texts), *_cut(recorder, variants)]


def _batches(variants: list[VariantResult]) -> str:
    batches = sorted({variant.batch for variant in variants})
    if len(batches) == 1:
        return f"Batch {batches[0]} only; the order of variants may change at other batch sizes."
    listed = f"{', '.join(str(batch) for batch in batches[:-1])} and {batches[-1]}"
    return f"Batches {listed} only, each model at one of them; the order of variants may change at other batch sizes."


def _cut(recorder: "Recorder", variants: list[VariantResult]) -> list[Remark]:
    """Models that lost channels and were not trained since: their accuracy is that of a wound, not of the method."""
    steps, found = installed(), []
    for variant in variants:
        before = NOTHING_DONE
        for step in variant.lineage:
            if step.step in steps:
                before = after(steps[step.step], step.title, recorder.plan.node(step.node).params, before)
        if Trait.CUTS in before.done:
            text = f'"{before.done[Trait.CUTS]}" was not followed by training: fine-tune the model before its accuracy is judged.'
            found.append(Remark(kind="limit", text=text, variant=variant.letter, code="cut"))
    return found


def _one_machine(variants: list[VariantResult]) -> str:
    """A seed is a limit only where something was trained with it."""
    steps = installed()
    learnt = (Group.TRAIN, Group.DISTIL)
    if not any(step.step in steps and steps[step.step].group in learnt for variant in variants for step in variant.lineage):
        return "One machine: on another, the variants may come in another order."
    judged = {key for variant in variants for key in QUALITY if key in variant.metrics}
    moved = "accuracy by some tenths of a point" if judged <= {"accuracy"} else "these numbers"
    return f"One machine, one training seed: a new seed may move {moved}."


def _accuracy(variants: list[VariantResult]) -> str:
    """The difference of accuracies that the test examples cannot show: half the widest paired interval that was found, and where none was
    compared what the linter says before a run (greenbench.analysis.resolution). "" where it is too small to matter."""
    found = [variant.metrics["accuracy"] for variant in variants if "accuracy" in variant.metrics]
    examples = min((measured.n for measured in found if measured.value is not None and measured.n), default=0)
    if not examples:
        return ""
    against = [variant.against["accuracy"] for variant in variants if "accuracy" in variant.against]
    halves = [(each.high - each.low) / 2 for each in against if each.low is not None and each.high is not None and each.high > each.low]
    bound = max(halves, default=least_difference(examples, max(len(against), 1)))
    if bound <= BY_KEY["accuracy"].margin:
        return ""
    points = significant(bound * 100, 2)
    found_by = ", by how this run's variants answered them" if halves else ""
    return f"Accuracy rests on {count(examples)} test examples: {indistinct(points)}{found_by}."
