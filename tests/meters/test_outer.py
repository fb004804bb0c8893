"""The list of outer meters is followed while they are read: what stays is read on, what goes ends, a damaged list takes nothing away."""

import pytest

from greenbench.core.external import ExternalKind, add_meter, described, remove_meter
from greenbench.core.measurement import Provenance, SourceState
from greenbench.meters.discover import MeterSettings, discover, reports
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.outer import OuterMeters
from greenbench.meters.polled import Nature, Reading


class Steady:
    """An instrument that shows 60 W."""

    nature = Nature(1.0, 0.01)

    def __init__(self, meter):
        self.closed = False

    def open(self):
        pass

    def read(self):
        return Reading(60.0)

    def close(self):
        self.closed = True


@pytest.fixture
def outer(tmp_path, clock):
    made = OuterMeters(tmp_path, clock, Steady, start=False)
    yield made
    made.close()


def test_with_an_empty_list_it_says_how_to_add_a_meter(outer):
    (report,) = outer.reports()
    assert (report.key, report.state, report.provenance) == ("external", SourceState.ABSENT, Provenance.UNAVAILABLE)
    assert report.commands == ("greenbench sensors add shelly 192.168.1.40",)
    assert outer.read() == ()


def test_a_meter_that_is_added_is_found_at_the_next_look_and_one_that_is_removed_ends(outer, tmp_path):
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", "Desk"))
    assert [report.key for report in outer.reports()] == ["external:desk"]
    (desk,) = outer.polled
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.2", "Rack"))
    outer.look_again()
    assert [report.key for report in outer.reports()] == ["external:desk", "external:rack"]
    assert outer.polled[0] is desk  # what it has read goes on
    remove_meter(tmp_path, "desk")
    assert [report.key for report in outer.reports()] == ["external:rack"]
    assert desk._instrument.closed


def test_a_list_that_is_damaged_meanwhile_is_told_and_the_meters_are_read_on(outer, tmp_path):
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", "Desk"))
    outer.look_again()
    (tmp_path / "meters.json").write_text("{")
    first, second = outer.reports()
    assert first.key == "external:desk"
    assert (second.key, second.state) == ("external", SourceState.SILENT)
    assert "damaged" in second.reason
    outer.polled[0].poll()
    assert [sample.power_w for sample in outer.read()] == [60.0]


def test_one_that_answers_and_has_the_whole_machine_on_it_is_known_by_its_title(outer, tmp_path):
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", "Rack", {"whole": False}))
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.2", "Desk"))
    outer.look_again()
    assert outer.measuring_whole == ""  # neither has answered
    for meter in outer.polled:
        meter.poll()
    outer.read()
    assert outer.measuring_whole == "Desk"


def test_they_stand_among_the_sources_of_a_machine(tmp_path, clock, nvml):
    library = nvml()
    library.init_error = library.NVMLError_LibraryNotFound("not found")
    add_meter(tmp_path, described(ExternalKind.SHELLY, "127.0.0.1:1", "Desk"))
    settings = MeterSettings(tmp_path / "powercap", tmp_path / "power_supply", lambda: library, {}, clock=clock, home=tmp_path)
    meters = discover(settings)
    try:
        assert "external:desk" in {report.key for report in reports(meters)}
    finally:
        for meter in meters:
            meter.close()


def test_a_real_plug_is_there_when_the_start_was_waited_for(tmp_path, plug):
    """The real thread, clock and HTTP: a run that starts at once knows the plug."""
    plug.answers = {"/shelly": {"gen": 2, "mac": "A"}, "/rpc/Switch.GetStatus": {"apower": 61.5, "aenergy": {"total": 1.0}}}
    add_meter(tmp_path, described(ExternalKind.SHELLY, plug.address, "Desk"))
    meters = OuterMeters(tmp_path)
    try:
        meters.wait(10.0)
        samples = meters.read()
        (report,) = meters.reports()
    finally:
        meters.close()
    assert [sample.power_w for sample in samples] == [61.5]
    assert report.state is SourceState.IN_USE
    ledger = EnergyLedger(report.channels)
    ledger.add(samples)
    assert ledger.power_now().value == 61.5
    assert ledger.power_now().provenance is Provenance.EXTERNAL
