"""Rounds weights alone by ONNX Runtime."""

from pathlib import Path
from tempfile import TemporaryDirectory

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.card import card
from greenbench.ml.compress import onnx_layers, panel, weight_only
from greenbench.ml.compress.onnx_layers import Executed
from greenbench.ml.compress.weight_only import Rounded, WeightSettings
from greenbench.ml.export import to_onnx
from greenbench.steps.quantize_weights.spec import WeightParams
from greenbench.steps.quantizing import described, tell, watch

_FILE = "model.weights.onnx"


def apply(inputs: Inputs, params: WeightParams, context: StepContext) -> StepOutcome:
    """Exports the model, rounds its weights and counts what executes in int8.

    Raises:
        StepError: already quantised, no weights that could be rounded, or the quantiser cannot handle the graph.
        ModelError: the model cannot be exported, or the data does not fit it.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    settings = WeightSettings(params.bits, params.block, params.symmetric, params.compute, params.convolutions)
    target = context.folder / _FILE
    with TemporaryDirectory(prefix="greenbench-") as folder:
        scratch = Path(folder)
        context.progress(0.0, "exporting")
        source = to_onnx(stored, scratch, context)
        context.check()
        rounded = weight_only.quantize(source, target, settings, watch(context, "rounding weights", 0.3, 0.8))
        context.check()
        done = onnx_layers.executed(target, scratch / "optimised.onnx", context.title)
    tell(done, context)
    notes = _notes(rounded, done, params)
    made = described(stored.model, target, "int8" if done.int8 else "fp32", context.title, *notes)
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title=f"Dense layers in {params.bits} bits", value=rounded.products),
        Fact(title="Convolutions in 8 bits", value=rounded.convolutions, text=_UNPACKED if rounded.convolutions else ""),
        *((Fact(title="Weights left in floating point", value=len(rounded.left), text=", ".join(rounded.left)),) if rounded.left else ()),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))


_UNPACKED = "unpacked at each call, computed in floating point"


def _notes(rounded: Rounded, done: Executed, params: WeightParams) -> tuple[str, ...]:
    """What a reader of results must know: how many layers hold few bits, and what they are computed in."""
    told = []
    if rounded.products:
        noun = "matrix product holds its" if rounded.products == 1 else "matrix products hold their"
        told.append(f"{rounded.products} {noun} weights in {params.bits} bits.")
    if rounded.convolutions:
        noun = "convolution holds its" if rounded.convolutions == 1 else "convolutions hold their"
        told.append(f"{rounded.convolutions} {noun} weights in 8 bits, {_UNPACKED}.")
    return (*told, done.sentence)
