"""At the width a small laptop leaves, the inspector shows every setting of every step whole."""

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.artifact import Fact
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.run import Failure, NodeState
from greenbench.gui.editor.status import NodeStatus
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.forms.prose import Prose
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme
from greenbench.steps import installed


@pytest.mark.parametrize("step", [spec.key for spec in installed()])
@pytest.mark.parametrize("width", [264, 296])
def test_a_step_fits_the_inspector_with_all_settings_shown_and_changed(step: str, width: int, qtbot: QtBot, theme: Theme) -> None:
    catalog = installed()
    pipeline = Pipeline(catalog)
    pipeline.nodes["node"] = Node("node", step, catalog[step].title, {}, (0.0, 0.0))
    session = Session(catalog, pipeline)
    inspector = Inspector(session, theme)
    qtbot.addWidget(inspector)
    inspector.resize(width, 300)
    with qtbot.waitExposed(inspector):
        inspector.show()
    inspector.show_nodes(["node"])
    panel = inspector.panel
    assert isinstance(panel, NodePanel)
    panel.form.more.setChecked(True)
    for row in panel.form.rows.values():
        row.reset.setVisible(True)
    qtbot.waitUntil(lambda: inspector.area.verticalScrollBar().isVisible())
    room = inspector.area.viewport().width()
    assert panel.minimumSizeHint().width() <= room
    assert panel.width() == room
    for name, row in panel.form.rows.items():
        if row.isVisible():
            assert row.mapTo(panel, row.rect().topRight()).x() <= room - 16, name
    session.close()


def test_a_result_and_a_failure_with_long_names_fit_too(qtbot: QtBot, theme: Theme) -> None:
    catalog = installed()
    pipeline = Pipeline(catalog)
    pipeline.nodes["node"] = Node("node", "train", "Train", {}, (0.0, 0.0))
    session = Session(catalog, pipeline)
    inspector = Inspector(session, theme)
    qtbot.addWidget(inspector)
    inspector.resize(264, 300)
    with qtbot.waitExposed(inspector):
        inspector.show()
    inspector.show_nodes(["node"])
    panel = inspector.panel
    assert isinstance(panel, NodePanel)
    energy = Measurement(value=1100.0, low=550.0, high=1650.0, unit="J", provenance=Provenance.MODELLED)
    facts = (Fact(title="Non-zero parameters", value=307_402, before=1_000_000, unit=""), Fact(title="Accuracy", value=0.98, unit="%"))
    panel.result.show_status(NodeStatus(NodeState.DONE, facts=facts, energy=energy, seconds=83.0))
    path = "/home/somebody/models/2026/a_directory_with_a_long_name/resnet50.block3.conv2.weight.safetensors"
    panel.failure.show_failure(Failure(kind="No file", message=f"{path} is missing.", remedy=f"Put it at {path}."), "Train stopped")
    assert panel.minimumSizeHint().width() <= 264 - 10
    session.close()


def test_long_prose_takes_three_lines_until_more_is_pressed(qtbot: QtBot, theme: Theme) -> None:
    long, short = Prose(theme, "A step may have much to say of itself. " * 12), Prose(theme, "A line.")
    for prose in (long, short):
        qtbot.addWidget(prose)
        prose.resize(232, 300)
        with qtbot.waitExposed(prose):
            prose.show()
    assert not short.more.isVisible()
    assert long.more.text() == "More"
    assert long.text.maximumHeight() == long.folded
    long.more.click()
    assert long.more.text() == "Less"
    assert long.text.maximumHeight() > 10 * long.folded
