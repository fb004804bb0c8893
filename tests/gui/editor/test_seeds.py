"""A node that runs once for each seed is one node on the canvas: its state, its joules, its progress."""

import pytest

from greenbench.core import messages as m
from greenbench.core.artifact import Fact
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, RunState, Source
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.editor.words import footer
from greenbench.gui.live.record import LiveRecord, variant_of_nodes


def plan() -> Plan:
    """A model trained over three seeds, judged by a claim."""

    def node(id: str, step: str, **inputs: tuple[Source, ...]) -> PlannedNode:
        of, _, repeat = id.partition("@")
        number = int(repeat or 0)
        return PlannedNode(
            id=id, step=step, version=1, title=of.capitalize(), params={}, digest=id, inputs=inputs,
            of=of if repeat else "", repeat=number, seed=number or None,
        )  # fmt: skip

    trained = [node(id, "train") for id in ("train", "train@1", "train@2")]
    models = tuple(Source(node=each.id, output="model") for each in trained)
    return Plan(title="Seeds", nodes=(*trained, node("claim", "claim", models=models)))


@pytest.fixture
def board(pipeline: Pipeline) -> RunBoard:
    board = RunBoard(lambda: pipeline)
    board.apply(m.RunStarted(run_id="1", t_ns=0, plan=plan()))
    return board


def done(id: str, value: float = 0.9, *, cached: bool = False) -> m.NodeFinished:
    facts = (Fact(title="Accuracy", value=value, unit="%"),)
    return m.NodeFinished(node=id, digest=id, cached=cached, t_ns=0, seconds=2.0, headline=f"{value:.0%}", facts=facts)


def test_progress_counts_all_seeds_and_says_which_one_runs(board: RunBoard, pipeline: Pipeline) -> None:
    board.apply(m.NodeStarted(node="train", t_ns=0))
    board.apply(done("train"))
    assert board.status("train").state is NodeState.WAITING
    assert footer(pipeline, board, "train")[0] == "1 of 3 seeds done"
    board.apply(m.NodeStarted(node="train@1", t_ns=0))
    touched = board.apply(m.Progress(node="train@1", fraction=0.5, text="epoch 1 of 2", remaining_s=9.0))
    assert touched == {"train"}
    assert footer(pipeline, board, "train") == ("50 %", "seed 2 of 3")


def test_it_is_done_with_the_last_seed_and_shows_the_first_and_what_all_cost(board: RunBoard) -> None:
    for number, id in enumerate(("train", "train@1", "train@2")):
        board.apply(done(id, 0.9 - number / 10, cached=number == 0))
        energy = Measurement(value=10.0, low=9.0, high=12.0, unit="J", provenance=Provenance.COUNTER if number else Provenance.MODELLED)
        board.apply(m.NodeEnergy(node=id, energy=energy))
    status = board.status("train")
    assert (status.state, status.headline, status.seeds) == (NodeState.DONE, "90%", 3)
    assert status.facts[0].value == 0.9
    assert status.seconds == 6.0
    assert status.energy is not None
    assert (status.energy.value, status.energy.low, status.energy.high) == (30.0, 27.0, 36.0)
    assert status.energy.provenance is Provenance.MODELLED


def test_no_sum_of_joules_while_one_seed_has_no_reading(board: RunBoard) -> None:
    for id in ("train", "train@1", "train@2"):
        board.apply(done(id))
    board.apply(m.NodeEnergy(node="train", energy=Measurement(value=10.0, unit="J")))
    board.apply(m.NodeEnergy(node="train@1", energy=Measurement.missing("J", "the counter stood still")))
    assert board.status("train").energy is None
    board.apply(m.NodeEnergy(node="train@2", energy=Measurement(value=10.0, unit="J")))
    energy = board.status("train").energy
    assert energy is not None
    assert energy.value is None
    assert energy.reason == "the counter stood still"


def test_a_seed_that_fails_makes_the_node_fail_and_stopping_is_told(board: RunBoard) -> None:
    board.apply(done("train"))
    failure = Failure(kind="Diverged", message="The loss is not a number.")
    board.apply(m.NodeFailed(node="train@1", t_ns=0, failure=failure))
    assert board.status("train").state is NodeState.FAILED
    assert board.status("train").failure == failure
    board.apply(m.RunFinished(run_id="1", state=RunState.CANCELLED, t_ns=0))
    assert board.status("train").state is NodeState.FAILED


def test_live_plots_keep_one_mark_for_all_seeds_of_a_model_and_name_the_seed() -> None:
    assert variant_of_nodes(plan()) == {"train": 0, "train@1": 0, "train@2": 0}
    record = LiveRecord()
    record.take(m.RunStarted(run_id="1", t_ns=0, plan=plan()))
    record.take(m.NodeStarted(node="train@2", t_ns=1_000_000_000))
    assert record.phases[-1].name == "Train, seed 2"
    assert record.phases[-1].variant == 0
