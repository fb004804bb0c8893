"""Prunes N of every M weights."""

import torch

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import layers, magnitude, panel, semi_structured
from greenbench.ml.runtimes.sparse_layers import has_kernels
from greenbench.steps.prune_nm.spec import PatternParams

_MOST_NAMED = 3


def apply(inputs: Inputs, params: PatternParams, context: StepContext) -> StepOutcome:
    """Sets all but the N largest of every M weights to zero and saves the masks with the model; masks it came with are kept.

    Raises:
        StepError: no layer can take the pattern.
        ModelError: the model is an ONNX graph.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    module, earlier = load_module(stored), load_masks(stored)
    context.check()
    kept, group = map(int, params.pattern.split(":"))
    keep = magnitude.kept_layers(module, layers.example(stored.model.input), params.keep_first, params.keep_last)
    context.progress(0.3, "ranking weights")
    done = semi_structured.prune(module, semi_structured.PatternSettings(kept, group, keep), earlier, context.title)
    context.progress(0.6, "saving")
    made = save_module(module, context.folder, stored, done.masks, step=context.title)
    executed = _executed(params.pattern, context.device)
    notes = (f"Zeros in the pattern {params.pattern}: {executed}.", *_left(done.left, params.pattern))
    made = made.model_copy(update={"notes": (*made.notes, *notes)})
    facts = (
        Fact(title="Weights at zero", value=magnitude.sparsity(done.masks), unit="%", before=magnitude.sparsity(earlier)),
        Fact(title="Layers with the pattern", value=len(done.masks.keys() - earlier.keys()) or len(done.masks)),
        Fact(title="Speed", text=executed),
        *card(stored, made, data, context),
    )
    footprint = made.footprint
    return StepOutcome({"model": made}, facts, f"{panel.share(footprint.nonzero_parameters, footprint.parameters)} left")


def _executed(pattern: str, device: str) -> str:
    """What the zeros do for speed where this runs."""
    if not device.startswith("cuda") or not torch.cuda.is_available():
        return "no speed-up on this device, whose kernels multiply zeros like other numbers"
    if pattern != "2:4" or not has_kernels(torch.device(device)):
        return "no speed-up on this device, which has no kernels for this pattern"
    return "no speed-up in float32; cast to half precision, the dense layers are executed by this device's sparse kernels in PyTorch eager"


def _left(left: dict[str, str], pattern: str) -> tuple[str, ...]:
    """A sentence on the layers that could not take the pattern."""
    if not left:
        return ()
    named = "; ".join(f"{name or 'the only layer'}: {reason}" for name, reason in list(left.items())[:_MOST_NAMED])
    more = f"; and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
    return (f"Left without the pattern {pattern}: {named}{more}.",)
