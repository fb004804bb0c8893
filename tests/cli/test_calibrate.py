"""`greenbench calibrate` from the command to the kept file: over a recording whose line is known, and with what it refuses."""

import json
import math
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from greenbench.cli import calibrate as door
from greenbench.cli import main
from greenbench.core.calibration import LoadLevel, SweepPlan
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.core.messages import Samples, Sources, encode
from greenbench.engine.calibrations import CalibrationBook
from greenbench.meters.meter import monotonic
from greenbench.meters.rapl import RaplMeter

S = 1_000_000_000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of 0.6 s in place of 10: the recording has its own power, whatever this machine does."""
    levels = tuple(LoadLevel(cpu=share) for share in (0.0, 0.0, 0.0, 0.0, 0.0))
    monkeypatch.setattr(door, "sweep_plan", lambda pair, seconds: SweepPlan(levels=levels, seconds=0.6, settle_s=0.2, window_s=0.2))


def recording(path: Path, plug: bool = True) -> Path:
    """A package that swings between 10 and 30 W over 4 s, and a wall meter that shows 15 W + 1.2 × as much, both sampled at 20 Hz."""
    package = Channel(key="rapl:0", title="Package", domain=Domain.PACKAGE, provenance=Provenance.INTEGRATED, covers="chip", refresh_s=0.05)
    wall = Channel(key="plug", title="Plug", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, covers="wall", refresh_s=0.05)
    reports = [
        SourceReport(key=c.key, title=c.title, state=SourceState.IN_USE, provenance=c.provenance, channels=(c,))
        for c in ((package, wall) if plug else (package,))
    ]
    lines = [encode(Sources(reports=tuple(reports)))]
    for step in range(20 * 14):
        t_ns = 5 * S + step * S // 20
        watts = 20.0 - 10.0 * math.cos(2 * math.pi * step / 80)
        samples = (Sample(channel="rapl:0", t_ns=t_ns, power_w=watts), Sample(channel="plug", t_ns=t_ns, power_w=15 + 1.2 * watts))
        lines.append(encode(Samples(samples=samples)))
    path.write_bytes(b"".join(lines))
    return path


def test_the_recordings_line_is_found_and_not_kept_as_this_machines(
    tmp_path: Path, home: Path, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--replay", str(recording(tmp_path / "plug.jsonl")), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["offset_w"] == pytest.approx(15.0, abs=0.01)
    assert found["gain"] == pytest.approx(1.2, abs=0.001)
    assert found["recorded"] is True
    assert CalibrationBook(home).all() == ()


def test_without_a_wall_meter_it_says_what_to_do(tmp_path: Path, quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--replay", str(recording(tmp_path / "none.jsonl", plug=False))]) == 2
    said = capsys.readouterr().err
    assert "no external meter" in said
    assert "sensors page" in said


def test_what_is_kept_is_shown_in_words_and_forgotten(tmp_path: Path, home: Path, quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["calibrate", "--show"])
    assert "No calibration is kept" in capsys.readouterr().out
    main(["calibrate", "--replay", str(recording(tmp_path / "plug.jsonl")), "--json"])
    entry = json.loads(capsys.readouterr().out)
    (home / "calibrations.json").write_text(json.dumps({"version": 1, "calibrations": [{**entry, "recorded": False}]}), encoding="utf-8")
    main(["calibrate", "--show"])
    shown = capsys.readouterr().out
    assert "Plug, recorded = offset + gain × (Package, recorded)" in shown
    assert "offset 15.00 W ±" in shown
    assert "gain 1.200 ±" in shown
    main(["calibrate", "--forget"])
    assert "1 forgotten." in capsys.readouterr().out
    assert CalibrationBook(home).all() == ()


def test_a_meter_that_is_not_there_is_named(tmp_path: Path, quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--with", "Yokogawa", "--replay", str(recording(tmp_path / "plug.jsonl"))]) == 2
    assert 'No meter in use is called "Yokogawa".' in capsys.readouterr().err


@pytest.fixture
def shelly() -> Iterator[str]:
    """The address of a Shelly that shows 61.5 W and is slow to say who it is, as over a bad radio link."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found: dict[str, object] = {"apower": 61.5, "aenergy": {"total": 1.0}}
            if self.path.startswith("/shelly"):
                time.sleep(0.3)
                found = {"gen": 2, "mac": "AA"}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_plug_that_has_just_been_asked_is_seen_and_where_no_counter_is_that_is_said(
    shelly: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if RaplMeter(clock=monotonic).report().state is SourceState.IN_USE:
        pytest.skip("this machine has counters: they would be calibrated for minutes")
    main(["sensors", "add", "shelly", shelly, "--title", "Desk plug"])
    for wanted in ([], ["--with", "desk"]):
        assert main(["calibrate", *wanted]) == 2
        said = capsys.readouterr().err
        assert "Desk plug answers, but there are no counters to calibrate" in said


def test_a_plug_that_does_not_answer_is_named_with_what_it_says(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["sensors", "add", "shelly", "127.0.0.1:9", "--title", "Gone"])
    (home / "greenbench.sqlite").write_bytes(b"this is not a database")
    assert main(["calibrate"]) == 2
    said = capsys.readouterr().err
    assert "The history was damaged. It was moved to" in said
    assert "Gone gives no reading." in said
    assert "refuses the connection" in said
