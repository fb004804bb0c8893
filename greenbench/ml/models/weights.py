"""Which architecture a bare file of weights belongs to, told by the names and shapes of its tensors.

An index of all networks (resources/weight_index.json.gz) narrows a thousand names down to a few; those are built without memory and
compared tensor by tensor. Without the index the names of the first layers narrow them down by family.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from greenbench.core import places
from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.errors import GreenBenchError, ModelError
from greenbench.core.jobs import Candidate

Shapes = Mapping[str, tuple[int, ...]]
_INDEX = "weight_index.json.gz"
_COMPARED = 8
_COMPARED_WITHOUT_INDEX = 24
_LISTED = 40
_PLAUSIBLE = 0.5  # of its tensors must be in the file in the right shape


def fingerprint(shapes: Shapes) -> str:
    """A short hash of all names and shapes of a state dict, whatever their order: equal for the same architecture."""
    lines = (f"{name}:{'x'.join(str(side) for side in shapes[name])}" for name in sorted(shapes))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Match:
    """An architecture adapted to weights as far as they say (classes, channels, width), and how they compare."""

    architecture: Architecture
    input: InputSpec
    candidate: Candidate


def matches(shapes: Shapes, index: Mapping[str, Any] | None = None, shape: tuple[int, ...] | None = None) -> tuple[Match, ...]:
    """The architectures to which weights of these names and shapes may belong, best first; those of which less than half fits are
    left out. `index` None reads the one of this version; `shape` is that of one example, where it is known."""
    known = read_index() if index is None else index
    found = []
    for name in _likely(shapes, known):
        try:
            found.append(match(name, shapes, shape))
        except GreenBenchError:  # it cannot be built so: then it is not this one
            continue
    plausible = [each for each in found if each.candidate.total and each.candidate.matched / each.candidate.total >= _PLAUSIBLE]
    return tuple(sorted(plausible, key=_rank))


def _rank(each: Match) -> tuple[Any, ...]:
    found = each.candidate
    wrong = len(found.missing) + len(found.unexpected) + len(found.reshaped)
    library = ("", "torchvision", "timm").index(found.architecture.rpartition("/")[0])
    return wrong, library, len(found.architecture), found.architecture


def match(name: str, shapes: Shapes, shape: tuple[int, ...] | None = None) -> Match:
    """One architecture, built without memory for as many classes, channels and units as the weights have, and compared with them.

    Raises:
        ModelError: there is no such network, or it cannot be built so.
    """
    from greenbench.ml.models import registry
    from greenbench.ml.models.own import NETWORKS

    full = registry.resolve(name)
    known = registry.published(full)
    input = _sized(known.input, shape) if shape else known.input
    classes = len(known.classes) or (10 if full in NETWORKS else 1000)
    width = NETWORKS[full].width if full in NETWORKS else None

    def compare(input: InputSpec, classes: int, wide: int | None = None) -> tuple[Match, Shapes]:
        architecture = registry.architecture_for(full, input, classes, wide or width)
        ours = _built_shapes(architecture)
        return Match(architecture, input, _compared(full, ours, shapes)), ours

    found, ours = compare(input, classes)
    wide = _own_width(ours, shapes, width) if width else None
    if wide:
        found, ours = compare(input, classes, wide)
    if not found.candidate.reshaped or found.candidate.matched < _PLAUSIBLE * found.candidate.total:
        return found
    better = _adapted(found, ours, shapes, classes)
    return compare(*better, wide)[0] if better else found


def _adapted(found: Match, ours: Shapes, shapes: Shapes, classes: int) -> tuple[InputSpec, int] | None:
    """The input and the number of classes that would explain the tensors of another shape; None if nothing would."""
    differing = [name for name in ours if name in shapes and ours[name] != shapes[name]]
    outputs = {shapes[name][0] for name in differing if ours[name][:1] == (classes,) and ours[name][1:] == shapes[name][1:]}
    input, changed = found.input, False
    if len(outputs) == 1:
        classes, changed = outputs.pop(), True
    if input.kind == "image":
        first = next((name for name in ours if len(ours[name]) == 4), "")
        if first in differing and ours[first][0] == shapes[first][0] and ours[first][2:] == shapes[first][2:]:
            channels = shapes[first][1]
            whole = {"mean": (0.0,), "std": (1.0,)} if channels != input.shape[0] else {}
            input, changed = input.model_copy(update={"shape": (channels, *input.shape[1:]), **whole}), True
        grid = _grid(ours, shapes, differing, input)
        if grid is not None:
            input, changed = input.model_copy(update={"shape": (input.shape[0], grid, grid)}), True
    elif len(input.shape) == 1:
        first = next((name for name in ours if len(ours[name]) == 2), "")
        if first in differing and ours[first][0] == shapes[first][0]:
            input, changed = InputSpec(shape=(shapes[first][1],)), True
    return (input, classes) if changed else None


def _grid(ours: Shapes, shapes: Shapes, differing: list[str], input: InputSpec) -> int | None:
    """The side of the image for which a transformer's table of positions was made, where that alone says another one."""
    place = next((name for name in differing if name.endswith(("pos_embed", "pos_embedding")) and len(shapes[name]) == 3), None)
    if place is None:
        return None
    here, there = ours[place][1], shapes[place][1]
    for extra in (0, 1, 2):  # class and distillation tokens have positions too
        old, new = (here - extra) ** 0.5, (there - extra) ** 0.5
        if old > 0 and new > 0 and old == int(old) and new == int(new) and input.shape[-1] % int(old) == 0:
            return int(new) * (input.shape[-1] // int(old))
    return None


def _sized(input: InputSpec, shape: tuple[int, ...]) -> InputSpec:
    if len(shape) != len(input.shape):
        return InputSpec(shape=shape)
    whole = {"mean": (0.0,), "std": (1.0,)} if len(shape) == 3 and shape[0] != input.shape[0] else {}
    return input.model_copy(update={"shape": shape, **whole})


def _own_width(ours: Shapes, shapes: Shapes, usual: int) -> int | None:
    """The width of one of our own networks: how many channels, units or word features its first layer has instead of the usual."""
    for name, shape in ours.items():
        if usual in shape:
            given = shapes.get(name, ())
            return given[shape.index(usual)] if len(given) == len(shape) else None
    return None


def _built_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's tensors, built without memory where it can be."""
    import torch

    from greenbench.ml.models.registry import build

    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                module = build(architecture)
        except GreenBenchError:
            raise
        except (NotImplementedError, RuntimeError, ValueError, TypeError, AssertionError):  # a constructor that computes with real numbers
            module = build(architecture)
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


_COUNTERS = "num_batches_tracked"


def _compared(name: str, ours: Shapes, theirs: Shapes) -> Candidate:
    """Counters of batches are not compared: old files lack them, and nothing is computed with them."""
    wanted = {key: shape for key, shape in ours.items() if not key.endswith(_COUNTERS)}
    given = {key: shape for key, shape in theirs.items() if not key.endswith(_COUNTERS)}
    reshaped = tuple(
        f"{key}: {_words(given[key])} instead of {_words(shape)}" for key, shape in wanted.items() if key in given and given[key] != shape
    )
    return Candidate(
        architecture=name,
        matched=sum(given.get(key) == shape for key, shape in wanted.items()),
        total=len(wanted),
        missing=tuple(key for key in wanted if key not in given),
        unexpected=tuple(key for key in given if key not in wanted),
        reshaped=reshaped,
    )


def _words(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape) or "one number"


def read_index() -> dict[str, Any]:
    """The index of this version; empty where it is not installed."""
    try:
        with gzip.open(places.resources() / _INDEX, "rt", encoding="utf-8") as file:
            index = json.load(file)
    except (OSError, ValueError, EOFError):
        return {}
    return index if isinstance(index, dict) else {}


def _likely(shapes: Shapes, index: Mapping[str, Any]) -> list[str]:
    """Names worth building: the same fingerprint first, then those alike in their ends, their number of tensors and of values."""
    from greenbench.ml.models.own import NETWORKS

    same = fingerprint(shapes)
    exact = [name for name, entry in index.items() if entry["fingerprint"] == same]
    if exact:
        return exact[:_LISTED]
    names = set(shapes)
    # Our own are of any width, which hides them from what follows; the names of their ends tell them.
    own = [name for name in NETWORKS if name not in index or {index[name]["first"][0], index[name]["last"][0]} <= names]
    if not index:
        return own + _families(shapes)
    tensors, values = len(shapes), sum(_count(shape) for shape in shapes.values())

    def score(entry: Mapping[str, Any]) -> tuple[float, ...]:
        (first, first_shape), (last, last_shape) = entry["first"], entry["last"]
        likeness = 2.0 * (first in names) + (tuple(shapes.get(first, ())) == tuple(first_shape)) + 2.0 * (last in names)
        likeness += tuple(shapes.get(last, ()))[1:] == tuple(last_shape)[1:]
        counters = sum(name.endswith(_COUNTERS) for name in names)
        likeness += 4.0 * (entry["tensors"] == tensors or (not counters and entry["tensors"] > tensors >= 0.8 * entry["tensors"]))
        return -likeness, abs(entry["tensors"] - tensors) / max(tensors, 1) + abs(entry["parameters"] - values) / max(values, 1)

    ranked = sorted(index, key=lambda name: score(index[name]))
    return list(dict.fromkeys(ranked[:_COMPARED] + own))


def _count(shape: Iterable[int]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total


# Without the index: a name that every file of a family has, and which networks are of it.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"^layer1\.0\.conv1\.weight$", r"torchvision/((wide_)?resnet|resnext)"),
    (r"^features\.\d+\.squeeze\.weight$", r"torchvision/squeezenet"),
    (r"^features\.denseblock1\.", r"torchvision/densenet"),
    (r"^features\.1\.conv\.0\.0\.weight$", r"torchvision/mobilenet_v2"),
    (r"^features\.1\.block\.0\.", r"torchvision/(mobilenet_v3|efficientnet|convnext)"),
    (r"^features\.1\.0\.block\.", r"torchvision/(efficientnet|convnext|maxvit)"),
    (r"^trunk_output\.", r"torchvision/regnet"),
    (r"^stage2\.0\.branch1\.", r"torchvision/shufflenet"),
    (r"^layers\.8\.layers\.0\.", r"torchvision/mnasnet"),
    (r"^Mixed_5b\.", r"torchvision/inception"),
    (r"^inception3a\.", r"torchvision/googlenet"),
    (r"^encoder\.layers\.encoder_layer_0\.", r"torchvision/vit"),
    (r"^features\.0\.weight$", r"torchvision/(alexnet|vgg)"),
    (r"^backbone\.", r"torchvision/(fcn|deeplab|lraspp|fasterrcnn|retinanet|ssd)"),
    (r"^blocks\.0\.attn\.qkv\.weight$", r"timm/(vit_(tiny|small|base)_patch(16|32)_(224|384)|deit_(tiny|small|base)_patch16_224)$"),
    (r"^conv_stem\.weight$", r"timm/(efficientnet_(b\d|lite0)|mobilenetv[23]_(small|large)?_?\d+|mnasnet_100|tf_efficientnet_b\d)$"),
    (r"^stages\.0\.blocks\.0\.conv_dw\.", r"timm/convnext_(atto|femto|pico|nano|tiny|small|base)$"),
    (r"^layers\.0\.blocks\.0\.attn\.", r"timm/swin_(tiny|small|base)_patch4_window7_224$"),
)


def _families(shapes: Shapes) -> list[str]:
    from greenbench.ml.models.registry import names

    forms = [form for key, form in _FAMILIES if any(re.match(key, name) for name in shapes)]
    if not forms:
        return []
    return [name for name in names() if any(re.match(form, name) for form in forms)][:_COMPARED_WITHOUT_INDEX]


def require(name: str, shapes: Shapes, shape: tuple[int, ...] | None = None) -> Match:
    """The named architecture, adapted to the weights.

    Raises:
        ModelError: there is none, or the weights are not its: says what is missing, what is too much, what has another shape.
    """
    found = match(name, shapes, shape)
    if not found.candidate.complete:
        raise ModelError(f"The weights do not fit {found.candidate.architecture}: {differences(found.candidate)}.", "Choose another one.")
    return found


def differences(candidate: Candidate, named: int = 3) -> str:
    """How weights differ from an architecture, in words: "2 of 62 tensors are missing (fc.weight, fc.bias)"."""
    parts = []
    for words, listed in (
        (f"of {candidate.total} tensors are missing", candidate.missing),
        (f"{'tensor is' if len(candidate.unexpected) == 1 else 'tensors are'} not known to it", candidate.unexpected),
        ("have another shape", candidate.reshaped),
    ):
        if listed:
            more = ", …" if len(listed) > named else ""
            parts.append(f"{len(listed)} {words} ({', '.join(listed[:named])}{more})")
    return ", ".join(parts) or "all tensors fit"
