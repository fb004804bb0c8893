"""Which layer of a student listens to which layer of its teacher: found by running both, or named by the user and checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import layers

Method = Literal["attention", "hints"]
_MOST_NAMED = 8


@dataclass(frozen=True)
class Seen:
    """A layer and what it gives for one example: (channels, height, width) of a map, (units,) of a dense layer."""

    name: str
    shape: tuple[int, ...]

    @property
    def is_map(self) -> bool:
        return len(self.shape) == 3 and self.shape[1] * self.shape[2] > 1

    @property
    def size(self) -> tuple[int, ...]:
        """What must agree: the sides of a map, nothing of a dense layer."""
        return self.shape[1:]


@dataclass(frozen=True)
class Pair:
    """A layer of the student and the one of the teacher that it follows."""

    student: Seen
    teacher: Seen

    @property
    def text(self) -> str:
        return f"{self.student.name} ← {self.teacher.name} ({'×'.join(str(side) for side in self.student.shape)} ← {self.teacher.shape[0]})"


class Taps:
    """Holds what named layers gave in the last run of a network."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.outputs = names, dict[str, Tensor]()

    @contextmanager
    def on(self, module: nn.Module) -> Iterator[None]:
        """Listens inside."""
        handles = [module.get_submodule(name).register_forward_hook(self._note(name)) for name in self.names]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self.outputs.clear()

    def _note(self, name: str):  # type: ignore[no-untyped-def]
        def note(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
            self.outputs[name] = output

        return note


def seen(module: nn.Module, inputs: Tensor) -> list[Seen]:
    """Every layer that gives one tensor with a row for each example, in the order in which they finish; one that runs twice counts at
    its last run. The network itself is not among them."""
    found: dict[str, Seen] = {}

    def watch(name: str):  # type: ignore[no-untyped-def]
        def note(_layer: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and output.dim() in (2, 4) and len(output) == len(inputs):
                found.pop(name, None)
                found[name] = Seen(name, tuple(output.shape[1:]))

        return note

    handles = [layer.register_forward_hook(watch(name)) for name, layer in module.named_modules() if name]
    try:
        with layers.evaluation_mode(module), torch.no_grad():
            module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return list(found.values())


def chosen_pairs(student: nn.Module, teacher: nn.Module, inputs: tuple[Tensor, Tensor], method: Method, named: str = "") -> list[Pair]:
    """The pairs of layers. Found by themselves: of maps of the same size, the last of each network (the end of a stage), for attention all
    sizes, for hints the middle one; of networks without maps, their middle hidden layers.

    `inputs` is a small batch for each network. `named` is "student layer = teacher layer", several with commas.

    Raises:
        StepError: a layer is unknown, two do not fit each other, or no pair fits.
    """
    known = (seen(student, inputs[0]), seen(teacher, inputs[1]))
    pairs = _named(named, known, method) if named.strip() else _found(student, teacher, inputs, known, method)
    if not pairs:
        raise StepError(_no_pair(known, method), "Use soft targets, or a teacher of the same family.")
    return pairs


def _no_pair(known: tuple[list[Seen], list[Seen]], method: Method) -> str:
    having = [role for role, each in zip(("student", "teacher"), known, strict=True) if any(layer.is_map for layer in each)]
    if not having:
        also = ", nor have both a hidden dense layer" if method == "hints" else ""
        return f"No layer of student and teacher gives a map (height × width){also}."
    if len(having) == 1:
        lacking = "teacher" if having == ["student"] else "student"
        return f"No layer of the {lacking} gives a map (height × width), as those of the {having[0]} do."
    what = "map of the same height and width" if method == "attention" else "layer alike"
    return f"Student and teacher share no {what}: {_sizes(known[0])} in the student, {_sizes(known[1])} in the teacher."


def _found(
    student: nn.Module, teacher: nn.Module, inputs: tuple[Tensor, Tensor], known: tuple[list[Seen], list[Seen]], method: Method
) -> list[Pair]:
    stages = [{layer.size: layer for layer in each if layer.is_map} for each in known]  # the last of each size wins
    ordered = sorted((size for size in stages[0] if size in stages[1]), key=lambda size: -size[0] * size[1])
    pairs = [Pair(stages[0][size], stages[1][size]) for size in ordered]
    if method == "attention":
        return pairs
    if pairs:
        return [pairs[len(pairs) // 2]]
    if stages[0] or stages[1]:
        return []
    middle = [_middle(module, given, each) for module, given, each in zip((student, teacher), inputs, known, strict=True)]
    return [Pair(middle[0], middle[1])] if middle[0] and middle[1] else []


def _middle(module: nn.Module, inputs: Tensor, known: list[Seen]) -> Seen | None:
    """The middle one of the dense layers before the output."""
    last = layers.output_layers(module, inputs)
    hidden = [each for each in known if isinstance(module.get_submodule(each.name), nn.Linear) and each.name not in last]
    return hidden[len(hidden) // 2] if hidden else None


def _named(text: str, known: tuple[list[Seen], list[Seen]], method: Method) -> list[Pair]:
    pairs = []
    for part in text.split(","):
        left, equals, right = (piece.strip() for piece in part.partition("="))
        if not (left and equals and right):
            raise StepError(f'"{part.strip()}" names no pair of layers.', "Write student layer = teacher layer, several with commas.")
        pair = Pair(_one(left, known[0], "student"), _one(right, known[1], "teacher"))
        if len(pair.student.shape) != len(pair.teacher.shape) or pair.student.size != pair.teacher.size:
            raise StepError(f"{left} gives {_words(pair.student)}, {right} of the teacher {_words(pair.teacher)}.", _SAME)
        if method == "attention" and not pair.student.is_map:
            raise StepError(f"{left} gives {_words(pair.student)}, which is no map: it has no attention.", "Name a convolution or a block.")
        pairs.append(pair)
    return pairs


_SAME = "Name two layers whose maps have the same height and width."


def _one(name: str, known: list[Seen], role: str) -> Seen:
    found = next((each for each in known if each.name == name), None)
    if found is None:
        some = ", ".join(each.name for each in known[:_MOST_NAMED]) + (", …" if len(known) > _MOST_NAMED else "")
        raise StepError(f"The {role} has no layer {name} that gives a map or a row of numbers.", f"Its layers: {some}.")
    return found


def _sizes(known: list[Seen]) -> str:
    sides = dict.fromkeys("×".join(str(side) for side in each.size) for each in known if each.is_map)
    return "maps of " + ", ".join(sides)


def _words(each: Seen) -> str:
    return "×".join(str(side) for side in each.shape)
