"""Results belong to the open pipeline: another one starts empty, and a run of the history is called what it is."""

import pytest

from greenbench.core import messages
from greenbench.core.edits import Disconnect
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Plan, RunResult
from greenbench.gui.main_window import MainWindow
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000


@pytest.fixture
def after_a_run(window: MainWindow, runner, plan: Plan, result: RunResult) -> MainWindow:
    """The window just after a run of its pipeline, with ten watts read all the time."""
    channel = Channel(key="cpu", title="CPU", domain=Domain.PACKAGE, provenance=Provenance.INTEGRATED, covers="", refresh_s=1.0)
    runner.ledger = EnergyLedger((channel,), 1.0)
    samples = tuple(Sample(channel="cpu", t_ns=t * S, power_w=10.0) for t in range(90, 171))
    runner.ledger.add(samples)
    report = SourceReport(key="cpu", title="CPU", state=SourceState.IN_USE, provenance=channel.provenance, channels=(channel,))
    runner.say(messages.Sources(reports=(report,)), messages.RunStarted(run_id="run-1", t_ns=100 * S, plan=plan))
    runner.say(messages.Samples(samples=samples))
    runner.say(messages.RunFinished(run_id="run-1", state=result.state, t_ns=160 * S), messages.ResultsReady(result=result))
    window.parts.bridge.drain()
    return window


def test_another_pipeline_starts_without_results_report_and_joules(after_a_run: MainWindow) -> None:
    window = after_a_run
    assert window.results.head.when.text().count("·") == 0, "nothing to say of a run of the open pipeline"
    assert window.status.energy.text() == "This run 600 J"
    assert "“Small comparison”" in window.toolbar._report.toolTip()
    window.parts.files.new()
    assert window.results.result is None
    assert window.results._empty.isVisibleTo(window.results)
    assert not window.results._area.isVisibleTo(window.results)
    assert not window.toolbar._report.isEnabled()
    assert not window.actions_["export-pdf"].isEnabled()
    window.status._show_energy()
    assert (window.status.energy.text(), window.status.node.text()) == ("", "Ready")


def test_an_edit_keeps_the_results(after_a_run: MainWindow) -> None:
    session = after_a_run.parts.session
    assert session.do(Disconnect(session.pipeline.links[0]))
    assert after_a_run.results.result is not None


def test_a_run_of_the_same_title_is_offered_and_never_shown_by_itself(window: MainWindow, runner, result: RunResult) -> None:
    runner.store.results = {"other": result.model_copy(update={"run_id": "other", "title": "Another"}), "run-1": result}
    window.tabs.button(1).click()
    assert window.results.result is None
    assert window.results._offer.isVisibleTo(window.results)
    window.results._offer.click()
    assert window.results.result is result
    assert "from the history" in window.results.head.when.text()
    window.open_run("other")
    assert "not of the open pipeline" in window.results.head.when.text()
    assert "“Another”" in window.toolbar._report.toolTip()
    assert "not of the open pipeline" in window.toolbar._report.toolTip()


def test_where_no_run_has_that_title_nothing_is_offered(window: MainWindow, runner, result: RunResult) -> None:
    runner.store.results = {"run-1": result}
    window.parts.session.open(Pipeline(window.parts.session.catalog, "New idea"), saved=True)
    window.tabs.button(1).click()
    assert not window.results._offer.isVisibleTo(window.results)
