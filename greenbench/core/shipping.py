"""In which formats a model can be taken away, and the sentence where it cannot.

Light: the window and the command line ask here before anything starts. The writers themselves are in greenbench.ml.shipping.
"""

import importlib.util
from dataclasses import dataclass

from greenbench.core.artifact import ModelArtifact, ModelFormat
from greenbench.core.jobs import ExportFormat
from greenbench.core.runtimes import FORMAT_NOUNS


@dataclass(frozen=True)
class ShippingFormat:
    """A format for others. `takes`: the kinds of models that can be written so; `suffix` of its main file; `summary` who reads it."""

    key: ExportFormat
    title: str
    suffix: str
    takes: tuple[ModelFormat, ...]
    summary: str


SHIPPING: dict[ExportFormat, ShippingFormat] = {
    each.key: each
    for each in (
        ShippingFormat(
            "onnx", "ONNX", ".onnx", ("torch", "torchscript", "exported", "onnx"), "ONNX Runtime, TensorRT, OpenVINO and most others."
        ),
        ShippingFormat("pt2", "torch.export", ".pt2", ("torch", "exported"), "PyTorch itself, and ExecuTorch after lowering."),
        ShippingFormat(
            "torchscript", "TorchScript", ".pt", ("torch", "torchscript"), "PyTorch without the Python code, C++ and older mobile runtimes."
        ),
        ShippingFormat(
            "safetensors",
            "safetensors",
            ".safetensors",
            ("torch",),
            "Any program: the weights alone; the header says how to build the network.",
        ),
        ShippingFormat(
            "openvino",
            "OpenVINO IR",
            ".xml",
            ("torch", "torchscript", "exported", "onnx", "openvino"),
            "OpenVINO on Intel and ARM processors.",
        ),
        ShippingFormat(
            "packed", "Packed", ".gbpack", ("torch", "onnx"), "GreenBench: the smallest lossless file, for storing and sending."
        ),
    )
}


def export_refusal(key: ExportFormat, model: ModelArtifact) -> tuple[str, str] | None:
    """Why a model cannot be taken away in a format: the sentence, without its subject, and the remedy; None if it can
    ("… is an ONNX graph, which cannot be written as TorchScript.")."""
    wanted = SHIPPING[key]
    if model.format not in wanted.takes:
        able = [each.title for each in SHIPPING.values() if model.format in each.takes]
        listed = " or ".join(filter(None, (", ".join(able[:-1]), able[-1])))
        return f"is {FORMAT_NOUNS[model.format]}, which cannot be written as {wanted.title}.", f"Choose {listed}."
    if key in ("onnx", "openvino") and model.precision == "bf16":
        return (
            f"is bf16, and no runtime here runs {wanted.title} files of that, so it could not be proved.",
            "Cast to fp16, or choose torch.export.",
        )
    if key == "openvino" and importlib.util.find_spec("openvino") is None:
        return "cannot be written for OpenVINO, which is not installed.", 'Install it with pip install "greenbench[openvino]".'
    return None
