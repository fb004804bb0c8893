"""The preview of a data source: read without a run, small ones by themselves, others on a press; what cannot be read says why."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.edits import ChangeNode
from greenbench.core.jobs import PreparedNode, PrepareSources, SourcesPrepared
from greenbench.core.preview import Preview, Sample
from greenbench.core.run import Failure
from greenbench.engine.plan import Conditions
from greenbench.engine.sources import sources_plan
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.job_bridge import WAITS
from greenbench.gui.session import Session
from greenbench.gui.sources import reading
from greenbench.gui.sources.class_bars import ClassBars
from greenbench.gui.sources.intake import Intake
from greenbench.gui.sources.looks import Stage
from greenbench.gui.sources.preview import PreviewSection
from greenbench.gui.sources.preview_dialog import PreviewDialog
from greenbench.gui.sources.samples import Shown, shown_of, spread
from greenbench.gui.sources.words import data_lines, model_lines
from greenbench.gui.theme import Theme


def section(inspector: Inspector, id: str = "data") -> PreviewSection:
    inspector.show_nodes([id])
    assert isinstance(inspector.panel, NodePanel)
    assert inspector.panel.aside is not None
    made = inspector.panel.aside.preview
    assert made is not None
    return made


def choose(session: Session, folder: Path, size: int = 8) -> None:
    assert session.do(ChangeNode(session.pipeline.nodes["data"].but(params={"folder": str(folder), "size": size})))


def words(part: PreviewSection) -> str:
    return "\n".join(label.text().replace("\u200b", "") for label in part.findChildren(QLabel) if label.isVisible())


def test_a_small_folder_is_read_by_itself_and_shown(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, made: SimpleNamespace, pictures: Path, qtbot: QtBot
) -> None:
    notes = ("Two classes.",)
    jobs.answer = made.prepared(pictures, {"data": made.dataset(notes=notes, licence="CC BY 4.0")})
    part = section(inspector)
    assert "No folder is chosen." in words(part)
    assert not part.read.isVisible()
    choose(session, pictures)
    qtbot.waitUntil(lambda: part.samples is not None and part.samples.isVisible())
    told = words(part)
    for expected in ("12 train, 5 test", "8 × 8 to 64 × 48 px", "CC BY 4.0", "Two classes.", "12 files cannot be used",
                     "cat/0.jpg: it is cut off", "and 9 more"):  # fmt: skip
        assert expected in told
    assert part.samples is not None
    assert [sample.label for sample in part.samples.examples.samples] == ["cat", "dog", "cat"]
    assert not part.samples.examples.picture("0.png").isNull()
    assert part.samples.examples.picture("gone.png").isNull(), "a picture that is gone breaks nothing"
    assert [node.id for node in jobs.read[0].plan.nodes] == ["data"]


def test_what_lies_in_the_cache_is_shown_without_any_process(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, made: SimpleNamespace, pictures: Path
) -> None:
    choose(session, pictures)
    plan = sources_plan(session.pipeline, Conditions(), frozenset({"data"}))
    request = PrepareSources(plan=plan, cache=str(intake.reader._cache.folder))
    made.prepared(pictures, {"data": made.dataset()})(request)  # as a run leaves it
    part = section(inspector)
    assert part.samples is not None
    assert jobs.asked == []


def test_a_large_folder_waits_for_the_button(
    inspector: Inspector, session: Session, jobs: Any, made: SimpleNamespace, pictures: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_CHEAP_ENTRIES", 1)
    jobs.answer = made.prepared(pictures, {"data": made.dataset()})
    part = section(inspector)
    choose(session, pictures)
    part._timer.timeout.emit()
    assert jobs.asked == []
    assert part.read.isVisible()
    part.read.click()
    qtbot.waitUntil(lambda: part.samples is not None)


def test_reading_shows_its_progress_and_can_be_stopped(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, pictures: Path, qtbot: QtBot
) -> None:
    jobs.wait = True
    part = section(inspector)
    choose(session, pictures)
    intake.reader.read("data")
    qtbot.waitUntil(lambda: part.work.bar.value() == 25)
    assert "Looking at images" in words(part)
    part.work.stop.click()
    qtbot.waitUntil(part.read.isVisible)
    assert not intake.jobs.busy


def test_during_a_run_reading_waits_and_says_so(inspector: Inspector, session: Session, intake: Intake, jobs: Any, pictures: Path) -> None:
    part = section(inspector)
    choose(session, pictures)
    intake.jobs.hold(True)
    intake.reader.read("data")
    assert WAITS in words(part)
    assert jobs.asked == []


def test_what_cannot_be_read_says_why_and_a_change_forgets_it(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, made: SimpleNamespace, pictures: Path, qtbot: QtBot
) -> None:
    failure = Failure(kind="no images", message="cat/ has no image.", remedy="Put at least 10 images there.")
    jobs.answer = lambda request: SourcesPrepared(nodes=(PreparedNode(node="data", title="Images", failure=failure),))
    part = section(inspector)
    choose(session, pictures)
    intake.reader.read("data")
    qtbot.waitUntil(part.failure.isVisible)
    assert "cat/ has no image." in words(part)
    assert "Put at least 10 images there." in words(part)
    jobs.answer = made.prepared(pictures, {"data": made.dataset()})
    choose(session, pictures, size=16)
    assert not part.failure.isVisible()
    intake.reader.read("data")
    qtbot.waitUntil(lambda: part.samples is not None)


def test_an_answer_without_the_node_is_a_failure_not_a_hang(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, pictures: Path, qtbot: QtBot
) -> None:
    jobs.answer = lambda request: SourcesPrepared(nodes=())
    choose(session, pictures)
    intake.reader.read("data")
    qtbot.waitUntil(lambda: intake.reader.look("data").stage is Stage.FAILED)


def test_a_model_source_says_what_it_takes(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, made: SimpleNamespace, pictures: Path, qtbot: QtBot
) -> None:
    jobs.answer = made.prepared(pictures, {"model": made.model()})
    part = section(inspector, "file")
    assert part.read.text() == "Load now"
    intake.reader.read("file")
    qtbot.waitUntil(lambda: "3 × 8 × 8, float32" in words(part))
    assert "ONNX graph" in words(part)
    assert "bilinear resize" in words(part)


def test_the_larger_preview_filters_by_class_and_split(
    inspector: Inspector, session: Session, theme: Theme, made: SimpleNamespace, pictures: Path, qtbot: QtBot
) -> None:
    shown = Shown(made.dataset(), made.preview, pictures)
    dialog = PreviewDialog(inspector, theme, shown)
    dialog.open()
    assert dialog.number.text() == "3 of 17 examples"
    dialog.classes.setCurrentIndex(dialog.classes.findData("cat"))
    assert dialog.number.text() == "2 of 17 examples"
    dialog.splits.setCurrentIndex(dialog.splits.findData("test"))
    assert [sample.image for sample in dialog.view.examples.samples] == ["gone.png"]
    dialog.classes.setCurrentIndex(dialog.classes.findData("dog"))
    assert dialog.empty.isVisible()
    assert not dialog.view.isVisible()
    dialog.close()


def test_sentences_are_lines_with_their_label(inspector: Inspector, theme: Theme, made: SimpleNamespace, pictures: Path) -> None:
    preview = Preview(samples=(Sample(split="train", label="NUM", text="How many " * 60), Sample(split="test", label="LOC", text="")))
    shown = Shown(made.dataset(("NUM", "LOC"), (0,)), preview, pictures)
    dialog = PreviewDialog(inspector, theme, shown)
    dialog.open()
    assert not shown.pictures
    assert not dialog.view.grab().isNull()
    dialog.close()


def test_bars_tell_each_split_of_a_class_and_how_many_classes_are_left(theme: Theme, qtbot: QtBot) -> None:
    bars = ClassBars(theme, tuple(f"class {n}" for n in range(30)), {"train": tuple(range(30)), "test": (1,) * 30}, limit=3)
    qtbot.addWidget(bars)
    assert bars.words(2) == "class 2: 3 (train 2, test 1)"
    assert not bars.grab().isNull()
    assert "class 2: 3" in bars.accessibleName()
    assert (bars._ends, bars._left) == ((1, 30), 27)


def test_a_class_without_examples_draws_an_empty_row(theme: Theme, qtbot: QtBot) -> None:
    bars = ClassBars(theme, ("a", "b"), {"train": (0, 0)})
    qtbot.addWidget(bars)
    assert bars.words(0) == "a: 0 (train 0)"
    assert not bars.grab().isNull()


def test_a_preview_that_was_cleared_away_leaves_what_the_data_says_itself(made: SimpleNamespace, tmp_path: Path) -> None:
    data = made.dataset(files={"preview": "preview.json"})
    shown = shown_of(PreparedNode(node="d", title="d", folder=str(tmp_path), outputs={"data": data}))
    assert shown is not None
    assert data_lines(shown.data, shown.preview) == [("Examples", "12 train, 5 test"), ("Classes", "2")]
    assert shown_of(PreparedNode(node="d", title="d", outputs={"model": made.model()})) is None


def test_preprocessing_is_told_in_words(made: SimpleNamespace) -> None:
    plain = made.model(shape=(3, 224, 224))
    takes = plain.input.model_copy(
        update={"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "crop": 0.875, "channel_order": "bgr"}
    )
    told = dict(model_lines(plain.model_copy(update={"input": takes, "batch": 1})))
    assert told["Images"] == "bilinear resize, middle 87.5 % of the shorter side"
    assert told["Channels"] == "blue, green, red"
    assert told["Mean, deviation"] == "0.485, 0.456, 0.406; 0.229, 0.224, 0.225"
    assert told["Batch"] == "1 example a call"
    assert dict(model_lines(plain))["Mean, deviation"] == "none subtracted"


def test_the_few_that_the_inspector_shows_come_from_all_splits() -> None:
    samples = [Sample(split="train" if place < 12 else "test", label=str(place)) for place in range(24)]
    assert [sample.label for sample in spread(samples, 4)] == ["0", "6", "12", "18"]
    assert spread(samples, 0) == samples
    assert spread(samples, 30) == samples


def test_data_that_are_too_few_can_be_used_for_testing_only(
    inspector: Inspector, session: Session, jobs: Any, made: SimpleNamespace, pictures: Path, qtbot: QtBot
) -> None:
    few = Failure(kind="Data", message="2 examples are too few.", remedy="Add examples, or use the data for testing only.")

    def answer(request: PrepareSources) -> SourcesPrepared:
        if request.plan.nodes[0].params.get("use") == "test":
            return made.prepared(pictures, {"data": made.dataset()})(request)
        return SourcesPrepared(nodes=(PreparedNode(node="data", title="Images", failure=few),))

    jobs.answer = answer
    part = section(inspector)
    choose(session, pictures)
    qtbot.waitUntil(lambda: part.for_testing.isVisible())
    assert "This data cannot be cut as it is set" in words(part)
    part.for_testing.click()
    assert session.pipeline.nodes["data"].params["use"] == "test"
    qtbot.waitUntil(lambda: part.samples is not None)
    session.undo_stack.undo()
    assert "use" not in session.pipeline.nodes["data"].params
    few = few.model_copy(update={"remedy": "Choose another folder."})
    part._intake.reader.read("data")
    qtbot.waitUntil(lambda: "Choose another folder." in words(part))
    assert not part.for_testing.isVisible()
    assert "This data cannot be read" in words(part)
