"""A network from a Python function: file.py:factory or package.module:factory."""

import json
from typing import Any, Literal, Self

from pydantic import model_validator

from greenbench.core.errors import ModelError
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.core.trust import TrustRequest
from greenbench.ml.python_source import locate
from greenbench.steps.outside import no_file, of_file
from greenbench.steps.preprocessing import PreprocessingParams

_EXPLANATION = (
    "Making the network runs this program and whatever it imports. It could read, change or send anything that you can, so allow it "
    "only if you trust who wrote it."
)


class FactoryParams(Params):
    """What makes the network, before what it takes."""

    factory: str = parameter(
        "", "Factory", "A function that returns the network: net.py:make_model for a file, package.module:make_model for installed code."
    )
    arguments: str = parameter("", "Arguments", 'Arguments of the function, as a JSON object: {"width": 32, "depth": 4}. Empty: none.')
    weights_file: str = parameter(
        "", "Weights file", "Weights for the network: .safetensors, or a PyTorch state dict. Empty: as the function leaves them.",
        kind=FieldKind.FILE,
    )  # fmt: skip
    task: Literal["auto", "classification", "regression", "segmentation", "detection", "other"] = parameter(
        "auto",
        "Task",
        "What its answers mean.",
        choices={
            "auto": "That of the linked data, else classification",
            "classification": "Classification",
            "regression": "Regression",
            "segmentation": "Segmentation",
            "detection": "Object detection",
            "other": "Other (latency, energy and size only)",
        },
        advanced=True,
    )
    class_names: str = parameter(
        "", "Class names", "A file with the names of the outputs in order: one a line, or JSON. Empty: of the linked data, or numbers.",
        kind=FieldKind.FILE, advanced=True,
    )  # fmt: skip
    trained: bool = parameter(False, "Already trained", "The function itself gives trained weights.", advanced=True)

    @model_validator(mode="after")
    def _arguments_readable(self) -> Self:
        self.arguments_given()
        return self

    def arguments_given(self) -> dict[str, Any]:
        """The arguments of the factory, as values."""
        if not self.arguments.strip():
            return {}
        try:
            found = json.loads(self.arguments)
        except ValueError as error:
            raise ValueError(f'the arguments are not valid JSON ({error}). Write them like {{"width": 32}}.') from None
        if not isinstance(found, dict):
            raise ValueError('the arguments must be a JSON object. Write them like {"width": 32}.')
        return found


class PythonParams(FactoryParams, PreprocessingParams):
    """The factory first, then what its network takes."""


def _trust(params: PythonParams) -> tuple[TrustRequest, ...]:
    try:
        source = locate(params.factory)
        _, sha256 = source.read()
    except ModelError:  # told by the obstacle
        return ()
    return (TrustRequest(path=str(source.path), sha256=sha256, kind="Python file", explanation=_EXPLANATION),)


def _obstacle(params: PythonParams) -> tuple[str, str] | None:
    try:
        locate(params.factory)
    except ModelError as error:
        return error.message[:1].lower() + error.message[1:], error.remedy
    return next((no_file(path) for path in (params.weights_file, params.class_names) if path and no_file(path)), None)


def _fingerprint(params: PythonParams) -> str:
    """The factory's file by its content, the other Python files beside it by size and time: it may import them."""
    try:
        source = locate(params.factory)
        _, sha256 = source.read()
        beside = sorted(source.path.parent.glob("*.py"))
    except (ModelError, OSError):
        return "absent"
    return ";".join((sha256, *(of_file(str(path)) for path in beside), of_file(params.weights_file), of_file(params.class_names)))


SPEC = StepSpec(
    key="model.python",
    version=1,
    title="Python model",
    group=Group.SOURCES,
    icon="code",
    summary="Takes the network that your own Python function returns.",
    help="Calls a function of yours that returns a torch.nn.Module with one tensor as input and one as answer. Link a data set to take "
    "input size and classes from there, or give the input size. The file is asked about once, because it runs as a program, and the "
    "network can then be trained, pruned and saved like any other. If the function never returns, Stop ends it. Keep the file as it is "
    "while its models are in use: a changed file is not loaded again for them.",
    params=PythonParams,
    apply="greenbench.steps.model_python.apply:apply",
    inputs=(Port("data", PortKind.DATASET, optional=True),),
    outputs=(Port("model", PortKind.MODEL),),
    highlights=("factory", "input"),
    aliases=("own network", "own model", "my model", "code", "factory", "module", "custom", "pytorch", "script"),
    fingerprint=_fingerprint,
    obstacle=_obstacle,
    trust=_trust,
)
