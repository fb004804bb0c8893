"""Quantises to int8 by NNCF, and counts what OpenVINO executes in int8."""

from pathlib import Path
from tempfile import TemporaryDirectory

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.answering import session_of
from greenbench.ml.card import card
from greenbench.ml.compress import openvino_int8, panel
from greenbench.ml.compress.onnx_layers import Executed
from greenbench.ml.compress.openvino_int8 import Control, OpenVinoSettings
from greenbench.ml.compress.static_int8 import Examples
from greenbench.ml.export import to_onnx
from greenbench.ml.files import openvino_file
from greenbench.ml.panel import noun_of
from greenbench.steps.quantize_openvino.spec import OpenVinoInt8Params
from greenbench.steps.quantizing import RANDOM, calibration, judge, tell, watch

_XML, _BIN = "model.int8.xml", "model.int8.bin"


def apply(inputs: Inputs, params: OpenVinoInt8Params, context: StepContext) -> StepOutcome:
    """Exports the model, quantises it on the calibration split, and counts what executes in int8.

    Raises:
        StepError: NNCF is not installed, no calibration data, already quantised, or the quantiser cannot handle the model.
        ModelError: OpenVINO is not installed, the model cannot be exported, or the data does not fit it.
        DataError: the data has no calibration split.
    """
    stored, data = inputs.one("model"), inputs.one("data")
    openvino_int8.nncf()  # missing? Better said now than after the export
    examples = calibration(stored, data, params.examples, context.seed)
    control = _control(params, stored, data, examples, context)
    settings = OpenVinoSettings(params.preset, params.fast)
    with TemporaryDirectory(prefix="greenbench-") as scratch:
        context.progress(0.0, "exporting")
        source = None if stored.model.format == "openvino" else to_onnx(stored, Path(scratch), context)
        context.check()
        model = openvino_int8.load(stored, source)
        context.progress(0.1, "calibrating")
        made = openvino_int8.quantize(model, examples, settings, control, watch(context, "calibrating", 0.1, 0.9))
        context.check()
        openvino_int8.save(made, context.folder / _XML)
    described = _described(stored.model, context.folder / _XML, context.title)
    done = _executed(Stored(described, context.folder, context.node, context.title), context)
    tell(done, context)
    notes = [*stored.model.notes, done.sentence, *([RANDOM] if data.dataset.random else [])]
    described = described.model_copy(update={"notes": tuple(notes)})
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title="Fell back to floating point", value=done.floats),
        Fact(title=f"Calibration {noun_of(data.dataset)}", value=len(examples)),
        *card(stored, described, data, context),
    )
    return StepOutcome({"model": described}, facts, panel.size(described.footprint.size_bytes))


def _control(params: OpenVinoInt8Params, model: Stored, data: Stored, examples: Examples, context: StepContext) -> Control | None:
    if not params.control:
        return None
    quality = judge(model, data, examples, context.check)
    if quality is None:
        raise StepError(
            "There is no share of right answers on validation examples here that could be kept.",
            "Connect labelled data with a validation split, or do not ask to keep the score.",
        )
    return Control(quality, params.loss)


def _described(before: ModelArtifact, path: Path, title: str) -> ModelArtifact:
    found = openvino_file.footprint(openvino_file.read(path), path)
    update = {
        "format": "openvino",
        "files": {"weights": _XML, "bin": _BIN},
        "precision": "int8",
        "constants": before.constants if before.format in ("onnx", "openvino") else (),
        # Rounding changes no multiplication into none; OpenVINO does not count them itself.
        "footprint": found.model_copy(update={"flops": before.footprint.flops, "layers": before.footprint.layers}),
        "lineage": (*before.lineage, title),
    }
    return before.model_copy(update=update)


def _executed(stored: Stored, context: StepContext) -> Executed:
    """What OpenVINO says of the graph it compiled."""
    ran = session_of(stored, context.threads, batch=stored.model.batch or 1).execution.by_precision
    floats = {name: count for name, count in ran.items() if name != "int8"}
    return Executed(ran.get("int8", 0), sum(floats.values()), tuple(f"{count} in {name}" for name, count in floats.items()))
