"""What the look into a model file yields, whatever its format, and the words for it."""

from dataclasses import dataclass

from greenbench.core.jobs import TensorFound

_BITS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float64": "fp64", "int8": "int8", "uint8": "int8"}


@dataclass(frozen=True)
class Contents:
    """What a whole network in a file takes and gives. `precision` is what its weights are in. `notes` say what a reader should know,
    `refusals` why it cannot be used, each a sentence with what is to be done. `classes` are the names of outputs that the file has."""

    title: str
    inputs: tuple[TensorFound, ...] = ()
    outputs: tuple[TensorFound, ...] = ()
    parameters: int | None = None
    opset: int | None = None
    producer: str = ""
    precision: str = "fp32"
    notes: tuple[str, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in one line: "ONNX, opset 18, one input 3×224×224 (batch free), 1,000 outputs, 1.24 M parameters"."""
        parts = [self.title]
        if self.opset is not None:
            parts.append(f"opset {self.opset}")
        if self.precision != "fp32":
            parts.append(self.precision)
        parts.append(_inputs(self.inputs) if self.inputs else "the size of its input is not in the file")
        if self.outputs:
            parts.append(_outputs(self.outputs))
        if self.parameters is not None:
            parts.append(f"{counted(self.parameters)} parameters")
        return ", ".join(parts)


def _inputs(inputs: tuple[TensorFound, ...]) -> str:
    if len(inputs) == 1:
        return f"one input {example(inputs[0].shape)}{_batch(inputs[0].shape)}"
    first = f"{inputs[0].name} {example(inputs[0].shape)}{_batch(inputs[0].shape)}"
    others = (f"{each.name} {'×'.join(str(side) for side in each.shape) or 'one number'}" for each in inputs[1:])
    return f"{len(inputs)} inputs: {', '.join((first, *others))}"


def _batch(shape: tuple[int | str, ...]) -> str:
    if len(shape) < 2:
        return ""
    return f" (batch {shape[0]} only)" if isinstance(shape[0], int) else " (batch free)"


def example(shape: tuple[int | str, ...]) -> str:
    """The shape of one example: without the batch, which comes first."""
    sides = shape[1:] if len(shape) > 1 else shape
    return "×".join(str(side) for side in sides) or "one number"


def _outputs(outputs: tuple[TensorFound, ...]) -> str:
    sides = list(outputs[0].shape[1:])
    while len(sides) > 1 and sides[-1] == 1:
        sides.pop()
    if len(sides) == 1 and isinstance(sides[0], int):
        first = f"{sides[0]:,} output{'s' if sides[0] != 1 else ''}"
    else:
        first = f"output {'×'.join(str(side) for side in sides) or 'one number'}"
    return first if len(outputs) == 1 else f"{first} and {len(outputs) - 1} more"


def counted(count: int) -> str:
    """A count as people say it: "1.24 M", "431 k", "950"."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if count >= limit:
            value = count / (1e3 if unit == "k" else limit)
            return f"{value:.3g} {unit}"
    return f"{count:,}"


def precision_of(dtypes: dict[str, int]) -> str:
    """The precision in which most values of a network lie; `dtypes` counts values by type."""
    floats = {name: count for name, count in dtypes.items() if name in _BITS}
    return _BITS[max(floats, key=lambda name: floats[name])] if floats else "fp32"
