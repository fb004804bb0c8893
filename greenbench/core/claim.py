"""A paper's claim as data: the rule that was fixed before the run, and what was found."""

from typing import Literal

from greenbench.core.value import Value


class ClaimLine(Value):
    """One comparison of a claim's rule, with what was found on each side. `holds` None: it could not be decided, `reason` says why."""

    text: str
    left: float | None = None
    relation: str = ""
    right: float | None = None
    holds: bool | None = None
    reason: str = ""


class ClaimedModel(Value):
    """One model of a claim over all its seeds: mean test error with its interval (None: no data), and what it weighs (means)."""

    name: str
    errors: tuple[int, ...] = ()
    examples: int = 0
    error: float | None = None
    low: float | None = None
    high: float | None = None
    parameters: float = 0.0
    nonzero: float = 0.0
    macs: float | None = None
    size_bytes: float = 0.0
    coded_bytes: float | None = None


class ClaimResult(Value):
    """A paper's claim, the rule fixed before the run, and what was found. `verdict`: "reproduced", "not reproduced", "cannot tell"."""

    statement: str
    published: str = ""
    rule: str
    seeds: tuple[int, ...] = ()
    data: str = ""
    lines: tuple[ClaimLine, ...] = ()
    models: tuple[ClaimedModel, ...] = ()
    verdict: Literal["reproduced", "not reproduced", "cannot tell"]

    @property
    def sentence(self) -> str:
        """The verdict in words: "Not reproduced: 1 of 3 lines does not hold."."""
        failed = sum(line.holds is False for line in self.lines)
        unknown = sum(line.holds is None for line in self.lines)
        if self.verdict == "reproduced":
            return "Reproduced."
        count, what = (failed, "not hold") if failed else (unknown, "not be decided")
        verb = "does" if count == 1 else "do"
        verb = verb if failed else "could"
        return f"{self.verdict.capitalize()}: {count} of {len(self.lines)} lines {verb} {what}."
