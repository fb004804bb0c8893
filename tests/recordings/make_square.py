"""Writes square.jsonl: what the meter process says of a machine whose power is known in closed form.

Package 10 W, then 30 W from 1 s to 2 s, then 10 W; memory 2 W throughout; a graphics board at 50 W, sampled. Ten readings a second
for three seconds. It is made, not measured: the energies that tests expect of it are products of these numbers.
Run it from the project's root: python tests/recordings/make_square.py
"""

from pathlib import Path

from greenbench.core.measurement import Channel, Domain, Facts, Provenance, Sample, SourceReport, SourceState
from greenbench.core.messages import Message, Samples, Sources, encode

T0_NS = 5_000_000_000
STEP_NS = 100_000_000


def messages(steps: int = 30) -> list[Message]:
    """The messages, at ten readings a second."""
    package = Channel(
        key="rapl:0", title="CPU package", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="package", refresh_s=0.001
    )
    memory = Channel(key="rapl:0:0", title="Memory", domain=Domain.DRAM, provenance=Provenance.COUNTER, covers="modules", refresh_s=0.001)
    gpu = Channel(
        key="nvml:GPU-1", title="Board", domain=Domain.GPU, provenance=Provenance.INTEGRATED, covers="board", refresh_s=0.1, error=0.05
    )
    rapl = SourceReport(key="rapl", title="RAPL", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=(package, memory))
    nvml = SourceReport(key="nvml", title="NVML", state=SourceState.IN_USE, provenance=Provenance.INTEGRATED, channels=(gpu,))
    said: list[Message] = [Sources(reports=(rapl, nvml))]
    joules = 100.0
    for step in range(steps + 1):
        t_ns = T0_NS + step * STEP_NS
        watts = 30.0 if 10 < step <= 20 else 10.0
        joules += watts * 0.1 if step else 0.0
        samples = (
            Sample(channel="rapl:0", t_ns=t_ns, energy_j=round(joules, 6), power_w=watts if step else None),
            Sample(channel="rapl:0:0", t_ns=t_ns, energy_j=round(step * 0.2, 6), power_w=2.0 if step else None),
            Sample(channel="nvml:GPU-1", t_ns=t_ns, power_w=50.0),
        )
        said.append(Samples(samples=samples, facts=Facts(t_ns=t_ns, cpu_percent=50.0)))
    return said


if __name__ == "__main__":
    Path(__file__).with_name("square.jsonl").write_bytes(b"".join(encode(message) for message in messages()))
