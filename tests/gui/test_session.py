"""The session: every edit goes through the document, every edit can be undone, and a refusal loses nothing."""

from pathlib import Path

import pytest

from greenbench.core.catalog import Catalog
from greenbench.core.document import dumps
from greenbench.core.edits import AddNode, Connect, MoveNodes, RemoveNode, set_params
from greenbench.core.errors import GreenBenchError, PipelineError
from greenbench.core.params import Params, parameter
from greenbench.core.pipeline import Link, Node
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.gui.session import Session


class _Ratio(Params):
    ratio: float = parameter(0.5, "Ratio", ge=0.0, lt=1.0)


_MODEL = Port("model", PortKind.MODEL)
_CATALOG = Catalog(
    [
        StepSpec("source", 1, "Source", Group.SOURCES, "cube", "", "", Params, "", outputs=(_MODEL,)),
        StepSpec("prune", 1, "Prune", Group.COMPRESS, "columns", "", "", _Ratio, "", inputs=(_MODEL,), outputs=(_MODEL,)),
    ]
)


@pytest.fixture
def session() -> Session:
    session = Session(_CATALOG)
    session.do(AddNode(Node("a", "source", "A")))
    session.do(AddNode(Node("b", "prune", "B")))
    session.do(Connect(Link("a", "model", "b", "model")))
    return session


def test_undoing_and_redoing_everything_gives_the_same_text(session: Session) -> None:
    session.do(RemoveNode("a"))
    after = dumps(session.pipeline)
    count = session.undo_stack.count()
    for _ in range(count):
        session.undo_stack.undo()
    assert not session.pipeline.nodes
    for _ in range(count):
        session.undo_stack.redo()
    assert dumps(session.pipeline) == after
    session.undo_stack.undo()
    assert session.pipeline.links == [Link("a", "model", "b", "model")]


def test_edits_of_one_group_are_one_entry_and_undo_to_the_first_value(session: Session) -> None:
    before = session.undo_stack.count()
    for ratio in (0.1, 0.2, 0.3):
        session.do(set_params(session.pipeline.node("b"), ratio=ratio), group="b.ratio")
    assert session.undo_stack.count() == before + 1
    session.undo_stack.undo()
    assert session.pipeline.node("b").params == {}
    session.undo_stack.redo()
    assert session.pipeline.node("b").params == {"ratio": 0.3}


def test_a_group_of_different_moves_undoes_them_all(session: Session) -> None:
    session.do(MoveNodes({"a": (16.0, 0.0)}), group="move")
    session.do(MoveNodes({"b": (32.0, 0.0)}), group="move")
    session.undo_stack.undo()
    assert {node.position for node in session.pipeline.nodes.values()} == {(0.0, 0.0)}


def test_a_refused_edit_is_reported_and_changes_nothing(session: Session) -> None:
    heard: list[GreenBenchError] = []
    session.refused.connect(heard.append)
    before, count = dumps(session.pipeline), session.undo_stack.count()
    assert not session.do(set_params(session.pipeline.node("b"), ratio=1.5))
    assert dumps(session.pipeline) == before
    assert session.undo_stack.count() == count
    assert "1.5" in heard[0].message
    with pytest.raises(PipelineError):
        session.attempt(Connect(Link("a", "model", "b", "model")))


def test_opening_a_file_forgets_the_undo_list_and_has_nothing_to_save(session: Session, tmp_path: Path) -> None:
    path = session.save(tmp_path / "x.greenbench")
    assert not session.document.modified
    session.do(RemoveNode("b"))
    assert session.document.modified
    session.read(path)
    assert not session.document.modified
    assert session.undo_stack.count() == 0
    assert set(session.pipeline.nodes) == {"a", "b"}
