"""What is said of an export: which formats can be written from a model, what the proof found, which files there are. No Qt."""

import re
from dataclasses import dataclass

from greenbench.core import quote
from greenbench.core.artifact import ModelArtifact
from greenbench.core.jobs import Exported, ExportFormat, Proof
from greenbench.core.metrics import BY_KEY
from greenbench.core.shipping import SHIPPING, export_refusal


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
    """The proof in a sentence: "360 of 360 answers agree, largest difference 2.4e-6, accuracy 97.5 % → 97.5 %."."""
    parts = []
    if proof.agreement is not None:
        agree = round(proof.agreement * proof.examples)
        parts.append(f"{quote.count(agree)} of {quote.count(proof.examples)} answers agree")
    else:
        parts.append(f"{quote.count(proof.examples)} {'answer' if proof.examples == 1 else 'answers'} compared")
    parts.append(
        f"largest difference {small(proof.largest_absolute)}, which is {small(proof.largest_relative)} of the largest output "
        f"(at most {_plain(proof.tolerance)} is allowed)"
    )
    if proof.before is not None and proof.after is not None:
        parts.append(_metric(proof))
    return "; ".join(parts) + "."


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


def small(value: float) -> str:
    """A small number as people type it: "2.4e-6", "0.012", "0"."""
    if value == 0:
        return "0"
    if abs(value) >= 1e-3:
        return quote.significant(value, 2)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{quote.MINUS if int(exponent) < 0 else ''}{abs(int(exponent))}"


def _plain(value: float) -> str:
    """A chosen limit, which has no digits to spare: "0.001", "1e-4"."""
    return f"{value:g}" if value >= 1e-3 else small(value).replace(".0e", "e")


def _metric(proof: Proof) -> str:
    metric = BY_KEY.get(proof.metric)
    title = metric.title.lower() if metric else proof.metric
    title = "mean IoU" if proof.metric == "mean_iou" else title
    assert proof.before is not None
    assert proof.after is not None
    if metric is None or not metric.fraction:
        return f"{title} {quote.significant(proof.before, 4)} → {quote.significant(proof.after, 4)}"
    return f"{title} {proof.before * 100:.1f} % → {proof.after * 100:.1f} %"
