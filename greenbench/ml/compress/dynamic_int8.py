"""Dynamic int8: weights rounded once, activations at each call by the range they have then, so that no calibration is needed
(Zafrir 2019, Q8BERT, compares both; Jacob 2018 the arithmetic).

ONNX Runtime's quantiser turns matrix products and recurrent layers into integer ones; convolutions only where they are asked for, since
finding a range and rounding a large picture costs more than the multiplication saves.
"""

from dataclasses import dataclass
from pathlib import Path

from onnxruntime.quantization import QuantType, quantize_dynamic

from greenbench.ml.compress.onnx_layers import Watch, demand_floats, prepared, quantising
from greenbench.ml.compress.static_int8 import Range, reduced_range

_PRODUCTS = ["MatMul", "Gemm", "LSTM", "Attention"]
_TABLES = ["Gather", "EmbedLayerNormalization"]


@dataclass(frozen=True)
class DynamicSettings:
    """`convolutions`: round those too. `tables`: hold word vectors in 8 bits, which buys bytes alone. `range` as for static int8."""

    convolutions: bool = False
    tables: bool = True
    per_channel: bool = True
    range: Range = "auto"


def quantize(source: Path, target: Path, settings: DynamicSettings, watch: Watch | None = None) -> None:
    """Writes the dynamic int8 form of the float ONNX file `source` to `target`; batch norms are folded first.

    Raises:
        StepError: the graph is already quantised, or the quantiser cannot handle it.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    demand_floats(source)
    scratch = target.with_suffix(".prepared.onnx")
    kinds = _PRODUCTS + _TABLES * settings.tables + ["Conv"] * settings.convolutions
    try:
        with quantising("ONNX Runtime cannot quantise this model", "Try static int8, or weights alone."):
            prepared(source, scratch)
            watch.check()
            watch.progress(0.5)
            quantize_dynamic(
                scratch,
                target,
                op_types_to_quantize=kinds,
                per_channel=settings.per_channel,
                reduce_range=reduced_range(settings.range),
                weight_type=QuantType.QInt8,
                extra_options={"WeightSymmetric": True},
            )
    finally:
        scratch.unlink(missing_ok=True)
