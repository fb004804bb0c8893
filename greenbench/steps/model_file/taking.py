"""What a network in a file takes: from the file as far as it says, from the user where it leaves something open."""

from dataclasses import dataclass, replace

from greenbench.core.artifact import ConstantInput, InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.jobs import TensorFound
from greenbench.ml.files.contents import Contents
from greenbench.steps.model_file.spec import ModelFileParams
from greenbench.steps.preprocessing import input_spec, parse_constants, parse_shape

_IMAGE_CHANNELS = (1, 3, 4)
_NUMBERS = frozenset({"float32", "float16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"})
_GIVE = "Give the input size, for example {} (one example, without the batch)."
_ZERO_TO_ONE = (
    "The file does not say how images are normalised: they are given as 0 to 1, red first. If the model was trained otherwise, set the "
    "normalisation."
)


@dataclass(frozen=True)
class Taken:
    """`main` is the input that varies, `sides` its sizes as the file has them; `batch` and `constants` as in ModelArtifact."""

    input: InputSpec
    main: TensorFound
    sides: tuple[int | str, ...]
    batch: int | None
    constants: tuple[ConstantInput, ...]
    notes: tuple[str, ...]


def taken(contents: Contents, params: ModelFileParams, file: str, said: ModelArtifact | None = None) -> Taken:
    """What a network takes. `said` is the description that our own export left beside the file.

    Raises:
        ModelError: a size is open, or what the user gave contradicts the file.
    """
    given = parse_constants(params.constants)
    main, others = _main(contents.inputs, given, file)
    sides: tuple[int | str, ...] = main.shape[1:] if contents.title != "TorchScript" else ()
    known = contents.title != "TorchScript" and bool(main.shape)
    if known and not sides:
        raise ModelError(f'{file} takes "{main.name}" without an axis for the batch.', "Export the model with the batch first.")
    asked = parse_shape(params.input) if params.input.strip() else (said.input.shape if said is not None else None)
    spec = _spec(sides, asked, params, file, main) if known else _unknown(asked, file, contents)
    spec = spec.model_copy(update={"dtype": main.dtype if main.dtype in _NUMBERS else "float32"})
    notes = []
    if said is not None and said.input.shape == spec.shape:
        spec = said.input.model_copy(update={"dtype": spec.dtype})
    elif spec.kind == "image" and params.normalise == "auto":
        if spec.dtype == "uint8":
            spec = spec.model_copy(update={"std": (1 / 255,)})
            notes.append("It takes images as bytes, 0 to 255.")
        else:
            notes.append(_ZERO_TO_ONE)
    spec = input_spec(params.model_copy(update={"input": ""}), spec)
    batch = main.shape[0] if known and isinstance(main.shape[0], int) else None
    if batch is not None:
        notes.append(f"Its batch is fixed: {batch} example{'s' if batch > 1 else ''} in a call.")
    found = Taken(spec, main, sides, batch, (), tuple(notes))
    return _with_constants(found, others, given)


def _main(inputs: tuple[TensorFound, ...], given: dict[str, float], file: str) -> tuple[TensorFound, tuple[TensorFound, ...]]:
    """The input that varies, the first that the user does not hold constant, and the others."""
    if not inputs:  # TorchScript with one argument
        inputs = (TensorFound(name="input", shape=(), dtype="float32"),)
    unknown = [name for name in given if name not in {each.name for each in inputs}]
    if unknown:
        named = ", ".join(each.name for each in inputs)
        raise ModelError(f'{file} has no input "{unknown[0]}".', f"Its inputs are: {named}.")
    free = [each for each in inputs if each.name not in given]
    if not free:
        raise ModelError(f"{file} would have no varying input: all are held constant.", "Leave one of the other inputs out.")
    return free[0], tuple(each for each in inputs if each is not free[0])


def _unknown(asked: tuple[int, ...] | None, file: str, contents: Contents) -> InputSpec:
    if asked is None:
        hint = f" {contents.notes[0]}" if contents.notes else ""
        raise ModelError(f"{file} does not say the size of its input.{hint}", _GIVE.format("3x224x224"))
    return InputSpec(shape=asked)


def _spec(sides: tuple[int | str, ...], asked: tuple[int, ...] | None, params: ModelFileParams, file: str, main: TensorFound) -> InputSpec:
    """The input by the sizes in the file, what is open filled in from what was asked for."""
    last = params.layout == "channels last" or (params.layout == "auto" and _channels_last(sides, asked))
    plain = (sides[-1], *sides[:-1]) if last and len(sides) == 3 else sides
    words = "×".join(str(side) for side in sides)
    if asked is None:
        if any(isinstance(side, str) for side in plain):
            example = "x".join(str(side) if isinstance(side, int) else "224" for side in plain) if len(plain) == 3 else "512"
            raise ModelError(f'{file} leaves sizes of its input "{main.name}" open: {words}.', _GIVE.format(example))
        shape = tuple(side for side in plain if isinstance(side, int))
    else:
        if len(asked) != len(plain) or any(isinstance(side, int) and side != want for side, want in zip(plain, asked, strict=True)):
            wanted = "×".join(str(side) for side in asked)
            raise ModelError(
                f"{file} takes examples of {words}, not of {wanted}.", "Leave the input size empty, or give one that it takes."
            )
        shape = asked
    kinds = {} if main.dtype.startswith(("float", "uint8")) else {"kind": "tensor"}
    layout = {"layout": "channels last"} if last and len(shape) == 3 else {}
    return InputSpec.model_validate({"shape": shape, **kinds, **layout})


def _channels_last(sides: tuple[int | str, ...], asked: tuple[int, ...] | None) -> bool:
    """Whether an image's channels come after height and width: the last side is one of channels, the first is not."""
    if len(sides) != 3 or sides[0] in _IMAGE_CHANNELS:
        return False
    return sides[2] in _IMAGE_CHANNELS and (asked is None or asked[0] == sides[2])


def _with_constants(found: Taken, others: tuple[TensorFound, ...], given: dict[str, float]) -> Taken:
    """The other inputs: at the user's values, masks at one, anything else at zero."""
    if not others:
        return found
    names = {
        side: number for side, number in zip(found.sides, found.input.array_shape, strict=False) if isinstance(side, str) and side != "?"
    }
    constants = tuple(
        ConstantInput(
            name=each.name,
            shape=tuple(_side(side, names) for side in each.shape if each.shape != ("?",)),
            dtype={"int": "int64", "float": "float32"}.get(each.dtype, each.dtype if each.dtype in _NUMBERS else "float32"),
            value=given.get(each.name, 1.0 if "mask" in each.name.lower() else 0.0),
        )
        for each in others
    )
    held = ", ".join(f"{each.name} = {each.value:g}" for each in constants)
    return replace(found, constants=constants, notes=(*found.notes, f"Held constant: {held}."))


def _side(side: int | str, names: dict[str, int]) -> int:
    """A size of another input: fixed, one that the varying input has too, or else that of the batch (−1)."""
    return side if isinstance(side, int) else names.get(side, -1)
