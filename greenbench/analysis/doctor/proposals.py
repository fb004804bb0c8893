"""The changes that the doctor offers: branches and settings, made of what the run's own plan shows."""

from collections.abc import Mapping
from typing import Any

from greenbench.analysis.doctor.case import Case
from greenbench.core.advice import AddBranch, InsertAfter, NewStep, PortRef, Proposal, SetParams, UseProtocol
from greenbench.core.run import LineageStep, RunResult, VariantResult

LAB = Proposal(title="Use the lab protocol", change=UseProtocol(protocol="lab"))
_SIMPLE_INPUTS = {"model", "data"}
_LARGEST_BATCH = 1024
ENOUGH_EXAMPLES = 500  # for the interval of an accuracy to reach about two points to each side
_MOST_TEST_SHARE = 0.5


def branch(case: Case, after: LineageStep | None, steps: tuple[NewStep, ...], words: str) -> tuple[Proposal, ...]:
    """A new row of steps from a model of the run to the variant's benchmark; nothing where there is no such model."""
    if after is None or not case.variant.benchmark:
        return ()
    plan = case.result.plan
    change = AddBranch(
        after=plan.base(after.node),
        steps=steps,
        into=(PortRef(node=plan.base(case.variant.benchmark), input="models"),),
        data=case.data_node(),
    )
    return (Proposal(title=f"Try it: {words}", change=change),)


def cut_channels(case: Case, after: LineageStep | None) -> tuple[Proposal, ...]:
    """Half of the channels go, and what is left is fine-tuned where there is something to train on."""
    steps = [NewStep(step="prune.structured", title="Cut channels", params={"ratio": 0.5})]
    words = "cut half of the channels"
    if case.can_train():
        steps.append(NewStep(step="finetune", title="Channels 50 %"))
        words += " and fine-tune"
    return branch(case, after, tuple(steps), words)


def int8(case: Case, after: LineageStep | None) -> tuple[Proposal, ...]:
    """Weights and activations in 8 bits, computed in 8 bits."""
    return branch(case, after, (NewStep(step="quantize.static", title="Int8"),), "quantize to int8") if case.data_node() else ()


def again(case: Case, step: LineageStep, words: str, **params: Any) -> tuple[Proposal, ...]:
    """The variant once more from that step on, with other parameters; nothing where its steps need further models."""
    place = next(i for i, each in enumerate(case.variant.lineage) if each.node == step.node)
    nodes = [case.planned(each.node) for each in case.variant.lineage[place:]]
    if place == 0 or any(node is None or not set(node.inputs) <= _SIMPLE_INPUTS for node in nodes):
        return ()
    known = [node for node in nodes if node is not None]
    changed = [{**node.params, **params} if node.id == step.node else dict(node.params) for node in known]
    steps = tuple(NewStep(step=node.step, title=node.title, params=p) for node, p in zip(known, changed, strict=True))
    return branch(case, case.variant.lineage[place - 1], steps, words)


def larger_batch(case: Case, batch: int) -> tuple[Proposal, ...]:
    """All variants of the benchmark with more examples in one call."""
    if batch <= case.variant.batch or batch > _LARGEST_BATCH:
        return ()
    return benchmark_set(case.result, case.variant, f"Measure all at batch {batch}", batch=batch)


def more_testing(node: str, step: str, params: Mapping[str, Any], examples: int) -> tuple[Proposal, ...]:
    """A larger share for testing of a data source that cuts it off itself: the least in steps of 5 % that gives enough, or twice as much
    where there were enough and they did not settle it. The linter before a run and the doctor after it give the same number."""
    share = params.get("test_share")
    if not isinstance(share, int | float) or not share > 0 or params.get("use", "all") != "all" or examples <= 0:
        return ()
    wanted = examples * 2 if examples >= ENOUGH_EXAMPLES else ENOUGH_EXAMPLES
    for twentieths in range(1, round(_MOST_TEST_SHARE * 20) + 1):
        if twentieths / 20 > share and examples / share * twentieths / 20 >= wanted * (1 - 1e-9):
            change = SetParams(node=node, step=step, values={"test_share": twentieths / 20})
            return (Proposal(title=f"Keep {twentieths * 5} % for testing", change=change),)
    return ()


def benchmark_set(result: RunResult, variant: VariantResult, words: str, **values: Any) -> tuple[Proposal, ...]:
    """A setting of the variant's benchmark."""
    if not variant.benchmark:
        return ()
    return (Proposal(title=words, change=SetParams(node=result.plan.base(variant.benchmark), step="benchmark", values=values)),)


def fine_tune_after(case: Case, step: LineageStep) -> tuple[Proposal, ...]:
    """Training right behind a step that cut."""
    data = case.data_node()
    if not data or not case.can_train():
        return ()
    change = InsertAfter(after=case.result.plan.base(step.node), new=NewStep(step="finetune"), data=data)
    return (Proposal(title=f"Add fine-tune after {step.title}", change=change),)
