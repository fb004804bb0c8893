"""A report from the window is held against its raw data, as one from the command line is."""

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.measurement import Sample
from greenbench.core.run import RunResult
from greenbench.engine.raw_data import proved
from greenbench.gui.results.export import Exporter
from greenbench.store import Store


@pytest.mark.parametrize("changed", [False, True])
def test_changed_raw_data_is_said_in_the_report(store: Store, kept: RunResult, changed: bool, qtbot: QtBot, tmp_path: Path) -> None:
    if changed:
        store.add_samples(kept.run_id, [Sample(channel="cpu", t_ns=11 * 10**9, energy_j=500.0)])
    exporter = Exporter(lambda result: proved(store, result))
    with qtbot.waitSignal(exporter.written, timeout=20_000):
        exporter.write(kept, tmp_path / "r.json")
    exporter.wait()
    warnings = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["warnings"]
    said = [warning for warning in warnings if "printed digest" in str(warning)]
    assert len(said) == changed
