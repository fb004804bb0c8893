"""The dialog "Export model": offers what can be written, asks before it replaces, shows the proof, and keeps nothing after a failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from greenbench.core.errors import ProofError
from greenbench.core.jobs import Export, Exported, ExportedFile, Proof
from greenbench.core.run import RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.exporting.dialog import BUSY, DONE, FORM, ExportDialog
from greenbench.gui.inside.subjects import subjects
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme


def written(request: Export) -> Exported:
    proof = Proof(
        examples=360, largest_absolute=2.4e-6, largest_relative=3e-7, tolerance=1e-4, agreement=359 / 360, metric="accuracy", before=0.975,
        after=0.972, process="ONNX Runtime 1.32.0 in a fresh process, against PyTorch eager 2.14.1",
    )  # fmt: skip
    files = (ExportedFile(name=f"{request.name}.onnx", size_bytes=290_000, sha256="a" * 64),)
    return Exported(folder=request.folder, format=request.format, files=files, proof=proof, card=f"{request.name}.md")


@pytest.fixture
def dialog(
    qtbot: QtBot, theme: Theme, job_bridge: JobBridge, jobs, cache: Cache, kept: RunResult, tmp_path: Path
) -> Iterator[ExportDialog]:
    jobs.answers["export"] = written
    settings = Settings(tmp_path)
    settings.set_text("export-folder", str(tmp_path / "out"))
    made = ExportDialog(None, theme, job_bridge, lambda: cache, settings, kept)
    qtbot.addWidget(made)
    made.offer(subjects(kept), subjects(kept)[0])
    yield made
    made.close()


def button(dialog: QWidget, words: str) -> QAbstractButton:
    return next(each for each in dialog.findChildren(QAbstractButton) if each.text() == words and each.isVisible())


def test_only_what_can_be_written_can_be_chosen(dialog: ExportDialog) -> None:
    assert all(each.isEnabled() for each in dialog.formats.buttons() if each.property("format") in ("onnx", "pt2", "safetensors"))
    dialog.model.setCurrentIndex(1)
    dialog._take_model()
    states = {each.property("format"): each.isEnabled() for each in dialog.formats.buttons()}
    assert (states["onnx"], states["torchscript"], states["safetensors"]) == (True, False, False)
    refused = next(each for each in dialog.formats.buttons() if each.property("format") == "safetensors")
    assert refused.toolTip() == "The model is an ONNX graph, which cannot be written as safetensors."
    assert dialog.format == "onnx"
    assert dialog.name.text() == "b-half"


def test_the_proof_is_shown_when_the_file_is_there(dialog: ExportDialog, jobs, kept: RunResult, tmp_path: Path, qtbot: QtBot) -> None:
    button(dialog, "Export").click()
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == DONE)
    request = jobs.requests[0]
    assert (request.format, request.name, request.folder) == ("onnx", "a-teacher", str(tmp_path / "out"))
    assert (request.variant, request.run.run_id, request.data.artifact.name) == ("A", kept.run_id, "Digits")
    assert [step.node for step in request.lineage] == ["model", "train"]
    assert dialog.outcome.proof.text().startswith("359 of 360 answers agree. Largest error 2.4e−6 of outputs up to")
    assert dialog.outcome.proof.text().endswith(
        "Accuracy on these examples: 97.50 % before, 97.20 % after: 0.30 percentage points lower, with the outputs within what is allowed."
    )
    assert dialog.outcome.where.text().startswith("ONNX Runtime 1.32.0 in a fresh process")
    button(dialog, "Another format…").click()
    assert dialog.pages.currentIndex() == FORM


def test_a_failed_proof_is_an_error_with_the_sentence(dialog: ExportDialog, jobs, qtbot: QtBot) -> None:
    jobs.answers["export"] = lambda request: ProofError("The file answers 3 of 360 examples differently.", "Choose another format.")
    dialog.export()
    qtbot.waitUntil(lambda: dialog.failure.isVisible())
    assert dialog.pages.currentIndex() == FORM
    assert dialog.failure.title.text() == "The proof failed: no file was kept"
    assert dialog.failure.message.text() == "The file answers 3 of 360 examples differently."
    assert dialog.outcome.exported is None


def test_cancel_stops_the_work_and_goes_back_to_the_form(dialog: ExportDialog, jobs, qtbot: QtBot) -> None:
    jobs.go.clear()
    dialog.export()
    assert dialog.pages.currentIndex() == BUSY
    qtbot.waitUntil(lambda: bool(jobs.requests))
    dialog.reject()
    qtbot.waitUntil(lambda: jobs.stopped == ["export"])
    assert dialog.isVisible(), "Escape ends the work first"
    assert dialog.pages.currentIndex() == FORM
    dialog.reject()
    assert not dialog.isVisible()


def test_nothing_is_replaced_without_a_yes(dialog: ExportDialog, jobs, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.md").write_text("my notes")
    dialog.name.setText("mine")
    assert dialog.replace.isVisible()
    assert dialog.replace.text() == "Replace what is there already: mine.md"
    assert not dialog.go.isEnabled()
    dialog.replace.setChecked(True)
    dialog.export()
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == DONE)
    assert jobs.requests[0].overwrite


def test_a_name_and_a_folder_are_needed(dialog: ExportDialog) -> None:
    for field in (dialog.name, dialog.folder):
        before = field.text()
        field.setText("  ")
        assert not dialog.go.isEnabled()
        field.setText(before)
        assert dialog.go.isEnabled()


def test_a_model_that_left_the_cache_cannot_be_exported_and_says_why(dialog: ExportDialog, cache: Cache) -> None:
    cache.clear()
    dialog._take_model()
    assert "no longer in the cache" in dialog.failure.message.text()
    assert not dialog.go.isEnabled()


def test_the_chosen_folder_is_remembered(dialog: ExportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    dialog.folder.setText(str(tmp_path / "elsewhere"))
    dialog.export()
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == DONE)
    assert dialog._settings.text("export-folder") == str(tmp_path / "elsewhere")
