"""What a pipeline that comes with the product says of itself: which paper it follows, how long it takes, and how to run it smaller."""

from typing import Any, Literal

from pydantic import field_validator

from greenbench.core.value import Value

FULL = "full"


class Sample(Value):
    """`paper` is its id in the list of papers ("R2"), `label` how it is cited ("Han 2015"), `kind` the shelf it stands on. `minutes` is how
    long it takes on two cores by budget, data set aside; `budgets` has for each smaller budget the parameters that differ, by
    "node.parameter"."""

    paper: str = ""
    label: str = ""
    kind: Literal["compress", "distil", "papers"] = "compress"
    minutes: dict[str, float] = {}
    budgets: dict[str, dict[str, Any]] = {}

    @field_validator("budgets")
    @classmethod
    def _named(cls, budgets: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if FULL in budgets:
            raise ValueError(f'the budget "{FULL}" is the pipeline as it stands')
        wrong = next((place for changes in budgets.values() for place in changes if "." not in place), None)
        if wrong is not None:
            raise ValueError(f'"{wrong}" is no parameter of a node; write "node.parameter"')
        return budgets

    @property
    def names(self) -> tuple[str, ...]:
        """The budgets it can be run with, smaller ones first."""
        return (*self.budgets, FULL)
