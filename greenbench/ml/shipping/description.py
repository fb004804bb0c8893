"""The JSON file beside every exported model: what it takes, what it answers, and where it comes from, for people and programs."""

import json
from pathlib import Path

from pydantic import ValidationError

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError

_FORMAT, _VERSION = "greenbench model", 1


def write_description(model: ModelArtifact, folder: Path, name: str) -> str:
    """Writes `name`.json and returns its name."""
    text = json.dumps({"format": _FORMAT, "version": _VERSION, "model": model.model_dump(mode="json")}, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return f"{name}.json"


def read_description(folder: Path, name: str) -> ModelArtifact | None:
    """What `name`.json says; None if there is no such file.

    Raises:
        FileFormatError: it is something else, or damaged.
    """
    path = folder / f"{name}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["version"] != _VERSION:
            raise FileFormatError(f"{path.name} was written by another version of GreenBench.", "Export the model again.")
        return ModelArtifact.model_validate(content["model"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise FileFormatError(f"{path.name} is damaged: {str(error).splitlines()[0]}.", "Export the model again.") from None
