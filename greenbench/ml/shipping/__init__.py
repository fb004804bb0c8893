"""Models as files for others: one module for each format, which writes it and reads it back; and the proof that it answers the same.

No module here imports the library of its format before it is asked to write or read.
"""

from importlib import import_module

from greenbench.core.jobs import ExportFormat
from greenbench.ml.shipping.format import Format

__all__ = ["Format", "format_of"]

_MODULES: dict[ExportFormat, str] = {
    "onnx": "onnx_graph",
    "pt2": "exported",
    "torchscript": "torchscript",
    "safetensors": "weights",
    "openvino": "openvino_ir",
    "packed": "packed_file",
}


def format_of(key: ExportFormat) -> Format:
    """The writer and reader of a format."""
    found: Format = import_module(f"greenbench.ml.shipping.{_MODULES[key]}").FORMAT
    return found
