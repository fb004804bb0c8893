"""Tasmota's status is read, whole watts are told, and both ways in which its firmware asks for a password are known."""

import pytest

from greenbench.core.external import ExternalKind, described
from greenbench.core.measurement import SourceState
from greenbench.meters.polled import NoReadingError
from greenbench.meters.tasmota import TasmotaPlug


def status(power="17", total="0.006"):
    return (
        '{"StatusSNS":{"Time":"2026-11-30T20:10:00","ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Total":' + total + ',"Yesterday":0.0,'
        '"Today":0.006,"Power":' + power + ',"ApparentPower":23,"ReactivePower":15,"Factor":0.75,"Voltage":231,"Current":0.101}}}'
    )


@pytest.fixture
def tasmota(plug):
    plug.answers = {"/cm": status()}

    def make(**options):
        return TasmotaPlug(described(ExternalKind.TASMOTA, plug.address, options=options))

    return make


def trouble(instrument):
    with pytest.raises(NoReadingError) as raised:
        instrument.open()
    instrument.close()
    assert raised.value.remedy
    return raised.value


def test_watts_make_the_joules_and_the_kilowatt_hours_check_them(tasmota, plug):
    instrument = tasmota()
    instrument.open()
    reading = instrument.read()
    assert (reading.power_w, reading.energy_j, reading.step) == (17.0, None, 1.0)
    assert reading.checked_j == pytest.approx(0.006 * 3.6e6)
    assert set(plug.asked) == {"/cm?cmnd=Status+8"}
    assert "WattRes" in instrument.nature.note
    instrument.close()


def test_tenths_of_watts_need_no_advice(tasmota, plug):
    plug.answers["/cm"] = status("17.4")
    instrument = tasmota()
    assert instrument.read().step == pytest.approx(0.1)
    assert instrument.nature.note == ""
    instrument.close()


def test_the_phases_of_one_meter_add_up(tasmota, plug):
    plug.answers["/cm"] = status("[10, 20.5, 30]", "[1.000, 2.000, 3.000]")
    instrument = tasmota()
    reading = instrument.read()
    assert (reading.power_w, reading.checked_j) == (60.5, pytest.approx(6 * 3.6e6))
    instrument.close()


@pytest.mark.parametrize("login", ["basic", "address"])
def test_a_password_is_taken_in_the_way_of_the_firmware(tasmota, plug, tmp_path, login):
    plug.password, plug.login = "hunter2", login
    found = trouble(tasmota())
    assert (found.state, "--password-file" in found.remedy) == (SourceState.PERMISSION, True)
    secret = tmp_path / "secret"
    secret.write_text("wrong")
    assert trouble(tasmota(password_file=str(secret))).state is SourceState.PERMISSION
    secret.write_text("hunter2")
    instrument = tasmota(password_file=str(secret))
    instrument.open()
    assert instrument.read().power_w == 17.0
    instrument.close()


def test_a_password_stands_in_an_address_only_where_the_firmware_asks_for_it_there(tasmota, plug, tmp_path):
    plug.password = "hunter2"
    (tmp_path / "secret").write_text("hunter2")
    instrument = tasmota(password_file=str(tmp_path / "secret"))
    instrument.open()
    instrument.close()
    assert not any("hunter2" in path for path in plug.asked)


def test_other_devices_are_told_apart(tasmota, plug):
    plug.answers["/cm"] = {"StatusSNS": {"Time": "2026-11-30T20:10:00"}}
    assert "no power meter" in trouble(tasmota()).reason
    plug.answers["/cm"] = {"Command": "Unknown"}
    assert "no plug with Tasmota" in trouble(tasmota()).reason
    plug.answers["/cm"] = status('"nan"')
    assert trouble(tasmota()).state is SourceState.SILENT
