"""Quantises to int8 by ONNX Runtime."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from greenbench.core.artifact import Fact
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.card import card
from greenbench.ml.compress import onnx_layers, panel, sensitivity, static_int8
from greenbench.ml.compress.sensitivity import Sensitivity
from greenbench.ml.compress.static_int8 import Calibrated, Examples, Int8Settings
from greenbench.ml.export import to_onnx
from greenbench.ml.panel import noun_of
from greenbench.steps.quantize_static.spec import StaticInt8Params
from greenbench.steps.quantizing import RANDOM, Judge, calibration, described, few, judge, tell, watch

_FILE = "model.int8.onnx"
_LISTED = 10


def apply(inputs: Inputs, params: StaticInt8Params, context: StepContext) -> StepOutcome:
    """Exports the model, finds ranges on the calibration split, writes the int8 graph and counts what executes in int8.

    Raises:
        StepError: no calibration data, already quantised, no such layer, or the quantiser cannot handle the graph.
        ModelError: the model cannot be exported, or the data does not fit it.
        DataError: the data has no calibration split.
    """
    stored, data = inputs.one("model"), inputs.one("data")
    examples = calibration(stored, data, params.examples, context.seed)
    settings = Int8Settings(params.method, params.percentile, params.per_channel, params.range)
    target = context.folder / _FILE
    with TemporaryDirectory(prefix="greenbench-") as folder:
        scratch = Path(folder)
        context.progress(0.0, "exporting")
        source = to_onnx(stored, scratch, context)
        context.check()
        calibrated = static_int8.calibrate(source, scratch / "prepared.onnx", examples, settings, watch(context, "calibrating", 0.1, 0.5))
        context.check()
        kept = _Choice(calibrated, examples, scratch, target, context).made(params, stored, data)
        context.check()
        done = onnx_layers.executed(target, scratch / "optimised.onnx", context.title)
    tell(done, context)
    notes = [done.sentence, *kept.notes, *([RANDOM] if data.dataset.random else [])]
    made = described(stored.model, target, "int8", context.title, *notes)
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title="Fell back to floating point", value=done.floats),
        *kept.facts,
        Fact(title=f"Calibration {noun_of(data.dataset)}", value=len(examples)),
        Fact(title="Bits of weights", value=7 if static_int8.reduced_range(params.range) else 8),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))


@dataclass(frozen=True)
class _Kept:
    """The layers that stayed in floating point, with what there is to say about them."""

    notes: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


class _Choice:
    """Chooses the layers that stay in floating point, and writes the graph."""

    def __init__(self, calibrated: Calibrated, examples: Examples, scratch: Path, target: Path, context: StepContext) -> None:
        self._calibrated, self._examples = calibrated, examples
        self._scratch, self._target, self._context = scratch, target, context

    def made(self, params: StaticInt8Params, model: Stored, data: Stored) -> _Kept:
        quality = judge(model, data, self._examples, self._context.check)
        if params.skip == "enough" and quality is None:
            raise StepError(
                "There is no share of right answers on validation examples here by which layers could be chosen.",
                "Connect labelled data with a validation split, or leave out the most sensitive layers.",
            )
        named = onnx_layers.chosen(self._calibrated.layers, params.names) if params.skip == "named" else ()
        scanned = params.scan or params.skip in ("worst", "enough")
        table = self._scan(params.scan_examples, model.model.task, quality) if scanned else ()
        if params.skip == "enough" and quality is not None:
            return self._enough(table, quality, params.loss)
        left = named or tuple(each.layer for each in table[: params.count if params.skip == "worst" else 0])
        self._calibrated.write(self._target, without=left)
        return _Kept(self._note(left), (*self._left(left), *_listed(table)))

    def _scan(self, count: int, key: str, quality: Judge | None) -> tuple[Sensitivity, ...]:
        table = sensitivity.scan(
            self._calibrated,
            few(self._examples, count),
            self._scratch,
            key in ("classification", "segmentation"),
            quality,
            watch(self._context, "looking for sensitive layers", 0.5, 0.8),
        )
        for each in table:
            self._context.log(f"int8 in {each.layer} alone: {each.sentence}")
        return table

    def _enough(self, table: tuple[Sensitivity, ...], quality: Judge, loss: float) -> _Kept:
        order = [each.layer for each in table]
        left, lost = sensitivity.enough(
            self._calibrated, order, self._target, self._examples, quality, loss, watch(self._context, "leaving layers out", 0.8, 0.95)
        )
        held = f"{100 * max(lost, 0):.2g} pp on {quality.examples} validation examples"
        if lost > loss:
            self._context.log(f"The validation score still falls by {held}, with every layer in floating point.", "warning")
        return _Kept(self._note(left), (*self._left(left), Fact(title="Loss that is left", text=held), *_listed(table)))

    def _note(self, left: tuple[str, ...]) -> tuple[str, ...]:
        return (f"Left in floating point: {', '.join(left)}.",) if left else ()

    def _left(self, left: tuple[str, ...]) -> tuple[Fact, ...]:
        return (Fact(title="Left in floating point", value=len(left), text=", ".join(left) or "no layer"),)


def _listed(table: tuple[Sensitivity, ...]) -> tuple[Fact, ...]:
    """The most sensitive layers, worst first."""
    return tuple(Fact(title=f"Int8 in {each.layer} alone", text=each.sentence) for each in table[:_LISTED])
