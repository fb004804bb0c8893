"""Classes of torchvision and timm, narrow and shallow: the same layers as in the networks they name, at a thousandth of the work."""

from functools import partial

import timm.models as timm_models
import torchvision.models as models
from torch import nn
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.vgg import make_layers

_CLASSES = 10


def alexnet() -> nn.Module:
    """AlexNet; its hidden layers are of a width that it does not let one choose, so they are put in."""
    network = models.AlexNet(num_classes=_CLASSES)
    widths = iter((3, 16, 24, 32, 24, 16))
    before = next(widths)
    for place, layer in enumerate(network.features):
        if isinstance(layer, nn.Conv2d):
            after = next(widths)
            network.features[place] = nn.Conv2d(before, after, layer.kernel_size, layer.stride, layer.padding)
            before = after
    network.classifier[1], network.classifier[4] = nn.Linear(16 * 36, 64), nn.Linear(64, 48)
    network.classifier[6] = nn.Linear(48, _CLASSES)
    return network


def vgg() -> nn.Module:
    """VGG, its hidden layers narrow."""
    network = models.VGG(make_layers([8, "M", 16, "M", 24, 24, "M"]), init_weights=False)
    network.classifier[0], network.classifier[3] = nn.Linear(24 * 49, 64), nn.Linear(64, 48)
    network.classifier[6] = nn.Linear(48, _CLASSES)
    return network


def densenet() -> nn.Module:
    """DenseNet of two blocks."""
    return models.DenseNet(growth_rate=8, block_config=(2, 2), num_init_features=16, num_classes=_CLASSES)


def convnext() -> nn.Module:
    """ConvNeXt of two stages."""
    return models.ConvNeXt([CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)], num_classes=_CLASSES)


def vit() -> nn.Module:
    """Vision Transformer of two blocks."""
    return models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=_CLASSES)


def swin() -> nn.Module:
    """Swin Transformer of two stages, every second block with shifted windows."""
    return models.SwinTransformer(
        patch_size=[4, 4], embed_dim=16, depths=[2, 2], num_heads=[1, 2], window_size=[4, 4], num_classes=_CLASSES
    )


def maxvit() -> nn.Module:
    """MaxViT of two blocks."""
    return models.MaxVit(
        input_size=(32, 32),
        stem_channels=16,
        partition_size=4,
        block_channels=[16, 32],
        block_layers=[1, 1],
        head_dim=8,
        stochastic_depth_prob=0.1,
        num_classes=_CLASSES,
    )


def timm_swin() -> nn.Module:
    """timm's Swin Transformer of two stages."""
    return timm_models.SwinTransformer(
        img_size=32, patch_size=4, embed_dim=16, depths=(2, 2), num_heads=(1, 2), window_size=4, num_classes=_CLASSES
    )


def timm_xception() -> nn.Module:
    """timm's Xception in its later form, of three blocks."""
    settings = [
        {"in_chs": 64, "out_chs": 16, "stride": 2},
        {"in_chs": 16, "out_chs": 16, "stride": 1},
        {"in_chs": 16, "out_chs": (16, 24, 24), "stride": 2, "no_skip": True},
    ]
    aligned = partial(timm_models.xception_aligned.XceptionAligned, norm_layer=nn.BatchNorm2d)
    return aligned(settings, num_classes=_CLASSES)
