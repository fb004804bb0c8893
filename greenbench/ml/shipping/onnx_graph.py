"""A model as ONNX: exported from a network, or the graph itself under another name."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from greenbench.core.artifact import ModelArtifact
from greenbench.core.step import StepContext, Stored
from greenbench.ml.export import export_onnx
from greenbench.ml.shipping.format import beside, shipped

_DATA_FROM = 1 << 31  # protobuf's limit for one file


class OnnxGraph:
    """One .onnx file; numbers beyond two gigabytes lie beside it."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        with TemporaryDirectory(prefix="greenbench-", dir=folder) as scratch:
            made = export_onnx(stored, Path(scratch), context)
            files = place(Path(scratch) / made.files["weights"], folder, name)
        return shipped(made, folder, files=files)

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        return beside(described, folder, name)


def place(source: Path, folder: Path, name: str) -> dict[str, str]:
    """Moves a graph to `name`.onnx in `folder`, with its numbers inside where they fit; returns the files by role."""
    import onnx

    target = folder / f"{name}.onnx"
    model = onnx.load(os.fspath(source), load_external_data=False)
    external = any(
        tensor.HasField("data_location") and tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer
    )
    if not external:
        os.replace(source, target)
        return {"weights": target.name}
    model = onnx.load(os.fspath(source))
    if model.ByteSize() < _DATA_FROM:
        onnx.save_model(model, os.fspath(target))
        return {"weights": target.name}
    data = f"{target.name}.data"
    onnx.save_model(model, os.fspath(target), save_as_external_data=True, location=data)
    return {"weights": target.name, "data": data}


FORMAT = OnnxGraph()
