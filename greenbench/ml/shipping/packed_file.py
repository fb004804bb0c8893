"""A model as one coded file: each tensor in the fewest bytes that read back bit-exact (greenbench.ml.compress.packed), and beside
them, as bytes, what the model is: its description, and of an ONNX graph everything but the numbers.
"""

import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.compress import packed
from greenbench.ml.shipping.format import check_trust, shipped

DESCRIPTION, GEOMETRY, GRAPH = "greenbench.description", "greenbench.geometry", "greenbench.graph"

Bytes = npt.NDArray[np.uint8]


class PackedFile:
    """One .gbpack file."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        target = folder / f"{name}.gbpack"
        tensors, extra = _of_network(stored) if stored.model.format == "torch" else of_graph(stored.file("weights"))
        model = stored.model.model_copy(update={"files": {"weights": target.name}})
        context.progress(0.2, "coding the weights")
        packed.write({DESCRIPTION: _bytes(model.model_dump_json().encode()), **extra, **tensors}, target)
        return shipped(stored.model, folder, files={"weights": target.name})

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        path = folder / f"{name}.gbpack"
        tensors = packed.read(path)
        try:
            model = ModelArtifact.model_validate_json(tensors.pop(DESCRIPTION).tobytes())
            check_trust(model, trusted, path.name)
            file = (_unpack_network if model.format == "torch" else unpack_graph)(tensors, scratch)
        except (KeyError, ValueError) as error:
            raise FileFormatError(f"{path.name} does not hold a whole model: {error}.", "Export the model again.") from None
        return Stored(model.model_copy(update={"files": {"weights": file}}), scratch, "", name)


def _bytes(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)


def _of_network(stored: Stored) -> tuple[packed.Tensors, dict[str, Bytes]]:
    """The numbers of a network, in buckets where they lie in buckets, and what its file's header says."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    path = stored.file("weights")
    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata() or {})
    coded = "buckets" in stored.model.files
    tensors = packed.read(stored.file("buckets")) if coded else packed.arrays(load_file(path))
    return tensors, {GEOMETRY: _bytes(json.dumps(header).encode())}


def _unpack_network(tensors: dict[str, packed.Array], scratch: Path) -> str:
    from safetensors.torch import save_file

    from greenbench.ml.compress import bucket_file  # brings torch, which a graph does without

    header = json.loads(tensors.pop(GEOMETRY).tobytes())
    save_file(bucket_file.restored(tensors), scratch / "unpacked.safetensors", metadata=header or None)
    return "unpacked.safetensors"


def of_graph(path: Path) -> tuple[packed.Tensors, dict[str, Bytes]]:
    """The initialisers as arrays, and the graph without their numbers."""
    import onnx

    tensors = packed.onnx_arrays(path)
    model = onnx.load(os.fspath(path), load_external_data=False)
    for initializer in model.graph.initializer:
        kept = onnx.TensorProto(name=initializer.name, data_type=initializer.data_type, dims=initializer.dims)
        initializer.CopyFrom(kept)
    return tensors, {GRAPH: _bytes(model.SerializeToString())}


def unpack_graph(tensors: dict[str, packed.Array], scratch: Path) -> str:
    """Writes the graph with its numbers into a folder; returns the file's name. The inverse of `of_graph`."""
    import onnx
    from onnx import numpy_helper

    model = onnx.ModelProto.FromString(tensors.pop(GRAPH).tobytes())
    for initializer in model.graph.initializer:
        initializer.CopyFrom(numpy_helper.from_array(tensors[initializer.name], initializer.name))
    onnx.save_model(model, os.fspath(scratch / "unpacked.onnx"), save_as_external_data=model.ByteSize() > 2**31 - 1)
    return "unpacked.onnx"


FORMAT = PackedFile()
