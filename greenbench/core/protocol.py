"""How a benchmark measures: `quick` for a look, `lab` for numbers that others shall rely on."""

from greenbench.core.value import Value


class Protocol(Value):
    """How a benchmark measures. Times in seconds.

    `target` is the relative width of the 95 % intervals of the median latency and, where it is measured, of J per inference at which a
    variant needs no more blocks; an interval's ends lie `target` apart around the value. Its ratio to the baseline is to be as narrow,
    unless that is far from 1 (greenbench.engine.bench.schedule). `cool_down_s`: how long at most to wait before a round until the machine
    is as cool as at the start; 0: no wait. `restart_rounds`: after how many rounds each model gets a new process; 0: it keeps its first
    (see greenbench.engine.bench).
    """

    name: str
    idle_s: float
    warm_up_s: float
    block_s: float
    min_blocks: int
    max_blocks: int
    target: float
    cool_down_s: float = 0.0
    restart_rounds: int = 0

    @property
    def resolution(self) -> float:
        """How closely it looks: half the width that it asks of an interval. What lies within shows no difference at that resolution."""
        return self.target / 2

    @property
    def stamp(self) -> str:
        """The words that stand on every report."""
        return "lab protocol" if self.name == "lab" else "quick, not for publication"


QUICK = Protocol(name="quick", idle_s=2.0, warm_up_s=2.0, block_s=1.0, min_blocks=3, max_blocks=8, target=0.05, restart_rounds=1)
LAB = Protocol(
    name="lab", idle_s=30.0, warm_up_s=60.0, block_s=10.0, min_blocks=5, max_blocks=20, target=0.01, cool_down_s=60.0, restart_rounds=1
)
PROTOCOLS = {protocol.name: protocol for protocol in (QUICK, LAB)}
