"""What the results say of a wall meter that had no part in a run: that it stood aside or was silent, why, and what was added up instead."""

from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport, SourceState
from greenbench.engine.results.stood_aside import aside_remarks
from greenbench.meters.ledger import EnergyLedger

USE = SourceState.IN_USE
PLUG = Channel(key="external:plug", title="Desk plug", domain=Domain.SYSTEM, provenance=Provenance.EXTERNAL, covers="all", refresh_s=1.0)
CPU = Channel(key="cpu", title="CPU package", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="it", refresh_s=0.001)
GUESS = Channel(key="model", title="CPU (model)", domain=Domain.PACKAGE, provenance=Provenance.MODELLED, covers="it", refresh_s=0.25)


def source(channel: Channel) -> SourceReport:
    return SourceReport(key=channel.key, title=channel.title, state=USE, provenance=channel.provenance, channels=(channel,))


def test_a_plug_that_is_too_slow_for_the_blocks_says_so_with_what_counts() -> None:
    reports = (source(PLUG), source(CPU))
    ledger = EnergyLedger([PLUG, CPU])
    ledger.begin_run(1.0)
    (remark,) = aside_remarks(ledger.told(reports))
    assert remark.text.startswith("Desk plug stood aside: the joules of this run are those of CPU package. It has a new value every 1 s")
    assert remark.code == "wall"


def test_a_plug_that_was_silent_is_named_with_its_reason() -> None:
    silent = SourceReport(
        key="external:plug", title="Desk plug", state=SourceState.SILENT, provenance=Provenance.UNAVAILABLE, reason="It refuses."
    )
    (remark,) = aside_remarks((silent, source(GUESS)))
    assert remark.text == (
        "Desk plug gave no reading in this run (It refuses): its joules are those of the model from processor load, a guess."
    )


def test_a_plug_that_counts_needs_no_remark_and_neither_does_none() -> None:
    assert aside_remarks((source(PLUG), source(CPU))) == []
    assert aside_remarks((source(CPU),)) == []
