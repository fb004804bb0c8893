"""`greenbench sensors` shows what is read now; a plug is added, tried and removed by commands, and what is wrong comes with a remedy."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from greenbench.cli import sensors
from greenbench.cli.app import main
from greenbench.core.external import load_meters


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def plug():
    """The address of a plug with Tasmota that shows 61.5 W, then 62.5 W, and so on in turn."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            watts = 61.5 + len(asked) % 2
            body = json.dumps({"StatusSNS": {"ENERGY": {"Power": watts, "Total": 1.234}}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_plug_is_added_shown_tried_and_removed(plug, home, capsys):
    assert main(["sensors", "add", "tasmota", plug, "--title", "Desk plug"]) == 0
    added = capsys.readouterr().out
    assert "greenbench sensors test desk-plug" in added
    assert "It answers: 6" in added
    assert main(["sensors"]) == 0
    shown = capsys.readouterr().out
    for words in ("Desk plug  in use", "▣ external: whole system at the wall, power supply loss included", "W now", "in steps of 100 mW"):
        assert words in shown
    assert "every 1000 ms, as stated" in shown
    assert main(["sensors", "test", "desk-plug", "--seconds", "0.6"]) == 0
    tried = capsys.readouterr().out
    assert "Desk plug: " in tried
    assert "61.5 to 62.5 W" in tried
    assert main(["sensors", "remove", "desk-plug"]) == 0
    assert load_meters(home) == ((), "")


def test_json_carries_the_live_value_beside_what_a_report_says(plug, capsys):
    main(["sensors", "add", "tasmota", plug])
    capsys.readouterr()
    assert main(["sensors", "--json"]) == 0
    reports = {report["key"]: report for report in json.loads(capsys.readouterr().out)}
    assert reports["external:tasmota"]["power_w"]["external:tasmota"] in (61.5, 62.5)
    assert reports["external:tasmota"]["channels"][0]["resolution"] == pytest.approx(0.1)
    assert reports["battery"]["power_w"] == {}


def test_without_a_meter_it_is_said_how_to_add_one(capsys):
    assert main(["sensors"]) == 0
    assert "greenbench sensors add shelly" in capsys.readouterr().out


def test_a_plug_that_does_not_answer_is_tried_with_exit_code_1_and_its_remedy(capsys):
    assert main(["sensors", "add", "shelly", "127.0.0.1:9", "--title", "Gone"]) == 0
    added = capsys.readouterr().out
    assert "It was asked once and gives no reading: " in added
    assert "refuses the connection" in added
    assert "It is kept" in added
    assert main(["sensors", "test", "gone", "--seconds", "0.5"]) == 1
    said = capsys.readouterr().out
    assert "refuses the connection" in said
    assert "No reading" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "sundial", "garden"], "shelly, tasmota, scpi"),
        (["add", "shelly", "not an address"], "192.168.1.40"),
        (["add", "scpi", "10.0.0.1", "--user", "me"], 'no parameter "user"'),
        (["add", "scpi", "10.0.0.1", "--set", "element"], "NAME=VALUE"),
        (["add", "scpi", "10.0.0.1", "--set", "element=9"], "element"),
        (["add", "scpi", "10.0.0.1", "--set", "refresh_s=soon"], "number"),
        (["remove", "nothing"], "None has been added"),
        (["test", "nothing", "--seconds", "0.5"], "rapl"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(arguments, words, home, capsys):
    assert main(["sensors", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert load_meters(home) == ((), "")


def test_options_are_given_as_the_form_would_take_them(home, tmp_path, monkeypatch):
    monkeypatch.setattr(sensors, "_first_try", lambda meter: "")  # nobody lives at these addresses
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    assert main(["sensors", "add", "shelly", "10.0.0.1", "--user", "me", "--password-file", str(secret), "--set", "output=1"]) == 0
    scpi = ["--set", "profile=Another, by its commands", "--set", "setup=*CLS\\nRATE 100MS", "--set", "error_reading=0.2%"]
    assert main(["sensors", "add", "scpi", "10.0.0.2", *scpi]) == 0
    plug, analyser = load_meters(home)[0]
    assert (plug.options["user"], plug.options["password_file"], plug.options["output"]) == ("me", str(secret), 1)
    assert analyser.options["setup"] == "*CLS\nRATE 100MS"
    assert analyser.options["error_reading"] == pytest.approx(0.002)
    assert "hunter2" not in (home / "meters.json").read_text()


def test_a_damaged_list_is_told_by_the_command_and_does_not_stop_it(home, capsys):
    (home / "meters.json").write_text("{")
    assert main(["sensors"]) == 0
    assert "damaged" in capsys.readouterr().out
