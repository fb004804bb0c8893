"""Both languages of Shelly plugs are read; a stranger, a lock, a missing output and a plug that vanishes are told apart."""

import socket

import pytest

from greenbench.core.external import ExternalKind, described
from greenbench.core.measurement import SourceState
from greenbench.meters import plug_http
from greenbench.meters.polled import NoReadingError, PolledMeter
from greenbench.meters.shelly import ShellyPlug

# As a Plus Plug S and a Plug S of the first generation answer.
SECOND = {
    "/shelly": {"id": "shellyplusplugs-e86beae5d4d8", "mac": "E86BEAE5D4D8", "model": "SNPL-00112EU", "gen": 2, "auth_en": False},
    "/rpc/Switch.GetStatus?id=0": '{"id":0, "source":"init", "output":true, "apower":8.9, "voltage":237.5, "current":0.088,'
    ' "aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397],"minute_ts":1626935779}, "temperature":{"tC":23.5, "tF":74.4}}',
}
FIRST = {
    "/shelly": {"type": "SHPLG-S", "mac": "C45BBE5FAB12", "auth": False, "fw": "20230913"},
    "/meter/0": '{"power":61.25,"overpower":0.00,"is_valid":true,"timestamp":1700000000,"counters":[60.1,61.0,59.8],"total":10240}',
}


@pytest.fixture
def shelly(plug):
    """An instrument for the plug, which speaks as the second generation unless told otherwise."""
    plug.answers = dict(SECOND)

    def make(**options):
        made = ShellyPlug(described(ExternalKind.SHELLY, plug.address, options=options))
        return made

    return make


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(plug_http, "_TIMEOUT_S", (0.2, 0.2))


def trouble(instrument):
    def ask():
        instrument.open()
        instrument.read()

    with pytest.raises(NoReadingError) as raised:
        ask()
    instrument.close()
    assert raised.value.remedy
    return raised.value


def test_the_second_generation_gives_watts_and_watt_hours(shelly):
    plug = shelly()
    plug.open()
    reading = plug.read()
    assert (reading.power_w, reading.energy_j, reading.step) == (8.9, None, pytest.approx(0.1))
    assert reading.checked_j == pytest.approx(6.532 * 3600)
    plug.close()


def test_the_first_generation_counts_watt_minutes(shelly, plug):
    instrument = shelly()
    plug.answers = dict(FIRST)
    instrument.open()
    reading = instrument.read()
    assert (reading.power_w, reading.step) == (61.25, pytest.approx(0.01))
    assert reading.checked_j == pytest.approx(10240 * 60)
    instrument.close()


def test_a_password_is_asked_for_and_taken_by_digest_with_sha_256(shelly, plug, tmp_path):
    plug.password, plug.login = "hunter2", "digest"
    asked = trouble(shelly())
    assert (asked.state, "--password-file" in asked.remedy) == (SourceState.PERMISSION, True)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    assert trouble(shelly(password_file=str(secret))).state is SourceState.PERMISSION
    secret.write_text("hunter2\n")
    instrument = shelly(password_file=str(secret))
    instrument.open()
    assert instrument.read().power_w == 8.9
    instrument.close()


def test_the_first_generation_takes_its_password_plainly(shelly, plug, tmp_path):
    instrument = shelly(password_file=str(tmp_path / "secret"))
    (tmp_path / "secret").write_text("hunter2")
    plug.answers, plug.password = dict(FIRST), "hunter2"
    instrument.open()
    assert instrument.read().power_w == 61.25
    instrument.close()


def test_a_password_file_that_is_not_there_is_told(shelly, plug, tmp_path):
    asked = trouble(shelly(password_file=str(tmp_path / "nothing")))
    assert asked.state is SourceState.PERMISSION
    assert "no such file" in asked.reason


@pytest.mark.parametrize("answers", [{}, {"/shelly": "<html>Router</html>"}, {"/shelly": {"name": "printer"}}, {"/shelly": "[1, 2]"}])
def test_a_stranger_at_the_address_is_no_shelly(shelly, plug, answers):
    instrument = shelly()
    plug.answers = answers
    found = trouble(instrument)
    assert found.state is SourceState.ABSENT
    assert "no Shelly" in found.reason


def test_an_address_that_another_shelly_was_given_is_not_read_on(shelly, plug):
    instrument = shelly()
    instrument.open()
    plug.answers["/shelly"] = {"mac": "000000000000", "gen": 2}
    assert "another Shelly" in trouble(instrument).reason


def test_an_output_that_it_does_not_have_is_named(shelly, plug):
    plug.answers["/rpc/Switch.GetStatus?id=3"] = (500, {"code": -105, "message": "Argument 'id', value 3 not found!"})
    found = trouble(shelly(output=3))
    assert found.state is SourceState.ABSENT
    assert "no output 3" in found.reason


@pytest.mark.parametrize("answer", [(500, "out of memory"), (503, "{}"), (429, "slow down")])
def test_one_that_answers_with_an_error_is_silent_not_a_stranger(shelly, plug, answer):
    plug.answers["/rpc/Switch.GetStatus?id=0"] = answer
    found = trouble(shelly())
    assert found.state is SourceState.SILENT
    assert str(answer[0]) in found.reason


def test_one_that_switches_without_a_meter_is_told(shelly, plug):
    instrument = shelly()
    plug.answers["/rpc/Switch.GetStatus?id=0"] = {"id": 0, "output": True}
    assert "does not measure" in trouble(instrument).reason


def test_a_meter_that_says_its_value_is_not_valid_gives_none(shelly, plug):
    instrument = shelly()
    plug.answers = {**FIRST, "/meter/0": {"power": 0, "is_valid": False}}
    assert "no valid value" in trouble(instrument).reason


@pytest.mark.usefixtures("impatient")
def test_one_that_stalls_is_silent(shelly, plug):
    instrument = shelly()
    plug.stalled = True
    found = trouble(instrument)
    assert (found.state, found.reason) == (SourceState.SILENT, f"{plug.address} does not answer.")


@pytest.mark.usefixtures("impatient")
def test_one_that_stops_in_the_middle_of_its_answer_is_silent(shelly, plug):
    instrument = shelly()
    plug.breaks_off = True
    assert trouble(instrument).state is SourceState.SILENT


def test_one_that_refuses_is_silent(shelly, plug):
    instrument = shelly()
    plug.disappear()
    found = trouble(instrument)
    assert found.state is SourceState.SILENT
    assert "refuses" in found.reason


def test_a_name_that_nobody_has_and_a_network_that_is_not_here_are_told_apart(shelly, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    def elsewhere(*_, **__):
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = trouble(ShellyPlug(described(ExternalKind.SHELLY, "no-such-plug.local")))
    assert (found.state, "No device of the name" in found.reason) == (SourceState.ABSENT, True)
    monkeypatch.undo()
    monkeypatch.setattr(socket.socket, "connect", elsewhere)
    found = trouble(shelly())
    assert (found.state, "not on this network" in found.reason) == (SourceState.ABSENT, True)


def test_a_connection_that_the_plug_dropped_meanwhile_is_opened_anew(shelly, plug):
    plug.drops = True
    instrument = shelly()
    instrument.open()
    assert [instrument.read().power_w for _ in range(20)] == [8.9] * 20
    instrument.close()


def test_the_challenge_of_a_plug_is_answered_once_not_at_each_question(shelly, plug, tmp_path):
    plug.password, plug.login = "hunter2", "digest"
    (tmp_path / "secret").write_text("hunter2")
    instrument = shelly(password_file=str(tmp_path / "secret"))
    instrument.open()
    asked = len(plug.asked)
    assert [instrument.read().power_w for _ in range(3)] == [8.9] * 3
    assert len(plug.asked) - asked == 4  # one was refused with the challenge
    instrument.close()


def test_a_plug_that_disappears_and_comes_back_is_read_on(shelly, plug, clock):
    meter = PolledMeter(described(ExternalKind.SHELLY, plug.address), shelly(), clock)
    meter.poll()
    assert [sample.power_w for sample in meter.read()] == [8.9]
    plug.disappear()
    for _ in range(6):
        meter.poll()
        clock.tick(1.0)
    (lost,) = meter.read()
    assert lost.power_w is None
    assert "refuses" in lost.reason
    plug.appear()
    meter.poll()
    assert [sample.power_w for sample in meter.read()] == [8.9]
    assert meter.report().state is SourceState.IN_USE
    meter.close()


def test_a_proxy_of_this_machine_is_not_asked_for_a_plug(shelly, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    instrument = shelly()
    instrument.open()
    assert instrument.read().power_w == 8.9
    instrument.close()
