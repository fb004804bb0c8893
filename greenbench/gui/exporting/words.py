"""What is said of an export: which formats can be written from a model, what the proof found, which files there are. No Qt."""

import re
from dataclasses import dataclass

from greenbench.core import quote
from greenbench.core.artifact import ModelArtifact
from greenbench.core.jobs import Exported, ExportFormat, Proof
from greenbench.core.shipping import SHIPPING, export_refusal
from greenbench.report.proof import proof_sentences


@dataclass(frozen=True)
class FormatChoice:
    """A format with its second line: who reads it, or why it cannot be written from this model."""

    key: ExportFormat
    title: str
    line: str
    possible: bool


def format_choices(model: ModelArtifact) -> list[FormatChoice]:
    """Every format, those that can be written first."""
    found = []
    for key, spec in SHIPPING.items():
        refused = export_refusal(key, model)
        line = f"The model {refused[0]}" if refused else spec.summary
        found.append(FormatChoice(key, f"{spec.title} ({spec.suffix})", line, refused is None))
    return sorted(found, key=lambda choice: not choice.possible)


def file_name(title: str, letter: str = "") -> str:
    """A name for files from a variant's title: "b-channels-50"."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{letter} {title}".lower()).strip("-")
    return words or "model"


def proof_words(proof: Proof) -> str:
    """The proof in sentences: "360 of 360 answers agree. Largest error 0.293 of outputs up to 37.1 (0.79 %); 30 % is allowed. …"."""
    if proof.agreement is not None:
        compared = f"{quote.count(round(proof.agreement * proof.examples))} of {quote.count(proof.examples)} answers agree."
    else:
        compared = f"{quote.count(proof.examples)} {'answer' if proof.examples == 1 else 'answers'} compared."
    return " ".join((compared, *proof_sentences(proof)))


def proof_where(proof: Proof) -> str:
    """Which process answered, and what was asked."""
    asked = "random inputs, because there is no data" if proof.random else "test examples"
    return f"{proof.process}, on {quote.count(proof.examples)} {asked}."


def files_words(exported: Exported) -> list[tuple[str, str]]:
    """The files with their sizes: ("half.onnx", "290 kB")."""
    found = []
    for each in exported.files:
        shown = quote.scale("B", [each.size_bytes])
        found.append((each.name, f"{quote.significant(each.size_bytes * shown.factor, 3)} {shown.unit}"))
    return [*found, (exported.card, "model card")] if exported.card else found
