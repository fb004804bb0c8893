"""A paper's claim as data: the rule that was fixed before the run, and what was found."""

import re
from typing import Literal

from greenbench.core.quote import count, significant
from greenbench.core.value import Value

P_VALUES = ("mcnemar", "better")
_QUOTED = re.compile(r'"[^"]*"')
_TINY = 1e-4


class ClaimLine(Value):
    """One comparison of a claim's rule, with what was found on each side. `holds` None: it could not be decided, `reason` says why."""

    text: str
    left: float | None = None
    relation: str = ""
    right: float | None = None
    holds: bool | None = None
    reason: str = ""

    @property
    def unit(self) -> str:
        """What its sides are in: "pp" or "%" where the line is written in them, "p" where it asks for a p-value, else ""."""
        written = _QUOTED.sub("", self.text)
        if any(f"{test}(" in written for test in P_VALUES):
            return "p"
        return next((unit for unit in ("pp", "%") if unit in written), "")

    def shown(self, value: float) -> str:
        """A side as people read it: "0.24 pp", "97.2 %", "0.066", "21 500"."""
        if self.unit in ("pp", "%"):
            return f"{significant(value * 100, 3)} {self.unit}"
        if 0 < abs(value) < _TINY:
            return f"under {_TINY}" if value > 0 else f"−{value * -1:.1e}"
        return count(value) if float(value).is_integer() else significant(value, 4 if abs(value) >= 1 else 3)

    @property
    def found(self) -> str:
        """What was found on both sides: "0.24 pp ≤ 0.30 pp", "p = 0.066 < 0.050"; or why nothing was."""
        if self.left is None or self.right is None:
            return self.reason
        name = "p = " if self.unit == "p" else ""
        return f"{name}{self.shown(self.left)} {self.relation} {self.shown(self.right)}"


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
    """A paper's claim, the rule fixed before the run, and what was found. `verdict`: "reproduced", "not reproduced", "cannot tell".
    `reservation` says why the run was no full test, if it was none."""

    statement: str
    published: str = ""
    rule: str
    seeds: tuple[int, ...] = ()
    data: str = ""
    reservation: str = ""
    lines: tuple[ClaimLine, ...] = ()
    models: tuple[ClaimedModel, ...] = ()
    verdict: Literal["reproduced", "not reproduced", "cannot tell"]

    @property
    def sentence(self) -> str:
        """The verdict in words: "Not reproduced: 1 of 3 lines does not hold."; with the reservation where there is one."""
        return f"{self._judged} {self.reservation}".rstrip()

    @property
    def _judged(self) -> str:
        failed = sum(line.holds is False for line in self.lines)
        unknown = sum(line.holds is None for line in self.lines)
        if self.verdict == "reproduced":
            return "Reproduced."
        count, what = (failed, "not hold") if failed else (unknown, "not be decided")
        verb = "does" if count == 1 else "do"
        verb = verb if failed else "could"
        return f"{self.verdict.capitalize()}: {count} of {len(self.lines)} lines {verb} {what}."
