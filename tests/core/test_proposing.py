"""A proposal becomes one edit that can be undone, covers no node, and is refused once the pipeline has gone another way."""

import pytest

from greenbench.core.advice import AddBranch, Advice, InsertAfter, NewStep, PortRef, Proposal, SetParams, UseProtocol, question
from greenbench.core.edits import AddNode
from greenbench.core.errors import GreenBenchError, ParameterError, PipelineError
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.placing import boxes, free_place, is_free
from greenbench.core.proposing import edit_of, fits, new_nodes


@pytest.fixture
def pipeline(catalog):
    made = Pipeline(catalog, "Test")
    for id, step, x, y in (
        ("data", "data", 0, 96), ("net", "model", 192, 96), ("trained", "train", 384, 96), ("prune", "prune", 576, 0),
        ("bench", "benchmark", 768, 48),
    ):  # fmt: skip
        made.nodes[id] = Node(id, step, id.capitalize(), {}, (x, y))
    for text in (
        "net.model trained.model", "data.data trained.data", "trained.model prune.model", "trained.model bench.models",
        "prune.model bench.models", "data.data bench.data",
    ):  # fmt: skip
        left, right = text.split(" ")
        made.links.append(Link(*left.split("."), *right.split(".")))
    return made


def branch(**more):
    change = AddBranch(
        after="trained",
        steps=(NewStep(step="prune", title="Prune 30 %", params={"ratio": 0.3, "epochs": 3}), NewStep(step="train", title="Tuned")),
        into=(PortRef(node="bench", input="models"),),
        data="data",
    )
    return Proposal(title="Try it", change=change.model_copy(update=more))


INSERT = Proposal(title="Train after Prune", change=InsertAfter(after="prune", new=NewStep(step="train"), data="data"))
RATIO = Proposal(title="Prune less", change=SetParams(node="prune", step="prune", values={"ratio": 0.25}))


@pytest.mark.parametrize("proposal", [branch(), INSERT, RATIO])
def test_it_is_one_edit_whose_inverse_brings_everything_back(pipeline, proposal):
    before = pipeline.copy()
    edit = edit_of(proposal, pipeline)
    assert edit.text == proposal.title
    assert pipeline == before
    inverse = edit.apply(pipeline)
    assert pipeline != before
    inverse.apply(pipeline)
    assert pipeline == before


def test_a_branch_is_a_new_variant_and_takes_the_data(pipeline):
    edit = edit_of(branch(), pipeline)
    edit.apply(pipeline)
    first, second = new_nodes(edit)
    assert [pipeline.node(id).title for id in (first, second)] == ["Prune 30 %", "Tuned"]
    assert pipeline.node(first).params == {"ratio": 0.3}  # three epochs are the default
    assert [link.source for link in pipeline.into("bench", "models")] == ["trained", "prune", second]
    assert pipeline.into(second, "data") == [Link("data", "data", second, "data")]
    assert pipeline.into(first, "model") == [Link("trained", "model", first, "model")]


def test_a_step_that_is_put_in_between_leaves_the_order_of_variants(pipeline):
    pipeline.links.append(Link("trained", "model", "later", "model"))
    pipeline.nodes["later"] = Node("later", "prune", "Later", {}, (576, 200))
    pipeline.links.append(Link("later", "model", "bench", "models"))
    edit = edit_of(INSERT, pipeline)
    edit.apply(pipeline)
    (new,) = new_nodes(edit)
    assert [link.source for link in pipeline.into("bench", "models")] == ["trained", new, "later"]
    assert pipeline.out_of("prune") == [Link("prune", "model", new, "model")]


@pytest.mark.parametrize("proposal", [branch(), INSERT])
def test_new_nodes_cover_no_other_and_stand_before_what_they_feed(pipeline, proposal):
    edit = edit_of(proposal, pipeline)
    edit.apply(pipeline)
    found = boxes(pipeline)
    for place, one in enumerate(found):
        assert is_free(found[:place] + found[place + 1 :], one[0] + 8, one[1] + 8, (one[2] - 16, one[3] - 16))
    new = {each.node.id for each in edit.edits if isinstance(each, AddNode)}
    for link in pipeline.links:
        if link.source in new or link.target in new:
            assert pipeline.node(link.source).position[0] < pipeline.node(link.target).position[0]


def test_ten_branches_find_ten_free_lines(pipeline):
    for number in range(10):
        edit_of(branch(steps=(NewStep(step="prune", params={"ratio": 0.01 * number}),)), pipeline).apply(pipeline)
    assert len({pipeline.node(id).title for id in pipeline.nodes}) == len(pipeline.nodes)
    places = [pipeline.node(id).position for id in pipeline.nodes]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("proposal", "spoil"),
    [
        (branch(), lambda p: p.nodes.pop("trained")),
        (branch(), lambda p: p.nodes.pop("bench")),
        (branch(data="nowhere"), lambda p: None),
        (branch(steps=(NewStep(step="prune", params={"ratio": 2.0}),)), lambda p: None),
        (branch(steps=(NewStep(step="unknown"),)), lambda p: None),
        (branch(), lambda p: edit_of(branch(), p).apply(p)),
        (branch(steps=()), lambda p: None),
        (INSERT, lambda p: p.nodes.pop("prune")),
        (INSERT, lambda p: edit_of(INSERT, p).apply(p)),
        (RATIO, lambda p: p.nodes.update(prune=Node("prune", "train", "Prune"))),
        (RATIO, lambda p: edit_of(RATIO, p).apply(p)),
        (Proposal(title="Use lab", change=UseProtocol(protocol="lab")), lambda p: None),
    ],
)
def test_what_no_longer_fits_is_refused_with_a_reason(pipeline, proposal, spoil):
    spoil(pipeline)
    pipeline.links[:] = [link for link in pipeline.links if link.source in pipeline.nodes and link.target in pipeline.nodes]
    before = pipeline.copy()
    with pytest.raises((PipelineError, ParameterError)) as refused:
        edit_of(proposal, pipeline)
    assert isinstance(refused.value, GreenBenchError)
    assert not fits(proposal, pipeline)
    assert pipeline == before


def test_a_place_that_is_taken_gives_way_to_the_nearest_free_one():
    taken = [(0.0, 0.0, 168.0, 104.0)]
    assert free_place(taken, 400.0, 0.0) == (400.0, 0.0)
    x, y = free_place(taken, 0.0, 0.0)
    assert is_free(taken, x, y)
    assert (x, y) == (0.0, 128.0)


def test_the_question_names_the_variant():
    asked = Advice(code="zeros", title="Zeros", text="", asks="faster", variant="B")
    assert question(asked) == "Why is B not faster?"
    assert question(asked.model_copy(update={"asks": ""})) == "Zeros"
