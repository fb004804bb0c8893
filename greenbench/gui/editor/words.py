"""The words a node shows: footer, facts, rows and hover cards, made from status and pipeline. No Qt, tested as text."""

import math
from pathlib import Path
from typing import Any

from greenbench.core.artifact import Artifact, DatasetArtifact, ModelArtifact
from greenbench.core.params import FieldKind, FieldSpec
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.ports import Port
from greenbench.core.quote import scale, significant
from greenbench.core.run import NodeState
from greenbench.core.task import TASKS
from greenbench.gui.editor.status import BROKEN, NodeStatus, RunBoard, VariantStatus, missing_input

STATE_WORDS = {
    NodeState.WAITING: "Waiting",
    NodeState.RUNNING: "Running",
    NodeState.DONE: "Done",
    NodeState.CACHED: "Cached",
    NodeState.FAILED: "Failed",
    NodeState.SKIPPED: "Skipped",
    NodeState.MUTED: "Muted",
    NodeState.CANCELLED: "Stopped",
}
STATE_ICONS = {
    NodeState.WAITING: ("circle-dashed", "muted"),
    NodeState.DONE: ("check-circle", "success"),
    NodeState.CACHED: ("archive-box", "muted"),
    NodeState.FAILED: ("warning-octagon-fill", "danger"),
    NodeState.SKIPPED: ("skip-forward-circle", "muted"),
    NodeState.MUTED: ("prohibit", "muted"),
    NodeState.CANCELLED: ("stop-circle", "muted"),
}


def state_word(status: NodeStatus) -> str:
    """ "Done", "Failed"; a node that changed after its run says so, and a source that was looked at before one."""
    if status.refused and status.state not in (NodeState.RUNNING, NodeState.FAILED):
        return "Refused"
    if status.state is None and status.read:
        return "Read"
    if status.state is None:
        return "Changed, not run" if status.stale else "Not run yet"
    return STATE_WORDS[status.state]


def state_icon(status: NodeStatus) -> tuple[str, str]:
    """The icon of a state and its colour; what a check refuses looks like what failed."""
    if status.refused and status.state is not NodeState.RUNNING:
        return STATE_ICONS[NodeState.FAILED]
    if status.state is None and status.read:
        return STATE_ICONS[NodeState.CACHED]
    return STATE_ICONS[status.state or NodeState.WAITING]


def waiting_for(pipeline: Pipeline, board: RunBoard, id: str) -> str:
    """What a node waits for, or what it lacks: "Waiting for Train", "Connect data", "Not run yet"."""
    missing = missing_input(pipeline, id)
    if missing:
        return f"Connect {missing}"
    status = board.status(id)
    if board.running and status.state is NodeState.WAITING and status.text:
        return status.text[:1].upper() + status.text[1:]
    if board.running and status.state is NodeState.WAITING:
        open_inputs = [
            link.source for link in pipeline.into(id) if board.status(link.source).state in (NodeState.WAITING, NodeState.RUNNING)
        ]
        return f"Waiting for {pipeline.node(open_inputs[0]).title}" if open_inputs else "Next"
    if status.refused:
        return "Cannot run as it is"
    return "Changed, run again" if status.stale else "Read" if status.read else "Not run yet"


def clock(seconds: float) -> str:
    """Time left as on a clock: "1:12 left"."""
    whole = max(round(seconds), 0)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d} left" if hours else f"{rest // 60}:{rest % 60:02d} left"


def footer(pipeline: Pipeline, board: RunBoard, id: str) -> tuple[str, str]:
    """The two texts of a node's last line: what stands left, and right where it is not energy."""
    status = board.status(id)
    if status.refused and (status.state is None or status.finished):
        return waiting_for(pipeline, board, id), ""
    match status.state:
        case NodeState.MUTED:
            passes = pipeline.spec(id).pass_through
            return ("Passes its input on" if passes else "Left out"), ""
        case NodeState.RUNNING:
            left = clock(status.remaining_s) if status.remaining_s is not None else status.text
            return f"{math.floor(status.fraction * 100)} %", left
        case NodeState.FAILED:
            return short_reason(status), "Fix…"
        case NodeState.SKIPPED | NodeState.CANCELLED:
            return short_reason(status), ""
        case NodeState.DONE | NodeState.CACHED:
            return status.headline or STATE_WORDS[status.state], ""
    return waiting_for(pipeline, board, id), ""


def short_reason(status: NodeStatus) -> str:
    """Why a node has no result, in about four words."""
    if status.failure is None:
        return state_word(status)
    kind = status.failure.kind.strip()
    if status.state is NodeState.FAILED and kind and " " not in kind:
        kind += " problem"  # "Model" alone reads like a name that was cut off
    words = (kind or status.failure.message).split()
    text = " ".join(words[:4]).rstrip(".,;:")
    return text[:1].upper() + text[1:]


def short_value(field: FieldSpec, value: Any) -> str:
    """A value as it stands on a node: of a path the last part, which says more than the first."""
    if field.kind in (FieldKind.FILE, FieldKind.FOLDER):
        return Path(str(value)).name or str(value)
    if field.kind is FieldKind.LINES:
        count = len([line for line in str(value).splitlines() if line.strip()])
        return f"{count} line{'s' * (count != 1)}" if count else ""
    return field.format(value)


def setting_words(field: FieldSpec, value: Any) -> str:
    """A setting with its name: "Temperature: 4"; "" without a value."""
    text = short_value(field, value)
    return f"{field.title}: {text}" if text.strip() else ""


def port_words(port: Port) -> str:
    """What a port is called and whether it may stay empty: "Control, without teacher (optional)"."""
    asked = [word for word, says in (("optional", port.optional), ("any number", port.many)) if says]
    return f"{port.label} ({', '.join(asked)})" if asked else port.label


def _given(field: FieldSpec, value: Any) -> str:
    """A setting in a line of others: a bare number says what it counts, and a zero that stands for "as it is" says nothing."""
    text = short_value(field, value)
    if field.kind not in (FieldKind.INTEGER, FieldKind.NUMBER) or field.unit or field.percent:
        return text
    return "" if value == field.default == 0 else f"{field.title.lower()} {text}"


def facts_line(pipeline: Pipeline, status: NodeStatus, id: str) -> str:
    """What a source gives, or the settings by which it will: "1797 images, 8×8 px", "ResNet-20, 1.09 MB"."""
    spec, node = pipeline.spec(id), pipeline.node(id)
    chosen = [spec.field(name) for name in spec.highlights]
    given = {field.name: node.params.get(field.name, field.default) for field in spec.fields}
    values = [_given(field, given[field.name]) for field in chosen if field and field.visible(given)]
    values = [value for value in values if value.strip()]
    for artifact in status.outputs.values():
        if isinstance(artifact, DatasetArtifact):
            examples = sum(split.examples for split in artifact.splits.values())
            return f"{quote_count(examples)} {_things(artifact)}"
        if isinstance(artifact, ModelArtifact):
            return ", ".join([*values[:1], size_text(artifact.footprint.size_bytes)])
    return ", ".join(values[:2]) or "No settings"


def _things(artifact: DatasetArtifact) -> str:
    shape = artifact.input.shape
    if len(shape) == 3:
        return f"images, {shape[1]}×{shape[2]} px"
    return f"examples of {'×'.join(map(str, shape))}"


def quote_count(value: int) -> str:
    return f"{value:,}"


def size_text(size_bytes: float) -> str:
    shown = scale("B", [size_bytes])
    return f"{significant(size_bytes * shown.factor, 3 if shown.unit != 'B' else 6)} {shown.unit}"


def row_word(source: NodeStatus, variant: VariantStatus | None, benchmark: NodeStatus) -> str:
    """The state of one model at a benchmark, in a word."""
    if variant and variant.text:
        return variant.text
    if source.state is NodeState.MUTED:
        return "Passed on"
    if source.state in BROKEN:
        return "Skipped" if source.state is not NodeState.CANCELLED else "Stopped"
    if source.state is NodeState.RUNNING:
        return f"{math.floor(source.fraction * 100)} %"
    if source.finished:
        return "Ready" if not benchmark.broken else "No reading"
    return "Waiting" if source.state is NodeState.WAITING else ""


def flow(pipeline: Pipeline, board: RunBoard, link: Link) -> tuple[str, str]:
    """The card of a link: what flows, and its shape, size and accuracy; or that nothing does yet."""
    kind = pipeline.output_port(link).kind
    status = board.status(link.source)
    artifact = status.outputs.get(link.output)
    title = pipeline.node(link.source).title
    if artifact is None:
        word = kind.noun.removeprefix("a ").capitalize()
        if status.broken:
            return f"{word}: none", f'"{title}" gave nothing: {short_reason(status).lower()}.'
        return word, f'Nothing yet: "{title}" has not run.'
    return describe(artifact, status)


_FORMATS = {"torch": "PyTorch", "onnx": "ONNX", "torchscript": "TorchScript", "exported": "torch.export", "openvino": "OpenVINO"}


def describe(artifact: Artifact, status: NodeStatus) -> tuple[str, str]:
    """An artefact in two lines: "Model, ONNX, int8" and "1×8×8 in · 0.31 MB · 98.9 %"."""
    if isinstance(artifact, ModelArtifact):
        title = f"Model, {_FORMATS[artifact.format]}, {artifact.precision}"
        accuracy = next((f.value for f in status.facts if f.unit == "%" and "accuracy" in f.title.lower() and f.value is not None), None)
        parts = [f"{'×'.join(map(str, artifact.input.shape))} in", size_text(artifact.footprint.size_bytes)]
        return title, " · ".join([*parts, *([f"{accuracy * 100:.1f} %"] if accuracy is not None else [])])
    if isinstance(artifact, DatasetArtifact):
        splits = " · ".join(f"{name} {quote_count(split.examples)}" for name, split in artifact.splits.items())
        about = f"{len(artifact.classes)} classes" if artifact.classes else TASKS[artifact.task].title.lower()
        return f"Data, {artifact.name}, {about}", splits
    return "Results", f"{len(artifact.variants)} variants"
