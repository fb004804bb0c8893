"""What the start page must know of a pipeline file, read without building the pipeline: title, first sentence, paper, minutes, and
where its nodes lie. No Qt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenbench.core import places
from greenbench.core.catalog import Catalog
from greenbench.core.document import SUFFIX
from greenbench.core.ports import PortKind
from greenbench.core.sample import FULL
from greenbench.core.step import Group

QUICK_START = "quick-start"


@dataclass(frozen=True)
class Spot:
    """A node of a miniature: where it stands in canvas pixels, and its group (None: a step that this version does not have)."""

    x: float
    y: float
    group: Group | None


@dataclass(frozen=True)
class Wire:
    """A link of a miniature, from spot to spot, with the kind that flows."""

    source: int
    target: int
    kind: PortKind


@dataclass(frozen=True)
class Budget:
    """One size in which a sample can be opened: its name in the file, and the minutes it is said to take."""

    name: str
    title: str
    minutes: float | None

    @property
    def words(self) -> str:
        """ "Small, about 3 min" """
        return f"{self.title}, about {self.minutes:g} min" if self.minutes else self.title


@dataclass(frozen=True)
class Sample:
    """One pipeline file as its card shows it. `downloads` are the data sets that it fetches, in words: "MNIST (12 MB)"."""

    path: Path
    title: str
    description: str
    spots: tuple[Spot, ...] = ()
    wires: tuple[Wire, ...] = ()
    variants: int = 0
    paper: str = ""
    label: str = ""
    kind: str = ""
    budgets: tuple[Budget, ...] = ()
    downloads: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The first sentence of the description."""
        return first_sentence(self.description)

    @property
    def minutes(self) -> str:
        """ "3 or 14 min", "2 min"; "" where the file does not say."""
        times = [f"{budget.minutes:g}" for budget in self.budgets if budget.minutes]
        return f"{' or '.join(dict.fromkeys(times))} min" if times else ""

    def is_of(self, shelf: str) -> bool:
        """Whether it stands on a shelf of the page: "compress" and "distil" by what its nodes do, "papers" by what it says."""
        if shelf == "papers":
            return self.kind == "papers" or bool(self.paper)
        return not shelf or self.kind == shelf or any(spot.group is not None and spot.group.value == shelf for spot in self.spots)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence: "784-1200. A" is two, "Hinton et al. 2015" is one."""
    text = " ".join(text.split())
    for place, character in enumerate(text):
        before = text[:place].rsplit(" ", 1)[-1].lower()
        rest = text[place + 1 :]
        ends = character in ".!?" and (not rest or (rest[0] == " " and not rest[1:2].islower() and not rest[1:2].isdigit()))
        if ends and before not in ("al", "e.g", "i.e", "vs"):
            return text[: place + 1]
    return text


def files() -> list[Path]:
    """The pipelines that come with the product: the quick start first, then samples, then papers by their numbers."""
    folder = places.resources() / "pipelines"
    return sorted(folder.glob(f"**/*{SUFFIX}"), key=lambda path: (path.stem != QUICK_START, path.parent != folder, _numbered(path.stem)))


def _numbered(stem: str) -> tuple[str, int, str]:
    """R2 stands before R10."""
    head = stem.split("-", 1)[0]
    letters = head.rstrip("0123456789")
    digits = head[len(letters) :]
    return letters, int(digits) if digits else 0, stem


def read_sample(path: Path, catalog: Catalog) -> Sample | None:
    """What a pipeline file says of itself; None where it cannot be read: opening it says why."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return _sample(path, raw, catalog)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _sample(path: Path, raw: Mapping[str, Any], catalog: Catalog) -> Sample:
    nodes = [node for node in raw["nodes"] if not node.get("muted")]
    place = {node["id"]: index for index, node in enumerate(nodes)}
    spots = tuple(_spot(node, catalog) for node in nodes)
    wires, variants = [], 0
    for text in raw["links"]:
        left, _, right = text.partition("->")
        source, output = left.strip().rsplit(".", 1)
        target, entry = right.strip().rsplit(".", 1)
        if source in place and target in place:
            step = nodes[place[target]]["step"]
            wires.append(Wire(place[source], place[target], _kind(catalog, nodes[place[source]]["step"], output)))
            variants += step == "benchmark" and entry == "models"
    about = raw.get("sample") or {}
    return Sample(
        path=path,
        title=str(raw["title"]),
        description=str(raw.get("description", "")),
        spots=spots,
        wires=tuple(wires),
        variants=variants,
        paper=str(about.get("paper", "")),
        label=str(about.get("label", "")),
        kind=str(about.get("kind", "")),
        budgets=_budgets(about),
        downloads=_downloads(nodes, catalog),
    )


def _spot(node: Mapping[str, Any], catalog: Catalog) -> Spot:
    x, y = node.get("position", (0.0, 0.0))
    return Spot(float(x), float(y), catalog[node["step"]].group if node["step"] in catalog else None)


def _kind(catalog: Catalog, step: str, output: str) -> PortKind:
    port = catalog[step].output(output) if step in catalog else None
    return port.kind if port else PortKind.MODEL


def _budgets(about: Mapping[str, Any]) -> tuple[Budget, ...]:
    """The small forms first, the whole one last; one entry where the file has no choice."""
    minutes = about.get("minutes") or {}
    names = sorted(about.get("budgets") or {}, key=lambda name: (minutes.get(name, 0.0), name))
    small = [Budget(name, name.capitalize(), minutes.get(name)) for name in names if name != FULL]
    return (*small, Budget(FULL, FULL.capitalize(), minutes.get(FULL)))


def _downloads(nodes: Sequence[Mapping[str, Any]], catalog: Catalog) -> tuple[str, ...]:
    """What the steps that fetch data fetch, in the words of their own forms."""
    found = []
    for node in nodes:
        if node["step"] != "data.download" or node["step"] not in catalog:
            continue
        field = catalog[node["step"]].field("data")
        if field is not None:
            value = (node.get("params") or {}).get("data", field.default)
            found.append(field.format(value).partition(";")[0].removesuffix(")") + ")")
    return tuple(dict.fromkeys(found))
