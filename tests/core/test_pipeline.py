"""What may be joined, and the sentence that says why not."""

import pytest

from greenbench.core.edits import AddNode, Connect
from greenbench.core.errors import (
    CycleError,
    ParameterError,
    PipelineError,
    PortKindError,
    PortTakenError,
    UnknownNodeError,
    UnknownPortError,
    UnknownStepError,
)
from greenbench.core.pipeline import Link, Node, Pipeline


@pytest.fixture
def pipeline(catalog):
    made = Pipeline(catalog)
    for id, step in (("data", "data"), ("model", "model"), ("train", "train"), ("prune", "prune"), ("bench", "benchmark")):
        AddNode(Node(id, step, id.capitalize())).apply(made)
    for link in (Link("model", "model", "train", "model"), Link("train", "model", "prune", "model")):
        Connect(link).apply(made)
    return made


@pytest.mark.parametrize(
    ("link", "error", "sentence"),
    [
        (Link("prune", "model", "train", "model"), PortTakenError, '"Train" already has a model'),
        (Link("train", "model", "train", "model"), CycleError, '"Train" cannot feed itself.'),
        (Link("data", "data", "prune", "model"), PortKindError, "A data set cannot go into a model port."),
        (Link("model", "model", "prune", "model"), PortTakenError, '"Prune" already has a model at model.'),
        (Link("model", "model", "train", "model"), PortTakenError, '"Model" is already connected here.'),
        (Link("gone", "model", "train", "model"), UnknownNodeError, 'There is no node "gone"'),
        (Link("model", "weights", "train", "model"), UnknownPortError, '"Model" has no output "weights".'),
        (Link("model", "model", "train", "models"), UnknownPortError, '"Train" has no input "models".'),
    ],
)
def test_a_link_that_cannot_be_is_refused_by_its_reason(pipeline, link, error, sentence):
    before = list(pipeline.links)
    with pytest.raises(error) as caught:
        Connect(link).apply(pipeline)
    assert sentence in str(caught.value)
    assert pipeline.links == before


def test_a_circle_is_refused_however_long(catalog):
    pipeline = Pipeline(catalog)
    for number in range(5):
        AddNode(Node(f"p{number}", "prune", f"Prune {number}")).apply(pipeline)
    for number in range(4):
        Connect(Link(f"p{number}", "model", f"p{number + 1}", "model")).apply(pipeline)
    with pytest.raises(CycleError, match='"Prune 0" already feeds "Prune 4"'):
        Connect(Link("p4", "model", "p0", "model")).apply(pipeline)


def test_a_benchmark_takes_many_models_in_order(pipeline):
    for source in ("prune", "train", "model"):
        Connect(Link(source, "model", "bench", "models")).apply(pipeline)
    assert [link.source for link in pipeline.into("bench", "models")] == ["prune", "train", "model"]


def test_a_taken_input_is_no_obstacle_to_a_link_that_replaces(pipeline):
    pipeline.check_link(Link("model", "model", "prune", "model"), replacing=True)


@pytest.mark.parametrize(
    ("node", "error", "sentence"),
    [
        (Node("x", "fly", "Fly"), UnknownStepError, 'There is no step "fly" in this version. Known steps: benchmark, data'),
        (Node("", "prune", "Prune"), PipelineError, "needs an id and a title"),
        (Node("x", "prune", " "), PipelineError, "needs an id and a title"),
        (
            Node("x", "prune", "Prune 3", {"ratio": 1}),
            ParameterError,
            '"Prune 3": ratio cannot be 100 %. Give a number from 0 % to less than 100 %.',
        ),
        (Node("x", "prune", "P", {"ratoi": 0.5}), ParameterError, '"P": there is no parameter "ratoi". Known parameters: ratio, epochs'),
        (Node("x", "prune", "P", {"epochs": "many"}), ParameterError, "epochs cannot be 'many'. Give a whole number from 0"),
        (Node("x", "prune", "P", {"norm": "l3"}), ParameterError, "importance cannot be 'l3'. Choose one of: l1, l2."),
    ],
)
def test_a_node_that_cannot_be_is_refused_by_its_reason(catalog, node, error, sentence):
    with pytest.raises(error) as caught:
        AddNode(node).apply(Pipeline(catalog))
    assert sentence in str(caught.value)


def test_upstream_and_downstream_go_all_the_way(pipeline):
    Connect(Link("prune", "model", "bench", "models")).apply(pipeline)
    assert pipeline.upstream("bench") == {"prune", "train", "model"}
    assert pipeline.downstream("model") == {"train", "prune", "bench"}
    assert pipeline.out_of("train", "model") == [Link("train", "model", "prune", "model")]


def test_order_keeps_ties_in_order_of_insertion(pipeline):
    assert pipeline.order() == ["data", "model", "train", "prune", "bench"]


def test_free_names_are_free(pipeline):
    assert pipeline.free_id("prune") == "prune-2"
    assert pipeline.free_id("prune", ("prune-2",)) == "prune-3"
    assert pipeline.free_id("new") == "new"
    assert pipeline.free_title("Prune") == "Prune 2"
    assert pipeline.free_title("Other") == "Other"


def test_the_catalogue_finds_steps_by_words_titles_first(catalog):
    assert [spec.key for spec in catalog.search("prune")] == ["prune"]
    assert [spec.key for spec in catalog.search("resnet")] == ["model"]
    assert catalog.search("distil")[0].key == "distil"
    assert catalog.search("no such thing") == ()
    assert len(catalog.search("")) == len(catalog)


def test_two_steps_with_one_key_are_refused(catalog):
    from greenbench.core.catalog import Catalog

    with pytest.raises(ValueError, match="two steps have the key"):
        Catalog([*catalog, catalog["data"]])


def test_a_muted_step_passes_a_model_through(catalog):
    assert catalog["prune"].pass_through == ("model", "model")
    assert catalog["data"].pass_through is None
