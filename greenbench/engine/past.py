"""Models and data of past runs: which cache entry a variant came from, and what to do where it is gone. Imports no torch."""

from greenbench.core.artifact import DatasetArtifact, ModelArtifact
from greenbench.core.errors import StoreError
from greenbench.core.jobs import StoredRef
from greenbench.core.run import RunResult, Source, VariantResult
from greenbench.engine.cache import Cache


def find_variant(result: RunResult, text: str) -> VariantResult:
    """The variant with that letter, name or node; letters and names in any case.

    Raises:
        StoreError: there is none, or the name is that of several.
    """
    wanted = text.strip().lower()
    for field in ("letter", "name", "node"):
        found = [variant for variant in result.variants if getattr(variant, field).lower() == wanted]
        if len({variant.node for variant in found}) > 1:
            raise StoreError(f'Several variants of run {result.run_id} are called "{text}".', f"Give the letter: {_listed(result)}.")
        if found:
            return found[0]
    has = f"It has: {_listed(result)}." if result.variants else "Nothing was benchmarked in it."
    raise StoreError(f'Run {result.run_id} has no variant "{text}".', has)


def _listed(result: RunResult) -> str:
    return ", ".join(f"{variant.letter} ({variant.name})" for variant in result.variants)


def variant_model(result: RunResult, variant: VariantResult, cache: Cache) -> StoredRef:
    """The model that a variant was, as it left its last step.

    Raises:
        StoreError: the cache no longer has it.
    """
    source = _fed(result, variant, "models", variant.node) or Source(node=variant.node, output="model")
    found = _stored(result, source, cache)
    if found is None or not isinstance(found.artifact, ModelArtifact):
        raise StoreError(
            f'The model "{variant.name}" of run {result.run_id} is no longer in the cache.',
            "Run its pipeline again: only what is missing is computed anew.",
        )
    return found.model_copy(update={"title": variant.name})


def test_data(result: RunResult, variant: VariantResult, cache: Cache) -> StoredRef | None:
    """The data a variant was judged on; None where the cache no longer has it."""
    source = _fed(result, variant, "data", None)
    found = _stored(result, source, cache) if source else None
    return found if found is not None and isinstance(found.artifact, DatasetArtifact) else None


def _fed(result: RunResult, variant: VariantResult, port: str, node: str | None) -> Source | None:
    """What is linked to a port of the variant's benchmark: from `node`, or the first."""
    benchmark = next((planned for planned in result.plan.nodes if planned.id == variant.benchmark), None)
    sources = benchmark.inputs.get(port, ()) if benchmark else ()
    return next((source for source in sources if node in (None, source.node)), None)


def _stored(result: RunResult, source: Source, cache: Cache) -> StoredRef | None:
    planned = next((node for node in result.plan.nodes if node.id == source.node), None)
    record = cache.get(planned.digest) if planned else None
    artifact = record.outputs.get(source.output) if record else None
    if planned is None or artifact is None:
        return None
    return StoredRef(artifact=artifact, folder=str(cache.path(planned.digest)), node=planned.id, title=planned.title)
