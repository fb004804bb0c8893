"""A simulated WT310 is set up, read and its error stated; any other analyser by its commands; what is missing is said."""

import subprocess
import sys
from pathlib import Path

import pytest

from greenbench.core.external import ExternalKind, described
from greenbench.core.measurement import SourceState
from greenbench.meters.polled import NoReadingError, PolledMeter
from greenbench.meters.scpi import ScpiAnalyser, open_visa

INSTRUMENTS = Path(__file__).parent / "instruments" / "wt310.yaml"


@pytest.fixture
def library(tmp_path):
    """A simulated bench of this test's own: pyvisa-sim keeps one set of instruments for each file."""
    path = tmp_path / "bench.yaml"
    path.write_text(INSTRUMENTS.read_text())
    return f"{path}@sim"


@pytest.fixture
def hand(library):
    """Turns a knob of the simulated WT310."""
    session = open_visa("TCPIP::wt310::INSTR", library)
    yield session.write
    session.close()


@pytest.fixture
def wt310(library):
    made = []

    def make(address="wt310", **options):
        instrument = ScpiAnalyser(described(ExternalKind.SCPI, address, options={"library": library, **options}))
        made.append(instrument)
        return instrument

    yield make
    for instrument in made:
        instrument.close()


def trouble(act):
    with pytest.raises(NoReadingError) as raised:
        act()
    assert raised.value.remedy
    return raised.value


def test_watts_are_read_with_the_digits_that_it_shows(wt310):
    instrument = wt310()
    instrument.open()
    reading = instrument.read()
    assert (reading.power_w, reading.energy_j) == (pytest.approx(61.234), None)
    assert reading.step == pytest.approx(0.001)
    assert instrument.nature.refresh_s == pytest.approx(0.1)


def test_its_error_is_that_of_reading_and_range(wt310, hand):
    instrument = wt310()
    instrument.open()
    instrument.read()
    # 0.1 % of the reading and 0.05 % of 300 V × 1 A at 61.234 W
    assert instrument.nature.error == pytest.approx(0.001 + 0.0005 * 300 / 61.234, rel=0.02)
    hand("!AMPERES 2.0E+00")
    for _ in range(21):
        instrument.read()
    assert instrument.nature.error == pytest.approx(0.001 + 0.0005 * 600 / 61.234, rel=0.02)


def test_the_update_interval_that_is_set_is_the_refresh_interval(wt310, hand):
    hand("!RATE 250.0E-03")
    instrument = wt310()
    instrument.open()
    assert instrument.nature.refresh_s == pytest.approx(0.25)


def test_where_it_integrates_its_watt_hours_make_the_joules(wt310, hand):
    hand("!INTEGRATION STAR")
    hand("!VALUES 61.234E+00,1.23456E+00")
    instrument = wt310()
    instrument.open()
    reading = instrument.read()
    assert reading.energy_j == pytest.approx(1.23456 * 3600)
    assert reading.step == pytest.approx(0.00001 * 3600)


def test_watt_hours_too_coarse_for_a_second_are_left_to_check_the_watts(wt310, hand):
    hand("!INTEGRATION STAR")
    hand("!VALUES 61.234E+00,1234.56E+00")  # steps of 36 J
    instrument = wt310()
    instrument.open()
    reading = instrument.read()
    assert reading.energy_j is None
    assert reading.checked_j == pytest.approx(1234.56 * 3600)


def test_an_integration_that_is_stopped_is_no_reading_not_a_standstill(wt310, hand):
    hand("!INTEGRATION STAR")
    hand("!VALUES 61.234E+00,1.23456E+00")
    instrument = wt310()
    instrument.open()
    instrument.read()
    hand("!INTEGRATION STOP")
    found = trouble(lambda: [instrument.read() for _ in range(20)])
    assert "stopped" in found.reason
    hand("!VALUES 61.234E+00,NAN")
    assert "reset" in trouble(wt310_reopened(instrument, hand)).reason


def wt310_reopened(instrument, hand):
    def act():
        hand("!INTEGRATION STAR")
        instrument.close()
        instrument.open()
        instrument.read()

    return act


@pytest.mark.parametrize("shown", ["NAN,NAN", "INF,NAN", "9.91E+37,NAN", "9.9E+37,1.0E+00", ""])
def test_a_display_without_a_number_is_no_reading(wt310, hand, shown):
    instrument = wt310()
    instrument.open()
    hand(f"!VALUES {shown}")
    assert trouble(instrument.read).state is SourceState.SILENT


def test_an_input_that_it_does_not_have_is_told_by_its_own_error_queue(wt310):
    found = trouble(wt310(element=2).open)
    assert "input element 2" in found.remedy
    assert "Undefined header" in found.reason


def test_another_instrument_is_not_taken_for_it(wt310):
    found = trouble(wt310("other").open)
    assert found.state is SourceState.ABSENT
    assert "ACME" in found.reason
    assert "generic" in found.remedy


def test_any_analyser_is_read_by_its_commands_as_data(wt310):
    instrument = wt310(
        "other", profile="generic", setup="SENSe:AVERage OFF\n\nDISPlay OFF\n", power_query="MEASure:ALL?", position=3, power_scale=0.001,
        error_reading=0.002, error_range=0.001, range_w=607.0, refresh_s=0.5,
    )  # fmt: skip
    instrument.open()
    reading = instrument.read()
    assert (reading.power_w, reading.energy_j, reading.step) == (pytest.approx(60.7), None, pytest.approx(0.001))
    assert instrument.nature.refresh_s == 0.5
    assert instrument.nature.error == pytest.approx(0.012)


def test_an_energy_query_makes_the_joules_where_it_is_fine_enough(wt310):
    fine = {"profile": "generic", "power_query": "MEASure:ALL?", "position": 3, "energy_query": "MEASure:ENERgy?"}
    joules = wt310("other", energy_unit="J", **fine)
    joules.open()
    assert joules.read().energy_j == pytest.approx(12.5)
    kilowatt_hours = wt310("other", energy_unit="kWh", **fine)  # steps of 360 kJ
    kilowatt_hours.open()
    reading = kilowatt_hours.read()
    assert (reading.energy_j, reading.checked_j) == (None, pytest.approx(45e6))


def test_an_address_where_nobody_is_and_a_bench_without_answer_are_told_apart(wt310):
    found = trouble(wt310("nobody").open)
    assert (found.state, "No instrument is reached" in found.reason) == (SourceState.ABSENT, True)
    mute = wt310("other", profile="generic", power_query="*TRG")
    assert trouble(mute.open).state is SourceState.SILENT


def test_without_pyvisa_the_extra_to_install_is_named(wt310, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvisa", None)
    found = trouble(wt310().open)
    assert found.state is SourceState.ABSENT
    assert "greenbench[lab]" in found.remedy


def test_without_a_visa_library_the_extra_to_install_is_named(wt310):
    def no_library(address, library):
        raise ValueError("Could not locate a VISA implementation. Install either the IVI binary or pyvisa-py.")

    instrument = wt310()
    instrument._open_session = no_library
    assert "greenbench[lab]" in trouble(instrument.open).remedy


def test_a_device_file_that_this_user_may_not_open_needs_permission(wt310):
    def refused(address, library):
        raise PermissionError(13, "Permission denied")

    instrument = wt310()
    instrument._open_session = refused
    found = trouble(instrument.open)
    assert (found.state, "dialout" in found.remedy) == (SourceState.PERMISSION, True)


def test_it_stands_among_the_sources_as_the_whole_machine(wt310, clock):
    meter = PolledMeter(described(ExternalKind.SCPI, "wt310", "Analyser"), wt310(), clock)
    meter.poll()
    (sample,) = meter.read()
    report = meter.report()
    assert sample.power_w == pytest.approx(61.234)
    assert report.channels[0].refresh_s == pytest.approx(0.1)
    assert "blocks last 10 s or more" in report.reason
    assert "summed here" in report.reason
    meter.close()


def test_pyvisa_is_loaded_only_when_an_instrument_is_opened():
    code = "import sys, greenbench.meters.scpi; sys.exit('pyvisa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
