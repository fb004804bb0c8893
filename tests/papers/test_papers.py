"""The papers' pipelines are whole, and their small form runs from data to verdict on real images."""

from pathlib import Path

import pytest

from greenbench.analysis.claims import names_in
from greenbench.core import document, places
from greenbench.core.artifact import ResultsArtifact
from greenbench.core.claim import ClaimResult
from greenbench.core.messages import NodeFailed, NodeFinished
from greenbench.core.pipeline import Pipeline
from greenbench.engine.cache import Cache
from greenbench.engine.executor import World, execute
from greenbench.engine.plan import Conditions, make_plan
from greenbench.steps import installed


def paper(path: Path) -> str:
    return path.name.partition("-")[0]


FILES = sorted((places.resources() / "pipelines" / "papers").glob("*.greenbench"), key=lambda path: int(paper(path).removeprefix("R")))
IN_FULL = ("R6", "R7")  # nothing to train, or next to nothing: they have no small form
COUNTED = ("R6",)  # 235 million weights need not be written for a suite; test_architecture_counts.py builds them without memory


def read(path: Path) -> Pipeline:
    return document.read(path, installed())


def verdicts(pipeline: Pipeline, folder: Path) -> list[ClaimResult]:
    """Runs a pipeline here and gives its claims."""
    found: list[ClaimResult] = []
    failed: list[str] = []

    def emit(event: object) -> None:
        if isinstance(event, NodeFinished):
            given = [artifact for artifact in event.outputs.values() if isinstance(artifact, ResultsArtifact)]
            found.extend(artifact.claim for artifact in given if artifact.claim)
        if isinstance(event, NodeFailed):
            failed.append(f"{event.failure.message} {event.failure.log[-1500:]}")

    plan = make_plan(pipeline, Conditions(threads=1))
    execute(plan, World(installed(), Cache(folder / "cache"), lambda: 0, emit, lambda: False))  # type: ignore[arg-type]
    assert not failed
    return found


def on_digits(pipeline: Pipeline) -> Pipeline:
    """The pipeline on the built-in digits at MNIST's size in place of the data it fetches, and without its benchmark."""
    changed = pipeline.copy()
    for node in pipeline.nodes.values():
        if node.step == "data.download":
            changed.nodes[node.id] = node.but(step="data.digits", params={"size": 28})
        if node.step == "benchmark":
            changed.nodes[node.id] = node.but(muted=True)
    return changed


def test_there_is_a_pipeline_for_every_paper() -> None:
    assert [paper(path) for path in FILES] == [f"R{number}" for number in range(1, 11)]


@pytest.mark.parametrize("path", FILES, ids=paper)
def test_a_paper_says_what_it_is_and_its_rule_speaks_of_what_is_connected(path: Path) -> None:
    pipeline = read(path)
    sample = pipeline.sample
    assert sample is not None
    assert sample.paper == paper(path)
    assert sample.kind == "papers"
    assert sample.label
    assert pipeline.description
    assert set(sample.minutes) == set(sample.names)
    claims = [node for node in pipeline.nodes.values() if node.step == "claim"]
    assert claims
    for claim in claims:
        connected = {pipeline.nodes[link.source].title for link in pipeline.into(claim.id)}
        assert set(names_in(claim.params["rule"])) <= connected
        assert claim.params["statement"]
        assert claim.params["published"]
    if paper(path) not in IN_FULL:
        make_plan(pipeline.with_budget("small"))
    assert document.loads(document.dumps(pipeline), installed()) == pipeline


@pytest.mark.parametrize("path", [path for path in FILES if paper(path) in IN_FULL and paper(path) not in COUNTED], ids=paper)
def test_papers_without_training_are_reproduced(path: Path, tmp_path: Path) -> None:
    for claim in verdicts(read(path), tmp_path):
        assert [line.text for line in claim.lines if not line.holds] == []


@pytest.mark.parametrize("path", [path for path in FILES if paper(path) not in IN_FULL], ids=paper)
def test_the_small_form_runs_to_a_verdict_on_every_line(path: Path, tmp_path: Path) -> None:
    found = verdicts(on_digits(read(path).with_budget("small")), tmp_path)
    assert found
    for claim in found:
        assert [line.reason for line in claim.lines if line.holds is None and "one seed" not in line.reason] == []
        assert all(model.error is not None for model in claim.models)
