"""The job that says what a model file is: format, inputs, outputs, parameters, opset, and for bare weights whose they may be."""

from pathlib import Path

from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.jobs import Found, InspectFile
from greenbench.core.step import StepContext
from greenbench.core.trust import TrustRequest
from greenbench.ml.files.bringing import bring
from greenbench.ml.files.contents import Contents, counted
from greenbench.ml.files.sniff import Kind, Sniffed, sniff
from greenbench.ml.files.trust import file_hash, question

_FORMATS = {Kind.ONNX: "onnx", Kind.OPENVINO: "openvino", Kind.TORCHSCRIPT: "torchscript", Kind.EXPORTED: "exported"}
_CANDIDATES = 8


def inspect(request: InspectFile, context: StepContext) -> Found:
    """Looks into a file. One that would run code is looked into only if its hash is among the trusted; else `trust` asks for that.

    Raises:
        FileFormatError: there is no such file. One that is there but of no use is "unknown", with the reason as its sentence.
    """
    path = Path(request.path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise FileFormatError(f"{path} {what}.", "Check the path.")
    size = path.stat().st_size
    try:
        sniffed = sniff(path)
        context.progress(0.1, "reading")
        return _found(path, sniffed, frozenset(request.trusted), context)
    except FileFormatError as error:
        sha256 = file_hash(path)
        return Found(
            path=str(path),
            sha256=sha256,
            format="unknown",
            sentence=error.message,
            size_bytes=size,
            notes=tuple(filter(None, [error.remedy])),
        )


def _found(path: Path, sniffed: Sniffed, trusted: frozenset[str], context: StepContext) -> Found:
    runs_code = sniffed.kind not in (Kind.ONNX, Kind.OPENVINO, Kind.SAFETENSORS)
    own = context.folder / f"model{_SUFFIXES.get(sniffed.kind, '.pt')}" if runs_code else path
    sha256 = bring(path, own, context.check) if runs_code else file_hash(path)
    asked = question(own, sniffed, path.name) if runs_code else None
    trust = TrustRequest(path=str(path), sha256=sha256, kind=asked[0], explanation=asked[1]) if asked else None
    base = Found(
        path=str(path),
        sha256=sha256,
        format=_FORMATS.get(sniffed.kind, "weights"),
        sentence=f"{sniffed.kind[:1].upper()}{sniffed.kind[1:]}, not opened yet: it would run code.",
        size_bytes=sniffed.size_bytes,
        trust=trust,
    )
    if trust is not None and sha256 not in trusted:
        return base
    context.progress(0.3, "looking inside")
    if base.format == "weights":
        return _weights(base, own, path.name, trusted, context)
    contents = look(own, sniffed.kind, path.name)
    return base.model_copy(
        update={
            "sentence": f"{contents.sentence}.",
            "inputs": contents.inputs,
            "outputs": contents.outputs,
            "parameters": contents.parameters,
            "opset": contents.opset,
            "producer": contents.producer,
            "notes": (*(f"It cannot be used: {why} {what}" for why, what in contents.refusals), *_open_sizes(contents), *contents.notes),
        }
    )


_SUFFIXES = {Kind.EXPORTED: ".pt2"}


def look(path: Path, kind: Kind, name: str) -> Contents:
    """What a file with a whole network holds; the libraries are imported as they are needed. Trust must have been asked before.

    Raises:
        FileFormatError: it cannot be read.
        ModelError: what reads it is not installed.
    """
    match kind:
        case Kind.ONNX:
            from greenbench.ml.files import onnx_file

            return onnx_file.look(path)
        case Kind.OPENVINO:
            from greenbench.ml.files import openvino_file

            return openvino_file.look(openvino_file.read(path, name))
        case Kind.TORCHSCRIPT:
            from greenbench.ml.files import torch_files

            return torch_files.look_script(torch_files.load_script(path, name))
        case _:
            from greenbench.ml.files import torch_files

            return torch_files.look_exported(torch_files.load_exported(path, name))


def _open_sizes(contents: Contents) -> tuple[str, ...]:
    """What must be said at the step because the file leaves it open."""
    if not contents.inputs or contents.inputs[0].shape == ("?",):
        return ("Give the input size at the step: such a file does not say it.", *_others(contents))
    open_sizes = [side for side in contents.inputs[0].shape[1:] if isinstance(side, str)]
    notes = []
    if open_sizes:
        notes.append("It takes inputs of several sizes: give the one to use at the step.")
    if contents.inputs[0].shape and isinstance(contents.inputs[0].shape[0], int) and len(contents.inputs[0].shape) > 1:
        notes.append(f"Its batch is fixed: {contents.inputs[0].shape[0]} at a time.")
    if contents.inputs[0].dtype == "float16":
        notes.append("It takes half-precision numbers (fp16).")
    return (*notes, *_others(contents))


def _others(contents: Contents) -> tuple[str, ...]:
    if len(contents.inputs) < 2:
        return ()
    others = ", ".join(each.name for each in contents.inputs[1:])
    return (f"Besides {contents.inputs[0].name} it takes {others}: their values are held constant.",)


def _weights(base: Found, path: Path, name: str, trusted: frozenset[str], context: StepContext) -> Found:
    from greenbench.ml.files.weights_file import read_weights
    from greenbench.ml.models.weights import differences, matches

    try:
        weights = read_weights(path, trusted, name)
    except ModelError as error:  # a file of weights, but of no use
        return base.model_copy(update={"sentence": error.message, "notes": (error.remedy,)})
    values = sum(tensor.numel() for tensor in weights.state.values() if tensor.is_floating_point())
    context.progress(0.5, "comparing with architectures")
    found = tuple(each.candidate for each in matches(weights.shapes))[:_CANDIDATES]
    head = f"Weights without a network: {len(weights.state):,} tensors, {counted(values)} values"
    complete = [each.architecture for each in found if each.complete]
    if complete:
        tail = f"they fit {' or '.join(complete[:3])}"
    elif found:
        tail = f"nearest is {found[0].architecture}: {differences(found[0])}"
    else:
        tail = "no architecture known here has such tensors"
    return base.model_copy(update={"sentence": f"{head}; {tail}.", "parameters": values, "candidates": found, "notes": weights.notes})
