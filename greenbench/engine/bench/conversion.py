"""A model in the form its runtime loads: its own file, or an ONNX graph made of it once and kept in the cache beside it."""

from greenbench.core.artifact import ModelFormat
from greenbench.core.runtimes import FORMAT_NOUNS, RUNTIMES
from greenbench.core.step import StepOutcome, Stored
from greenbench.engine.executor import NodeContext


def for_runtime(stored: Stored, runtime: str, context: NodeContext) -> tuple[Stored, str]:
    """The model as the runtime loads it, and what was done for that, in words ("" for nothing).

    Raises:
        ModelError: it cannot be converted, or answers differently afterwards.
    """
    if stored.model.format in RUNTIMES[runtime].loads:
        return stored, ""
    return _as_onnx(stored, context), _words(stored.model.format)


def _words(format: ModelFormat) -> str:
    return f"{FORMAT_NOUNS[format]}, exported to ONNX".removeprefix("a ")


def _as_onnx(stored: Stored, context: NodeContext) -> Stored:
    cache = context.world.cache
    digest = onnx_digest(context.plan.node(stored.node).digest)
    record = cache.get(digest)
    if record is None:
        context.log(f"exporting {stored.title} to ONNX")
        folder = cache.begin()
        from greenbench.ml.export import export_onnx

        try:
            artifact = export_onnx(stored, folder, context)
            record = cache.commit(digest, folder, StepOutcome({"model": artifact}), 0.0)
        finally:
            if folder.exists():
                cache.abandon(folder)
    return Stored(record.outputs["model"], cache.path(digest), stored.node, stored.title)


def onnx_digest(digest: str) -> str:
    """The cache key under which the model of a node lies as ONNX."""
    return f"onnx-{digest}"
