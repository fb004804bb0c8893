"""At the width a small laptop leaves, the inspector shows every setting of every step whole."""

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.pipeline import Node, Pipeline
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
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
