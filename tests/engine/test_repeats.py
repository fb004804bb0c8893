"""A claim over several seeds has what makes its models computed once for each, on the same data."""

from greenbench.core import document
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.sample import Sample
from greenbench.engine.plan import Conditions, make_plan
from greenbench.steps import installed


def claimed(seeds: int) -> Pipeline:
    pipeline = Pipeline(installed(), "Twice")
    pipeline.nodes = {
        "data": Node("data", "data.digits", "Digits"),
        "net": Node("net", "model.library", "Net", {"name": "lenet_300_100"}),
        "train": Node("train", "train", "Trained"),
        "claim": Node("claim", "claim", "Claim", {"rule": 'error("Trained") < 1', "seeds": seeds}),
    }
    pipeline.links = [
        Link("data", "data", "net", "data"),
        Link("net", "model", "train", "model"),
        Link("data", "data", "train", "data"),
        Link("train", "model", "claim", "models"),
        Link("data", "data", "claim", "data"),
    ]
    return pipeline


def test_one_seed_repeats_nothing() -> None:
    assert [node.id for node in make_plan(claimed(1)).nodes] == ["data", "net", "train", "claim"]


def test_three_seeds_repeat_the_models_and_not_the_data() -> None:
    plan = make_plan(claimed(3), Conditions(seed=5))
    assert [node.id for node in plan.nodes] == ["data", "net", "train", "net@1", "train@1", "net@2", "train@2", "claim"]
    again = plan.node("train@2")
    assert (again.of, again.repeat, again.seed) == ("train", 2, 7)
    assert [source.node for source in again.inputs["model"]] == ["net@2"]
    assert [source.node for source in again.inputs["data"]] == ["data"]
    assert [source.node for source in plan.node("claim").inputs["models"]] == ["train", "train@1", "train@2"]
    assert plan.base("train@2") == "train"
    assert again.shown_title == "Trained, seed 7"


def test_repetitions_are_other_experiments_and_the_first_is_that_of_one_seed() -> None:
    one, three = make_plan(claimed(1)), make_plan(claimed(3))
    digests = [node.digest for node in three.nodes]
    assert len(set(digests)) == len(digests)
    assert three.node("train").digest == one.node("train").digest
    assert three.node("claim").digest != one.node("claim").digest


def test_a_muted_step_is_passed_through_in_every_repetition() -> None:
    pipeline = claimed(2)
    pipeline.nodes["train"] = pipeline.nodes["train"].but(muted=True)
    pipeline.nodes["claim"] = pipeline.nodes["claim"].but(params={"rule": 'error("Net") < 1', "seeds": 2})
    plan = make_plan(pipeline)
    assert [node.id for node in plan.nodes] == ["data", "net", "net@1", "claim"]
    assert [source.node for source in plan.node("claim").inputs["models"]] == ["net", "net@1"]


def test_a_budget_changes_what_it_names_and_survives_the_file() -> None:
    pipeline = claimed(3)
    pipeline.sample = Sample(paper="R0", label="Nobody 1900", minutes={"full": 2}, budgets={"small": {"claim.seeds": 1, "train.epochs": 1}})
    read = document.loads(document.dumps(pipeline), installed())
    small = read.with_budget("small")
    assert read == pipeline
    assert small.nodes["claim"].params["seeds"] == 1
    assert small.nodes["train"].params["epochs"] == 1
    assert read.nodes["claim"].params["seeds"] == 3
    assert read.with_budget("full") == read
