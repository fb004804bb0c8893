"""What a run says about nodes, as events in and states out; and that a result is lost when what made it changes."""

import pytest

from greenbench.core import messages as m
from greenbench.core.edits import ChangeNode, Connect, Disconnect, MoveNodes, set_params
from greenbench.core.measurement import Measurement, Provenance, Window, WindowKind
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, RunState
from greenbench.gui.editor.status import NodeStatus, RunBoard, missing_input, variant_rows
from greenbench.gui.editor.words import clock, flow, footer, row_word, short_reason, state_icon, state_word


def started(pipeline: Pipeline) -> m.RunStarted:
    nodes = tuple(
        PlannedNode(id=id, step=node.step, version=1, title=node.title, params={}, digest=id)
        for id, node in pipeline.nodes.items()
        if not node.muted
    )
    return m.RunStarted(run_id="1", t_ns=0, plan=Plan(title="Test", nodes=nodes))


def finished(id: str, headline: str = "", *, cached: bool = False) -> m.NodeFinished:
    return m.NodeFinished(node=id, digest=id, cached=cached, t_ns=0, seconds=1.0, headline=headline)


@pytest.fixture
def board(pipeline: Pipeline) -> RunBoard:
    board = RunBoard(lambda: pipeline)
    board.apply(started(pipeline))
    return board


def test_at_the_start_all_nodes_wait_and_say_for_what(board: RunBoard, pipeline: Pipeline) -> None:
    assert all(board.status(id).state is NodeState.WAITING for id in pipeline.nodes)
    assert footer(pipeline, board, "prune")[0] == "Waiting for Train"
    assert footer(pipeline, board, "data")[0] == "Next"


def test_progress_is_shown_in_per_cent_and_time_left(board: RunBoard, pipeline: Pipeline) -> None:
    board.apply(m.NodeStarted(node="train", t_ns=0))
    touched = board.apply(m.Progress(node="train", fraction=0.61, text="epoch 6 of 10", remaining_s=72))
    assert touched == {"train"}
    assert footer(pipeline, board, "train") == ("61 %", "1:12 left")


def test_a_finished_node_shows_its_headline_and_a_cached_one_keeps_its_first_cost(board: RunBoard, pipeline: Pipeline) -> None:
    board.apply(finished("train", "98.9 %", cached=True))
    board.apply(m.NodeEnergy(node="train", energy=Measurement(value=2410.0, unit="J")))
    status = board.status("train")
    assert status.state is NodeState.CACHED
    assert footer(pipeline, board, "train")[0] == "98.9 %"
    assert status.energy is not None
    assert status.energy.provenance is Provenance.COUNTER


def test_a_failure_gives_its_reason_in_four_words_and_a_way_to_mend_it(board: RunBoard, pipeline: Pipeline) -> None:
    failure = Failure(kind="", message="A group of 1,024 weights is larger than layer fc.", remedy="Take 640.")
    board.apply(m.NodeFailed(node="prune", t_ns=0, failure=failure))
    assert footer(pipeline, board, "prune") == ("A group of 1,024", "Fix…")
    board.apply(m.NodeFailed(node="bench", t_ns=0, state=NodeState.SKIPPED, failure=Failure(kind="input failed", message="")))
    assert footer(pipeline, board, "bench") == ("Input failed", "")


def test_changing_a_parameter_takes_the_result_of_the_node_and_all_after_it_and_undo_brings_it_back(
    board: RunBoard, pipeline: Pipeline
) -> None:
    for id in pipeline.nodes:
        board.apply(finished(id, "done"))
    inverse = set_params(pipeline.nodes["train"], epochs=20).apply(pipeline)
    board.outdated()
    lost = {id for id in pipeline.nodes if not board.status(id).finished}
    assert lost == {"train", "prune", "bench"}
    assert board.status("train") == NodeStatus(stale=True)
    assert footer(pipeline, board, "train")[0] == "Changed, run again"
    inverse.apply(pipeline)
    board.outdated()
    assert all(board.status(id).finished for id in pipeline.nodes)


def test_a_link_counts_as_a_change_of_its_target_but_a_move_or_a_new_name_does_not(board: RunBoard, pipeline: Pipeline) -> None:
    for id in pipeline.nodes:
        board.apply(finished(id))
    MoveNodes({"train": (0, 300)}).apply(pipeline)
    ChangeNode(pipeline.nodes["train"].but(title="Teacher")).apply(pipeline)
    board.outdated()
    assert board.status("train").finished
    Disconnect(Link("prune", "model", "bench", "models")).apply(pipeline)
    Connect(Link("model", "model", "bench", "models")).apply(pipeline)
    board.outdated()
    assert board.status("prune").finished
    assert not board.status("bench").finished


def test_writing_a_default_down_changes_nothing(board: RunBoard, pipeline: Pipeline) -> None:
    board.apply(finished("train"))
    set_params(pipeline.nodes["train"], epochs=10).apply(pipeline)
    board.outdated()
    assert board.status("train").finished


def test_a_stopped_run_leaves_no_node_running(board: RunBoard, pipeline: Pipeline) -> None:
    board.apply(finished("data"))
    board.apply(m.NodeStarted(node="train", t_ns=0))
    board.apply(m.RunFinished(run_id="1", state=RunState.CANCELLED, t_ns=1))
    states = {id: board.status(id).state for id in pipeline.nodes}
    assert states["data"] is NodeState.DONE
    assert {states[id] for id in ("model", "train", "prune", "bench")} == {NodeState.CANCELLED}
    assert not board.running


def test_the_rows_of_a_benchmark_follow_their_models(board: RunBoard, pipeline: Pipeline) -> None:
    rows = variant_rows(pipeline, "bench")
    assert [(link.source, letter) for link, letter in rows] == [("train", "A"), ("prune", "B")]

    def words() -> list[str]:
        bench = board.status("bench")
        return [row_word(board.status(link.source), bench.variants.get(letter), bench) for link, letter in variant_rows(pipeline, "bench")]

    assert words() == ["Waiting", "Waiting"]
    board.apply(finished("train"))
    board.apply(m.NodeFailed(node="prune", t_ns=0, failure=Failure(kind="empty layer", message="")))
    assert words() == ["Ready", "Skipped"]
    board.apply(m.VariantMeasured(node="bench", variant="A", correct="1110"))
    assert words()[0] == "75.0 %"
    window = Window(kind=WindowKind.BLOCK, label="block 0", t0_ns=0, node="bench", variant="A")
    board.apply(m.WindowOpened(window=window))
    assert board.measuring
    assert words()[0] == "Measuring"
    board.apply(m.WindowClosed(window=window))
    assert not board.measuring
    assert words()[0] == "Block 1"


def test_a_muted_step_passes_its_model_on_and_a_muted_source_leaves_no_letter(pipeline: Pipeline) -> None:
    ChangeNode(pipeline.nodes["prune"].but(muted=True)).apply(pipeline)
    assert [letter for _, letter in variant_rows(pipeline, "bench")] == ["A", "B"]
    Connect(Link("model", "model", "bench", "models"), 0).apply(pipeline)
    ChangeNode(pipeline.nodes["model"].but(muted=True)).apply(pipeline)
    assert [letter for _, letter in variant_rows(pipeline, "bench")] == ["", "A", "B"]


def test_a_node_says_which_input_it_lacks(pipeline: Pipeline) -> None:
    Disconnect(Link("data", "data", "train", "data")).apply(pipeline)
    board = RunBoard(lambda: pipeline)
    assert missing_input(pipeline, "train") == "data"
    assert footer(pipeline, board, "train")[0] == "Connect data"


def test_words_of_a_link_that_carries_nothing(board: RunBoard, pipeline: Pipeline) -> None:
    link = Link("train", "model", "prune", "model")
    assert flow(pipeline, board, link) == ("Model", 'Nothing yet: "Train" has not run.')
    board.apply(m.NodeFailed(node="train", t_ns=0, failure=Failure(kind="out of memory", message="")))
    assert flow(pipeline, board, link) == ("Model: none", '"Train" gave nothing: out of memory.')


def test_the_log_of_a_node_keeps_its_last_lines(board: RunBoard) -> None:
    for number in range(500):
        board.apply(m.Log(text=str(number), node="train"))
    assert board.status("train").log[-1] == "499"
    assert len(board.status("train").log) == 400


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00 left"), (72, "1:12 left"), (3725, "1:02:05 left")])
def test_time_left_reads_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_failure_without_kind_is_cut_from_its_message() -> None:
    assert short_reason(NodeStatus(NodeState.FAILED, failure=Failure(kind="", message="Out of memory."))) == "Out of memory"
    assert short_reason(NodeStatus(NodeState.FAILED, failure=Failure(kind="Model", message="No such model."))) == "Model problem"


def test_a_source_that_was_read_says_so_until_it_is_changed(pipeline: Pipeline) -> None:
    board = RunBoard(lambda: pipeline)
    assert state_word(board.status("data")) == "Not run yet"
    assert board.note_read("data", True) == {"data"}
    assert (state_word(board.status("data")), footer(pipeline, board, "data")[0]) == ("Read", "Read")
    assert state_icon(board.status("data")) == ("archive-box", "muted")
    board.note_read("data", False)
    assert state_word(board.status("data")) == "Not run yet"
    board.note_read("train", True)
    set_params(pipeline.nodes["train"], epochs=3).apply(pipeline)
    board.outdated()
    assert not board.status("train").read


def test_what_a_check_refuses_is_marked_with_its_reason(pipeline: Pipeline) -> None:
    board = RunBoard(lambda: pipeline)
    assert board.refuse({"prune": "8 channels do not fit."}) == {"prune"}
    status = board.status("prune")
    assert (status.refused, state_word(status), state_icon(status)) == (
        "8 channels do not fit.",
        "Refused",
        ("warning-octagon-fill", "danger"),
    )
    assert footer(pipeline, board, "prune")[0] == "Cannot run as it is"
    assert board.refuse({"prune": "8 channels do not fit."}) == set()
    assert board.refuse({}) == {"prune"}
    assert state_word(board.status("prune")) == "Not run yet"
