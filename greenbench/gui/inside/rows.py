"""The table of layers as data: one row a layer, or two models side by side with what changed marked by a word. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from greenbench.analysis.model_difference import LayerPair, Total, model_difference, total_words
from greenbench.core import quote
from greenbench.core.jobs import Layer, ModelView

Kind = Literal["change", "name", "words", "number", "share", "time"]
_DTYPES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float64": "fp64", "uint8": "uint8", "int8": "int8"}
ARROW = " → "
SAME = "same"


@dataclass(frozen=True)
class Column:
    """`unit` is the second line of the head; `least` the pixels its words need; `share` of what room is left."""

    key: str
    kind: Kind
    title: str
    unit: str = ""
    right: bool = False
    least: int = 80
    share: float = 1.0


@dataclass(frozen=True)
class Cell:
    """`text` is what stands there, `changed` whether it differs between the two models; `bars` are shares of the longest bar of the
    column, one a model (None: nothing to draw); `value` is what the column is sorted by."""

    text: str = ""
    value: float | str | None = None
    changed: bool = False
    bars: tuple[float | None, ...] = ()
    sign: str = ""
    tone: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Row:
    order: int
    cells: tuple[Cell, ...]
    changed: bool
    words: str  # what a search looks through


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def compares(self) -> bool:
        return any(column.kind == "change" for column in self.columns)

    @property
    def changed(self) -> int:
        return sum(row.changed for row in self.rows)


def single(view: ModelView) -> Table:
    """The layers of one model, in the order of execution."""
    return _table([LayerPair(layer.name, layer.kind, "same", layer, None) for layer in view.layers], letters=())


def side_by_side(first: ModelView, second: ModelView, letters: tuple[str, str]) -> Table:
    """Two models; `letters` name them in words like "only in B"."""
    return _table(model_difference(first, second).rows, letters)


def totals(view: ModelView, against: ModelView | None = None) -> str:
    """ "23 layers · 73 100 parameters, 73 % less · 4.10 MMAC, 80 % less · 1.20 ms a call". Of times nothing is said: they were
    measured once, without an interval."""
    whole = model_difference(against or view, view).totals
    parts = [_total(each, changed=against is not None) for each in whole if each.title != "Time"]
    if view.seconds is not None:
        parts.append(f"{_scaled(view.seconds, quote.scale('s', [view.seconds]), unit=True)} a call")
    return " · ".join(part for part in parts if part)


def _total(total: Total, *, changed: bool) -> str:
    """One total of the second model, and what became of it against the first."""
    if total.second is None:
        return ""
    noun = {"Layers": "layers", "Parameters": "parameters"}.get(total.title, "")
    if noun:
        words = f"{quote.count(total.second)} {noun.removesuffix('s') if total.second == 1 else noun}"
    else:
        words = _scaled(total.second, quote.scale(total.unit, [total.second]), unit=True)
    became = total_words(total) if changed and total.title != "Layers" else ""
    return f"{words}, {became}" if became and became != "the same" else words


def _table(pairs: Sequence[LayerPair], letters: tuple[str, ...]) -> Table:
    layers = [layer for pair in pairs for layer in (pair.first, pair.second) if layer is not None]
    scales = {
        "macs": quote.scale("MAC", [layer.macs for layer in layers]),
        "seconds": quote.scale("s", [layer.seconds for layer in layers]),
    }
    longest = max((layer.seconds for layer in layers if layer.seconds is not None), default=0.0)
    columns = _columns(scales, letters)
    rows = []
    for order, pair in enumerate(pairs):
        cells = tuple(_cell(column, pair, scales, longest, letters, order) for column in columns)
        rows.append(Row(order, cells, bool(letters) and pair.state != "same", _words(pair)))
    return Table(columns, tuple(rows))


def _columns(scales: dict[str, quote.Scale], letters: tuple[str, ...]) -> tuple[Column, ...]:
    found = (
        Column("name", "name", "Layer", "in the order of execution", least=150, share=2.0),
        Column("kind", "words", "Kind", least=84, share=0.8),
        Column("shape", "words", "Output", "one example", least=100, share=0.9),
        Column("parameters", "number", "Parameters", right=True, share=0.5),
        Column("macs", "number", "Multiply-adds", scales["macs"].unit, True, share=0.5),
        Column("dtype", "words", "Type", "of the weights", share=0.4),
        Column("sparsity", "share", "Zero weights", "% of the layer", share=0.6),
        Column("seconds", "time", "Time", f"{scales['seconds'].unit}, median of one call", share=0.9),
    )
    if not letters:
        return found
    change = Column("change", "change", "Change", f"from {letters[0]} to {letters[1]}", least=132, share=2.0)
    return (found[0], change, *found[1:])


def _cell(column: Column, pair: LayerPair, scales: dict[str, quote.Scale], longest: float, letters: tuple[str, ...], order: int) -> Cell:
    match column.key:
        case "name":
            return _name(pair, order)
        case "change":
            return _change(pair, letters)
        case "sparsity":
            bars = tuple(layer.sparsity if layer else None for layer in _both(pair, letters))
            hint = _hint(pair, lambda layer: "" if layer.distinct is None else f"{quote.count(layer.distinct)} different values")
            return _joined(column, pair, letters, bars=bars, hint=hint)
        case "seconds":
            bars = tuple(
                layer.seconds / longest if layer and layer.seconds is not None and longest else None for layer in _both(pair, letters)
            )
            return _joined(column, pair, letters, bars=bars, shown=scales["seconds"])
        case "macs":
            return _joined(column, pair, letters, shown=scales["macs"])
        case "parameters" | "shape":
            hint = _hint(pair, lambda layer: f"Weights {_shape(layer.weight_shape)}" if layer.weight_shape else "")
            return _joined(column, pair, letters, hint=hint)
        case _:
            return _joined(column, pair, letters)


def _both(pair: LayerPair, letters: tuple[str, ...]) -> tuple[Layer | None, ...]:
    return (pair.first, pair.second) if letters else (pair.first,)


def _name(pair: LayerPair, order: int) -> Cell:
    names = [layer.name for layer in (pair.first, pair.second) if layer is not None]
    text = names[0] if len(set(names)) == 1 else ARROW.join(names)
    return Cell(text, order, hint=text)


def _change(pair: LayerPair, letters: tuple[str, ...]) -> Cell:
    if pair.state == "only first":
        return Cell(f"only in {letters[0]}", 3, True, sign="minus-circle", tone="text")
    if pair.state == "only second":
        return Cell(f"only in {letters[1]}", 2, True, sign="plus-circle", tone="text")
    if pair.changes:
        words = ", ".join(pair.changes)
        return Cell(words, 1, True, sign="pencil-simple", tone="text", hint=words)
    return Cell(SAME, 0, sign="equals", tone="muted")


def _joined(
    column: Column,
    pair: LayerPair,
    letters: tuple[str, ...],
    *,
    shown: quote.Scale | None = None,
    bars: tuple[float | None, ...] = (),
    hint: str = "",
) -> Cell:
    """One cell: a value, or "64 → 32" where two models differ in it. Times differ at every call and are never marked as changed."""
    layers = [layer for layer in _both(pair, letters) if layer is not None]
    texts = [_text(column.key, layer, shown) for layer in layers]
    value = _value(column.key, layers[-1]) if layers else None
    timed = column.key == "seconds" and any(layer.seconds is not None for layer in layers)
    if len(texts) == 2 and (texts[0] != texts[1] or timed):
        return Cell(ARROW.join(texts), value, column.key != "seconds", bars, hint=hint)
    return Cell(texts[0] if texts else "", value, bars=bars, hint=hint)


def _text(key: str, layer: Layer, shown: quote.Scale | None) -> str:
    match key:
        case "kind":
            return layer.kind
        case "shape":
            return _shape(layer.shape)
        case "dtype":
            return _DTYPES.get(layer.dtype, layer.dtype) or quote.NO_READING
        case "parameters":
            return quote.count(layer.parameters) if layer.parameters else quote.NO_READING
        case "sparsity":
            return quote.NO_READING if layer.sparsity is None else quote.number(layer.sparsity * 100, 0 if layer.sparsity in (0, 1) else 1)
        case _:
            return _scaled(getattr(layer, key), shown)


def _value(key: str, layer: Layer) -> float | str | None:
    match key:
        case "shape":
            product = 1
            for side in layer.shape:
                product *= side
            return float(product) if layer.shape else None
        case "kind" | "dtype":
            return str(getattr(layer, key))
        case _:
            found = getattr(layer, key)
            return None if found is None else float(found)


def _scaled(value: float | None, shown: quote.Scale | None, *, unit: bool = False) -> str:
    if value is None or shown is None:
        return quote.NO_READING
    text = quote.significant(value * shown.factor, 3) if value else "0"
    return f"{text} {shown.unit}".strip() if unit else text


def _shape(sizes: Sequence[int]) -> str:
    return " × ".join(str(size) for size in sizes) or quote.NO_READING


def _hint(pair: LayerPair, words: Callable[[Layer], str]) -> str:
    found = [words(layer) for layer in (pair.first, pair.second) if layer is not None]
    return ARROW.join(dict.fromkeys(text for text in found if text))


def _words(pair: LayerPair) -> str:
    layers = [layer for layer in (pair.first, pair.second) if layer is not None]
    found = {word for layer in layers for word in (layer.name, layer.kind, _DTYPES.get(layer.dtype, layer.dtype))}
    return " ".join((*sorted(found), *pair.changes)).lower()
