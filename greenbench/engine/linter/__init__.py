"""Before a run: what would spoil its numbers, in the words of the doctor, each with what to do. Nothing here hinders a run."""

from contextlib import suppress

from greenbench.core.advice import Advice
from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Pipeline
from greenbench.engine.linter import machine_rules, pipeline_rules
from greenbench.engine.linter.pipeline_rules import Look
from greenbench.engine.linter.surroundings import NOTHING, Surroundings, load_for, look_around
from greenbench.engine.plan import Conditions
from greenbench.engine.preflight import Known, nothing_known
from greenbench.engine.sources import complete_part, sources_plan

__all__ = ["Surroundings", "lint", "load_for", "look_around"]


def lint(
    pipeline: Pipeline, conditions: Conditions = Conditions(), around: Surroundings = NOTHING, known: Known = nothing_known
) -> tuple[Advice, ...]:
    """What would spoil the numbers of this pipeline here and now, the most important first.

    `known` says what a source gives, where it has been read before. A pipeline without a benchmark measures nothing, so nothing is said.
    """
    if not any(node.step == "benchmark" and not node.muted for node in pipeline.nodes.values()):
        return ()
    look = Look(pipeline, conditions, around, _data(pipeline, conditions, known))
    found = [advice for rule in pipeline_rules.RULES for advice in rule(look)]
    found += [advice for check in machine_rules.RULES if (advice := check(around, conditions)) is not None]
    return tuple(sorted(found, key=lambda advice: -advice.weight))


def _data(pipeline: Pipeline, conditions: Conditions, known: Known) -> dict[str, DatasetArtifact]:
    """What the data sources gave that have been read; none of a pipeline that cannot be planned yet."""
    found: dict[str, DatasetArtifact] = {}
    if known is nothing_known:
        return found
    with suppress(GreenBenchError):
        for node in sources_plan(complete_part(pipeline, conditions), conditions).nodes:
            for artifact in (known(node) or {}).values():
                if isinstance(artifact, DatasetArtifact):
                    found[node.id] = artifact
    return found
