"""Writes the coded file of a model, and proves it by reading it back."""

import numpy as np
import torch
from safetensors.torch import load_file

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.answering import batch_of, noise, session_of
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import packed, panel
from greenbench.ml.compress.tensor_coding import SMALLEST, Coding
from greenbench.ml.data import open_dataset
from greenbench.ml.models.versions import versioned
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.shipping.packed_file import of_graph, unpack_graph
from greenbench.steps.encode.spec import EncodeParams

PACKED = "model.packed"
_REPORT = "Please report this."
_EXAMPLES = 256
_MOST_TENSORS = 12


def apply(inputs: Inputs, params: EncodeParams, context: StepContext) -> StepOutcome:
    """Encodes, decodes, and demands the same bits and the same answers; the decoded model is what leaves.

    Raises:
        ModelError: what was read back differs, or the model does not run.
        StepError: a tensor is not made of numbers.
    """
    stored = inputs.one("model")
    data = inputs.many("data")
    context.check()
    context.progress(0.0, "coding")
    coding = SMALLEST if params.coding == "smallest" else Coding(params.dense_bits, params.conv_bits)
    tensors = _tensors(stored)
    path = context.folder / PACKED
    path.write_bytes(packed.encode(tensors, context.check, coding))
    context.progress(0.4, "reading back")
    written = path.read_bytes()
    decoded = packed.decode(written, PACKED)
    _demand_same_bits(tensors, decoded, context.title)
    context.check()
    made = _restored(stored, decoded, context)
    context.progress(0.7, "comparing answers")
    examples = _demand_same_answers(stored, made, data[0] if data else None, context)
    footprint = made.footprint.model_copy(update={"size_coded_bytes": len(written)})
    made = made.model_copy(update={"files": {**made.files, "packed": PACKED}, "footprint": footprint})
    plain = stored.model.footprint.size_bytes
    larger = _larger(len(written), stored.model.footprint.size_coded_bytes)
    for fact in larger:
        context.log(fact.text, "warning")
    facts = (*_facts(written, plain, examples), *larger, *card(stored, made, data[0] if data else None, context))
    return StepOutcome({"model": made}, facts, f"{panel.size(len(written))}, {plain / len(written):.1f}× smaller")


def _tensors(stored: Stored) -> packed.Tensors:
    """All numbers of a model by name; of an ONNX graph also what is not numbers."""
    if stored.model.format == "torch":
        return packed.arrays(load_file(stored.file("weights")))
    tensors, extra = of_graph(stored.file("weights"))
    return {**tensors, **extra}


def _demand_same_bits(tensors: packed.Tensors, decoded: packed.Tensors, title: str) -> None:
    for name, array in tensors.items():
        found = decoded.get(name)
        if found is None or found.dtype != array.dtype or found.shape != array.shape or found.tobytes() != array.tobytes():
            raise ModelError(f'"{title}": {name} was not read back bit for bit.', _REPORT)
    if len(decoded) != len(tensors):
        raise ModelError(f'"{title}": the packed file holds more than was written.', _REPORT)


def _restored(stored: Stored, decoded: dict[str, packed.Array], context: StepContext) -> ModelArtifact:
    """The model of the decoded numbers, saved in the context's folder."""
    if stored.model.format == "torch":
        module = load_module(stored)
        module.load_state_dict(versioned(module, packed.tensors(decoded)))
        made = save_module(module, context.folder, stored, load_masks(stored), step=context.title)
        update = {"files": made.files, "footprint": made.footprint, "lineage": made.lineage}
        return stored.model.model_copy(update=update)  # all else is as it was, half precision too
    file = unpack_graph(dict(decoded), context.folder)
    lineage = (*stored.model.lineage, context.title)
    path = context.folder / file
    return stored.model.model_copy(update={"files": {"weights": file}, "footprint": onnx_footprint(path), "lineage": lineage})


def _demand_same_answers(stored: Stored, made: ModelArtifact, data: Stored | None, context: StepContext) -> int:
    """Asks both models the same examples, of the validation split where data is linked; returns how many."""
    after = Stored(made, context.folder, context.node, context.title)
    split = open_dataset(data, stored).split("validation") if data else noise(made.input, _EXAMPLES)
    count = min(_EXAMPLES, len(split))
    batch = batch_of(made)
    examples = split.take(np.arange(count // batch * batch if made.batch else count))
    with torch.no_grad():
        expected, found = (session_of(one, context.threads, batch=batch).answers(examples, batch) for one in (stored, after))
    if expected.tobytes() != found.tobytes():
        raise ModelError(f'"{context.title}": the model that was read back answers differently.', _REPORT)
    return len(examples)


def _larger(written: int, before: int | None) -> tuple[Fact, ...]:
    """A word where an earlier coding of the model was smaller than the file that was written."""
    if before is None or before >= written:
        return ()
    text = (
        f"This file is larger than the coding the model came with ({panel.size(before)}): leave out this step, or let it choose the coding."
    )
    return (Fact(title="Note", text=text),)


def _facts(written: bytes, plain: int, examples: int) -> tuple[Fact, ...]:
    ledger, tensors = packed.ledger(written), sorted(packed.tensor_bytes(written), key=lambda one: -one.coded)
    fixed = sum(one.fixed for one in tensors) + ledger.header
    return (
        Fact(title="Packed file", value=len(written), unit="B", before=plain),
        Fact(title="Times smaller than the plain file", text=f"{plain / len(written):.1f}"),
        *(Fact(title=f"File: {part}", value=bytes, unit="B") for part, bytes in ledger.lines),
        Fact(title="With fixed widths instead of Huffman's code", value=fixed, unit="B"),
        *(Fact(title=f"Bytes of {one.name}", value=one.coded, unit="B", before=one.plain) for one in tensors[:_MOST_TENSORS]),
        Fact(title="Read back", text=f"every bit the same, {examples} answers identical"),
    )
