"""What an export asks of a format: write a model, and open what was written without anything else."""

from pathlib import Path
from typing import Protocol

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError, TrustError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.models.registry import PYTHON


class Format(Protocol):
    """One format for others."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        """Writes a model into `folder`, every file called `name` and an ending; returns the description of what was written.

        Raises:
            ModelError: this model cannot be written so.
        """

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        """What was written, ready to be given to a runtime. `described` is what the description beside it says; a format that
        carries its own needs none. `scratch` is an empty folder for what has to be unpacked; `trusted` are the hashes of Python files
        that may run to build the network.

        Raises:
            FileFormatError: the file is damaged.
            TrustError: its network is built by a Python file that is not among the trusted.
        """


def shipped(model: ModelArtifact, folder: Path, **changes: object) -> ModelArtifact:
    """The description of a model in its new files: their bytes, and no files of ours that stay behind (masks, tokenizer)."""
    made = model.model_copy(update=changes)
    size = sum((folder / name).stat().st_size for name in made.files.values())
    return made.model_copy(update={"footprint": made.footprint.model_copy(update={"size_bytes": size})})


def check_trust(model: ModelArtifact, trusted: frozenset[str], name: str) -> None:
    """A file may name any Python code as what builds its network: none of it runs that was not allowed.

    Raises:
        TrustError: it names some that was not.
    """
    architecture = model.architecture
    if architecture is None or architecture.name != PYTHON:
        return
    sha256 = str(architecture.arguments.get("sha256", ""))
    if sha256 not in trusted:
        factory = architecture.arguments.get("factory", "?")
        raise TrustError(
            f"{name} is built by Python code, {factory}, that you have not allowed to run.", f"Look at it first; its SHA-256 is {sha256}."
        )


def beside(described: ModelArtifact | None, folder: Path, name: str) -> Stored:
    """What the description in `name`.json says, where the file itself cannot say it.

    Raises:
        FileFormatError: there is no such description.
    """
    if described is None:
        raise FileFormatError(f"{name}.json is missing.", "Export the model again.")
    return Stored(described, folder, "", name)


def first_line(error: BaseException) -> str:
    """What an exporter's error says first: the reason stands there, the rest is its own traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
