"""What a step's parameters cannot do without, and whom a rule speaks of, is told before anything runs."""

from typing import Any

import pytest

from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.engine.plan import problems
from greenbench.steps import installed

CHAIN = ("data.digits", "model.library", "train")


def chain(step: str, params: dict[str, Any], fed: bool = True) -> Pipeline:
    """Digits, a network, training, and the step behind it under the title "Step"; `fed` links the data to it."""
    pipeline = Pipeline(installed(), "Chain")
    pipeline.nodes = {key: Node(key, key, key.capitalize()) for key in CHAIN}
    pipeline.nodes["step"] = Node("step", step, "Step", params)
    port = next(port.name for port in installed()[step].inputs if port.kind.value == "model")
    pipeline.links = [
        Link("data.digits", "data", "model.library", "data"),
        Link("model.library", "model", "train", "model"),
        Link("data.digits", "data", "train", "data"),
        Link("train", "model", "step", port),
    ]
    if fed:
        pipeline.links.append(Link("data.digits", "data", "step", "data"))
    return pipeline


def told(pipeline: Pipeline) -> list[str]:
    return [problem.message for problem in problems(pipeline)]


NEEDY = [
    ("prune.magnitude", {"schedule": "iterative"}, '"Step" needs a data set at data: pruning in rounds trains.'),
    ("prune.magnitude", {"schedule": "gradual"}, '"Step" needs a data set at data: gradual pruning trains.'),
    ("prune.structured", {"importance": "taylor"}, '"Step" needs a data set at data: Taylor scores look at examples.'),
    ("claim", {"rule": 'error("Train") < 1'}, '"Step" needs a data set at test data: the rule asks how models answer.'),
]


@pytest.mark.parametrize(("step", "params", "message"), NEEDY, ids=[f"{step} {params}" for step, params, _ in NEEDY])
def test_an_optional_input_is_asked_for_where_the_parameters_need_it(step: str, params: dict[str, Any], message: str) -> None:
    assert told(chain(step, params, fed=False)) == [message]
    assert told(chain(step, params)) == []


@pytest.mark.parametrize(("step", "params"), [("prune.magnitude", {}), ("prune.structured", {}), ("claim", {"rule": 'size("Train") < 9'})])
def test_it_stays_optional_where_they_do_not(step: str, params: dict[str, Any]) -> None:
    assert told(chain(step, params, fed=False)) == []


def test_data_that_is_muted_away_is_missed_too() -> None:
    pipeline = chain("prune.magnitude", {"schedule": "gradual"})
    pipeline.nodes["other"] = Node("other", "data.digits", "Other", muted=True)
    pipeline.links[-1] = Link("other", "data", "step", "data")
    assert told(pipeline) == ['"Step" gets nothing at data: what feeds it is muted.']


def test_a_rule_that_speaks_of_nothing_connected_is_refused() -> None:
    found = problems(chain("claim", {"rule": 'error("Trained") < 1\nvalue("Elmo", "co2_kg") < 1\nsize("Train") > 0'}))
    assert [problem.message for problem in found] == [
        '"Step" speaks of "Trained", which is not connected.',
        '"Step" speaks of "Elmo", which is not connected.',
    ]
    assert all(problem.remedy.startswith('Connected: "Train".') for problem in found)


def test_behind_a_muted_step_a_rule_knows_the_model_that_passes_through() -> None:
    pipeline = chain("claim", {"rule": 'error("Train") < 1'})
    pipeline.nodes["train"] = pipeline.nodes["train"].but(muted=True)
    assert told(pipeline) == ['"Step" speaks of "Train", which is muted.']
    pipeline.nodes["step"] = pipeline.nodes["step"].but(params={"rule": 'error("Model.library") < 1'})
    assert told(pipeline) == []


def test_two_models_of_one_name_cannot_be_told_apart_in_a_rule() -> None:
    pipeline = chain("claim", {"rule": 'error("Train") < 1'})
    pipeline.nodes["model.library"] = pipeline.nodes["model.library"].but(title="Train")
    pipeline.links.append(Link("model.library", "model", "step", "models"))
    assert told(pipeline) == ['Two nodes connected to "Step" are called "Train".']


def test_a_claim_is_not_judged_on_examples_that_were_learnt_from() -> None:
    pipeline = chain("claim", {"rule": 'error("Train") < 1'})
    pipeline.nodes["other"] = Node("other", "data.digits", "Other", {"test_share": 0.5})
    pipeline.links[-1] = Link("other", "data", "step", "data")
    found = told(pipeline)
    assert len(found) == 1
    assert '"Train" trains on "Data.digits", whose examples include test examples of "Step"' in found[0]
