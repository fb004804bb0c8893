"""The ledger in the terminal: a past run under other assumptions, nothing run again."""

import json

import pytest

from greenbench.cli import ledger
from greenbench.cli.ledger import WhatIf, assumed, show_ledger
from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement
from greenbench.core.run import CarbonFactor, Environment, Plan, PlannedNode, RunResult, RunState, Source, VariantResult
from greenbench.store import Store


def joules(value, half=0.01):
    return Measurement(value=value, low=value * (1 - half), high=value * (1 + half), n=5, unit="J")


def planned(id, step, **inputs):
    sources = {port: tuple(Source(node=n, output="model") for n in names) for port, names in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params={}, inputs=sources, digest=id)


def result(read=True):
    """A took 500 J to train; B 50 J more to prune, and saves 10 mJ of A's 40 mJ."""
    plan = Plan(
        title="Two", nodes=(planned("a", "train"), planned("b", "prune", model=["a"]), planned("bench", "benchmark", models=["a", "b"]))
    )

    def variant(letter, node, energy):
        metrics = {"energy_per_inference": joules(energy) if read else Measurement.missing("J", "no counter")}
        return VariantResult(letter=letter, node=node, name=node.capitalize(), benchmark="bench", metrics=metrics)

    def line(kind, node, value, **more):
        energy = joules(value) if read else Measurement.missing("J", "no counter")
        return Charge(kind=kind, node=node, title=node.capitalize(), seconds=2.0, energy=energy, digest=node, **more)

    lines = (
        line(ChargeKind.TRAINING, "a", 500.0, variants=("A", "B"), flop=4e9, trainings=1),
        line(ChargeKind.COMPRESSION, "b", 50.0, variants=("B",)),
        line(ChargeKind.BLOCKS, "bench", 30.0),
    )
    return RunResult(
        run_id="abc123", title="Two", state=RunState.FINISHED, started="2026-11-22T12:00:00+00:00", plan=plan, ledger=lines,
        variants=(variant("A", "a", 0.04), variant("B", "b", 0.03)), carbon=CarbonFactor(region="World average", intensity_g_per_kwh=475),
    )  # fmt: skip


@pytest.fixture
def kept(tmp_path, monkeypatch):
    def keep(found):
        with Store(tmp_path) as store:
            store.begin_run(found.run_id, found.plan, Environment(), found.started, 0)
            store.finish_run(found.run_id, found.state, found)

    monkeypatch.setattr(ledger, "open_store", lambda: Store(tmp_path))
    return keep


def test_it_says_what_was_spent_and_when_it_is_earned_back(kept, capsys):
    kept(result())
    assert show_ledger(WhatIf("abc", per_day=1000.0)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Making B took 50.0 J; it saves 10 mJ on every inference and breaks even at 5000 inferences." in said
    assert "This run, all in" in said
    assert "5.0 days" in said
    assert "at 1000 a day" in said
    assert "11.11 kWh" in said  # 40 mJ × 10⁹
    assert "one training, 4.00 GFLOP and 500 J" in said


def test_another_grid_and_building_change_the_grams_only(kept, capsys):
    kept(result())
    show_ledger(WhatIf("abc", as_json=True))
    own = json.loads(capsys.readouterr().out)
    show_ledger(WhatIf("abc", region="FRA", pue=1.5, as_json=True))
    other = json.loads(capsys.readouterr().out)
    assert other["ledger"] == own["ledger"]
    assert other["break_even"] == own["break_even"]
    factor = other["carbon"]["factor"]
    grams = [each["carbon"]["variants"]["A"]["per_billion"]["value"] for each in (own, other)]
    assert grams[1] / grams[0] == pytest.approx(factor["intensity_g_per_kwh"] * 1.5 / 475)
    assert own["groups"]["making"]["energy"]["value"] == 50.0
    assert own["break_even"][0]["inferences"]["value"] == pytest.approx(5000)


def test_the_runs_own_region_is_kept_under_another_pue():
    found = assumed(result(), WhatIf("abc", pue=1.2))
    assert found is not None
    assert (found.region, found.pue) == ("World average", 1.2)


def test_without_a_joule_it_says_so_and_what_training_took(kept, capsys):
    kept(result(read=False))
    assert show_ledger(WhatIf("abc")) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "No joule of this run was read: no counter." in said
    assert "one training and 4.00 GFLOP" in said


@pytest.mark.parametrize(
    "asked", [WhatIf("abc", per_day=0.0), WhatIf("abc", pue=0.5), WhatIf("abc", region="ATL"), WhatIf("abc", variant="Z")]
)
def test_what_cannot_be_assumed_is_refused(kept, asked):
    kept(result())
    with pytest.raises(GreenBenchError):
        show_ledger(asked)


def test_without_a_variant_it_says_of_which_it_tells_and_why(kept, capsys):
    kept(result())
    show_ledger(WhatIf("abc"))
    told = "Told of B, B: no variant is recommended, and this one pays back first. Of another: --variant and its letter (A)."
    assert told in capsys.readouterr().out
    show_ledger(WhatIf("abc", variant="B"))
    assert "Told of" not in capsys.readouterr().out
    assert "Told of B, B: it is the recommended one." in ledger.chosen(result(), "B", "B")
