"""Networks of torchvision and timm, with channels, image size and class count adapted."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_SIDE_EFFECTS = {"googlenet": {"aux_logits": False, "init_weights": True}, "inception_v3": {"aux_logits": False, "init_weights": True}}
_NO_NETWORK = "Connect to the network, or switch off pretrained weights and train the model here."


def torchvision_names() -> list[str]:
    """The classification networks of torchvision."""
    import torchvision.models as models

    return sorted(models.list_models(module=models))


def timm_names() -> list[str]:
    """The networks of timm."""
    import timm

    return sorted(timm.list_models())


def torchvision_input(name: str) -> InputSpec:
    """The input its published weights expect; 224×224 where there are none."""
    import torchvision.models as models

    weights = next(iter(models.get_model_weights(name)), None)
    crop = weights.transforms().crop_size[0] if weights else 224
    return InputSpec(shape=(3, crop, crop), mean=IMAGENET_MEAN, std=IMAGENET_STD)


def timm_input(name: str) -> InputSpec:
    """The input that timm's own configuration of the network names."""
    import timm

    settings = timm.get_pretrained_cfg(name)
    if settings is None:
        return InputSpec(shape=(3, 224, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD)
    return InputSpec(shape=tuple(settings.input_size), mean=tuple(settings.mean), std=tuple(settings.std))


def build_torchvision(name: str, shape: tuple[int, ...], classes: int, pretrained: bool = False) -> nn.Module:
    """A torchvision network for images of `shape` (C, H, W) and that many classes.

    Pretrained weights are taken for every layer whose shape they fit; a first layer for other channel counts gets
    the sum (one channel) or repetition of the published filters, the classifier starts anew.

    Raises:
        ModelError: the weights cannot be had.
    """
    import torchvision.models as models

    options: dict[str, Any] = dict(_SIDE_EFFECTS.get(name, {}))
    if name.startswith(("vit_", "maxvit")):
        options["image_size" if name.startswith("vit_") else "input_size"] = shape[1] if name.startswith("vit_") else tuple(shape[1:])
    module: nn.Module = models.get_model(name, weights=None, num_classes=classes, **options)
    if shape[0] != 3:
        _replace_first_convolution(module, shape[0])
    if pretrained:
        weights = models.get_model_weights(name)
        best = getattr(weights, "DEFAULT", None)
        if best is None:
            raise ModelError(f"torchvision publishes no weights for {name}.", "Switch off pretrained weights.")
        state = _fetched(f"torchvision/{name}", lambda: best.get_state_dict(progress=False))
        _load_fitting(module, state)
    return module


def build_timm(name: str, shape: tuple[int, ...], classes: int, pretrained: bool = False) -> nn.Module:
    """A timm network for images of `shape` (C, H, W) and that many classes; networks with a fixed grid get the size told.

    Raises:
        ModelError: the weights cannot be had.
    """
    import timm

    def create(**options: Any) -> nn.Module:
        return timm.create_model(name, pretrained=pretrained, num_classes=classes, in_chans=shape[0], **options)

    def create_sized() -> nn.Module:
        if timm_input(name).shape[1:] == tuple(shape[1:]):
            return create()
        try:
            return create(img_size=tuple(shape[1:]))
        except TypeError:  # convolutional networks take any size and know no such argument
            return create()

    return _fetched(f"timm/{name}", create_sized) if pretrained else create_sized()


def _fetched(name: str, get: Callable[[], Any]) -> Any:
    """What a library's own loader gives, or one sentence: each library fails with its HTTP client's own exceptions."""
    try:
        return get()
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(f"The pretrained weights of {name} cannot be loaded: {reason}", _NO_NETWORK) from error


def _replace_first_convolution(module: nn.Module, channels: int) -> None:
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            fresh = nn.Conv2d(
                channels,
                layer.out_channels,
                layer.kernel_size,  # type: ignore[arg-type]
                layer.stride,  # type: ignore[arg-type]
                layer.padding,  # type: ignore[arg-type]
                layer.dilation,  # type: ignore[arg-type]
                bias=layer.bias is not None,
            )
            parent, _, leaf = name.rpartition(".")
            setattr(module.get_submodule(parent), leaf, fresh)
            return


def _load_fitting(module: nn.Module, state: dict[str, Tensor]) -> None:
    own = module.state_dict()
    fitting = {}
    for name, tensor in state.items():
        if name not in own:
            continue
        if own[name].shape == tensor.shape:
            fitting[name] = tensor
        elif tensor.dim() == 4 and own[name].shape[0] == tensor.shape[0] and own[name].shape[2:] == tensor.shape[2:]:
            fitting[name] = _other_channels(tensor, own[name].shape[1])
    module.load_state_dict(fitting, strict=False)


def _other_channels(weight: Tensor, channels: int) -> Tensor:
    """First-layer filters for another channel count: summed for one, else repeated and rescaled to keep the response."""
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    repeats = -(-channels // weight.shape[1])
    return torch.cat([weight] * repeats, dim=1)[:, :channels] * (weight.shape[1] / channels)
