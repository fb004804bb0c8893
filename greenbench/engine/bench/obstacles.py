"""What is in the way of a benchmark, told from its settings and a model's description alone: asked before a run, and again in it."""

import os
from typing import Any

from greenbench.core.artifact import ModelArtifact
from greenbench.core.run import Scenario
from greenbench.core.runtimes import refusal, unavailable

Obstacle = tuple[str, str]


def obstacles(params: Any, device: str) -> list[Obstacle]:
    """Why a benchmark cannot run on this machine with that device, whatever the models: sentences with their remedies."""
    found = []
    missing = unavailable(params.runtime, device)
    if missing:
        found.append(missing)
    cores = os.cpu_count() or 1
    if params.threads > cores:
        found.append((f"{params.threads} threads are more than this machine's {cores} cores.", f"Choose at most {cores}."))
    return found


def model_obstacle(params: Any, model: ModelArtifact) -> Obstacle | None:
    """Why a benchmark cannot measure a model: a sentence without its subject, the model's name, and the remedy; None if it can."""
    refused = refusal(params.runtime, model.format, model.precision)
    if refused:
        return refused
    if params.scenario == Scenario.OFFLINE:
        return None  # it finds the batch by itself
    if model.batch not in (None, params.call_batch):
        noun = "example" if model.batch == 1 else "examples"
        remedy = f"Set the batch size to {model.batch}, or export the model with a free batch."
        if params.scenario == Scenario.SERVER:
            remedy = "Export the model with a free batch: queries are answered one by one."
        return f"takes {model.batch} {noun} in a call, not {params.call_batch}.", remedy
    return None
