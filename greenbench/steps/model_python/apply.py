"""Makes the network of a Python factory and writes its weights."""

from pathlib import Path

import torch

from greenbench.core.artifact import Architecture, DatasetArtifact, InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.models import build, check_output
from greenbench.ml.models.class_names import read_class_names
from greenbench.ml.models.own import TEXT
from greenbench.ml.models.python_factory import python_architecture
from greenbench.ml.models.state_files import load_state, read_state
from greenbench.ml.panel import compact, model_facts
from greenbench.steps.model_python.spec import PythonParams
from greenbench.steps.preprocessing import input_spec


def apply(inputs: Inputs, params: PythonParams, context: StepContext) -> StepOutcome:
    """Calls the factory in this process, and tries the network on blank examples.

    Raises:
        TrustError: the factory's file is not allowed.
        ModelError: the factory fails, gives no network, or the network does not take such input or answer this task.
    """
    linked = inputs.many("data")
    data = linked[0].dataset if linked else None
    architecture = python_architecture(params.factory, params.arguments_given(), context.trusted)
    name = str(architecture.arguments["factory"]).replace("\\", "/").rpartition("/")[2]
    wanted = _input(params, data)
    context.progress(0.1, f"calling {name}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = build(architecture)
    context.check()
    if params.weights_file:
        path = Path(params.weights_file).expanduser()
        if load_state(module, read_state(path), path.name, name):
            raise ModelError(f"{path.name} is for another number of outputs than {name} has.", "Give the factory the right arguments.")
    task = params.task if params.task != "auto" else data.task if data is not None else "classification"
    shape = check_output(module, wanted, 0, name, task)
    classes = _classes(params, data, task, shape, name)
    check_output(module, wanted, len(classes), name, task)
    whole = {**architecture.arguments, "shape": list(wanted.shape), "classes": len(classes)}
    blueprint = Blueprint(
        Architecture(name=architecture.name, arguments=whole),
        wanted,
        classes,
        trained=params.trained or bool(params.weights_file),
        task=task,
        origin=f"{name}, Python",
        digest=str(architecture.arguments["sha256"]),
    )
    made = save_module(module, context.folder, blueprint, step=context.title)
    return StepOutcome({"model": made}, model_facts(made), f"{compact(made.footprint.parameters)} params")


def _input(params: PythonParams, data: DatasetArtifact | None) -> InputSpec:
    if params.constants.strip():
        raise ModelError("A Python model takes one input; other inputs cannot be set for it.", "Set them inside the factory.")
    if data is not None and data.input.kind == "text":
        return input_spec(params, TEXT)
    if data is not None and data.input.shape:
        return input_spec(params, data.input)
    if not params.input.strip():
        raise ModelError("The input size of this model is not known.", "Give the input size, like 3x224x224, or link a data set.")
    return input_spec(params, InputSpec(shape=()))


def _classes(params: PythonParams, data: DatasetArtifact | None, task: str, shape: tuple[int, ...], name: str) -> tuple[str, ...]:
    """The names of the outputs: from the file, from the data, or numbers."""
    if not TASKS[task].has_classes:
        return ()
    if params.class_names:
        return read_class_names(Path(params.class_names).expanduser())
    if data is not None and data.task == task and not data.random:
        return data.classes
    if task == "detection" or len(shape) < 2:
        return ()
    return tuple(str(index) for index in range(shape[1]))
