"""What changed between two models, layer by layer: pairs by name, then by order and kind, so that a network and its exported or
quantised form meet although their files call operators differently."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from greenbench.core.jobs import Layer, ModelView
from greenbench.core.quote import count, percent, significant

State = Literal["same", "changed", "only first", "only second"]

_LEAST_SPARSITY = 5e-4
_KINDS = (
    (re.compile(r"^(fused|qlinear|nhwcfused)"), ""),
    (re.compile(r"^(group)?conv(olution|integer)?(\d?d)?$"), "convolution"),
    (re.compile(r"^(linear|gemm|matmul|qgemm|fullyconnected|addmm|mm|nondynamicallyquantizablelinear)$"), "linear"),
    (re.compile(r"^(batch_?norm(alization)?(\d?d)?|_native_batch_norm_legit_no_training|batchnorminference)$"), "batch norm"),
    (re.compile(r"^(relu6?|clip|clamp|hardtanh)_?$"), "relu"),
    (re.compile(r"^(add|qlinearadd)_?$"), "add"),
    (re.compile(r"^(flatten|reshape|view|squeeze)$"), "reshape"),
    (re.compile(r"^(adaptive_?avg_?pool(\d?d)?|globalaveragepool|reducemean|mean)$"), "average"),
)


@dataclass(frozen=True)
class LayerPair:
    """One row: the layer in both models, or in one. `changes` are short sentences, empty where nothing did."""

    name: str
    kind: str
    state: State
    first: Layer | None
    second: Layer | None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Total:
    """One number of both whole models. None: not known of one of its layers, or not measured."""

    title: str
    unit: str
    first: float | None
    second: float | None


@dataclass(frozen=True)
class ModelDifference:
    """All rows in the order of the first model, layers that only the second has where they stand there; and the totals."""

    rows: tuple[LayerPair, ...]
    totals: tuple[Total, ...]

    def number(self, state: State) -> int:
        """How many rows are in that state."""
        return sum(row.state == state for row in self.rows)


def model_difference(first: ModelView, second: ModelView) -> ModelDifference:
    """Aligns two models and says of each pair what changed."""
    rows = tuple(_row(a, b) for a, b in aligned(first.layers, second.layers))
    return ModelDifference(
        rows,
        (
            Total("Layers", "", len(first.layers), len(second.layers)),
            Total("Parameters", "", *(float(sum(layer.parameters for layer in view.layers)) for view in (first, second))),
            Total("Multiply-adds", "MAC", _macs(first), _macs(second)),
            Total("Time", "s", first.seconds, second.seconds),
        ),
    )


def _macs(view: ModelView) -> float | None:
    known = [layer.macs for layer in view.layers if layer.macs is not None]
    return float(sum(known)) if len(known) == len(view.layers) else None


def aligned(first: Sequence[Layer], second: Sequence[Layer]) -> list[tuple[Layer | None, Layer | None]]:
    """Pairs of layers. Those of one name belong together; between two such pairs that stand in the same order in both models, layers of
    the same kind in the same order belong together."""
    places = {layer.name: index for index, layer in enumerate(second)}
    named = [(index, places[layer.name]) for index, layer in enumerate(first) if layer.name in places]
    partner = dict(named)
    anchors = [*_increasing(named), (len(first), len(second))]
    taken = set(partner.values())
    pairs: list[tuple[Layer | None, Layer | None]] = []
    from_first = from_second = 0
    for anchor in anchors:
        left = list(range(from_first, anchor[0]))
        right = [index for index in range(from_second, anchor[1]) if index not in taken]
        partner |= _by_kind([i for i in left if i not in partner], right, first, second)
        pairs += _merged(left, right, partner, first, second)
        if anchor[0] < len(first):
            pairs.append((first[anchor[0]], second[anchor[1]]))
        from_first, from_second = anchor[0] + 1, anchor[1] + 1
    return pairs


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second places increase too (patience sorting)."""
    tops: list[int] = []
    chosen: list[tuple[int, int]] = []
    before: dict[tuple[int, int], tuple[int, int] | None] = {}
    last: list[tuple[int, int]] = []
    for pair in pairs:
        place = bisect_left(tops, pair[1])
        before[pair] = last[place - 1] if place else None
        if place == len(tops):
            tops.append(pair[1])
            last.append(pair)
        else:
            tops[place], last[place] = pair[1], pair
    current = last[-1] if last else None
    while current is not None:
        chosen.append(current)
        current = before[current]
    return chosen[::-1]


def _by_kind(left: list[int], right: list[int], first: Sequence[Layer], second: Sequence[Layer]) -> dict[int, int]:
    kinds = [_kind(first[index]) for index in left], [_kind(second[index]) for index in right]
    found: dict[int, int] = {}
    for block in SequenceMatcher(None, *kinds, autojunk=False).get_matching_blocks():
        found |= {left[block.a + step]: right[block.b + step] for step in range(block.size)}
    return found


def _merged(
    left: list[int], right: list[int], partner: dict[int, int], first: Sequence[Layer], second: Sequence[Layer]
) -> list[tuple[Layer | None, Layer | None]]:
    """The rows between two anchors: the first model's in order, what only the second has before the pair that follows it there."""
    pairs: list[tuple[Layer | None, Layer | None]] = []
    paired = set(partner.values())
    loose = [index for index in right if index not in paired]
    for index in left:
        other = partner.get(index)
        if other is not None and other in right:
            pairs += [(None, second[each]) for each in loose if each < other]
            loose = [each for each in loose if each > other]
        pairs.append((first[index], None if other is None else second[other]))
    return pairs + [(None, second[each]) for each in loose]


def _kind(layer: Layer) -> str:
    kind = layer.kind.lower()
    for pattern, plain in _KINDS:
        kind = pattern.sub(plain, kind)
    return kind


def _row(first: Layer | None, second: Layer | None) -> LayerPair:
    if first is None or second is None:
        only = first or second
        assert only is not None
        return LayerPair(only.name, only.kind, "only first" if second is None else "only second", first, second)
    changes = tuple(_changes(first, second))
    return LayerPair(first.name, first.kind, "changed" if changes else "same", first, second, changes)


def _changes(first: Layer, second: Layer) -> list[str]:
    found = []
    if _kind(first) != _kind(second):
        found.append(f"{first.kind} → {second.kind}")
    a, b = first.weight_shape, _turned(second.weight_shape, first.weight_shape)
    found += _shape_changes(a, b)
    if not found and first.shape and second.shape and first.shape != second.shape:
        found.append(f"output {_size(first.shape)} → {_size(second.shape)}")
    if first.dtype and second.dtype and first.dtype != second.dtype:
        found.append(f"{first.dtype} → {second.dtype}")
    elif a == b and first.digest and second.digest and first.digest != second.digest:
        found.append("values")
    return found + _value_changes(first, second)


def _turned(shape: tuple[int, ...], like: tuple[int, ...]) -> tuple[int, ...]:
    """A matrix is stored either way round."""
    return shape[::-1] if len(shape) == 2 and shape != like and shape[::-1] == like else shape


def _shape_changes(a: tuple[int, ...], b: tuple[int, ...]) -> list[str]:
    if a == b:
        return []
    if len(a) != len(b) or len(a) < 2:
        return [f"weights {_size(a) or 'none'} → {_size(b) or 'none'}"]
    found = [f"{word} {count(x)} → {count(y)}" for word, x, y in (("outputs", a[0], b[0]), ("inputs", a[1], b[1])) if x != y]
    return found + ([f"kernel {_size(a[2:])} → {_size(b[2:])}"] if a[2:] != b[2:] else [])


def _value_changes(first: Layer, second: Layer) -> list[str]:
    found = []
    if first.sparsity is not None and second.sparsity is not None and abs(first.sparsity - second.sparsity) > _LEAST_SPARSITY:
        found.append(f"zeros {percent(first.sparsity)} % → {percent(second.sparsity)} %")
    if first.distinct and second.distinct and (second.distinct * 2 < first.distinct or first.distinct * 2 < second.distinct):
        found.append(f"distinct values {count(first.distinct)} → {count(second.distinct)}")
    return found


def _size(shape: Sequence[int]) -> str:
    return "×".join(str(side) for side in shape)


def total_words(total: Total) -> str:
    """What became of a total: "86 % less", "2.1 × as much", "the same"; "" where one is not known."""
    if total.first is None or total.second is None or not total.first:
        return ""
    ratio = total.second / total.first
    if ratio == 1:
        return "the same"
    if ratio < 2:
        return f"{percent(ratio - 1)} % {'less' if ratio < 1 else 'more'}"
    return f"{significant(ratio, 2)} × as much"
