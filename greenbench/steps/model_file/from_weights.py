"""Weights become a network of the library again, if there is exactly one to which they belong."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.artifacts import WEIGHTS, Blueprint, load_module, save_module
from greenbench.ml.files.weights_file import Weights, read_weights
from greenbench.ml.models import build, check_output, published
from greenbench.ml.models.blank import blank
from greenbench.ml.models.versions import versioned
from greenbench.ml.models.weights import Match, differences, match, matches
from greenbench.steps.model_file.naming import class_names
from greenbench.steps.model_file.spec import ModelFileParams
from greenbench.steps.preprocessing import input_spec, parse_shape

_OURS = "greenbench"  # the header line that our own export writes: the whole description
_LISTED = 5
_ALIKE = 1e-4  # of the largest output
_SAY_WHICH = "Write the name of the network into Architecture."


def network_of_weights(path: Path, params: ModelFileParams, context: StepContext) -> ModelArtifact:
    """The network with the weights of a file.

    Raises:
        FileFormatError, TrustError, ModelError: see the step.
    """
    context.progress(0.05, "reading the weights")
    weights = read_weights(path, context.trusted)
    if _OURS in weights.metadata and not params.architecture.strip():
        return _exported_here(path, weights, params, context)
    context.progress(0.2, "looking for the architecture")
    shape = parse_shape(params.input) if params.input.strip() else None
    chosen, notes = _named(params.architecture, weights, shape) if params.architecture.strip() else _found(weights, shape, params, path)
    context.check()
    context.progress(0.5, f"building {chosen.architecture.name}")
    module = _filled(chosen, weights.state, path.name)
    about = published(chosen.architecture.name)
    input = input_spec(params, chosen.input)
    task = about.task if params.task == "auto" else params.task
    outputs = check_output(module, input, 0, path.name, task)
    classes = class_names(params, task, outputs, about.classes, path.name)
    narrow = {tensor.dtype for tensor in weights.state.values() if tensor.is_floating_point()} - {torch.float32}
    if narrow:
        kinds = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in narrow))
        notes += (f"The file holds {kinds}; the network computes in fp32.",)
    context.progress(0.7, "saving")
    return save_module(
        module,
        context.folder,
        Blueprint(
            chosen.architecture,
            input,
            classes,
            trained=True,
            task=task,
            notes=(*weights.notes, *notes),
            origin=f"the file {path.name}",
            digest=weights.sha256,
        ),
        step=context.title,
    )


def _named(name: str, weights: Weights, shape: tuple[int, ...] | None) -> tuple[Match, tuple[str, ...]]:
    """The architecture that the user named, if the weights are its."""
    found = match(name, weights.shapes, shape)
    if found.candidate.complete:
        return found, ()
    others = [each for each in matches(weights.shapes, shape=shape) if each.candidate.complete][:3]
    named = f" They are those of {', '.join(each.candidate.architecture for each in others)}." if others else ""
    raise ModelError(
        f"The weights do not fit {found.candidate.architecture}: {differences(found.candidate)}.{named}",
        "Choose the architecture that they were trained with; empty finds it.",
    )


def _found(weights: Weights, shape: tuple[int, ...] | None, params: ModelFileParams, path: Path) -> tuple[Match, tuple[str, ...]]:
    """The one architecture that fits; of several that answer alike, the first."""
    offered = matches(weights.shapes, shape=shape)
    complete = [each for each in offered if each.candidate.complete]
    if not complete:
        raise ModelError(_none_fits(path.name, weights, offered), f"{_SAY_WHICH[:-1]}, or give the network itself as ONNX or .pt2.")
    first, *others = complete
    note = f"The architecture {first.candidate.architecture} was found by the names and shapes of the tensors."
    if not others:
        return first, (note,)
    alike, different = _answering_alike(complete, weights.state, path.name)
    prepared = {(each.input.mean, each.input.std) for each in alike}
    if different or (len(prepared) > 1 and params.normalise == "auto"):
        names = ", ".join(each.candidate.architecture for each in complete[:_LISTED])
        why = "compute differently with them" if different else "expect images to be normalised differently"
        raise ModelError(f"The weights of {path.name} fit several networks, which {why}: {names}.", _SAY_WHICH)
    names = ", ".join(each.candidate.architecture for each in others[:_LISTED])
    return first, (note, f"{names} would answer the same with these weights.")


def _none_fits(name: str, weights: Weights, offered: tuple[Match, ...]) -> str:
    if not offered:
        keys = ", ".join(list(weights.shapes)[:3])
        return f"No network known here has tensors like those of {name} ({len(weights.shapes)}: {keys}, …)."
    nearest = "; ".join(f"{each.candidate.architecture}: {differences(each.candidate, 1)}" for each in offered[:_LISTED])
    return f"The weights of {name} fit no network known here whole. Nearest are {nearest}."


def _answering_alike(found: list[Match], state: dict[str, Tensor], name: str) -> tuple[list[Match], list[Match]]:
    """Which of several architectures give the same answers with the weights as the first, and which give others."""
    first = found[0]
    example = torch.randn(blank(first.input, 2).shape, generator=torch.Generator().manual_seed(0))
    if first.input.kind == "text":
        example = blank(first.input, 2)
    alike, different = [first], []
    with torch.inference_mode():
        expected = _filled(first, state, name)(example)
        for each in found[1:]:
            if each.input.shape != first.input.shape:
                different.append(each)
                continue
            answers = _filled(each, state, name)(example)
            same = answers.shape == expected.shape and float((answers - expected).abs().max()) <= _ALIKE * float(expected.abs().max())
            (alike if same else different).append(each)
    return alike, different


def _filled(chosen: Match, state: dict[str, Tensor], name: str) -> nn.Module:
    """The network of an architecture with the weights in it."""
    with torch.random.fork_rng(devices=[]):
        module = build(chosen.architecture)
    own = module.state_dict()
    _check_kinds(own, state, name)
    fitting = {key: tensor.to(own[key].dtype) for key, tensor in state.items() if key in own}
    try:
        left = module.load_state_dict(versioned(module, fitting), strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"The weights of {name} do not fit {chosen.architecture.name}: {reason}", _SAY_WHICH) from None
    lacking = [key for key in left.missing_keys if not key.endswith("num_batches_tracked")]
    if lacking:
        raise ModelError(f"The weights of {name} lack {lacking[0]} of {chosen.architecture.name}.", _SAY_WHICH)
    _check_finite(module, name)
    return module.eval()


def _check_kinds(own: Mapping[str, Tensor], state: Mapping[str, Tensor], name: str) -> None:
    """Demands fractions where the network has fractions: whole numbers are those of a quantized network, without their scales."""
    whole = next(
        (key for key, tensor in state.items() if key in own and own[key].is_floating_point() and not tensor.is_floating_point()), None
    )
    if whole is not None:
        kind = str(state[whole].dtype).removeprefix("torch.")
        raise ModelError(
            f'{name}: "{whole}" holds whole numbers ({kind}), where the network has fractions.',
            "Save the network before it is quantized, or export it as ONNX.",
        )


def _check_finite(module: nn.Module, name: str) -> None:
    """Demands that no parameter is infinite. Buffers may be: a mask of attention is."""
    for key, parameter in module.named_parameters():
        if parameter.is_floating_point() and not bool(torch.isfinite(parameter).all()):
            count = int((~torch.isfinite(parameter)).sum())
            raise ModelError(
                f'{name}: {count:,} of {parameter.numel():,} values of "{key}" are not finite numbers.',
                "The training that made it came apart; take an earlier checkpoint.",
            )


def _exported_here(path: Path, weights: Weights, params: ModelFileParams, context: StepContext) -> ModelArtifact:
    """A file that GreenBench wrote says itself what it is, also when it was pruned."""
    try:
        described = ModelArtifact.model_validate(json.loads(weights.metadata[_OURS]))
    except ValueError as error:
        raise FileFormatError(f"{path.name}: its description is damaged: {str(error).splitlines()[0]}.", "Export it again.") from None
    if described.architecture is None or described.architecture.name in ("python", "transformers"):
        raise ModelError(
            f"{path.name} holds weights of a network that is not in the library.",
            "Use the step Python model or Hugging Face model with these weights, or export it as ONNX or .pt2.",
        )
    (context.folder / WEIGHTS).write_bytes(path.read_bytes())
    stored = Stored(described.model_copy(update={"files": {"weights": WEIGHTS}, "format": "torch"}), context.folder, "", context.title)
    module = load_module(stored)
    input = input_spec(params, described.input)
    task = described.task if params.task == "auto" else params.task
    outputs = check_output(module, input, 0, path.name, task)
    known = class_names(params, task, outputs, described.classes, path.name)
    kept = {"input": input, "task": task, "classes": known, "digest": weights.sha256, "origin": described.origin or f"the file {path.name}"}
    like = described.model_copy(update=kept)
    return save_module(module, context.folder, like, trained=described.trained, step=context.title)
