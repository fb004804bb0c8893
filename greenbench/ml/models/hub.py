"""What lies beside a Hugging Face model's weights: where it is, its preprocessing, its tokenizer, its class names and its licence."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenbench.core.artifact import InputSpec, Tokens
from greenbench.core.errors import ModelError
from greenbench.ml.models.reach import hub_or_cache
from greenbench.ml.models.timm_networks import licence as plain_licence

TOKENIZER = "tokenizer.json"
_SIDE_FILES = ("*.json", "*.txt", "*.model", "README.md", "*.safetensors")
_OLD_WEIGHTS = ("pytorch_model*.bin",)
_USUAL_LENGTH = 128
_ENDLESS = 10**6  # tokenizers without a limit say a number beyond all reason
_PILLOW = {0: "nearest", 2: "bilinear", 3: "bicubic"}
_STRETCHED = "Its own preprocessing stretches images to a square; here the middle square of each image is taken."
_BYTE = 1 / 255


def folder_of(source: str, revision: str = "") -> Path:
    """The folder of a model: a local one, or that of a hub id, downloaded or from the local cache.

    Raises:
        ModelError: there is neither such a folder nor a way to the hub.
    """
    local = Path(source).expanduser()
    if local.is_dir():
        return local
    from huggingface_hub import snapshot_download

    unreachable = ""
    try:
        with hub_or_cache() as unreachable:
            folder = Path(snapshot_download(source, revision=revision or None, allow_patterns=list(_SIDE_FILES)))
            if not any(folder.glob("*.safetensors")):
                patterns = [*_SIDE_FILES, *_OLD_WEIGHTS]
                folder = Path(snapshot_download(source, revision=revision or None, allow_patterns=patterns))
    except Exception as error:  # the hub's client passes on what its HTTP library raises
        words = str(error).strip().splitlines()
        reason = unreachable or (words[0][:200] if words else type(error).__name__)
        raise ModelError(
            f"{source} cannot be had from Hugging Face: {reason.rstrip('.')}.",
            "Connect to the network, check the id, or download the model elsewhere and choose its folder.",
        ) from error
    return folder


def image_input(folder: Path, config: Any) -> tuple[InputSpec, tuple[str, ...]]:
    """What an image classifier takes, from preprocessor_config.json where there is one, and notes about it."""
    stated = read_json(folder / "preprocessor_config.json")
    channels = int(getattr(config, "num_channels", 3) or 3)
    usual = getattr(config, "image_size", None) or 224
    size = stated.get("size", usual)
    notes: tuple[str, ...] = ()
    shortest = size.get("shortest_edge") if isinstance(size, Mapping) else None
    height, width = _sides(size, usual)
    crop = 1.0
    if stated.get("do_center_crop") and stated.get("crop_size"):
        resized = min(height, width)
        height, width = _sides(stated["crop_size"], height)
        crop = min(1.0, min(height, width) / resized)
    elif stated.get("crop_pct") and shortest is not None and shortest < 384:  # ConvNeXt's own rule
        crop = float(stated["crop_pct"])
    elif stated and shortest is None:
        notes = (_STRETCHED,)
    mean, std = _normalisation(stated, channels)
    interpolation: Any = _PILLOW.get(stated.get("resample", 2), "bilinear")
    spec = InputSpec(shape=(channels, height, width), mean=mean, std=std, interpolation=interpolation, crop=crop)
    return spec, notes if stated else ("The model says nothing of its preprocessing; pixels are taken as fractions of 255.",)


def _sides(size: Any, usual: Any) -> tuple[int, int]:
    if isinstance(size, Mapping):
        if "shortest_edge" in size:
            return int(size["shortest_edge"]), int(size["shortest_edge"])
        if "height" in size and "width" in size:
            return int(size["height"]), int(size["width"])
        size = usual
    if isinstance(size, list | tuple):
        return int(size[0]), int(size[-1])
    return int(size), int(size)


def _normalisation(stated: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of pixels as fractions of 255: byte × factor (− 1 with an offset), minus mean, over deviation."""
    if not stated:
        return (0.0,) * channels, (1.0,) * channels
    factor = float(stated.get("rescale_factor", _BYTE)) if stated.get("do_rescale", True) else 1.0
    normalises = stated.get("do_normalize", True) and stated.get("image_mean") is not None
    mean = _each(stated["image_mean"], channels) if normalises else [0.0] * channels
    std = _each(stated["image_std"], channels) if normalises else [1.0] * channels
    offset = 1.0 if stated.get("rescale_offset") else 0.0
    scale = factor / _BYTE
    return tuple((value + offset) / scale for value in mean), tuple(value / scale for value in std)


def _each(values: Any, channels: int) -> list[float]:
    listed = list(values) if isinstance(values, list | tuple) else [values]
    return [float(value) for value in (listed * channels if len(listed) == 1 else listed)]


def copy_tokenizer(folder: Path, into: Path) -> tuple[Path, int | None]:
    """Puts the model's tokenizer as tokenizer.json into a folder; returns it and the number it fills short texts with, if it says so.

    Raises:
        ModelError: there is none that can be written so.
    """
    target = into / TOKENIZER
    if (folder / TOKENIZER).is_file():
        shutil.copyfile(folder / TOKENIZER, target)
    else:
        from transformers import AutoTokenizer

        try:
            fast = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            fast.backend_tokenizer.save(str(target))
        except Exception as error:  # noqa: BLE001 - every family of tokenizers fails in its own way
            words = str(error).strip().splitlines()
            raise ModelError(
                f"The tokenizer in {folder.name} cannot be read: {words[0] if words else type(error).__name__}",
                "The folder needs tokenizer.json, or the vocabulary of a tokenizer that transformers knows.",
            ) from None
    return target, _padding(folder, read_json(target))


def _padding(folder: Path, tokenizer: Mapping[str, Any]) -> int | None:
    stated = (tokenizer.get("padding") or {}).get("pad_id")
    if stated is not None:
        return int(stated)
    token = read_json(folder / "tokenizer_config.json").get("pad_token")
    word = token.get("content") if isinstance(token, Mapping) else token
    return next((int(one["id"]) for one in tokenizer.get("added_tokens", ()) if one.get("content") == word), None)


def text_input(folder: Path, config: Any, padding: int) -> InputSpec:
    """What a text classifier takes: at most 128 tokens where the user asks for nothing else."""
    return InputSpec(
        shape=(min(_USUAL_LENGTH, longest_text(folder, config)),),
        dtype="int64",
        kind="text",
        tokens=Tokens(kind="file", vocabulary=int(config.vocab_size), padding=padding),
    )


def longest_text(folder: Path, config: Any) -> int:
    """How many tokens the network takes at most."""
    stated = read_json(folder / "tokenizer_config.json").get("model_max_length")
    positions = getattr(config, "max_position_embeddings", None)
    limits = [int(limit) for limit in (stated, positions) if isinstance(limit, int | float) and 0 < limit < _ENDLESS]
    return min(limits, default=_ENDLESS)


def class_names(config: Any) -> tuple[str, ...]:
    """The names of the outputs; plain numbers where the model has only "LABEL_0", "LABEL_1"."""
    names = tuple(str(config.id2label[index]) for index in sorted(config.id2label))
    if all(re.fullmatch(rf"LABEL_{index}", name) for index, name in enumerate(names)):
        return tuple(str(index) for index in range(len(names)))
    return names


def licence_of(folder: Path) -> str:
    """The licence that the head of README.md states, "" if none."""
    try:
        head = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:20_000]
    except OSError:
        return ""
    front = re.match(r"\ufeff?---\s*\n(.*?)\n---", head, re.DOTALL)
    stated = re.search(r"^license:\s*['\"]?([\w.+-]+)", front.group(1), re.MULTILINE) if front else None
    return plain_licence(stated.group(1)) if stated else ""


def settings(folder: Path) -> dict[str, Any]:
    """What config.json says.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    found = read_json(folder / "config.json")
    if not found:
        there = (folder / "config.json").exists()
        problem = f"config.json in {folder} is damaged." if there else f"There is no config.json in {folder}."
        raise ModelError(problem, "Choose a folder that save_pretrained() made, or a model's id.")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file, empty where there is none or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
