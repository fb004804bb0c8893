"""A whole network from a file stays as it is: it is copied, looked into, run once in its own runtime, and described."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import Footprint, ModelArtifact, ModelFormat
from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.files.bringing import bring
from greenbench.ml.files.contents import Contents
from greenbench.ml.files.inspect import look
from greenbench.ml.files.sniff import Kind, Sniffed
from greenbench.ml.files.trust import demand
from greenbench.ml.runtimes import runtime
from greenbench.ml.runtimes.runtime import first_line
from greenbench.ml.shipping.description import read_description
from greenbench.steps.model_file.naming import class_names, task_of
from greenbench.steps.model_file.spec import ModelFileParams
from greenbench.steps.model_file.taking import Taken, taken
from greenbench.steps.preprocessing import parse_constants

_FORMATS: dict[Kind, tuple[ModelFormat, str, str]] = {
    Kind.ONNX: ("onnx", "model.onnx", "onnxruntime"),
    Kind.OPENVINO: ("openvino", "model.xml", "openvino"),
    Kind.TORCHSCRIPT: ("torchscript", "model.pt", "eager"),
    Kind.EXPORTED: ("exported", "model.pt2", "eager"),
}
_RATES = ("sr", "sampling_rate", "sample_rate")
_NO_WEIGHT = Footprint(parameters=0, nonzero_parameters=0, size_bytes=0)


@dataclass(frozen=True)
class _Brought:
    """A private copy of the user's file: what files there are by role, and the hash of what the user gave."""

    files: dict[str, str]
    sha256: str


def whole_network(path: Path, sniffed: Sniffed, params: ModelFileParams, context: StepContext) -> ModelArtifact:
    """The artefact of a file with a whole network.

    Raises:
        FileFormatError, TrustError, ModelError: see the step.
    """
    format, name, runtime_name = _FORMATS[sniffed.kind]
    context.progress(0.05, "copying")
    brought = _bring(path, sniffed.kind, context.folder / name, context)
    own = context.folder / name
    demand(own, brought.sha256, context.trusted, path.name, sniffed)
    context.progress(0.3, "looking inside")
    contents = look(own, sniffed.kind, path.name)
    for why, what in contents.refusals:
        raise ModelError(f"{path.name}: {why}", what)
    said = _said_beside(path)
    takes = taken(contents, params, path.name, said)
    context.check()
    draft = ModelArtifact(
        format=format,
        files=brought.files,
        input=takes.input,
        constants=takes.constants,
        batch=takes.batch,
        task="other",
        classes=(),
        precision=contents.precision,
        trained=True,
        footprint=_NO_WEIGHT,
        lineage=(context.title,),
        origin=f"the file {path.name}",
        digest=brought.sha256,
    )
    context.progress(0.5, "trying it")
    outputs, notes = _tried(
        Stored(draft, context.folder, context.node, path.name), runtime_name, context, parse_constants(params.constants)
    )
    task, assumed = task_of(params, outputs.shape) if params.task != "auto" or said is None else (said.task, "")
    known = said.classes if said is not None and said.classes else contents.classes
    classes = class_names(params, task, outputs.shape, known, path.name)
    context.progress(0.8, "counting")
    return draft.model_copy(
        update={
            "task": task,
            "classes": classes,
            "footprint": _footprint(own, sniffed.kind, takes, contents, path.name),
            "notes": tuple(filter(None, (*contents.notes, *takes.notes, *notes, assumed))),
        }
    )


def _bring(path: Path, kind: Kind, target: Path, context: StepContext) -> _Brought:
    sha256 = bring(path, target, context.check)
    files = {"weights": target.name}
    if kind is Kind.OPENVINO:
        from greenbench.ml.files.openvino_file import numbers_beside

        bring(numbers_beside(path), target.with_suffix(".bin"), context.check)
        files["bin"] = target.with_suffix(".bin").name
    if kind is Kind.ONNX:
        from greenbench.ml.files import onnx_file

        model = onnx_file.read(path)
        if onnx_file.external_files(model, path):
            data = onnx_file.write_whole(target, onnx_file.read(path, external=True))
            files |= {"data": data} if data else {}
    return _Brought(files, sha256)


def _said_beside(path: Path) -> ModelArtifact | None:
    """What our own export wrote beside the file, if it did; a file of that name that is something else says nothing."""
    try:
        return read_description(path.parent, path.stem)
    except FileFormatError:
        return None


def _remedy(model: ModelArtifact, chosen: Collection[str]) -> str:
    """What to give where other inputs were held at a number of ours instead of one of the user's; "" where there are none."""
    ours = [each for each in model.constants if each.name not in chosen]
    if not ours:
        return ""
    # A state of many numbers usually begins at zero; a single number is a setting that zero seldom is.
    asked = min(ours, key=lambda each: (any(side != -1 for side in each.shape), each.dtype.startswith("float")))
    value = 16000 if asked.name.lower() in _RATES else 1
    held = ", ".join(f"{each.name} = {each.value:g}" for each in ours)
    return f"Give its other inputs under Other inputs, for example {asked.name}={value} (now {held})."


def _tried(stored: Stored, runtime_name: str, context: StepContext, chosen: Collection[str]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """What the file answers to one batch of random examples in its own runtime, and what of that a reader should know.

    Raises:
        ModelError: it does not run.
    """
    model = stored.model
    batch = model.batch or 1
    try:
        session = runtime(runtime_name).prepare(stored, context.threads, "cpu", batch)
    except ModelError as error:
        raise ModelError(error.message, _remedy(model, chosen) or error.remedy) from error
    random = np.random.default_rng(0)
    shape = (batch, *model.input.array_shape)
    whole = np.issubdtype(np.dtype(model.input.dtype), np.integer) or model.input.dtype == "bool"
    example = random.integers(0, 2, shape) if whole else random.standard_normal(shape)
    try:
        outputs = np.asarray(session.run(example.astype(session.dtype)))
    except Exception as error:  # each runtime fails with its own
        remedy = _remedy(model, chosen) or "Check the input size and the other inputs."
        raise ModelError(f"{stored.title} does not answer: {first_line(error)}", remedy) from error
    notes = []
    if outputs.dtype.kind == "f" and not np.isfinite(outputs).all():
        notes.append("To a random example it answers with values that are not finite numbers.")
    if outputs.ndim == 0 or outputs.shape[0] != batch:
        given = "×".join(str(side) for side in outputs.shape) or "a single number"
        raise ModelError(
            f"{stored.title} gives an output of {given} for {batch} example{'s' if batch > 1 else ''}; its first axis must be the batch.",
            "Export the model with the batch first.",
        )
    return outputs, tuple(notes)


def _footprint(path: Path, kind: Kind, takes: Taken, contents: Contents, name: str) -> Footprint:
    """Counted as far as the format lets it be."""
    match kind:
        case Kind.ONNX:
            return _onnx(path, takes)
        case Kind.OPENVINO:
            from greenbench.ml.files import openvino_file

            return openvino_file.footprint(openvino_file.read(path), path)
        case _:
            import torch

            from greenbench.ml.files import torch_files

            script = kind is Kind.TORCHSCRIPT
            module = torch_files.load_script(path, name) if script else torch_files.load_exported(path, name).module()
            weight = next((each.dtype for each in module.parameters() if each.is_floating_point()), torch.float32)
            dtype = getattr(torch, takes.input.dtype)
            example = torch.zeros((takes.batch or 1, *takes.input.array_shape), dtype=weight if dtype.is_floating_point else dtype)
            alone = not takes.constants  # with other inputs, whose form the runtime knows, work is not counted
            return torch_files.footprint(module, (example,) if alone else None, path)


def _onnx(path: Path, takes: Taken) -> Footprint:
    """Of a graph; sizes that the file leaves open are those that the user gave."""
    import onnx

    from greenbench.ml.onnx_graph import onnx_footprint

    if all(isinstance(side, int) for side in takes.sides):
        return onnx_footprint(path)
    model = onnx.load(os.fspath(path), load_external_data=False)
    for value in model.graph.input:
        if value.name == takes.main.name:
            for place, side in enumerate(takes.input.array_shape, start=1):
                value.type.tensor_type.shape.dim[place].dim_value = side
    fixed = path.with_name("fixed.onnx")
    try:
        onnx.save_model(model, os.fspath(fixed))
        return onnx_footprint(fixed).model_copy(update={"size_bytes": onnx_footprint(path).size_bytes})
    finally:
        fixed.unlink(missing_ok=True)
