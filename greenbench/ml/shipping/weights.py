"""A model as safetensors: its numbers, and in the header how to build the network, what it takes and what it answers.

Header: "geometry", the whole numbers in which a pruned network differs from its architecture (see greenbench.ml.artifacts), and
"greenbench", the description as JSON: architecture by name with arguments, input, task, classes, lineage.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.shipping.format import check_trust, shipped

KEY = "greenbench"


class Weights:
    """One .safetensors file."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        source, target = stored.file("weights"), folder / f"{name}.safetensors"
        described = stored.model.model_copy(update={"files": {"weights": target.name}})
        try:
            with safe_open(source, framework="pt") as file:
                header = dict(file.metadata() or {})
            # A header line may not break: JSON without spaces, as short as it gets.
            save_file(load_file(source), target, metadata={**header, KEY: described.model_dump_json(), "format": "pt"})
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f'"{stored.title}" cannot be written to {target.name}: {error}.', "Make room, or choose another folder."
            ) from None
        return shipped(stored.model, folder, files={"weights": target.name})

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        path = folder / f"{name}.safetensors"
        try:
            with safe_open(path, framework="pt") as file:
                text = (file.metadata() or {})[KEY]
            model = ModelArtifact.model_validate(json.loads(text))
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise FileFormatError(f"{path.name} is damaged: {error}.", "Export the model again.") from None
        check_trust(model, trusted, path.name)
        return Stored(model.model_copy(update={"files": {"weights": path.name}}), folder, "", name)


FORMAT = Weights()
