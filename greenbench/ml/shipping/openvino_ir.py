"""A model as OpenVINO IR: the graph in an .xml file, its numbers in a .bin file of the same name."""

import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.export import export_onnx
from greenbench.ml.runtimes.openvino_library import openvino
from greenbench.ml.shipping.format import beside, first_line, shipped


class OpenVinoIr:
    """An .xml file and a .bin file. Networks go by way of ONNX, whose export is compared with the network on the way."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        files = {"weights": f"{name}.xml", "bin": f"{name}.bin"}
        model = stored.model
        if model.format == "openvino":
            for role, target in files.items():
                shutil.copyfile(stored.file(role), folder / target)
            return shipped(model, folder, files=files)
        with TemporaryDirectory(prefix="greenbench-", dir=folder) as scratch:
            if model.format in ("torch", "exported"):
                made = export_onnx(stored, Path(scratch), context)
                stored, model = Stored(made, Path(scratch), stored.node, stored.title), made
            _convert(stored, folder / files["weights"])
        return shipped(model, folder, format="openvino", files=files, architecture=None)

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        return beside(described, folder, name)


def _convert(stored: Stored, target: Path) -> None:
    library = openvino()
    try:
        converted: Any = library.convert_model(_source(stored))
        # Its own default would halve the precision of the numbers, of which no one was told.
        library.save_model(converted, target, compress_to_fp16=False)
    except ModelError:
        raise
    except Exception as error:  # each front end raises its own kinds
        raise ModelError(f'"{stored.title}" cannot be written for OpenVINO: {first_line(error)}', "Choose ONNX.") from error


def _source(stored: Stored) -> Any:
    if stored.model.format == "onnx":
        return stored.file("weights")
    import torch

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch advises against TorchScript; the file is there all the same
        return torch.jit.load(stored.file("weights"), map_location="cpu").eval()  # type: ignore[no-untyped-call]


FORMAT = OpenVinoIr()
