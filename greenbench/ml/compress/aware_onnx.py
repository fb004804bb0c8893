"""A settled network as an ONNX graph in QDQ form, and the proof that what executes answers like what was trained."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript import opset18 as op
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.core.quote import significant
from greenbench.core.step import StepContext
from greenbench.ml.answering import evenly
from greenbench.ml.compress import layers
from greenbench.ml.data import Split
from greenbench.ml.export import INPUT, OPSET, OUTPUT, quiet
from greenbench.ml.runtimes.onnx_runtime import open_session
from greenbench.ml.runtimes.runtime import first_line

_MOST_EXAMPLES = 1024
_BATCH = 64
# Of the spread of the answers, as root mean square. A value that falls on the other side of a step moves an answer by about a
# hundredth of it; a scale at the wrong place moves it by as much as it spreads.
_MOST_DIFFERENCE = 0.2


@dataclass(frozen=True)
class Agreement:
    """How alike the trained simulation and the executed graph answer: the share of examples with the same answer (None where answers are
    no classes), and the largest difference of an output, of the spread of all outputs."""

    examples: int
    same: float | None
    largest: float

    def sentence(self, noun: str) -> str:
        """ "Simulated and executed agree on 99.8 % of 360 validation images; outputs differ by at most 1.2 % of their spread."."""
        off = f"differ by at most {significant(100 * self.largest, 2)} % of their spread"
        if self.same is None:
            return f"Simulated and executed outputs {off} on {self.examples:,} validation {noun}."
        share = 100 * self.same if self.same == 1 else min(99.9, round(100 * self.same, 1))
        return f"Simulated and executed agree on {share:g} % of {self.examples:,} validation {noun}; outputs {off}."


def write(module: nn.Module, input: InputSpec, path: Path, title: str) -> str:
    """Writes a settled network as one ONNX file with a free batch size; returns what the exporter said, for the log.

    Raises:
        StepError: the exporter cannot write it.
    """
    try:
        with quiet() as said, torch.no_grad():
            torch.onnx.export(
                module,
                (layers.example(input, 2),),
                os.fspath(path),
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                external_data=False,
                custom_translation_table={
                    torch.ops.greenbench.quantised.default: _quantised,
                    torch.ops.greenbench.dequantised.default: _dequantised,
                },
            )
    except Exception as error:  # the exporter's stages each raise their own kinds
        raise StepError(f'"{title}" cannot be exported to ONNX: {first_line(error)}', "Choose Quantize int8 instead.") from error
    _strip(path)
    return said.getvalue().strip()


def _strip(path: Path) -> None:
    """Takes out where in the source each operator comes from, which can weigh as much as the weights."""
    model = onnx.load(os.fspath(path))
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    del model.graph.value_info[:], model.graph.metadata_props[:]
    onnx.save(model, os.fspath(path))


def agreement(module: nn.Module, path: Path, split: Split, context: StepContext) -> Agreement:
    """Asks the simulation and the graph about the same examples, at most 1,024 of the split, evenly spread.

    Raises:
        StepError: they do not answer alike; the graph is wrong.
    """
    session = open_session(path, context.threads, context.title)
    places = evenly(len(split), _MOST_EXAMPLES)
    simulated, ran = [], []
    module.eval()
    for start in range(0, len(places), _BATCH):
        context.check()
        batch = split.take(places[start : start + _BATCH])
        with torch.inference_mode():
            simulated.append(module(torch.from_numpy(batch)).numpy())
        ran.append(session.run([OUTPUT], {INPUT: batch})[0])
    expected, found = np.concatenate(simulated).astype(np.float64), np.concatenate(ran).astype(np.float64)
    spread = float(np.std(expected)) or 1.0
    apart = float(np.sqrt(np.mean((expected - found) ** 2))) / spread
    if not apart <= _MOST_DIFFERENCE:
        raise StepError(
            f'"{context.title}": ONNX Runtime answers otherwise than was trained, by {significant(100 * apart, 2)} % of the spread of the '
            "outputs.",
            "Set the bits of weights to 7, which no processor overflows.",
        )
    same = float(np.mean(expected.argmax(1) == found.argmax(1))) if expected.ndim > 1 and expected.shape[1] > 1 else None
    return Agreement(len(places), same, float(np.max(np.abs(expected - found))) / spread)


def _quantised(x: Any, scale: Any, zero: Any) -> Any:
    return op.QuantizeLinear(x, scale, zero)


def _dequantised(places: Any, scale: Any, zero: Any, axis: int) -> Any:
    return op.DequantizeLinear(places, scale, zero, axis=axis)
