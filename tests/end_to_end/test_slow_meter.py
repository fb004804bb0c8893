"""A run with a wall plug that has a new value once a second: it comes out of its raw data to the last digit, its ends included."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from greenbench.core import messages
from greenbench.core.external import ExternalKind, add_meter, described
from greenbench.core.measurement import Provenance
from greenbench.engine.audit import audit
from greenbench.engine.runner import LocalRunner

ABOUT = {"id": "shellyplusplugs-e86beae5d4d8", "mac": "E86BEAE5D4D8", "model": "SNPL-00112EU", "gen": 2, "auth_en": False}


class Plug(BaseHTTPRequestHandler):
    """A Shelly plug of the second generation: whole seconds have a value of their own, which is shown throughout the next."""

    def do_GET(self) -> None:
        second = int(time.monotonic())
        status = {"id": 0, "output": True, "apower": 40.0 + second % 7, "aenergy": {"total": 6.5 + 0.01 * second}}
        body = json.dumps(ABOUT if self.path.startswith("/shelly") else status).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing on the terminal."""


@pytest.fixture
def plug():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plug)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_run_beside_a_slow_plug_is_made_again_from_its_raw_data(home, plug, brief_plan, until):
    add_meter(home, described(ExternalKind.SHELLY, plug))
    runner = LocalRunner(home)
    try:
        runner.open()
        assert runner.wait_for_meter(10.0)
        runner.start(brief_plan())
        result = until(runner, messages.ResultsReady)[-1].result
        found = audit(runner.store, result.run_id)
    finally:
        runner.close()
    assert result.idle_before.provenance is Provenance.EXTERNAL, [source.reason for source in result.sources]
    assert all(line.energy.value is not None for line in result.ledger)
    assert found.disagreements == ()
    assert found.digest_agrees is True
    assert {number.agrees for number in found.all_numbers} == {True}
    # Blocks of a tenth of a second: nothing is told apart, and the reason stands beside it.
    against = result.variants[1].against["energy_per_inference"]
    assert (against.text, against.reason) == ("cannot tell yet", "blocks are short for this meter")
    assert "edges" in {remark.code for remark in result.warnings}
