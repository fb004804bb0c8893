"""A small catalogue with every kind of port and parameter, so that core is tested without the real steps."""

from enum import StrEnum
from typing import Literal

import pytest

from greenbench.core.catalog import Catalog
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec


class Norm(StrEnum):
    L1 = "l1"
    L2 = "l2"


class Nothing(Params):
    pass


class Pruning(Params):
    ratio: float = parameter(0.5, "Ratio", "Share of channels to remove.", percent=True, ge=0, lt=1)
    epochs: int = parameter(3, "Epochs", unit="epochs", ge=0, le=100)
    norm: Norm = parameter(Norm.L1, "Importance", choices={"l1": "L1 norm", "l2": "L2 norm"})
    tune: bool = parameter(True, "Fine-tune")
    rate: float | None = parameter(None, "Learning rate", gt=0, visible_when={"tune": (True,)}, advanced=True)
    rounding: Literal[1, 8] = parameter(8, "Channel multiple")
    folder: str = parameter("", "Folder", kind=FieldKind.FOLDER)


MODEL_IN, MODEL_OUT = Port("model", PortKind.MODEL), Port("model", PortKind.MODEL)
DATA_IN = Port("data", PortKind.DATASET, "Data set")


def spec(key, title, group, params=Nothing, inputs=(), outputs=(), **more):
    return StepSpec(key, 1, title, group, "cube", f"{title}.", "", params, f"nowhere.{key}:apply", tuple(inputs), tuple(outputs), **more)


@pytest.fixture(scope="session")
def pruning():
    return Pruning


@pytest.fixture(scope="session")
def catalog():
    return Catalog(
        (
            spec("data", "Digits", Group.SOURCES, outputs=[Port("data", PortKind.DATASET)]),
            spec("model", "Small network", Group.SOURCES, outputs=[MODEL_OUT], aliases=("resnet",)),
            spec("train", "Train", Group.TRAIN, inputs=[MODEL_IN, DATA_IN], outputs=[MODEL_OUT]),
            spec("prune", "Prune channels", Group.COMPRESS, Pruning, [MODEL_IN], [MODEL_OUT]),
            spec(
                "distil",
                "Distil",
                Group.DISTIL,
                inputs=[Port("teacher", PortKind.MODEL), Port("student", PortKind.MODEL), DATA_IN],
                outputs=[MODEL_OUT],
            ),
            spec(
                "benchmark",
                "Benchmark",
                Group.MEASURE,
                inputs=[Port("models", PortKind.MODEL, many=True), DATA_IN],
                outputs=[Port("results", PortKind.RESULTS)],
            ),
        )
    )
