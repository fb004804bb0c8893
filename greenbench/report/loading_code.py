"""The few lines of Python that load an exported model, for its card; they run as they stand, in the folder of the files."""

import json
from collections.abc import Callable

from greenbench.core.artifact import ModelArtifact
from greenbench.core.jobs import ExportFormat


def loading_code(format: ExportFormat, name: str, made: ModelArtifact, library_call: str = "") -> str:
    """A whole program: an example of zeros in, `outputs` out. `library_call` builds the network of a file of weights with its library
    alone ("timm.create_model(…)"); "": only GreenBench can."""
    if format == "safetensors" and library_call:
        return _library_weights(name, made, library_call)
    return _CODE[format](name, made)


def _quoted(text: str) -> str:
    """A string as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _example(made: ModelArtifact) -> str:
    shape = ", ".join(str(side) for side in (made.batch or 1, *made.input.array_shape))
    comma = "" if made.input.array_shape else ","
    return f"x = numpy.zeros(({shape}{comma}), {_quoted(made.input.dtype)})  # your examples, prepared as described below\n"


def _held(made: ModelArtifact) -> str:
    """The model's other inputs as entries of a dictionary by name."""
    entries = []
    for each in made.constants:
        shape = tuple((made.batch or 1) if side == -1 else side for side in each.shape)
        entries.append(f"{_quoted(each.name)}: numpy.full({shape}, {each.value!r}, {_quoted(each.dtype)})")
    return f"{{{', '.join(entries)}}}"


def _trusted(made: ModelArtifact) -> str:
    """The argument that lets the user's own code build the network, where it does."""
    sha256 = made.architecture.arguments.get("sha256") if made.architecture else None
    return f", trusted=[{_quoted(str(sha256))}]" if sha256 else ""


def _onnx(name: str, made: ModelArtifact) -> str:
    return (
        "import numpy\nimport onnxruntime\n\n"
        f'session = onnxruntime.InferenceSession({_quoted(name + ".onnx")}, providers=["CPUExecutionProvider"])\n'
        f"{_example(made)}"
        f"inputs = {_held(made)}\n"
        "inputs |= {each.name: x for each in session.get_inputs() if each.name not in inputs}\n"
        "outputs = session.run(None, inputs)[0]\n"
    )


def _pt2(name: str, made: ModelArtifact) -> str:
    call = "network(torch.from_numpy(x))"
    before = ""
    if made.constants:
        before = (
            f"inputs = {_held(made)}\n"
            'names = [node.name for node in network.graph.nodes if node.op == "placeholder"]\n'
        )  # fmt: skip
        call = "network(*(torch.from_numpy(inputs.get(name, x)) for name in names))"
    return (
        "import numpy\nimport torch\n\n"
        f"network = torch.export.load({_quoted(name + '.pt2')}).module()\n"
        f"{_example(made)}{before}"
        f"with torch.inference_mode():\n    outputs = {call}\n"
    )


def _torchscript(name: str, made: ModelArtifact) -> str:
    held = f", **{{name: torch.from_numpy(value) for name, value in {_held(made)}.items()}}" if made.constants else ""
    return (
        "import numpy\nimport torch\n\n"
        f"network = torch.jit.load({_quoted(name + '.pt')})\n"
        f"{_example(made)}"
        f"with torch.inference_mode():\n    outputs = network(torch.from_numpy(x){held})\n"
    )


def _safetensors(name: str, made: ModelArtifact) -> str:
    return (
        "import numpy\nimport torch\n\nfrom greenbench.ml.shipping.loading import load_network\n\n"
        f"network = load_network({_quoted(name + '.safetensors')}{_trusted(made)})  # a torch.nn.Module\n"
        f"{_example(made)}"
        "with torch.inference_mode():\n    outputs = network(torch.from_numpy(x))\n"
    )


# The one network that refuses tensors without the version it writes beside them, which safetensors cannot hold.
_VERSIONED = "tensors = type(network.state_dict())(tensors)\ntensors._metadata = network.state_dict()._metadata\n"


def _library_weights(name: str, made: ModelArtifact, library_call: str) -> str:
    imports = sorted(("import numpy", "import torch", f"import {library_call.partition('.')[0]}"))
    return (
        "\n".join(imports) + "\nfrom safetensors.torch import load_file\n\n"
        f"network = {library_call}\n"
        f"tensors = load_file({_quoted(name + '.safetensors')})\n"
        f"{_VERSIONED if '.mnasnet' in library_call else ''}"
        "network.load_state_dict(tensors)\n"
        "network.eval()\n"
        f"{_example(made)}"
        "with torch.inference_mode():\n    outputs = network(torch.from_numpy(x))\n"
    )


def _openvino(name: str, made: ModelArtifact) -> str:
    inputs = "inputs = [x]\n"
    if made.constants:
        inputs = f"inputs = {_held(made)}\ninputs |= {{each: x for each in model.inputs if not each.names & inputs.keys()}}\n"
    return (
        "import numpy\nimport openvino\n\n"
        f'model = openvino.Core().compile_model({_quoted(name + ".xml")}, "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})\n'
        f"{_example(made)}{inputs}"
        "outputs = model(inputs)[0]\n"
    )


def _packed(name: str, made: ModelArtifact) -> str:
    return (
        "import numpy\n\nfrom greenbench.ml.shipping.loading import load_session\n\n"
        f"session = load_session({_quoted(name + '.gbpack')}{_trusted(made)})\n"
        f"{_example(made)}"
        "outputs = session.run(x)\n"
    )


_CODE: dict[ExportFormat, Callable[[str, ModelArtifact], str]] = {
    "onnx": _onnx,
    "pt2": _pt2,
    "torchscript": _torchscript,
    "safetensors": _safetensors,
    "openvino": _openvino,
    "packed": _packed,
}
