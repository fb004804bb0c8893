"""A real run of magnitude pruning: the doctor finds the zeros, and the change that it offers runs too."""

import pytest

from greenbench.analysis.doctor import diagnose
from greenbench.core import messages
from greenbench.core.proposing import edit_of, new_nodes
from greenbench.core.run import RunState, Verdict
from greenbench.engine.plan import Conditions, make_plan
from greenbench.report.advice import section


@pytest.fixture(scope="module")
def pruned(finished, brief_plan, until):
    """Four fifths of a real network's weights are set to zero; what it was made of is in the cache."""
    runner, _ = finished
    runner.start(brief_plan(sparsity=0.8))
    return runner, until(runner, messages.ResultsReady)[-1].result


def found(result):
    return {advice.code: advice for advice in diagnose(result) if advice.variant == "B"}


def settled(result):
    """The same run as a quiet machine would have judged it: three blocks of a tenth of a second may show any difference by chance."""
    first, second, *others = result.variants
    latency = second.against["latency_p50"].model_copy(update={"verdict": Verdict.SAME, "good": None})
    judged = second.model_copy(update={"against": {**second.against, "latency_p50": latency}})
    return result.model_copy(update={"variants": (first, judged, *others)})


def test_masks_without_shrinking_are_found_in_what_was_really_measured(pruned):
    _, result = pruned
    assert result.state is RunState.FINISHED
    advice = found(settled(result))["zeros"]
    cited = {each.words: each.number for each in advice.evidence}
    assert cited["Non-zero parameters"].endswith("(−80 %)")
    assert cited["FLOPs"].endswith(", the same")
    dense = found(result)["dense-file"]  # this needs no clock
    assert {each.words for each in dense.evidence} >= {"File size", "Coded size", "Non-zero parameters"}
    assert section(result) is not None


def test_what_is_offered_is_a_variant_that_runs_and_is_lighter(pruned, tiny, until):
    runner, result = pruned
    pipeline = tiny(sparsity=0.8)
    (proposal,) = found(settled(result))["zeros"].proposals
    edit = edit_of(proposal, pipeline)
    edit.apply(pipeline)
    runner.start(make_plan(pipeline, Conditions(protocol=result.plan.protocol)))
    second = until(runner, messages.ResultsReady)[-1].result
    assert second.state is RunState.FINISHED
    cut = second.variants[-1]
    assert (cut.letter, cut.node) == ("C", new_nodes(edit)[-1])
    assert cut.metrics["flops"].value < 0.7 * second.variants[0].metrics["flops"].value
    zeros = found(settled(second))["zeros"]
    assert (zeros.remedy, zeros.proposals) == ("C cuts channels in this run already.", ())
