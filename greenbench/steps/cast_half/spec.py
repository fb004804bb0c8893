"""Cast to half precision."""

from collections.abc import Mapping
from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait


class HalfParams(Params):
    precision: Literal["fp16", "bf16"] = parameter(
        "fp16",
        "Precision",
        "fp16 has 11 significant bits and ends at 65,504; bf16 has 8 and reaches as far as fp32. ONNX Runtime and OpenVINO take fp16 only.",
        choices={"fp16": "fp16", "bf16": "bf16"},
    )
    examples: int = parameter(
        256,
        "Examples for the check",
        "Validation examples whose answers must be finite numbers in half precision, where data is connected.",
        unit="examples",
        ge=1,
        le=100_000,
        advanced=True,
    )


def _makes(params: HalfParams) -> Mapping[str, str]:
    return {"precision": params.precision}


SPEC = StepSpec(
    key="cast.half",
    version=1,
    title="Half precision",
    group=Group.COMPRESS,
    icon="number-circle-two",
    summary="Every number in two bytes instead of four.",
    help=(
        "Rounds all weights to fp16 or bf16: the file is half as large, and accuracy hardly moves. GPUs gain speed; "
        "a processor gains only if it has instructions for that precision, and is slower else. PyTorch computes in half precision; ONNX "
        "Runtime and OpenVINO store fp16 and compute in fp32 on the processor, which the benchmark counts and says. Put it last: nothing "
        "can be trained or pruned in half precision."
    ),
    params=HalfParams,
    apply="greenbench.steps.cast_half.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    makes=_makes,
    highlights=("precision", "examples"),
    traits=(Trait.HALVES,),
    paper=Paper("Micikevicius 2018", "Mixed precision training", "https://arxiv.org/abs/1710.03740"),
    aliases=("fp16", "bf16", "float16", "bfloat16", "half", "16 bit"),
)
