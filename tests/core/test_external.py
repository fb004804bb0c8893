"""Meters that a user named are kept whole, without their passwords; a damaged list is told and never overwritten."""

import errno
import json

import pytest

from greenbench.core import external
from greenbench.core.errors import MeterError, ParameterError
from greenbench.core.external import PARAMS, ExternalKind, ExternalMeter, add_meter, described, find_meter, load_meters, remove_meter
from greenbench.core.params import field_specs


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("192.168.1.40", "192.168.1.40"),
        ("http://192.168.1.40/", "192.168.1.40"),
        (" plug.local:8080 ", "plug.local:8080"),
        ("[fe80::1]:80", "[fe80::1]:80"),
    ],
)
def test_an_address_of_a_plug_is_taken_as_people_type_it(typed, kept):
    assert described(ExternalKind.SHELLY, typed).address == kept


@pytest.mark.parametrize("typed", ["", "https://plug", "a plug", "192.168.1.40/rpc", "plug:port", "http://admin:secret@plug"])
def test_an_address_that_is_none_is_refused_with_an_example(typed):
    with pytest.raises(MeterError, match=r"192\.168"):
        described(ExternalKind.TASMOTA, typed)


def test_a_bare_network_address_of_an_instrument_means_its_network_resource():
    assert described(ExternalKind.SCPI, "192.168.1.50").address == "TCPIP::192.168.1.50::INSTR"
    assert described(ExternalKind.SCPI, "USB0::0x0B21::0x0025::X::INSTR").address == "USB0::0x0B21::0x0025::X::INSTR"
    with pytest.raises(MeterError, match="VISA"):
        described(ExternalKind.SCPI, "the grey box")


def test_what_is_added_reads_back_and_keys_stay_apart(tmp_path):
    first = add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", "Bench"))
    second = add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.2", "Bench"))
    assert (first.key, second.key) == ("bench", "bench-2")
    assert load_meters(tmp_path) == ((first, second), "")
    assert second.channel == "external:bench-2"
    assert remove_meter(tmp_path, "external:bench") == first
    assert load_meters(tmp_path) == ((second,), "")


def test_the_same_meter_twice_is_refused(tmp_path):
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1"))
    with pytest.raises(MeterError, match="already"):
        add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1"))


def test_two_outputs_of_one_plug_are_two_meters(tmp_path):
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", options={"output": 0}))
    add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1", options={"output": 1}))
    assert [meter.key for meter in load_meters(tmp_path)[0]] == ["shelly", "shelly-2"]


def test_options_are_checked_when_a_meter_is_described():
    with pytest.raises(ParameterError, match="output"):
        described(ExternalKind.SHELLY, "10.0.0.1", options={"output": -1})
    with pytest.raises(ParameterError, match="no parameter"):
        described(ExternalKind.TASMOTA, "10.0.0.1", options={"password": "secret"})


def test_no_kind_of_meter_has_room_for_a_password_itself():
    names = {spec.name for params in PARAMS.values() for spec in field_specs(params)}
    assert "password_file" in names
    assert "password" not in names


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "something else", "version": 1}', b"\xff\xfe"])
def test_a_damaged_list_is_told_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "meters.json"
    path.write_bytes(content)
    meters, trouble = load_meters(tmp_path)
    assert meters == ()
    assert str(path) in trouble
    with pytest.raises(MeterError, match="nothing was changed"):
        add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1"))
    assert path.read_bytes() == content


def test_one_entry_that_cannot_be_used_does_not_cost_the_others(tmp_path):
    good = add_meter(tmp_path, described(ExternalKind.TASMOTA, "10.0.0.1"))
    path = tmp_path / "meters.json"
    content = json.loads(path.read_text())
    content["meters"].append({"kind": "sundial", "key": "x", "title": "Sundial", "address": "garden"})
    path.write_text(json.dumps(content))
    meters, trouble = load_meters(tmp_path)
    assert meters == (good,)
    assert "Sundial" in trouble


def test_a_list_that_cannot_be_written_says_so_and_stays_as_it_was(tmp_path, monkeypatch):
    first = add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.1"))

    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(external, "replace_file", full)
    with pytest.raises(MeterError, match="no space left"):
        add_meter(tmp_path, described(ExternalKind.SHELLY, "10.0.0.2"))
    assert load_meters(tmp_path) == ((first,), "")


def test_an_unknown_key_names_those_there_are():
    meter = ExternalMeter(kind=ExternalKind.SHELLY, key="desk", title="Desk", address="10.0.0.1")
    with pytest.raises(MeterError, match="desk"):
        find_meter((meter,), "floor")
