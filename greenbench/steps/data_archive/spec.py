"""Examples that someone has already prepared as arrays."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_file, of_file, together
from greenbench.steps.picturing import NormaliseParams
from greenbench.steps.splitting import SplitParams


class ArchiveParams(NormaliseParams, SplitParams):
    file: str = parameter("", "File", "A .npz or .safetensors file with x and y, and if you like x_test and y_test.", kind=FieldKind.FILE)
    layout: Literal["channels_first", "channels_last"] = parameter(
        "channels_first",
        "Layout of images",
        "Whether x is (N, channels, height, width) or (N, height, width, channels). Without a channel axis it does not matter.",
        choices={"channels_first": "Channels first", "channels_last": "Channels last"},
    )


SPEC = StepSpec(
    key="data.archive",
    version=2,
    title="Array archive",
    group=Group.SOURCES,
    icon="database",
    summary="Reads a .npz or .safetensors file with x and y.",
    help="Reads numpy.savez(file, x=examples, y=labels), or the same as safetensors: images or rows of features, labels as whole numbers "
    "or, in a .npz file, as names; there, classes may name numbers. Bytes count as fractions of 255. Pickled objects inside are refused: "
    "they could run code.",
    params=ArchiveParams,
    apply="greenbench.steps.data_archive.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("file", "test_share"),
    aliases=("npz", "safetensors", "numpy", "arrays", "tabular", "features", "data set"),
    fingerprint=lambda params: together(of_file(params.file), of_file(params.label_map)),
    obstacle=lambda params: no_file(params.file),
)
