"""Networks of torchvision: classification, segmentation and detection, with channels, image size and class count adapted."""

from functools import cache
from types import ModuleType
from typing import Any

from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.models.adapting import load_fitting, replace_first_convolution
from greenbench.ml.models.published import Published, fetched

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_LICENCE = "BSD-3-Clause"
_TRAINING_OUTPUTS = {name: {"aux_logits": False, "init_weights": True} for name in ("googlenet", "inception_v3")}
# Detectors bring images to a size of their own; these have one only, the others take any.
_FIXED_SIDES = {"ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320}
_DETECTOR_SIDE = 800


def _parts() -> dict[str, ModuleType]:
    import torchvision.models as models

    return {"classification": models, "segmentation": models.segmentation, "detection": models.detection}


@cache
def tasks() -> dict[str, str]:
    """The task of every network, by name."""
    import torchvision.models as models

    return {name: task for task, part in _parts().items() for name in sorted(models.list_models(module=part))}


def published(name: str) -> Published:
    """What the best weights of a network expect; 224×224 and ImageNet's normalisation where there are none."""
    task = tasks()[name]
    weights = best_weights(name)
    if weights is None:
        return Published(InputSpec(shape=(3, 224, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD), task, licence=_LICENCE)
    # Weights under a licence of their own point to it by an address; SWAG's is non-commercial.
    address = weights.meta.get("license", "")
    licence = "CC-BY-NC-4.0" if "SWAG" in address else address or _LICENCE
    classes = tuple(weights.meta.get("categories", ()))
    if task == "detection":
        side = _FIXED_SIDES.get(name, _DETECTOR_SIDE)
        return Published(InputSpec(shape=(3, side, side)), task, classes, licence, True, len(classes))  # it normalises by itself
    transforms: Any = weights.transforms()
    resized = transforms.resize_size[0]
    side = transforms.crop_size[0] if task == "classification" else resized
    spec = InputSpec(
        shape=(3, side, side),
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        interpolation=transforms.interpolation.value,
        crop=min(1.0, side / resized),
    )
    return Published(spec, task, classes, licence, True, len(classes))


def best_weights(name: str) -> Any:
    """torchvision's own record of the weights it recommends; None where it publishes none."""
    import torchvision.models as models

    known = models.get_model_weights(name)
    return known.DEFAULT if len(known) else None


def build(name: str, shape: tuple[int, ...], outputs: int, pretrained: bool = False) -> nn.Module:
    """A network for images of `shape` (C, H, W) and so many outputs.

    Pretrained weights are taken for every layer whose shape they fit; a first layer for other channel counts gets
    the sum (one channel) or repetition of the published filters, the classifier starts anew.

    Raises:
        ModelError: the weights cannot be had, or a detector was to take other than three channels.
    """
    import torchvision.models as models

    task = tasks()[name]
    module: nn.Module = models.get_model(name, weights=None, num_classes=outputs, **_options(name, task, shape))
    if shape[0] != 3:
        if task == "detection":
            raise ModelError(f"torchvision/{name} takes colour images; these have {shape[0]} channels.", "Give it 3 channels.")
        replace_first_convolution(module, shape[0])
    if pretrained:
        best = best_weights(name)
        if best is None:
            raise ModelError(f"torchvision publishes no weights for {name}.", "Switch off pretrained weights.")
        load_fitting(module, fetched(f"torchvision/{name}", lambda: best.get_state_dict(progress=False)))
    return one_output(module, task)


def library_arguments(name: str, shape: tuple[int, ...], outputs: int) -> list[dict[str, Any]]:
    """What `torchvision.models.get_model` takes to build the same classifier by itself, if it does."""
    if tasks().get(name) != "classification":
        return []
    return [{"weights": None, "num_classes": outputs, **_options(name, "classification", shape)}]


def one_output(module: nn.Module, task: str) -> nn.Module:
    """The network with one tensor as its answer, its weights under their published names."""
    if task == "segmentation":
        from greenbench.ml.models.torchvision_outputs import ClassMap

        return ClassMap(module)
    if task == "detection":
        from greenbench.ml.models.torchvision_outputs import boxes

        return boxes(module)
    return module


def _options(name: str, task: str, shape: tuple[int, ...]) -> dict[str, Any]:
    if task == "segmentation":
        return {"weights_backbone": None}
    if task == "detection":
        sides = {} if name in _FIXED_SIDES else {"min_size": min(shape[1:]), "max_size": max(shape[1:])}
        return {"weights_backbone": None, **sides}
    if name.startswith("vit_"):
        return {"image_size": shape[1]}
    if name.startswith("maxvit"):
        return {"input_size": tuple(shape[1:])}
    return dict(_TRAINING_OUTPUTS.get(name, {}))
