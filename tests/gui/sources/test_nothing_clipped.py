"""Whatever a file or a data set is called, what the inspector says of it stays within the panel."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.artifact import Fact, InputSpec
from greenbench.core.edits import ChangeNode
from greenbench.core.jobs import Candidate, Found, InspectFile, TensorFound
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import Failure, NodeState
from greenbench.gui.editor.status import NodeStatus
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.session import Session

_WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk"
_NAMES = (_WORD, "serving_default_inputs_embeds_projection_0", "/srv/models/2026/a_directory_with_a_long_name/resnet50_a1_0-14fe96d1.pth")
_NOTE = "The weights were taken as they are from " + " and from ".join(_NAMES) + "."
_WIDTHS = (264, 272, 296)  # the narrowest, at 1366 and at 1440


def panel_of(inspector: Inspector) -> NodePanel:
    assert isinstance(inspector.panel, NodePanel)
    return inspector.panel


def assert_whole(inspector: Inspector, qtbot: QtBot) -> None:
    """No label's longest word is wider than the label, nor any part wider than the panel."""
    panel = panel_of(inspector)
    room = inspector.area.viewport().width()
    qtbot.waitUntil(lambda: panel.width() == room)
    wide = [
        (label.text(), label.width())
        for label in panel.findChildren(QLabel)
        if label.isVisible()
        and (label.minimumSizeHint().width() > label.width() or label.mapTo(panel, label.rect().topRight()).x() >= room - 16)
    ]
    assert not wide
    assert panel.minimumSizeHint().width() <= room


@pytest.mark.parametrize("width", _WIDTHS)
def test_what_was_found_in_a_file_with_long_names_fits(
    inspector: Inspector, session: Session, jobs: Any, tmp_path: Path, width: int, qtbot: QtBot
) -> None:
    file = tmp_path / f"{_WORD}.pt2"
    file.write_bytes(b"weights")
    tensors = tuple(TensorFound(name=name, dtype="float32", shape=("batch", 3, 224, 224)) for name in _NAMES)
    keys = ("encoder.layers.encoder_layer_11.self_attention.in_proj_weight", _WORD)
    candidates = (Candidate(architecture=f"timm/{_NAMES[1]}", matched=150, total=152, missing=keys, unexpected=keys, reshaped=keys),)
    found = Found(
        path=str(file),
        sha256="0",
        size_bytes=7,
        format="onnx",
        sentence=_NOTE,
        inputs=tensors,
        outputs=tensors,
        producer=_WORD,
        notes=(_NOTE,),
        candidates=candidates,
    )
    jobs.answer = lambda request: found if isinstance(request, InspectFile) else None
    inspector.resize(width, 400)
    inspector.show_nodes(["file"])
    assert session.do(ChangeNode(session.pipeline.nodes["file"].but(params={"file": str(file)})))
    part = panel_of(inspector).aside
    assert part is not None
    assert part.found is not None
    qtbot.waitUntil(lambda: part.found.candidates is not None and part.found.candidates.isVisible())
    part.found.candidates.rows[0].more.setChecked(True)
    assert_whole(inspector, qtbot)


@pytest.mark.parametrize("width", _WIDTHS)
def test_what_a_source_gives_and_a_run_says_fits(
    inspector: Inspector, session: Session, jobs: Any, made: SimpleNamespace, pictures: Path, width: int, qtbot: QtBot
) -> None:
    takes = InputSpec(shape=(3, 224, 224), mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711))
    given = made.model().model_copy(update={"input": takes, "origin": _NAMES[2], "licence": _WORD, "notes": (_NOTE,)})
    data = made.dataset(notes=(_NOTE,), licence=f"{_WORD}-4.0", name=_WORD)
    jobs.answer = made.prepared(pictures, {"data": data, "model": given})
    inspector.resize(width, 400)
    inspector.show_nodes(["data"])
    panel = panel_of(inspector)
    assert session.do(ChangeNode(session.pipeline.nodes["data"].but(params={"folder": str(pictures)})))
    qtbot.waitUntil(lambda: panel.aside is not None and panel.aside.preview is not None and panel.aside.preview.samples is not None)
    energy = Measurement(value=1100.0, low=550.0, high=1650.0, unit="J", provenance=Provenance.MODELLED)
    facts = (
        Fact(title="Non-zero parameters", value=307_402_112, before=1_000_000_000, unit=""),
        Fact(title="Examples", text="120,000 train, 30,000 test, 12,000 validation, 512 calibration"),
        Fact(title=_WORD, text=_NAMES[1]),
    )
    panel.result.show_status(NodeStatus(NodeState.DONE, facts=facts, energy=energy, seconds=4983.0))
    panel.failure.show_failure(Failure(kind="No file", message=_NOTE, remedy=_NOTE), f"{_WORD} stopped")
    assert_whole(inspector, qtbot)
