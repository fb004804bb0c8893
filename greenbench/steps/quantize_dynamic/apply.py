"""Quantises dense and recurrent layers to int8 by ONNX Runtime, ranges found at each call."""

from pathlib import Path
from tempfile import TemporaryDirectory

from greenbench.core.artifact import Fact
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.card import card
from greenbench.ml.compress import dynamic_int8, onnx_layers, panel, static_int8
from greenbench.ml.compress.dynamic_int8 import DynamicSettings
from greenbench.ml.export import to_onnx
from greenbench.steps.quantize_dynamic.spec import DynamicInt8Params
from greenbench.steps.quantizing import described, tell, watch

_FILE = "model.dynamic.onnx"


def apply(inputs: Inputs, params: DynamicInt8Params, context: StepContext) -> StepOutcome:
    """Exports the model, writes the dynamic int8 graph and counts what executes in int8.

    Raises:
        StepError: already quantised, nothing in it that could execute in int8, or the quantiser cannot handle the graph.
        ModelError: the model cannot be exported, or the data does not fit it.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    settings = DynamicSettings(params.convolutions, params.tables, params.per_channel, params.range)
    target = context.folder / _FILE
    with TemporaryDirectory(prefix="greenbench-") as folder:
        scratch = Path(folder)
        context.progress(0.0, "exporting")
        source = to_onnx(stored, scratch, context)
        context.check()
        dynamic_int8.quantize(source, target, settings, watch(context, "quantising", 0.3, 0.8))
        context.check()
        done = onnx_layers.executed(target, scratch / "optimised.onnx", context.title)
    if not done.int8:
        target.unlink()
        left = ", ".join(done.left) or "none that multiply"
        remedy = "Choose static int8." if params.convolutions else "Choose static int8, or round the convolutions too."
        raise StepError(f'"{stored.title}" has no layer that dynamic int8 would execute in int8; its operators: {left}.', remedy)
    tell(done, context)
    made = described(stored.model, target, "int8", context.title, done.sentence)
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title="Stays in floating point", value=done.floats),
        Fact(title="Bits of weights", value=7 if static_int8.reduced_range(params.range) else 8),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))
