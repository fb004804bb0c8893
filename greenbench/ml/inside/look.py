"""The job of looking inside: chooses the view by the runtime, and the example that the layers are timed on."""

from pathlib import Path

import numpy as np

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.jobs import LookInside, ModelView, StoredRef
from greenbench.core.runtimes import FORMAT_NOUNS, RUNTIMES
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import OWN_RUNTIME, Array, noise, runtime_words
from greenbench.ml.data import open_dataset
from greenbench.ml.inside.found import Inside


def look(request: LookInside, context: StepContext) -> ModelView:
    """The layers of a model as `request.runtime` executes it, where its layers can be told apart; else as its file's own runtime does.

    Raises:
        ModelError: the file is damaged, or does not take its input.
    """
    stored = Stored(request.model.artifact, Path(request.model.folder), request.model.node, request.model.title)
    model = stored.model
    wanted, notes = _runtime(request.runtime, model)
    context.progress(0.05, "loading")
    example = _example(stored, request.data)
    found = _view(wanted, stored, example, request.threads, context)
    context.progress(1.0, "done")
    return ModelView(
        title=stored.title,
        format=model.format,
        runtime=found.runtime,
        layers=found.layers,
        seconds=found.seconds,
        notes=(*notes, *found.notes),
    )


def _runtime(wanted: str, model: ModelArtifact) -> tuple[str, tuple[str, ...]]:
    """The runtime whose layers are shown, and what a reader must know if it is another than was asked for."""
    own = OWN_RUNTIME[model.format]
    if wanted in ("onnxruntime", "openvino") and model.format in (*RUNTIMES[wanted].loads, *RUNTIMES[wanted].converts):
        return (wanted, ()) if model.format != "torchscript" else (own, (_instead(wanted, own),))
    if wanted == own or wanted not in RUNTIMES or wanted == "eager":
        return own, ()
    return own, (_instead(wanted, own),)


def _instead(wanted: str, own: str) -> str:
    return f"{RUNTIMES[wanted].title} does not tell its layers apart; these are those of {runtime_words(own)}."


def _example(stored: Stored, data: StoredRef | None) -> Array:
    """One example, or as many as the file takes, from the test split; random without data."""
    count = stored.model.batch or 1
    if data is not None:
        dataset = open_dataset(Stored(data.artifact, Path(data.folder), data.node, data.title), stored)
        name = "test" if "test" in dataset.artifact.splits else next(iter(dataset.artifact.splits), "")
        if name and len(split := dataset.split(name)):
            return split.take(np.arange(count) % len(split))
    return noise(stored.model.input, count).arrays()[0]


def _view(runtime: str, stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    format = stored.model.format
    if runtime in ("onnxruntime", "openvino") and format in ("torch", "exported"):
        from greenbench.ml.export import export_onnx

        context.progress(0.1, "exporting to ONNX")
        folder = context.folder / "graph"
        folder.mkdir()
        stored = Stored(export_onnx(stored, folder, context), folder, stored.node, stored.title)
    if runtime == "onnxruntime":
        from greenbench.ml.inside.onnx_view import view as of_graph

        return of_graph(stored, example, threads, context)
    if runtime == "openvino":
        from greenbench.ml.inside.openvino_view import view as of_ir

        return of_ir(stored, example, threads, context)
    if format == "torch":
        from greenbench.ml.inside.network_view import view as of_network

        return of_network(stored, example, threads, context)
    if format == "exported":
        from greenbench.ml.inside.program_view import view as of_program

        return of_program(stored, example, threads, context)
    if format == "torchscript":
        from greenbench.ml.inside.script_view import view as of_script

        return of_script(stored, example, threads, context)
    raise ModelError(f'"{stored.title}" is {FORMAT_NOUNS[format]}, which cannot be looked into.', "Choose another model.")
