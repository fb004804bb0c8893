"""A step with every kind of parameter, and an inspector on it."""

from typing import Literal

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.catalog import Catalog
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme

MODEL = Port("model", PortKind.MODEL)


class AllKinds(Params):
    ratio: float = parameter(0.5, "Channels removed", "How many go.", percent=True, ge=0, le=0.96, step=0.01)
    rate: float = parameter(0.1, "Learning rate", gt=0, le=10)
    epochs: int = parameter(12, "Epochs", unit="epochs", ge=1, le=500)
    scope: Literal["global", "local"] = parameter("global", "Scope", choices={"global": "Global", "local": "Per layer"})
    norm: Literal["l1", "l2", "taylor", "random"] = parameter("l1", "Importance")
    samples: int = parameter(8, "Samples", ge=1, visible_when={"norm": ("taylor",)})
    layers: str = parameter("", "Leave out", suggestions=("conv1", "fc"), advanced=True)
    folder: str = parameter("", "Folder", kind=FieldKind.FOLDER, advanced=True)
    strict: bool = parameter(True, "Strict", advanced=True)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    paper = Paper("Fang et al. 2023", "DepGraph", "https://example.org/depgraph")
    step = StepSpec(
        "prune", 1, "Prune channels", Group.COMPRESS, "columns", "Smaller", "Removes channels.", AllKinds, "no:no", (MODEL,), (MODEL,),
        ("ratio", "scope"), paper,
    )  # fmt: skip
    return Catalog([step])


@pytest.fixture
def session(catalog: Catalog) -> Session:
    pipeline = Pipeline(catalog, "Test", "About.")
    for id in ("one", "two"):
        pipeline.nodes[id] = Node(id, "prune", f"Prune {id}")
    return Session(catalog, pipeline)


@pytest.fixture
def inspector(qtbot: QtBot, session: Session, theme: Theme) -> Inspector:
    inspector = Inspector(session, theme)
    qtbot.addWidget(inspector)
    inspector.resize(296, 900)
    inspector.show()
    qtbot.waitExposed(inspector)
    inspector.show_nodes(["one"])
    return inspector
