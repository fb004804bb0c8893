"""Ports: what a step takes and gives. A link joins an output to an input of the same kind."""

from dataclasses import dataclass
from enum import StrEnum


class PortKind(StrEnum):
    """What flows through a link."""

    DATASET = "dataset"
    MODEL = "model"
    RESULTS = "results"

    @property
    def noun(self) -> str:
        """The word shown to users, with its article: "a model"."""
        return {"dataset": "a data set", "model": "a model", "results": "results"}[self.value]

    @property
    def word(self) -> str:
        """The word before "port": "a model port"."""
        return {"dataset": "data", "model": "model", "results": "results"}[self.value]


@dataclass(frozen=True)
class Port:
    """One input or output of a step.

    An input with `many` takes any number of links, in order; one that is `optional` may stay empty.
    """

    name: str
    kind: PortKind
    title: str = ""
    many: bool = False
    optional: bool = False

    @property
    def label(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()
