"""What a model file is: looked at once when it is chosen, told in words, and one press takes an architecture for bare weights."""

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.edits import ChangeNode
from greenbench.core.errors import FileFormatError
from greenbench.core.jobs import Candidate, Found, InspectFile, TensorFound
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.session import Session
from greenbench.gui.sources.candidates import in_full, in_short
from greenbench.gui.sources.found import FoundSection, lines_of
from greenbench.gui.sources.looks import Stage

FULL = Candidate(architecture="torchvision/resnet18", matched=122, total=122)
PART = Candidate(
    architecture="resnet20",
    matched=60,
    total=64,
    missing=("fc.weight", "fc.bias"),
    unexpected=("head.weight",),
    reshaped=("conv1.weight: 3×3",),
)


def found(path: str, **more: object) -> Found:
    whole = {
        "path": path,
        "sha256": "0" * 64,
        "format": "onnx",
        "sentence": f"{Path(path).name} is an ONNX graph.",
        "size_bytes": 44_700_000,
    }
    return Found.model_validate(whole | more)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"numbers")
    return path


def section(inspector: Inspector) -> FoundSection:
    inspector.show_nodes(["file"])
    assert isinstance(inspector.panel, NodePanel)
    assert inspector.panel.aside is not None
    made = inspector.panel.aside.found
    assert made is not None
    return made


def choose(session: Session, path: Path | str) -> None:
    node = session.pipeline.nodes["file"]
    assert session.do(ChangeNode(node.but(params={**node.params, "file": str(path)})))


def words(part: FoundSection) -> str:
    return "\n".join(label.text().replace("\u200b", "") for label in part.findChildren(QLabel) if label.isVisible())


def test_no_file_takes_no_room(inspector: Inspector, session: Session) -> None:
    part = section(inspector)
    assert not part.isVisible()
    choose(session, "/nowhere/model.onnx")
    assert not part.isVisible()


def test_a_chosen_file_is_looked_at_once_and_told(inspector: Inspector, session: Session, jobs: Any, weights: Path, qtbot: QtBot) -> None:
    jobs.answer = lambda request: found(
        request.path,
        inputs=(TensorFound(name="images", shape=("batch", 3, 224, 224), dtype="float32"),),
        outputs=(TensorFound(name="scores", shape=("batch", 1000), dtype="float32"),),
        parameters=11_689_512, opset=17, producer="pytorch 2.4", notes=("Its batch size is free.",),
    )  # fmt: skip
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: "ONNX graph" in words(part))
    told = words(part)
    for expected in ("images: float32, batch × 3 × 224 × 224", "scores: float32, batch × 1000", "11\u202f689\u202f512", "44.7 MB", "17",
                     "pytorch 2.4", "Its batch size is free."):  # fmt: skip
        assert expected in told
    inspector.show_nodes(["data"])
    again = section(inspector)
    qtbot.waitUntil(lambda: "ONNX graph" in words(again))
    assert jobs.inspected == [InspectFile(path=str(weights))]


def test_a_changed_file_is_looked_at_again(inspector: Inspector, session: Session, jobs: Any, weights: Path, qtbot: QtBot) -> None:
    jobs.answer = lambda request: found(request.path)
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: len(jobs.inspected) == 1 and "ONNX" in words(part))
    weights.write_bytes(b"other numbers")
    os.utime(weights, ns=(1, 1))
    part.refresh()
    qtbot.waitUntil(lambda: len(jobs.inspected) == 2)


def test_use_takes_an_architecture_and_undo_gives_it_back(
    inspector: Inspector, session: Session, jobs: Any, weights: Path, qtbot: QtBot
) -> None:
    jobs.answer = lambda request: found(request.path, format="weights", candidates=(FULL, PART))
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: part.candidates is not None and part.candidates.isVisible())
    rows = part.candidates.rows
    assert [row.candidate.architecture for row in rows] == ["torchvision/resnet18", "resnet20"]
    assert "122 of 122 tensors match" in words(part)
    rows[0].use.click()
    assert session.pipeline.nodes["file"].params["architecture"] == "torchvision/resnet18"
    qtbot.waitUntil(lambda: "In use" in words(part))
    session.undo_stack.undo()
    assert "architecture" not in session.pipeline.nodes["file"].params
    qtbot.waitUntil(lambda: "Architectures that match" in words(part))
    assert "In use" not in words(part)


def test_what_does_not_match_opens_on_a_press(inspector: Inspector, session: Session, jobs: Any, weights: Path, qtbot: QtBot) -> None:
    jobs.answer = lambda request: found(request.path, format="weights", candidates=(PART,))
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: part.candidates is not None and part.candidates.isVisible())
    assert "2 missing, 1 unexpected, 1 of another shape" in part.candidates.rows[0].short.text()
    assert "fc.weight" not in words(part)
    part.candidates.rows[0].more.click()
    for name in ("fc.weight", "fc.bias", "head.weight", "conv1.weight: 3×3"):
        assert name in words(part)


def test_long_lists_of_names_are_cut_with_their_number() -> None:
    many = Candidate(architecture="x", matched=0, total=30, missing=tuple(f"layer{n}" for n in range(30)))
    assert in_short(many) == "30 missing"
    assert in_full(many)[0][1].splitlines()[-1] == "and 18 more"
    assert in_short(FULL) == ""
    assert in_full(FULL) == []


def test_counts_that_the_file_does_not_say_are_left_out() -> None:
    assert [name for name, _ in lines_of(found("x"))] == ["Size"]


def test_a_file_that_cannot_be_read_says_why_and_may_be_tried_again(
    inspector: Inspector, session: Session, jobs: Any, weights: Path, qtbot: QtBot
) -> None:
    def fail(request: InspectFile) -> Found:
        raise FileFormatError("weights.bin breaks off after 12 bytes.", "Download it again.")

    jobs.answer = fail
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: part.failure.isVisible())
    assert "breaks off after 12 bytes" in words(part)
    assert "Download it again." in words(part)
    jobs.answer = lambda request: found(request.path)
    part.again.click()
    qtbot.waitUntil(lambda: "ONNX graph" in words(part))
    assert not part.failure.isVisible()


def test_a_stopped_look_is_offered_again_and_not_begun_by_itself(
    inspector: Inspector, session: Session, jobs: Any, intake: Any, weights: Path, qtbot: QtBot
) -> None:
    jobs.wait = True
    part = section(inspector)
    choose(session, weights)
    qtbot.waitUntil(lambda: part.work.isVisible())
    part.work.stop.click()
    qtbot.waitUntil(lambda: part.open.isVisible())
    assert intake.files.look(str(weights)).stage is Stage.OPEN
    jobs.wait, jobs.answer = False, lambda request: found(request.path)
    part.refresh()
    assert not part._timer.isActive()
    part.open.click()
    qtbot.waitUntil(lambda: "ONNX graph" in words(part))
