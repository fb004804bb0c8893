"""What a source gave, in words: how many examples, what a model takes and how raw images become that. No Qt."""

from greenbench.core.artifact import DatasetArtifact, InputSpec, ModelArtifact
from greenbench.core.preview import Preview
from greenbench.core.quote import count
from greenbench.core.runtimes import FORMAT_NOUNS
from greenbench.core.task import TASKS

_PLACES = 4


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape) or "one number"


def splits_text(data: DatasetArtifact) -> str:
    """How many examples each split has: "1,077 train, 360 test"."""
    return ", ".join(f"{count(split.examples)} {name}" for name, split in data.splits.items())


def data_lines(data: DatasetArtifact, preview: Preview) -> list[tuple[str, str]]:
    """What is known of a data set, as pairs of words."""
    pairs = [("Examples", splits_text(data))]
    if data.classes:
        pairs.append(("Classes", count(len(data.classes))))
    pairs += [("Task", TASKS[data.task].title if data.task != "classification" else "")]
    pairs += [("Sizes", preview.sizes), ("Target", preview.target), ("Licence", data.licence)]
    return [(name, words) for name, words in pairs if words]


def model_lines(model: ModelArtifact) -> list[tuple[str, str]]:
    """What a model is and takes, as pairs of words."""
    noun = FORMAT_NOUNS[model.format]
    format = noun.removeprefix("an ").removeprefix("a ")
    pairs = [("Format", f"{format[:1].upper()}{format[1:]}"), ("Task", TASKS[model.task].title)]
    pairs += [("Classes", count(len(model.classes)) if model.classes else ""), *input_lines(model.input)]
    batch = f"{model.batch} {'example' if model.batch == 1 else 'examples'} a call" if model.batch is not None else ""
    constants = ", ".join(f"{each.name} = {each.value:g}" for each in model.constants)
    pairs += [("Batch", batch), ("Other inputs", constants), ("From", model.origin), ("Licence", model.licence)]
    return [(name, words) for name, words in pairs if words]


def input_lines(takes: InputSpec) -> list[tuple[str, str]]:
    """The input and, for images, how a picture becomes that."""
    pairs = [("Input", f"{shape_text(takes.array_shape)}, {takes.dtype}")]
    if takes.kind == "image":
        kept = f", middle {takes.crop * 100:.3g} % of the shorter side" if takes.crop != 1 else ""
        pairs.append(("Images", f"{takes.interpolation} resize{kept}"))
        if takes.shape[0] == 3:
            pairs.append(("Channels", "red, green, blue" if takes.channel_order == "rgb" else "blue, green, red"))
        pairs.append(("Mean, deviation", f"{_numbers(takes.mean)}; {_numbers(takes.std)}" if _normalised(takes) else "none subtracted"))
    if takes.tokens is not None:
        how = "the tokenizer beside the model" if takes.tokens.kind == "file" else "a hash of each word"
        pairs.append(("Words", f"numbered by {how}, {count(takes.tokens.vocabulary)} numbers"))
    return pairs


def _normalised(takes: InputSpec) -> bool:
    return any(takes.mean) or any(value != 1 for value in takes.std)


def _numbers(values: tuple[float, ...]) -> str:
    more = ", …" if len(values) > _PLACES else ""
    return ", ".join(f"{value:.4g}" for value in values[:_PLACES]) + more
