"""A plan refuses what cannot mean anything before it starts, and names each node by all its output depends on."""

from dataclasses import replace

import pytest

from greenbench.core.catalog import Catalog
from greenbench.core.edits import ChangeNode
from greenbench.core.errors import PlanError
from greenbench.core.pipeline import Link
from greenbench.core.step import Group
from greenbench.engine.plan import Conditions, make_plan, problems

CHAIN = {"a": ("source", {}), "b": ("add", {}), "c": ("add", {}), "other": ("source", {"number": 5})}
LINKS = ["a.model -> b.model", "b.model -> c.model"]


def digests(pipeline, **more):
    return {node.id: node.digest for node in make_plan(pipeline, Conditions(**more)).nodes}


def test_nodes_stand_after_what_feeds_them(build):
    plan = make_plan(build(dict(reversed(CHAIN.items())), LINKS))
    order = [node.id for node in plan.nodes]
    assert order.index("a") < order.index("b") < order.index("c")


def test_a_changed_parameter_renames_the_node_and_what_follows_alone(build):
    pipeline = build(CHAIN, LINKS)
    before = digests(pipeline)
    ChangeNode(pipeline.nodes["b"].but(params={"number": 7})).apply(pipeline)
    after = digests(pipeline)
    assert {id for id in before if before[id] != after[id]} == {"b", "c"}


def test_title_position_and_default_written_out_change_nothing(build):
    pipeline = build(CHAIN, LINKS)
    before = digests(pipeline)
    pipeline.nodes["b"] = pipeline.nodes["b"].but(title="Another name", position=(5, 5), params={"number": 1})
    assert digests(pipeline) == before


def test_the_seed_changes_every_digest_and_the_protocol_none(build):
    pipeline = build(CHAIN, LINKS)
    assert not set(digests(pipeline).values()) & set(digests(pipeline, seed=1).values())
    from greenbench.core.run import LAB

    assert digests(pipeline) == digests(pipeline, protocol=LAB)


def test_the_same_experiment_has_the_same_plan(build):
    assert make_plan(build(CHAIN, LINKS)).digest == make_plan(build(CHAIN, LINKS)).digest


def test_a_muted_node_passes_its_model_on(build):
    pipeline = build(CHAIN, LINKS)
    pipeline.nodes["b"] = pipeline.nodes["b"].but(muted=True)
    plan = make_plan(pipeline)
    assert plan.muted == ("b",)
    assert plan.node("c").inputs["model"][0].node == "a"


def test_muting_a_source_names_who_starves(build):
    pipeline = build(CHAIN, LINKS)
    pipeline.nodes["a"] = pipeline.nodes["a"].but(muted=True)
    assert [p.message for p in problems(pipeline) if p.node == "b"] == ['"B" gets nothing at model: what feeds it is muted.']


@pytest.mark.parametrize(
    ("nodes", "links", "words"),
    [
        ({}, [], "empty"),
        ({"b": ("add", {})}, [], '"B" needs a model at model'),
        ({"a": ("source", {}), "bench": ("benchmark", {})}, ["a.model -> bench.models"], '"Bench" needs a data set at data'),
        ({"d": ("data", {}), "bench": ("benchmark", {})}, ["d.data -> bench.data"], "needs at least one model"),
        ({"a": ("source", {"number": 500})}, [], "number cannot be 500"),
    ],
)
def test_what_cannot_run_is_refused_with_a_reason(build, nodes, links, words):
    with pytest.raises(PlanError, match=words):
        make_plan(build(nodes, links))


def test_a_circle_is_named(build):
    pipeline = build({"b": ("add", {}), "c": ("add", {})}, LINKS[1:])
    pipeline.links.append(Link("c", "model", "b", "model"))
    with pytest.raises(PlanError, match='in a circle: "B", "C"'):
        make_plan(pipeline)


def test_every_problem_is_told_at_once(build):
    assert len(problems(build({"b": ("add", {}), "c": ("add", {})}, []))) == 2


def shared(build, share):
    nodes = {
        "a": ("source", {}),
        "q": ("quantize", {}),
        "one": ("data", {"folder": "pictures"}),
        "two": ("data", {"folder": "pictures", "share": share}),
        "bench": ("benchmark", {}),
    }
    links = ["a.model -> q.model", "two.data -> q.data", "q.model -> bench.models", "one.data -> bench.data"]
    return build(nodes, links)


def test_calibrating_on_test_examples_is_refused(build):
    found = problems(shared(build, 0.5))
    assert [p.node for p in found] == ["q"]
    assert "calibrates" in found[0].message


def test_a_model_built_for_the_shape_of_other_data_has_seen_none_of_it(build, catalog):
    pipeline = shared(build, 0.5)
    source = replace(catalog["source"], group=Group.SOURCES, inputs=catalog["train"].inputs[1:])
    others = [catalog[key] for key in ("data", "add", "train", "quantize", "benchmark")]
    pipeline.catalog = Catalog([source, *others])
    pipeline.links[1:2] = [Link("two", "data", "a", "data"), Link("one", "data", "q", "data")]
    assert not problems(pipeline)


def test_two_equal_data_nodes_cut_alike_are_fine(build):
    pipeline = shared(build, 0.5)
    pipeline.nodes["two"] = pipeline.nodes["two"].but(params={"folder": "pictures"})
    assert not problems(pipeline)
