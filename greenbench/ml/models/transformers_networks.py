"""Networks of transformers for image and text classification, as modules with one tensor in and one out. Never runs code from a model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from greenbench.core.artifact import Architecture
from greenbench.core.errors import ModelError
from greenbench.ml.models import hub

NAME = "transformers"
_NAMED = 4
_INSTALL = 'Install it with pip install "greenbench[text]".'
_CHOOSE = "Choose a model for image classification or text classification."


class ImageNetwork(nn.Module):
    """Images (N, C, H, W) to scores (N, classes)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(pixel_values=images).logits  # type: ignore[no-any-return]


class TextNetwork(nn.Module):
    """Token numbers (N, L) to scores (N, classes); padding is not attended to."""

    def __init__(self, network: nn.Module, padding: int) -> None:
        super().__init__()
        self.network = network
        self.padding = padding

    def forward(self, tokens: Tensor) -> Tensor:
        mask = (tokens != self.padding).to(torch.int64)
        return self.network(input_ids=tokens, attention_mask=mask).logits  # type: ignore[no-any-return]


@dataclass(frozen=True)
class FromFolder:
    """A network with its weights. `kind` is "image" or "text", `config` what transformers says of it; `notes` are sentences."""

    module: nn.Module
    kind: str
    config: Any
    architecture: Architecture
    notes: tuple[str, ...] = ()


def build_transformers(arguments: Mapping[str, Any]) -> nn.Module:
    """The network of an architecture {"kind", "config", "padding"}, freshly initialised.

    Raises:
        ModelError: transformers is not installed, or this version does not know the network.
    """
    library = import_transformers()
    settings = dict(arguments["config"])
    try:
        config = library.CONFIG_MAPPING[settings["model_type"]].from_dict(settings)
    except (KeyError, ValueError, TypeError) as error:
        raise _unknown(str(settings.get("model_type", "?")), error) from None
    return _wrapped(_auto(arguments["kind"]).from_config(config), arguments["kind"], int(arguments.get("padding", 0)))


def load_folder(folder: Path, padding: int | None) -> FromFolder:
    """The network of a folder as Hugging Face lays it out, with its weights; safetensors, else a .bin that holds numbers alone.

    `padding` is what the tokenizer fills with, if it says so.

    Raises:
        ModelError: it is no classifier, needs code of its own, or its weights are missing, incomplete or more than numbers.
    """
    library = import_transformers()
    stated = hub.settings(folder)
    try:
        config = library.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise _unknown(str(stated.get("model_type", "?")), error, "auto_map" in stated) from None
    kind = kind_of(stated)
    pad: Any = padding if padding is not None else getattr(config, "pad_token_id", None)
    if kind == "text" and pad is None:
        raise ModelError(f"{folder.name} has no padding token, so texts of different lengths cannot be put together.", _CHOOSE)
    network, notes = _with_weights(folder, kind, config)
    settings = json.loads(config.to_json_string(use_diff=False))
    arguments: dict[str, Any] = {"kind": kind, "config": settings, "classes": int(config.num_labels)}
    if kind == "text":
        arguments["padding"] = int(pad)
    module = _wrapped(network, kind, int(pad or 0))
    return FromFolder(module.eval(), kind, config, Architecture(name=NAME, arguments=arguments), notes)


def kind_of(stated: Mapping[str, Any]) -> str:
    """ "image" or "text", by the class of network that a config.json names.

    Raises:
        ModelError: it names another.
    """
    from transformers.models.auto import modeling_auto as auto

    named = next(iter(stated.get("architectures") or ()), "")
    if named in auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.values():
        return "image"
    if named in auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.values():
        return "text"
    what = f"a {named}" if named else "a network of no named kind"
    raise ModelError(f"This is {what}, which is no classifier of images or texts.", _CHOOSE)


def _with_weights(folder: Path, kind: str, config: Any) -> tuple[nn.Module, tuple[str, ...]]:
    safe = any(folder.glob("*.safetensors"))
    if not safe and not any(folder.glob("pytorch_model*.bin")):
        raise ModelError(f"There are no weights in {folder}.", "It needs model.safetensors or pytorch_model.bin beside config.json.")
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network, info = _auto(kind).from_pretrained(
            folder, config=config, use_safetensors=safe, output_loading_info=True, trust_remote_code=False, local_files_only=True,
            dtype=torch.float32,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - transformers passes on what torch, pickle and safetensors raise
        words = str(error).strip()
        if "weights_only" in words or "Weights only" in words or "Unpickling" in words:
            raise ModelError(
                f"The weights in {folder.name} hold more than numbers: reading them would run code, so they were not read.",
                "Use a version of the model with safetensors.",
            ) from None
        raise ModelError(
            f"The weights in {folder.name} cannot be loaded: {(words or type(error).__name__).splitlines()[0]}", _CHOOSE
        ) from None
    missing = [str(name) for name in [*info.get("missing_keys", ()), *info.get("mismatched_keys", ())]]
    if missing:
        raise ModelError(
            f"The weights in {folder.name} are not complete; missing: {_listed(missing)}.",
            "Choose a model that was trained as a classifier, not one that is still to be fine-tuned.",
        )
    unexpected = sorted(map(str, info.get("unexpected_keys", ())))
    notes = (f"Its file has weights that the network does not use: {_listed(unexpected)}.",) if unexpected else ()
    return network, notes


def _wrapped(network: nn.Module, kind: str, padding: int) -> nn.Module:
    return TextNetwork(network, padding) if kind == "text" else ImageNetwork(network)


def _auto(kind: str) -> Any:
    library = import_transformers()
    return library.AutoModelForSequenceClassification if kind == "text" else library.AutoModelForImageClassification


def import_transformers() -> Any:
    """The library.

    Raises:
        ModelError: it is not installed.
    """
    try:
        import transformers
    except ImportError:
        raise ModelError("The library transformers is not installed.", _INSTALL) from None
    return transformers


def _unknown(kind: str, error: BaseException, own_code: bool = False) -> ModelError:
    if own_code:
        return ModelError(f'A network of the kind "{kind}" needs code that comes with the model, which is not run.', _CHOOSE)
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return ModelError(
        f'This version of transformers cannot make a network of the kind "{kind}": {reason}', "Raise transformers, or another model."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
