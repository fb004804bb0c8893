"""A laptop at a wall meter, as the meter process tells of it."""

import pytest

from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport, SourceState

USE = SourceState.IN_USE


def channel(key: str, title: str, domain: Domain, provenance: Provenance = Provenance.COUNTER, **more: object) -> Channel:
    return Channel.model_validate(
        {"key": key, "title": title, "domain": domain, "provenance": provenance, "covers": f"the {title}", "refresh_s": 0.1, **more}
    )


PLATFORM = channel("psys", "Platform", Domain.PLATFORM, counted=False)
PACKAGE = channel("package", "CPU package", Domain.PACKAGE, inside="psys", refresh_measured_s=0.001, refresh_s=0.001, error=0.05)
CORES = channel("cores", "CPU cores", Domain.CORE, counted=False, inside="package")
BOARD = channel("board", "RTX A2000", Domain.GPU, Provenance.INTEGRATED)
MEMORY = channel("model:memory", "Memory (model)", Domain.DRAM, Provenance.MODELLED, error=0.5)
PLUG = channel("external:plug", "Shelly Plug S", Domain.SYSTEM, Provenance.EXTERNAL, refresh_s=1.0)

RAPL = SourceReport(key="rapl", title="RAPL", state=USE, provenance=Provenance.COUNTER, channels=(PLATFORM, PACKAGE, CORES))
NVML = SourceReport(key="nvml", title="NVML", state=USE, provenance=Provenance.INTEGRATED, channels=(BOARD,))
MODEL = SourceReport(key="model", title="Model from processor load", state=USE, provenance=Provenance.MODELLED, channels=(MEMORY,))
WALL = SourceReport(key="external:plug", title="Shelly Plug S", state=USE, provenance=Provenance.EXTERNAL, channels=(PLUG,))
DRAM = SourceReport(
    key="dram", title="Memory (RAPL)", state=SourceState.PERMISSION, provenance=Provenance.UNAVAILABLE, covers="memory modules",
    reason="Only the administrator may read it.", remedy="Allow reading once.",
    commands=("sudo chmod a+r energy_uj", "sudo udevadm trigger"),
)  # fmt: skip
GONE = SourceReport(
    key="external:wt310", title="Yokogawa WT310", state=SourceState.SILENT, provenance=Provenance.UNAVAILABLE, covers="whole system",
    reason="Nothing answers.", remedy="Check the cable.",
)  # fmt: skip
BATTERY = SourceReport(
    key="battery", title="Battery", state=SourceState.STANDBY, provenance=Provenance.INTEGRATED, covers="whole laptop",
    reason="On mains: the battery does not carry the machine.", remedy="Unplug to use it.",
)  # fmt: skip
LAPTOP = (RAPL, DRAM, NVML, BATTERY, MODEL, GONE)


@pytest.fixture
def laptop() -> tuple[SourceReport, ...]:
    """Counters and a graphics board that are read, memory that wants permission, and a meter that does not answer."""
    return LAPTOP


@pytest.fixture
def at_the_wall() -> tuple[SourceReport, ...]:
    """The same laptop at a plug that is read."""
    return (*LAPTOP, WALL)
