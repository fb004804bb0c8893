"""The history tells under which protocol, how asked and with what source of energy a run was measured."""

from pytestqt.qtbot import QtBot

from greenbench.core.run import RunState
from greenbench.gui.history import HistoryPage
from greenbench.gui.theme import Theme
from greenbench.store.history import RunSummary


def test_a_run_shows_its_protocol_scenario_and_source_of_energy(qtbot: QtBot, theme: Theme) -> None:
    page = HistoryPage(theme)
    qtbot.addWidget(page)
    known = ("lab", "offline", "modelled")
    runs = [
        RunSummary("1", "Nets", RunState.FINISHED, "2026-11-22T14:41:00+00:00", 3.0, 2, "B needs less.", *known),
        RunSummary("2", "Nets", RunState.CANCELLED, "2026-11-22T14:40:00+00:00", 3.0, 0, "", "quick"),
    ]
    page.show_runs(runs)
    first, second = page.list.topLevelItem(0), page.list.topLevelItem(1)
    assert [first.text(column) for column in range(5, 9)] == ["Lab", "Offline", "Modelled", "B needs less."]
    assert not first.icon(7).isNull()
    assert [second.text(column) for column in range(5, 9)] == ["Quick", "", "", ""]
    assert second.icon(7).isNull(), "a run without joules has no source of them"
