"""Every network by name with what one chooses by: parameters, work, input, licence. Read from a file, so that the window needs no torch."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from greenbench.core import places
from greenbench.core.errors import ParameterError

# Named first: what many know.
KNOWN = (
    "resnet8", "resnet20", "mobilenet_small", "mlp", "text_average", "text_conv", "lenet5", "lenet_300_100", "torchvision/resnet18",
    "torchvision/mobilenet_v2", "torchvision/squeezenet1_1", "timm/efficientnet_b0", "timm/vit_tiny_patch16_224",
)  # fmt: skip
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
_LIMIT = re.compile(r"(<=|>=|<|>)([0-9]+(?:\.[0-9]+)?)([kmgb]?)", re.IGNORECASE)


@dataclass(frozen=True)
class ZooEntry:
    """One network. `macs` are the multiply-adds of one example of the size `input` ("3x224x224"); None: they depend on the example, or
    could not be counted. `licence` is that of the published weights where there are any (`pretrained`), else of the code; "": not said."""

    name: str
    parameters: int | None
    macs: int | None
    input: str
    licence: str
    pretrained: bool
    task: str

    @property
    def library(self) -> str:
        """ "torchvision", "timm", or "" for our own."""
        return self.name.rpartition("/")[0]


@cache
def zoo() -> tuple[ZooEntry, ...]:
    """All networks that can be built by name, the well-known ones first; empty if the file that lists them is gone."""
    try:
        lines = (places.resources() / "zoo.csv").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    entries = {row["name"]: _entry(row) for row in rows}
    return (*(entries.pop(name) for name in KNOWN if name in entries), *entries.values())


def written_with() -> str:
    """The versions of the libraries that the list was made from: "torchvision 0.29.2, timm 1.0.31"."""
    with (places.resources() / "zoo.csv").open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").partition(":")[0]


def _entry(row: dict[str, str]) -> ZooEntry:
    return ZooEntry(
        name=row["name"],
        parameters=int(row["parameters"]) if row["parameters"] else None,
        macs=int(row["macs"]) if row["macs"] else None,
        input=row["input"],
        licence=row["licence"],
        pretrained=row["pretrained"] == "yes",
        task=row["task"],
    )


def find(name: str) -> ZooEntry | None:
    """The network of that name, or of that bare name as it is looked up: our own, torchvision's, timm's."""
    entries = {entry.name: entry for entry in zoo()}
    name = name.strip()
    return next((entries[full] for full in (name, f"torchvision/{name}", f"timm/{name}") if full in entries), None)


def search(text: str) -> tuple[ZooEntry, ...]:
    """The networks that match every word of `text` in name, task or licence ("pretrained" too), and every limit on parameters: "<5M",
    ">=100k". Names that begin with the first word come first.

    A sign that still waits for its number is passed over, so that one can search while typing.

    Raises:
        ParameterError: a word that starts like a limit is none ("<five").
    """
    tests: list[Callable[[ZooEntry], bool]] = []
    words = [word for word in text.lower().split() if word not in ("<", ">", "<=", ">=")]
    for word in words:
        tests.append(_limit(word) if word[0] in "<>" else _contains(word))
    found = [entry for entry in zoo() if all(test(entry) for test in tests)]
    first = next((word for word in words if word[0] not in "<>"), "")
    return tuple(sorted(found, key=lambda entry: not entry.name.rpartition("/")[2].startswith(first))) if first else tuple(found)


def _contains(word: str) -> Callable[[ZooEntry], bool]:
    def test(entry: ZooEntry) -> bool:
        more = " pretrained" if entry.pretrained else ""
        return word in f"{entry.name} {entry.library or 'greenbench'} {entry.task} {entry.licence}{more}".lower()

    return test


def _limit(word: str) -> Callable[[ZooEntry], bool]:
    match = _LIMIT.fullmatch(word)
    if match is None:
        raise ParameterError(f'"{word}" is no limit on parameters.', "Write it like <5M, >=100k or <1.5G.")
    sign, number, scale = match.groups()
    limit = float(number) * _SCALES[scale.lower()]

    def test(entry: ZooEntry) -> bool:
        if entry.parameters is None:
            return False
        size = entry.parameters
        return {"<": size < limit, "<=": size <= limit, ">": size > limit, ">=": size >= limit}[sign]

    return test
