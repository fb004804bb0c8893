"""The model and the data of a past run's variant are found in the cache, or the sentence says what to do."""

import pytest

from greenbench.core.artifact import DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo
from greenbench.core.errors import StoreError
from greenbench.core.run import Plan, PlannedNode, RunResult, RunState, Source, VariantResult
from greenbench.core.step import StepOutcome
from greenbench.engine import past
from greenbench.engine.cache import Cache
from greenbench.engine.past import find_variant, variant_model

MODEL = ModelArtifact(
    format="torch",
    files={"weights": "w"},
    input=InputSpec(shape=(1,)),
    classes=("a", "b"),
    footprint=Footprint(parameters=1, nonzero_parameters=1, size_bytes=4),
)
SPLITS = {"test": SplitInfo(examples=10, digest="d")}
DATA = DatasetArtifact(kind="array", name="Ten", input=InputSpec(shape=(1,)), classes=("a", "b"), splits=SPLITS)


def planned(id, step, **inputs):
    sources = {port: tuple(Source(node=node, output=output) for node, output in many) for port, many in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params={}, inputs=sources, digest=f"digest-{id}")


@pytest.fixture
def result():
    nodes = (
        planned("data", "data.digits"),
        planned("net", "train", data=[("data", "data")]),
        planned("small", "distil.soft", student=[("net", "model")]),
        planned("bench", "benchmark", models=[("net", "model"), ("small", "student")], data=[("data", "data")]),
    )
    variants = (
        VariantResult(letter="A", node="net", name="Train", benchmark="bench"),
        VariantResult(letter="B", node="small", name="Small one", benchmark="bench"),
    )
    return RunResult(run_id="r1", title="T", state=RunState.FINISHED, started="", plan=Plan(title="T", nodes=nodes), variants=variants)


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path)
    for node, output, artifact in (("net", "model", MODEL), ("small", "student", MODEL), ("data", "data", DATA)):
        folder = made.begin()
        (folder / "w").touch()
        made.commit(f"digest-{node}", folder, StepOutcome({output: artifact}), 0.0)
    return made


@pytest.mark.parametrize("text", ["B", "b", "Small one", "small ONE", "small"])
def test_a_variant_is_found_by_letter_name_or_node(text, result):
    assert find_variant(result, text).letter == "B"


def test_an_unknown_variant_is_answered_with_those_there_are(result):
    with pytest.raises(StoreError, match=r'Run r1 has no variant "C". It has: A \(Train\), B \(Small one\)\.'):
        find_variant(result, "C")


def test_a_name_of_two_variants_asks_for_the_letter(result):
    both = tuple(variant.model_copy(update={"name": "Same"}) for variant in result.variants)
    with pytest.raises(StoreError, match='Several variants of run r1 are called "same"'):
        find_variant(result.model_copy(update={"variants": both}), "same")


def test_the_model_is_the_output_that_was_linked_to_the_benchmark(result, cache):
    ref = variant_model(result, result.variants[1], cache)
    assert ref.folder == str(cache.path("digest-small"))
    assert (ref.title, ref.node) == ("Small one", "small")
    assert past.test_data(result, result.variants[1], cache).artifact == DATA


def test_what_the_cache_no_longer_has_says_how_to_get_it_back(result, cache):
    cache.clear()
    with pytest.raises(StoreError, match=r'The model "Train" of run r1 is no longer in the cache\. Run its pipeline again'):
        variant_model(result, result.variants[0], cache)
    assert past.test_data(result, result.variants[0], cache) is None
