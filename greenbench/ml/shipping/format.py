"""What an export asks of a format: write a model, and open what was written without anything else."""

from pathlib import Path
from typing import Protocol

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError
from greenbench.core.step import StepContext, Stored


class Format(Protocol):
    """One format for others."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        """Writes a model into `folder`, every file called `name` and an ending; returns the description of what was written.

        Raises:
            ModelError: this model cannot be written so.
        """

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path) -> Stored:
        """What was written, ready to be given to a runtime. `described` is what the description beside it says; a format that
        carries its own needs none. `scratch` is an empty folder for what has to be unpacked.

        Raises:
            FileFormatError: the file is damaged.
        """


def shipped(model: ModelArtifact, folder: Path, **changes: object) -> ModelArtifact:
    """The description of a model in its new files: their bytes, and no files of ours that stay behind (masks, tokenizer)."""
    made = model.model_copy(update=changes)
    size = sum((folder / name).stat().st_size for name in made.files.values())
    return made.model_copy(update={"footprint": made.footprint.model_copy(update={"size_bytes": size})})


def beside(described: ModelArtifact | None, folder: Path, name: str) -> Stored:
    """What the description in `name`.json says, where the file itself cannot say it.

    Raises:
        FileFormatError: there is no such description.
    """
    if described is None:
        raise FileFormatError(f"{name}.json is missing.", "Export the model again.")
    return Stored(described, folder, "", name)
